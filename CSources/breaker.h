/* breaker.h: how long a probe's handler takes, and whether that is too long.
 *
 * Owns the estimate: the mean of the first GR_BREAKER_CALLS calls that were measured, then a moving average of weight
 * 1 in GR_BREAKER_CALLS. A measured call counts for GR_BREAKER_CLIP times the limit at most, so that one which was
 * interrupted trips nothing by itself, however long that took: from a cheap handler's mean, five in a row are needed.
 * Of the calls before the mean is heeded each is measured, of those after it one in GR_BREAKER_EVERY, as the calling
 * thread's own sequence says (timed.c); a call that does not end is found by the control plane (meter.c).
 *
 * Writers: hits, by compare-and-swap of one word, which also says that it has tripped; the control plane sets that bit
 * for a call that does not end, and begins anew with zero. Lock-free. Neighbour: compiler. */
#ifndef GR_BREAKER_H
#define GR_BREAKER_H

#include "compiler.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    GR_BREAKER_CALLS = 16,
    GR_BREAKER_CLIP = 4,
    GR_BREAKER_EVERY = 64,
    GR_BREAKER_TRIPPED = 1 << 7, /* in the word; above, from bit GR_BREAKER_SUM on, the sum */
    GR_BREAKER_SUM = 8,
};

struct gr_breaker {
    uint32_t limit;        /* nanoseconds that a call of the handler may take; 0: not measured */
    _Atomic uint64_t word; /* calls measured, GR_BREAKER_CALLS at most; GR_BREAKER_TRIPPED; the estimate's sum above */
};

_Static_assert(GR_BREAKER_CALLS < GR_BREAKER_TRIPPED, "the parts of the word");
_Static_assert((((uint64_t)UINT32_MAX * GR_BREAKER_CLIP * GR_BREAKER_CALLS) << GR_BREAKER_SUM >> GR_BREAKER_SUM) ==
                   (uint64_t)UINT32_MAX * GR_BREAKER_CLIP * GR_BREAKER_CALLS,
    "the parts of the word");

static inline bool gr_breaker_tripped(const struct gr_breaker *breaker) {
    return (atomic_load_explicit(&breaker->word, memory_order_acquire) & GR_BREAKER_TRIPPED) != 0;
}

/* A step by which a sequence of words visits all of them evenly, also every second or third of its members: so of probes
 * that are called in turn on one thread each is measured. */
enum { GR_BREAKER_STEP = 0x61c88647 };

/* True when the call with this member of the sequence is to be measured. */
static inline bool gr_breaker_measures(const struct gr_breaker *breaker, uint32_t member) {
    return member < UINT32_MAX / GR_BREAKER_EVERY ||
           (atomic_load_explicit(&breaker->word, memory_order_relaxed) & (GR_BREAKER_TRIPPED - 1)) < GR_BREAKER_CALLS;
}

/* Adds a measured call; true when that trips it, once. Hit plane. */
bool gr_breaker_add(struct gr_breaker *breaker, uint64_t nanoseconds);
/* Trips it for a call that does not end; the estimate becomes the most that one can be. Control plane. */
void gr_breaker_trip(struct gr_breaker *breaker);
/* Forgets what was measured. Control plane. */
void gr_breaker_reset(struct gr_breaker *breaker);
/* The estimate in nanoseconds; 0 before the first measured call. */
uint64_t gr_breaker_mean(const struct gr_breaker *breaker);

#endif
