/* site_pool.h: the memory of sites: type-stable, so that a late reader of one finds a site, be it another function's.
 *
 * Never gives anything back to the system. Control plane only. Neighbours: site, os. */
#ifndef GR_SITE_POOL_H
#define GR_SITE_POOL_H

#include "site.h"

/* One that nobody uses, holding anything; null when the system has no memory. */
struct gr_site *gr_site_take(void);
void gr_site_give(struct gr_site *site);

/* At least so many more will be taken: their memory is asked for at once. 0 forgets what was said. */
void gr_sites_expect(size_t count);

#endif
