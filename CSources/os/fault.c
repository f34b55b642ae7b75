/* fault.c: which requests to the kernel a test wants refused. Compiled to nothing in normal builds.
 *
 * Each kind of request has a count and a window of counts that are refused. Rules are set while the code under test is
 * quiet; counting may happen on any thread. Neighbours: none. */
#include "os/fault.h"

#ifdef GR_FAULTS
#include "os/os.h"
#include <errno.h>
#include <stdatomic.h>

/* The requests numbered first to last - 1 are refused; `calls` is the number of the next. */
static struct rule { atomic_uint calls, first, last; } rules[GR_OS_CALL_COUNT];

void gr_fault_set(enum gr_os_call call, unsigned skip, unsigned times) {
    struct rule *rule = &rules[call];
    unsigned first = atomic_load_explicit(&rule->calls, memory_order_relaxed) + skip;
    /* Relaxed throughout: a test sets its rules before it starts the threads that they concern. */
    atomic_store_explicit(&rule->first, first, memory_order_relaxed);
    atomic_store_explicit(&rule->last, first + times, memory_order_relaxed);
}

void gr_fault_clear(void) {
    for (unsigned i = 0; i < GR_OS_CALL_COUNT; i++) {
        atomic_store_explicit(&rules[i].last, 0, memory_order_relaxed);
        atomic_store_explicit(&rules[i].first, 0, memory_order_relaxed);
        atomic_store_explicit(&rules[i].calls, 0, memory_order_relaxed);
    }
}

unsigned gr_fault_calls(enum gr_os_call call) {
    return atomic_load_explicit(&rules[call].calls, memory_order_relaxed);
}

bool gr_fault_due(enum gr_os_call call, int error) {
    struct rule *rule = &rules[call];
    unsigned number = atomic_fetch_add_explicit(&rule->calls, 1, memory_order_relaxed);
    if (number < atomic_load_explicit(&rule->first, memory_order_relaxed) ||
        number >= atomic_load_explicit(&rule->last, memory_order_relaxed)) {
        return false;
    }
    errno = error;
    return true;
}

static _Atomic bool stopping;
static _Atomic uint64_t stopped; /* 0: the clock runs */

void gr_clock_stop(void) {
    atomic_store_explicit(&stopping, true, memory_order_relaxed);
}

void gr_clock_advance(uint64_t nanoseconds) {
    gr_os_nanoseconds(); /* it may not have been asked since it was stopped */
    atomic_fetch_add_explicit(&stopped, nanoseconds, memory_order_relaxed);
}

uint64_t gr_clock_says(uint64_t now) {
    if (!atomic_load_explicit(&stopping, memory_order_relaxed))
        return now;
    uint64_t at = 0; /* it stops at the first look */
    if (atomic_compare_exchange_strong_explicit(&stopped, &at, now, memory_order_relaxed, memory_order_relaxed))
        return now;
    return at;
}
#endif
