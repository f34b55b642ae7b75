/* attach.h: which probes are on a site. Control plane; the hit plane reads the published list. */
#ifndef GR_ATTACH_H
#define GR_ATTACH_H

#include "site.h"

/* Publishes a list with `attachment` added, which the site uses from then on; the old list is retired.
 * GRAFT_LIMIT_ATTACHMENTS, GRAFT_NO_MEMORY. */
enum graft_status gr_attach(struct gr_site *site, struct gr_attachment *attachment);
/* Publishes a list without it; the site no longer uses it. GRAFT_NO_MEMORY leaves it attached. */
enum graft_status gr_detach(struct gr_site *site, struct gr_attachment *attachment);
/* Publishes a list with `with` in the place of `old`. GRAFT_NO_MEMORY leaves all as it was. */
enum graft_status gr_attach_replace(struct gr_site *site, struct gr_attachment *old, struct gr_attachment *with);
/* One user less; the last one retires it. */
void gr_attachment_release(struct gr_attachment *attachment);

/* Where calls should lead, by what is attached: a stub, or the relocated block when nobody wants them. Also opens or
 * closes the short ways of the thunks. */
uint64_t gr_attach_stub(struct gr_site *site);
/* True while a probe wants to see calls: false when there is none, or each has reported once. */
bool gr_attach_wanted(const struct gr_site *site);

#endif
