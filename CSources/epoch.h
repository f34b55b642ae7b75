/* epoch.h: reclamation for the control plane: what readers may still see is not freed.
 *
 * Owns the domain of the hit plane (domain.h: the rule, its progress, its proof) and the objects that wait to be freed.
 * Never calls malloc or frees an object on a reading thread. Neighbours: domain, status, compiler, os.
 *
 * Writer: one at a time (the control plane's lock, which fork handlers hold across fork). Readers: any thread.
 * gr_epoch_reclaim never waits for a reader; only gr_epoch_synchronise does, with a limit. */
#ifndef GR_EPOCH_H
#define GR_EPOCH_H

#include "domain.h"
#include <graft/status.h>
#include <stddef.h>

/* The hit plane's; the thunks read it, too. */
extern struct gr_epoch_clock gr_epoch_clock;

/* gr_domain_prepare for it. Writer; call it once, before the first probe. */
void gr_epoch_prepare(void);

/* gr_domain_register for it. */
void gr_epoch_register(struct gr_epoch_record *record);

/* Begins a section on the calling thread's record. */
static inline void gr_epoch_enter(struct gr_epoch_record *record) {
    gr_domain_enter(&gr_epoch_clock, record);
}

/* Ends the section. */
static inline void gr_epoch_leave(struct gr_epoch_record *record) {
    gr_domain_leave(record);
}

/* Hands over an object that has been unlinked; `release(object)` is called by a later gr_epoch_reclaim, on the writer,
 * when no section that could have seen it is open. `release` may retire and reclaim. Writer only.
 * Remembering an object takes 32 bytes, kept for reuse: bounded by the most objects that ever waited at once.
 * When there is no memory to remember the object, and reclaiming at once does not help, it is left alone for ever and
 * counted in gr_epoch_leaked: never freed early. */
void gr_epoch_retire(void *object, void (*release)(void *object));

/* Frees what can be freed now, oldest first; returns how many objects still wait. Writer only. Never blocks. */
size_t gr_epoch_reclaim(void);

/* Waits until every section that was open at the call has ended (a handler that never returns makes it wait for
 * ever, so `milliseconds` bounds it; 0 or less only looks). True when they have ended: then objects that were unlinked
 * before the call are no longer seen by anyone. Looks at once, then sleeps 1, 2, 4 … GR_EPOCH_PAUSE_MAX milliseconds
 * between looks: readers wake nobody. Writer only, outside a section. */
bool gr_epoch_synchronise(int milliseconds);

/* The longest pause between two looks of gr_epoch_synchronise, in milliseconds. */
enum { GR_EPOCH_PAUSE_MAX = 16 };

/* How many objects gr_epoch_retire has had to leave alone since the process started. Any thread. */
uint64_t gr_epoch_leaked(void);

/* gr_domain_after_fork for it. The objects that wait stay waiting. */
void gr_epoch_after_fork(struct gr_epoch_record *self);

#endif
