/* budget.h: how many calls a probe's handler may be told of in a second.
 *
 * Owns that count. A second begins with the first call that finds the last one over and its calls used up, so no clock
 * is read while there are calls left. When they are used up, the hit plane asks the control plane once, which shuts the
 * budget until the second is over and lets the thunks leave calls out meanwhile (attach.c). So in any one second at most
 * twice the budget is told: the last of one second and the first of the next; over more, the budget for each second,
 * and once more.
 *
 * A second begins in two steps: `since` tells of it, then `allowed` grows. Whoever finds only the first one done does the
 * second, and the first is not taken before both of the last second are; so a thread that stops anywhere holds up
 * nobody, and one that is late neither gives calls twice nor uses up a second without its calls.
 *
 * Writers: hits, of `told`, `allowed`, `since` and `asked`; the control plane, of `shut`, and of the others only while
 * it is shut. Lock-free. Linearisation: a call is told at its compare-and-swap of `told`, which never passes `allowed`;
 * a second begins at that of `since`. Neighbours: compiler, os. */
#ifndef GR_BUDGET_H
#define GR_BUDGET_H

#include "compiler.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { GR_BUDGET_NANOSECONDS = 1000000000 };

struct gr_budget {
    uint32_t per_second;      /* 0: no limit, only a count */
    _Atomic bool asked;       /* the control plane knows that the calls are used up, or is about to */
    _Atomic bool shut;        /* nobody is told of anything until the control plane opens it */
    _Atomic uint64_t told;    /* calls, ever */
    _Atomic uint64_t allowed; /* what `told` may reach in this second */
    _Atomic uint64_t since;   /* when it began, and its number's last bit (budget.c) */
};

/* A budget that nothing has been taken from. Before it is published, or in the child of a fork; a budget that is shut
 * stays so. */
void gr_budget_start(struct gr_budget *budget, uint32_t per_second);

/* Takes one call, if one is left. */
static inline bool gr_budget_try(struct gr_budget *budget) {
    uint64_t told = atomic_load_explicit(&budget->told, memory_order_relaxed);
    while (told < atomic_load_explicit(&budget->allowed, memory_order_relaxed)) /* counts alone: nothing to order */
        if (atomic_compare_exchange_weak_explicit(
                &budget->told, &told, told + 1, memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
}

/* What is to be done when none is left: takes one of a new second, or asks the control plane. Hit plane. */
bool gr_budget_take_late(struct gr_budget *budget);

/* True when the handler may be told of a call. Hit plane. */
static inline bool gr_budget_take(struct gr_budget *budget) {
    return GR_LIKELY(gr_budget_try(budget)) || gr_budget_take_late(budget);
}

/* True while thunks may leave out every call. */
static inline bool gr_budget_shut(const struct gr_budget *budget) {
    return atomic_load_explicit(&budget->shut, memory_order_relaxed);
}

/* Shuts a budget that is used up, and opens it with new calls when its second is over. True when it is now what it was
 * not before. Control plane. */
bool gr_budget_tend(struct gr_budget *budget);
/* When gr_budget_tend has something to do again. Control plane; of a budget that is shut. */
uint64_t gr_budget_opens(const struct gr_budget *budget);

#endif
