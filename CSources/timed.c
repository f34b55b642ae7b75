/* timed.c: calls a handler whose time is limited; see hit.h, breaker.h.
 *
 * The thread's block says that it runs, so that the control plane sees one that does not end; every so often a clock is
 * read. Hit plane. Neighbours: hit, meter, thread, os. */
#include "hit.h"
#include "meter.h"
#include "os/os.h"

void gr_call_timed(const struct gr_attachment *attachment, struct graft_hit *hit) {
    struct gr_thread *self = gr_self;
    struct gr_breaker *breaker = &attachment->meter->breaker;
    uint32_t member = atomic_load_explicit(&self->member, memory_order_relaxed);
    bool measured = gr_breaker_measures(breaker, member);
    atomic_store_explicit(&self->member, member + GR_BREAKER_STEP, memory_order_relaxed); /* pairs with look_at */
    atomic_store_explicit(&self->running, attachment->probe, memory_order_relaxed);
    uint64_t start = measured ? gr_os_nanoseconds() : 0;
    attachment->handler(hit, attachment->context);
    if (measured && gr_breaker_add(breaker, gr_os_nanoseconds() - start))
        gr_notify();
    atomic_store_explicit(&self->running, 0, memory_order_relaxed);
}
