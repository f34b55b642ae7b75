/* epoch.h: reclamation: what readers may still see is not freed.
 *
 * Owns the list of reading threads' records and the objects that wait to be freed. Never calls malloc or frees an
 * object on a reading thread. Neighbours: status, compiler, os.
 *
 * Writer: one at a time (the control plane's lock, which fork handlers hold across fork). Readers: any thread.
 * Progress: entering and leaving a section is wait-free and async-signal-safe: a few loads and one store, no fence and
 * no locked instruction; the reclaimer pays instead, with membarrier (the asymmetric scheme of liburcu). Registration
 * is lock-free. gr_epoch_reclaim never waits for a reader; only gr_epoch_synchronise does, with a limit.
 * Linearisation: a section begins at its store to `pinned` and ends at its store of 0.
 * Reclamation: of objects, after a grace period (proof in epoch.c). Records are never freed or unlinked. */
#ifndef GR_EPOCH_H
#define GR_EPOCH_H

#include "compiler.h"
#include <graft/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One per reading thread, brought by it; must stay readable for the life of the process (type-stable). The record of a
 * thread that has ended may be given to another one, outside a section. `pinned` is 0 outside a section, else the epoch
 * in which the section began. Written by its thread only; read by the reclaimer. Its owner keeps it on a cache line
 * that other threads do not write. */
struct gr_epoch_record {
    _Atomic uint64_t pinned;
    struct gr_epoch_record *_Atomic next; /* list of all records ever registered; never unlinked */
};

/* What every section reads, on one cache line that the writer touches only when it reclaims. */
struct gr_epoch_clock {
    _Atomic uint64_t now;       /* the epoch: starts at 1, grows by 1, so it does not wrap in the life of a machine */
    _Atomic bool readers_fence; /* true until gr_epoch_prepare has found that membarrier works */
};
extern struct gr_epoch_clock gr_epoch_clock;

/* Lets readers go without a fence, if the kernel has membarrier. Until it is called, and where the kernel does not
 * have it, each section costs a full fence (a few nanoseconds). Writer; call it once, before the first probe. */
void gr_epoch_prepare(void);

/* Adds a record, zeroed, to the list of records: once in its life. Lock-free; any thread; async-signal-safe. */
void gr_epoch_register(struct gr_epoch_record *record);

/* Orders a section's store to `pinned` before its loads. Normally for the compiler only: the membarrier in the
 * reclaimer makes it true for the processor. A real fence where membarrier is not available. That choice is read here,
 * on each entry, from the cache line that gr_epoch_enter has just used: a load and a predicted branch, 0.3 ns. It is
 * read after the store to `pinned`, on which epoch.c, fall_back_to_fences, relies. acquire: pairs with the release in
 * gr_epoch_prepare, so that a section without a fence comes after every reclaim that relied on fences. */
static inline void gr_epoch_order_entry(void) {
    if (GR_UNLIKELY(atomic_load_explicit(&gr_epoch_clock.readers_fence, memory_order_acquire)))
        atomic_thread_fence(memory_order_seq_cst); /* pairs with the fence in epoch.c, order_against_readers */
    else
        atomic_signal_fence(memory_order_seq_cst); /* pairs with the membarrier there */
}

/* Begins a section on the calling thread's record. Sections do not nest: a signal handler that interrupts a section
 * must neither enter nor leave one (the re-entry guard of thread.h sees to that). */
static inline void gr_epoch_enter(struct gr_epoch_record *record) {
    /* acquire: pairs with the release in epoch.c, advance: who sees an epoch sees every unlinking before it */
    uint64_t now = atomic_load_explicit(&gr_epoch_clock.now, memory_order_acquire);
    /* release: the previous section's loads come before; pairs with the acquire in epoch.c, oldest_section */
    atomic_store_explicit(&record->pinned, now, memory_order_release);
    gr_epoch_order_entry();
}

/* Ends the section. */
static inline void gr_epoch_leave(struct gr_epoch_record *record) {
    /* release: the section's loads come before; pairs with the acquire in epoch.c, oldest_section */
    atomic_store_explicit(&record->pinned, 0, memory_order_release);
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

/* After fork, in the child, on its one thread: forgets the sections of threads that do not exist here. The objects that
 * wait stay waiting. `self` is the calling thread's record, whose section goes on; null when it has none. */
void gr_epoch_after_fork(struct gr_epoch_record *self);

#endif
