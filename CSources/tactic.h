/* tactic.h: how one entry will be changed: where its hop stands and which bytes of the jump are written when. */
#ifndef GR_TACTIC_H
#define GR_TACTIC_H

#include "site.h"

/* Chooses tactic, place and jump for a prepared stub, and writes the hop. `text` is an open gr_os_text_open. With
 * `one_byte_only`, refuses anything that needs a trap. GRAFT_NO_SPACE_NEAR, GRAFT_WRITE_DENIED. */
enum graft_status gr_tactic_choose(struct gr_site *site, int text, bool one_byte_only);

/* True when a site was ever given a tactic that needs traps. */
bool gr_tactic_needs_traps(void);

/* Gives the hop's place back. */
void gr_tactic_forget(struct gr_site *site);

#endif
