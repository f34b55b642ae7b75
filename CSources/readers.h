/* readers.h: the threads that read published values: a domain of their own, and a record for each of them.
 *
 * Owns how a thread gets its record, keeps it while it lives, and reads without one when there is no memory. Knows nothing of
 * values (published.c). Neighbours: domain, os.
 *
 * Progress: a section is wait-free, and async-signal-safe, once its thread has a record; taking one is lock-free but for
 * what pthread_setspecific does. Records are never unmapped; one whose thread has ended is another thread's. */
#ifndef GR_READERS_H
#define GR_READERS_H

#include "compiler.h"
#include "domain.h"
#include <stddef.h>

/* What a reading thread has: its own cache line. */
struct gr_reader {
    struct gr_epoch_record epoch; /* first: the domain's list leads to it */
    _Atomic uint32_t depth;       /* open sections inside another; the thread's, and its signal handlers' */
    _Atomic bool taken;
} GR_ALIGNED(GR_CACHE_LINE);

/* The calling thread's; null before its first section, and while it is a guest. */
extern __thread struct gr_reader *gr_reader GR_TLS_MODEL;

extern struct gr_epoch_clock gr_readers_clock;

/* Once before the first section; any thread, again and again. False when the process has no key for thread-specific data
 * left, or no memory. */
bool gr_readers_start(void);

/* Begins the next epoch, and returns the tag of what the caller has unlinked before. */
uint64_t gr_readers_advance(void);

/* What has a tag less than the result, and was tagged before the call, is seen by no reader any more. */
uint64_t gr_readers_look(void);

/* The rest of gr_section_enter and gr_section_leave, for a thread without a record. */
void gr_section_enter_first(void);
void gr_section_leave_as_guest(void);

/* A section that is not inside another pins the record, one that is counts itself; so the plain way writes one word, which
 * it does not read back but for a branch. A signal handler may come between any two instructions here, and opens and closes
 * sections of its own: then `pinned` and `depth` are afterwards what they were, but that an epoch may have passed, and
 * to pin an older one than the present is safe. */
static inline void gr_reader_enter(struct gr_reader *reader) {
    if (GR_LIKELY(atomic_load_explicit(&reader->epoch.pinned, memory_order_relaxed) == 0)) {
        gr_domain_enter(&gr_readers_clock, &reader->epoch);
    } else {
        uint32_t depth = atomic_load_explicit(&reader->depth, memory_order_relaxed);
        atomic_store_explicit(&reader->depth, depth + 1, memory_order_relaxed);
    }
}

static inline void gr_reader_leave(struct gr_reader *reader) {
    uint32_t depth = atomic_load_explicit(&reader->depth, memory_order_relaxed);
    if (GR_LIKELY(depth == 0))
        gr_domain_leave(&reader->epoch);
    else
        atomic_store_explicit(&reader->depth, depth - 1, memory_order_relaxed);
}

/* Opens a section of the calling thread: what it loads afterwards stays until the section is closed. */
static inline void gr_section_enter(void) {
    struct gr_reader *reader = gr_reader;
    if (GR_LIKELY(reader != NULL))
        gr_reader_enter(reader);
    else
        gr_section_enter_first();
}

/* Closes one. */
static inline void gr_section_leave(void) {
    struct gr_reader *reader = gr_reader;
    if (GR_LIKELY(reader != NULL))
        gr_reader_leave(reader);
    else
        gr_section_leave_as_guest();
}

#endif
