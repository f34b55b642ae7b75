/* epoch.h: reclamation: what readers may still see is not freed.
 *
 * Readers: any thread, wait-free, async-signal-safe: one store on entry and one on exit, no fence; the reclaimer pays
 * with membarrier instead (the asymmetric scheme of liburcu's membarrier flavour).
 * Writer: one at a time (the control plane's lock). Each reading thread brings its own record, which must stay
 * readable for the life of the process (type-stable). Neighbours: status, compiler, os. */
#ifndef GR_EPOCH_H
#define GR_EPOCH_H

#include "compiler.h"
#include <graft/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One per reading thread. `pinned` is 0 outside a section, else the epoch in which the section began. Written by its
 * thread only; read by the reclaimer. */
struct gr_epoch_record {
    _Atomic uint64_t pinned;
    struct gr_epoch_record *_Atomic next; /* list of all records ever registered; never unlinked */
};

/* The global epoch; starts at 1. */
extern _Atomic uint64_t gr_epoch_now;

/* Adds a record to the list, once in its life. Lock-free; any thread; async-signal-safe. */
void gr_epoch_register(struct gr_epoch_record *record);

/* Begins and ends a section on the calling thread's record. Sections do not nest. */
static inline void gr_epoch_enter(struct gr_epoch_record *record) {
    /* relaxed + compiler barrier: ordered against the section's loads by the membarrier in gr_epoch_reclaim */
    atomic_store_explicit(
        &record->pinned, atomic_load_explicit(&gr_epoch_now, memory_order_relaxed), memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}
static inline void gr_epoch_leave(struct gr_epoch_record *record) {
    /* release: the section's loads come before; pairs with the acquire in gr_epoch_reclaim */
    atomic_store_explicit(&record->pinned, 0, memory_order_release);
}

/* Hands over an object that has been unlinked; `release(object)` is called by a later gr_epoch_reclaim, when no section
 * that could have seen it is open. Writer only. If the bookkeeping cannot be allocated the object is leaked and
 * counted, never freed early. */
void gr_epoch_retire(void *object, void (*release)(void *object));

/* Frees what can be freed now; returns how many objects still wait. Writer only. Never blocks. */
size_t gr_epoch_reclaim(void);

/* Waits until every section that was open at the call has ended (a handler that never returns makes it wait for
 * ever, so `milliseconds` bounds it). True when they have ended. Writer only. */
bool gr_epoch_synchronise(int milliseconds);

/* After fork in the child: forgets the sections of threads that do not exist here. */
void gr_epoch_after_fork(struct gr_epoch_record *self);

#endif
