/* breaker.c: the estimate of what a handler takes; see breaker.h. */
#include "breaker.h"

/* What the word becomes with one call more. */
static uint64_t with(uint64_t word, uint64_t nanoseconds, uint32_t limit) {
    uint64_t calls = word & (GR_BREAKER_TRIPPED - 1), sum = word >> GR_BREAKER_SUM;
    uint64_t most = (uint64_t)limit * GR_BREAKER_CLIP;
    if (calls == GR_BREAKER_CALLS)
        sum -= sum / GR_BREAKER_CALLS;
    else
        calls++;
    sum += nanoseconds < most ? nanoseconds : most;
    bool tripped = calls == GR_BREAKER_CALLS && sum > (uint64_t)limit * GR_BREAKER_CALLS;
    return sum << GR_BREAKER_SUM | (tripped ? GR_BREAKER_TRIPPED : 0) | calls;
}

bool gr_breaker_add(struct gr_breaker *breaker, uint64_t nanoseconds) {
    uint64_t word = atomic_load_explicit(&breaker->word, memory_order_relaxed), next;
    do {
        if ((word & GR_BREAKER_TRIPPED) != 0)
            return false;
        next = with(word, nanoseconds, breaker->limit);
    } while (!atomic_compare_exchange_weak_explicit(
        &breaker->word, &word, next, memory_order_acq_rel, memory_order_relaxed)); /* pairs with gr_breaker_tripped */
    return (next & GR_BREAKER_TRIPPED) != 0;
}

void gr_breaker_trip(struct gr_breaker *breaker) {
    uint64_t sum = (uint64_t)breaker->limit * GR_BREAKER_CLIP * GR_BREAKER_CALLS;
    atomic_store_explicit(
        &breaker->word, sum << GR_BREAKER_SUM | GR_BREAKER_TRIPPED | GR_BREAKER_CALLS, memory_order_release);
}

void gr_breaker_reset(struct gr_breaker *breaker) {
    atomic_store_explicit(&breaker->word, 0, memory_order_release);
}

uint64_t gr_breaker_mean(const struct gr_breaker *breaker) {
    uint64_t word = atomic_load_explicit(&breaker->word, memory_order_relaxed);
    uint64_t calls = word & (GR_BREAKER_TRIPPED - 1);
    return calls != 0 ? (word >> GR_BREAKER_SUM) / calls : 0;
}
