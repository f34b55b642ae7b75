/* budget.c: what happens when a second's calls are used up; see budget.h. */
#include "budget.h"
#include "hit.h"
#include "os/os.h"

void gr_budget_start(struct gr_budget *budget, uint32_t per_second) {
    uint64_t calls = per_second == 0 ? UINT64_MAX : gr_budget_shut(budget) ? 0 : per_second;
    budget->per_second = per_second;
    atomic_store_explicit(&budget->told, 0, memory_order_relaxed);
    atomic_store_explicit(&budget->allowed, calls, memory_order_relaxed);
    atomic_store_explicit(&budget->asked, gr_budget_shut(budget), memory_order_relaxed);
    if (!gr_budget_shut(budget))
        atomic_store_explicit(&budget->since, per_second != 0 ? gr_os_nanoseconds() : 0, memory_order_relaxed);
}

static bool used_up(struct gr_budget *budget, uint64_t *allowed) {
    *allowed = atomic_load_explicit(&budget->allowed, memory_order_relaxed);
    return atomic_load_explicit(&budget->told, memory_order_relaxed) >= *allowed;
}

/* Begins a new second at `now` if the last one is over. Of several that want to, the first to change `since` may, and
 * only if nobody has done so since `allowed` was read: one that is late, for whatever time, changes nothing. */
static bool begin_second(struct gr_budget *budget, uint64_t now, uint64_t allowed) {
    uint64_t since = atomic_load_explicit(&budget->since, memory_order_acquire);
    if (now < since + GR_BUDGET_NANOSECONDS || !atomic_compare_exchange_strong_explicit(&budget->since, &since, now,
                                                   memory_order_acq_rel, memory_order_relaxed))
        return false;
    atomic_store_explicit(&budget->asked, false, memory_order_relaxed);
    return atomic_compare_exchange_strong_explicit(
        &budget->allowed, &allowed, allowed + budget->per_second, memory_order_relaxed, memory_order_relaxed);
}

GR_NOINLINE bool gr_budget_take_late(struct gr_budget *budget) {
    uint64_t allowed;
    if (gr_budget_shut(budget))
        return false;
    if (!used_up(budget, &allowed) || begin_second(budget, gr_os_nanoseconds(), allowed))
        return gr_budget_try(budget);
    if (!atomic_load_explicit(&budget->asked, memory_order_relaxed) &&
        !atomic_exchange_explicit(&budget->asked, true, memory_order_acq_rel)) /* pairs with gr_budget_tend */
        gr_notify();
    return false;
}

/* A hit that had not seen it shut may have begun the new second itself. */
static bool open_again(struct gr_budget *budget, uint64_t now) {
    uint64_t allowed;
    if (used_up(budget, &allowed)) {
        if (now < gr_budget_opens(budget))
            return false;
        begin_second(budget, now, allowed);
    }
    atomic_store_explicit(&budget->shut, false, memory_order_release);
    return true;
}

bool gr_budget_tend(struct gr_budget *budget, uint64_t now) {
    uint64_t allowed;
    if (gr_budget_shut(budget))
        return open_again(budget, now);
    if (!atomic_load_explicit(&budget->asked, memory_order_acquire))
        return false;
    if (!used_up(budget, &allowed)) { /* asked too late: a new second had begun */
        atomic_store_explicit(&budget->asked, false, memory_order_relaxed);
        return false;
    }
    if (now >= gr_budget_opens(budget))
        return false; /* whoever is told next begins another */
    atomic_store_explicit(&budget->shut, true, memory_order_relaxed);
    return true;
}

uint64_t gr_budget_opens(const struct gr_budget *budget) {
    return atomic_load_explicit(&budget->since, memory_order_acquire) + GR_BUDGET_NANOSECONDS;
}
