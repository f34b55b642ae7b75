/* free_list.h: a stack of numbered things that nobody uses; any thread puts and takes, none waits.
 *
 * A Treiber stack of numbers with a tag in the same word, so that a number which comes back is not mistaken for itself
 * (no ABA). What the numbers stand for is never unmapped: a thread that is about to lose the race for one may still read its link. */
#ifndef GR_FREE_LIST_H
#define GR_FREE_LIST_H

#include <stdatomic.h>
#include <stdint.h>

enum { GR_FREE_NONE = 0 }; /* numbers begin at 1 */

struct gr_free_list {
    _Atomic uint64_t head; /* number in the low half, tag in the high half; begins as zero */
};

/* Where a number's link is. */
typedef _Atomic uint32_t *(*gr_free_link)(uint32_t number);

/* Puts numbers that are linked from `first` to `last`; one alone is both. */
static inline void gr_free_put(struct gr_free_list *list, uint32_t first, uint32_t last, gr_free_link link) {
    uint64_t head = atomic_load_explicit(&list->head, memory_order_relaxed), next;
    do {
        atomic_store_explicit(link(last), (uint32_t)head, memory_order_relaxed);
        next = ((head >> 32) + 1) << 32 | first;
    } while (!atomic_compare_exchange_weak_explicit(
        &list->head, &head, next, memory_order_release, memory_order_relaxed)); /* pairs with gr_free_take */
}

/* Takes the number that was put last, or GR_FREE_NONE. */
static inline uint32_t gr_free_take(struct gr_free_list *list, gr_free_link link) {
    uint64_t head = atomic_load_explicit(&list->head, memory_order_acquire);
    while ((uint32_t)head != GR_FREE_NONE) {
        uint32_t number = (uint32_t)head, below = atomic_load_explicit(link(number), memory_order_relaxed);
        uint64_t next = ((head >> 32) + 1) << 32 | below;
        if (atomic_compare_exchange_weak_explicit(&list->head, &head, next, memory_order_acq_rel, memory_order_acquire))
            return number;
    }
    return GR_FREE_NONE;
}

#endif
