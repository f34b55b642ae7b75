/* budget.c: what happens when a second's calls are used up; see budget.h. */
#include "budget.h"
#include "hit.h"
#include "os/os.h"

/* `since` is a time, and the last bit of the second's number: what was given for the first n seconds is n times
 * per_second, so whoever knows both words knows whether the calls of the second that has begun were given. */
static uint64_t with_bit(uint64_t time, bool odd) {
    return time << 1 | odd;
}
static uint64_t time_of(uint64_t since) {
    return since >> 1;
}

/* A budget whose calls are used up, at one time. */
struct view {
    uint64_t allowed, since;
};

static uint64_t over_at(const struct view *seen) {
    return time_of(seen->since) + GR_BUDGET_NANOSECONDS;
}

static bool given(const struct gr_budget *budget, const struct view *seen) {
    return (seen->allowed / budget->per_second & 1) == (seen->since & 1);
}

void gr_budget_start(struct gr_budget *budget, uint32_t per_second) {
    bool shut = gr_budget_shut(budget);
    uint64_t began = time_of(atomic_load_explicit(&budget->since, memory_order_relaxed));
    if (!shut)
        began = per_second != 0 ? gr_os_nanoseconds() : 0;
    budget->per_second = per_second;
    atomic_store_explicit(&budget->told, 0, memory_order_relaxed);
    atomic_store_explicit(&budget->allowed, per_second == 0 ? UINT64_MAX : shut ? 0 : per_second, memory_order_relaxed);
    atomic_store_explicit(&budget->asked, shut, memory_order_relaxed);
    atomic_store_explicit(&budget->since, with_bit(began, !shut), memory_order_relaxed);
}

/* False as well when calls are being given: then the words do not belong together. Each word is changed by whoever has
 * seen the other's last change (turn and give), and is read here with acquire, so what is seen of one is never more than
 * one second away from the other. */
static bool used_up(const struct gr_budget *budget, struct view *seen) {
    seen->allowed = atomic_load_explicit(&budget->allowed, memory_order_acquire); /* pairs with give */
    seen->since = atomic_load_explicit(&budget->since, memory_order_acquire);     /* pairs with turn */
    return atomic_load_explicit(&budget->told, memory_order_relaxed) >= seen->allowed &&
           atomic_load_explicit(&budget->allowed, memory_order_relaxed) == seen->allowed;
}

/* The first step of a new second. Of several that want to take it, one does. */
static void turn(struct gr_budget *budget, uint64_t now, struct view *seen) {
    uint64_t next = with_bit(now, (seen->since & 1) == 0), since = seen->since;
    if (atomic_compare_exchange_strong_explicit(
            &budget->since, &since, next, memory_order_acq_rel, memory_order_relaxed)) /* pairs with used_up */
        seen->since = next;
}

/* The second step, by whoever comes first: who is late, for whatever time, changes nothing. */
static void give(struct gr_budget *budget, uint64_t allowed) {
    atomic_store_explicit(&budget->asked, false, memory_order_relaxed);
    atomic_compare_exchange_strong_explicit(&budget->allowed, &allowed, allowed + budget->per_second,
        memory_order_seq_cst, memory_order_relaxed); /* pairs with used_up and shut_unless_given */
}

/* Begins a new second, or ends what somebody else has begun. False when the last one is not over. The clock is read after
 * the calls were seen to be used up: so no second begins before the last one's calls have been told. */
static bool begin_second(struct gr_budget *budget, struct view *seen) {
    if (given(budget, seen)) {
        uint64_t now = gr_os_nanoseconds();
        if (now < over_at(seen))
            return false;
        turn(budget, now, seen);
    }
    if (!given(budget, seen))
        give(budget, seen->allowed);
    return true;
}

/* True after calls have been given, or are about to be, by somebody else. */
static bool begun(struct gr_budget *budget, struct view *seen) {
    if (!begin_second(budget, seen))
        return false;
    if (atomic_load_explicit(&budget->shut, memory_order_seq_cst)) /* pairs with shut_unless_given */
        gr_notify();
    return true;
}

GR_NOINLINE bool gr_budget_take_late(struct gr_budget *budget) {
    struct view seen;
    if (gr_budget_shut(budget))
        return false;
    if (!used_up(budget, &seen) || begun(budget, &seen))
        return gr_budget_try(budget);
    if (!atomic_load_explicit(&budget->asked, memory_order_relaxed) &&
        !atomic_exchange_explicit(&budget->asked, true, memory_order_acq_rel)) /* pairs with gr_budget_tend */
        gr_notify();
    return false;
}

/* A hit that had not seen it shut may have begun the new second itself. */
static bool open_again(struct gr_budget *budget) {
    struct view seen;
    if (used_up(budget, &seen) && !begin_second(budget, &seen))
        return false;
    atomic_store_explicit(&budget->shut, false, memory_order_release);
    return true;
}

/* Unless a hit has begun a second since. Either we see what was given, or the hit sees that it is shut and says so; hence
 * these orders. */
static bool shut_unless_given(struct gr_budget *budget, const struct view *seen) {
    atomic_exchange_explicit(&budget->shut, true, memory_order_seq_cst);                        /* pairs with begun */
    bool stays = atomic_load_explicit(&budget->allowed, memory_order_seq_cst) == seen->allowed; /* pairs with give */
    if (!stays)
        atomic_store_explicit(&budget->shut, false, memory_order_release);
    return stays;
}

bool gr_budget_tend(struct gr_budget *budget) {
    struct view seen;
    if (gr_budget_shut(budget))
        return open_again(budget);
    if (!atomic_load_explicit(&budget->asked, memory_order_acquire))
        return false;
    if (!used_up(budget, &seen)) { /* asked too late: a new second had begun */
        atomic_store_explicit(&budget->asked, false, memory_order_relaxed);
        return false;
    }
    if (!given(budget, &seen) || gr_os_nanoseconds() >= over_at(&seen))
        return false; /* whoever is told next sees to it */
    return shut_unless_given(budget, &seen);
}

uint64_t gr_budget_opens(const struct gr_budget *budget) {
    return time_of(atomic_load_explicit(&budget->since, memory_order_acquire)) + GR_BUDGET_NANOSECONDS;
}
