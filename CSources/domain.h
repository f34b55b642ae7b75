/* domain.h: who may still see what has been unlinked: a clock, and the threads that have sections open by it.
 *
 * Owns the list of reading threads' records and the rule by which an object is out of everybody's sight. Remembers no
 * object and frees none: that is the writers' (epoch.h for the control plane, published.c for values of a program's own).
 * Two domains know nothing of each other: a section of one holds up nothing of the other. Neighbours: compiler, os.
 *
 * Writers: any thread, several at once. Readers: any thread.
 * Progress: entering and leaving a section is wait-free and async-signal-safe: a few loads and one store, no fence and
 * no locked instruction; the writer who looks pays instead, with membarrier (the asymmetric scheme of liburcu).
 * Registration is lock-free. Nothing here waits.
 * Linearisation: a section begins at its store to `pinned` and ends at its store of 0.
 * Reclamation: records are never freed or unlinked. The proof about objects is in domain.c. */
#ifndef GR_DOMAIN_H
#define GR_DOMAIN_H

#include "compiler.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One per reading thread, brought by it; must stay readable for the life of the process (type-stable). The record of a
 * thread that has ended may be given to another one, outside a section. `pinned` is 0 outside a section, else the epoch
 * in which the section began. Written by its thread only; read by writers. Its owner keeps it on a cache line
 * that other threads do not write. */
struct gr_epoch_record {
    _Atomic uint64_t pinned;
    struct gr_epoch_record *_Atomic next; /* list of all records ever registered; never unlinked */
};

/* What every section reads, on one cache line that a writer touches only when it unlinks or frees. */
struct gr_epoch_clock {
    _Atomic uint64_t now;       /* the epoch: starts at 1, grows by 1, so it does not wrap in the life of a machine */
    _Atomic bool readers_fence; /* true until gr_domain_prepare has found that membarrier works */
};

struct gr_domain {
    struct gr_epoch_clock *clock;
    struct gr_epoch_record *_Atomic records; /* push only */
    _Atomic uint64_t settled; /* when fences that were not needed before are in effect (gr_os_nanoseconds); 0: always */
};

/* Lets readers go without a fence, if the kernel has membarrier. Until it is called, and where the kernel does not
 * have it, each section costs a full fence (a few nanoseconds). No other call but those of readers at the same time. */
void gr_domain_prepare(struct gr_domain *domain);

/* Adds a record, zeroed, to the list of records: once in its life. Lock-free; any thread; async-signal-safe. */
void gr_domain_register(struct gr_domain *domain, struct gr_epoch_record *record);

/* Begins the next epoch, and returns the one that ends: the tag of what the caller has unlinked before the call. */
uint64_t gr_domain_advance(struct gr_domain *domain);

/* What has a tag less than the result, and was tagged before the call, is seen by nobody any more. 0 when nothing is
 * certain now. Never waits. */
uint64_t gr_domain_look(struct gr_domain *domain);

/* After fork, in the child, on its one thread: forgets the sections of threads that do not exist here. `self` is the calling
 * thread's record, whose section goes on; null when it has none. */
void gr_domain_after_fork(struct gr_domain *domain, struct gr_epoch_record *self);

/* Orders a section's store to `pinned` before its loads. Normally for the compiler only: the membarrier in
 * gr_domain_look makes it true for the processor. A real fence where membarrier is not available. That choice is read
 * here, on each entry, from the cache line that gr_domain_enter has just used: a load and a predicted branch, 0.3 ns. It
 * is read after the store to `pinned`, on which domain.c, fall_back_to_fences, relies. acquire: pairs with the release in
 * gr_domain_prepare, so that a section without a fence comes after every look that relied on fences. */
static inline void gr_domain_order_entry(const struct gr_epoch_clock *clock) {
    if (GR_UNLIKELY(atomic_load_explicit(&clock->readers_fence, memory_order_acquire)))
        atomic_thread_fence(memory_order_seq_cst); /* pairs with the fence in domain.c, order_against_readers */
    else
        atomic_signal_fence(memory_order_seq_cst); /* pairs with the membarrier there */
}

/* Begins a section on the calling thread's record. Sections do not nest: a signal handler that interrupts a section
 * must neither enter nor leave one (the re-entry guard of thread.h sees to that, and the depth in published.c). */
static inline void gr_domain_enter(const struct gr_epoch_clock *clock, struct gr_epoch_record *record) {
    /* acquire: pairs with the release in gr_domain_advance: who sees an epoch sees every unlinking before it */
    uint64_t now = atomic_load_explicit(&clock->now, memory_order_acquire);
    /* release: the previous section's loads come before; pairs with the acquire in domain.c, oldest_section */
    atomic_store_explicit(&record->pinned, now, memory_order_release);
    gr_domain_order_entry(clock);
}

/* Ends the section. */
static inline void gr_domain_leave(struct gr_epoch_record *record) {
    /* release: the section's loads come before; pairs with the acquire in domain.c, oldest_section */
    atomic_store_explicit(&record->pinned, 0, memory_order_release);
}

#endif
