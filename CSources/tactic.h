/* tactic.h: how one entry will be changed: where its hop stands and which bytes of the jump are written when. */
#ifndef GR_TACTIC_H
#define GR_TACTIC_H

#include "site.h"

/* Which tactics will do. */
enum gr_tactic_wish {
    GR_TACTIC_ANY,        /* one byte while its pages are few, else traps, else one byte */
    GR_TACTIC_ONLY_SAFE,  /* one byte, else one store: a thread blocks SIGTRAP */
    GR_TACTIC_ONLY_STORE, /* for tests, as the next */
    GR_TACTIC_ONLY_TRAPS,
};

/* Chooses tactic, place and jump for a prepared stub, and writes the hop. Each tactic has a hop of its own, which is made once
 * and stays as it is while the site lives: a thread may be late in any of them. Only while the original bytes are in place.
 * GRAFT_NO_SPACE_NEAR, GRAFT_WRITE_DENIED, GRAFT_NOT_RELOCATABLE (its first byte is an
 * instruction other than a push); then the site is as it was. */
enum graft_status gr_tactic_choose(struct gr_site *site, enum gr_tactic_wish wish);

/* Gives back the tactic that one store took the place of, with its hop: a choice from before. Only while the original bytes
 * are in place. */
void gr_tactic_return(struct gr_site *site);

/* The aligned word that GR_TACTIC_ONE_STORE changes, and which bytes of it: those of the site's first instruction or, when
 * that is one byte and stays, up to the end of the second. */
uint64_t gr_tactic_word(const struct gr_site *site, unsigned *offset, unsigned *length);

/* True when a site was ever given a tactic that needs traps. */
bool gr_tactic_needs_traps(void);

/* Ends a batch: what was found out about pages may be another next time. */
void gr_tactic_end(void);

/* Gives the places of all its hops back. */
void gr_tactic_forget(struct gr_site *site);

#endif
