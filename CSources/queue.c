/* queue.c: the inbox that writers push onto, and the drainer's order of what waits.
 *
 * An item goes: submitter -> inbox (a stack) -> place -> tree -> handed out; it is dropped where its verdict is known.
 * Counters are relaxed: they order nothing. The one edge between threads is inbox: a push releases the item, taking the
 * stack acquires every item on it, since each push continues the release sequence of those before it.
 * Room is reserved before the push, so a push cannot be refused; sequences are decided after it, so a refusal cannot
 * use one up. Never calls `dropped` while an item is half moved. */
#include "queue.h"
#include "compiler.h"
#include <stdatomic.h>
#include <stdlib.h>

_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2, "submission must be lock-free");

struct gr_queue {
    /* writers push, the drainer takes */
    _Alignas(GR_CACHE_LINE) struct gr_queue_item *_Atomic inbox;

    /* writers add, the drainer subtracts or reads */
    _Alignas(GR_CACHE_LINE) _Atomic uint64_t waiting; /* places taken */
    _Atomic uint64_t submitted, stale, refused_full;
    size_t capacity; /* constant */

    /* the drainer writes, others read */
    _Alignas(GR_CACHE_LINE) _Atomic uint64_t last;
    _Atomic uint64_t applied, duplicate, superseded, gaps;

    /* the drainer's alone */
    struct gr_queue_item *tree; /* of what is placed: a splay tree by sequence; plain items above `last` only */
    uint64_t largest;           /* sequence accepted; at least `last` */
    uint64_t gap;               /* the missing sequence that was counted last */
};

/* Where dropped items go. */
struct sink {
    gr_queue_dropped dropped;
    void *context;
};

static void add_one(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static uint64_t read_count(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

enum graft_status gr_queue_create(size_t capacity, struct gr_queue **queue) {
    if (capacity < 1 || capacity > GR_QUEUE_CAPACITY_MAX)
        return GRAFT_INVALID_ARGUMENT;
    struct gr_queue *created = aligned_alloc(GR_CACHE_LINE, sizeof *created);
    if (!created)
        return GRAFT_NO_MEMORY;
    *created = (struct gr_queue){.capacity = capacity};
    *queue = created;
    return GRAFT_OK;
}

/* What is due as soon as it is drained, as far as can be seen: it may use the reserve, or a gap could last for ever. */
static bool is_urgent(const struct gr_queue_item *item, uint64_t last) {
    return item->snapshot || item->sequence == last + 1;
}

/* Takes a place, if there is one. A compare-and-swap, not an addition that is undone: that would refuse another writer
 * although there is room. */
static bool reserve(struct gr_queue *queue, uint64_t places) {
    uint64_t waiting = read_count(&queue->waiting);
    do
        if (waiting >= places)
            return false;
    while (!atomic_compare_exchange_weak_explicit(
        &queue->waiting, &waiting, waiting + 1, memory_order_relaxed, memory_order_relaxed));
    return true;
}

static void push(struct gr_queue *queue, struct gr_queue_item *item) {
    item->next = atomic_load_explicit(&queue->inbox, memory_order_relaxed);
    /* release: the item is whole before it can be taken; pairs with the acquire in take_inbox */
    while (!atomic_compare_exchange_weak_explicit(
        &queue->inbox, &item->next, item, memory_order_release, memory_order_relaxed)) {
    }
}

enum graft_status gr_queue_submit(struct gr_queue *queue, struct gr_queue_item *item) {
    add_one(&queue->submitted);
    uint64_t last = read_count(&queue->last); /* it may grow at once; the drainer looks again */
    if (item->sequence && item->sequence <= last) {
        add_one(&queue->stale);
        return GRAFT_STALE;
    }
    if (!reserve(queue, is_urgent(item, last) ? queue->capacity + GR_QUEUE_RESERVE : queue->capacity)) {
        add_one(&queue->refused_full);
        return GRAFT_LIMIT_QUEUE;
    }
    push(queue, item);
    return GRAFT_OK;
}

/* Takes what was pushed, in the order of pushing. */
static struct gr_queue_item *take_inbox(struct gr_queue *queue) {
    /* acquire: pairs with the release in push */
    struct gr_queue_item *item = atomic_exchange_explicit(&queue->inbox, NULL, memory_order_acquire);
    struct gr_queue_item *ordered = NULL;
    while (item) {
        struct gr_queue_item *before = item->next;
        item->next = ordered;
        ordered = item;
        item = before;
    }
    return ordered;
}

/* Top-down splaying (Sleator and Tarjan): brings the item with this sequence, or else a neighbour of its place, to the
 * root. What is smaller than the path collects on the right edge of `low`, what is greater on the left edge of `high`.
 */
static struct gr_queue_item *splay(struct gr_queue_item *root, uint64_t sequence) {
    struct gr_queue_item sides = {0}, *low = &sides, *high = &sides;
    while (root && sequence != root->sequence) {
        bool down = sequence < root->sequence;
        struct gr_queue_item *child = down ? root->lower : root->higher;
        if (!child)
            break;
        if (down && sequence < child->sequence) { /* two steps the same way: rotate first, which halves the path */
            root->lower = child->higher;
            child->higher = root;
            root = child;
        } else if (!down && sequence > child->sequence) {
            root->higher = child->lower;
            child->lower = root;
            root = child;
        }
        child = down ? root->lower : root->higher;
        if (!child)
            break;
        if (down)
            high = high->lower = root;
        else
            low = low->higher = root;
        root = child;
    }
    if (root) {
        low->higher = root->lower;
        high->lower = root->higher;
        root->lower = sides.higher;
        root->higher = sides.lower;
    }
    return root;
}

/* Puts a plain item into the tree; false when its sequence is there. */
static bool insert(struct gr_queue *queue, struct gr_queue_item *item) {
    struct gr_queue_item *root = queue->tree = splay(queue->tree, item->sequence);
    item->lower = item->higher = NULL;
    if (root && root->sequence == item->sequence)
        return false;
    if (root && root->sequence < item->sequence) {
        item->lower = root;
        item->higher = root->higher;
        root->higher = NULL;
    } else if (root) {
        item->higher = root;
        item->lower = root->lower;
        root->lower = NULL;
    }
    queue->tree = item;
    return true;
}

/* Takes the item with the smallest sequence out of the tree, if that is at most `limit`; else null. */
static struct gr_queue_item *take_lowest(struct gr_queue *queue, uint64_t limit) {
    struct gr_queue_item *lowest = queue->tree = splay(queue->tree, 0);
    if (!lowest || lowest->sequence > limit)
        return NULL;
    queue->tree = lowest->higher;
    return lowest;
}

/* Gives an item back to its owner. Its place is free before `dropped` runs, which may submit. */
static void drop(struct gr_queue *queue, struct gr_queue_item *item, enum graft_status why, const struct sink *sink) {
    if (why == GRAFT_STALE)
        add_one(&queue->stale);
    else if (why == GRAFT_DUPLICATE)
        add_one(&queue->duplicate);
    else if (why == GRAFT_SUPERSEDED)
        add_one(&queue->superseded);
    else if (why == GRAFT_LIMIT_QUEUE)
        add_one(&queue->refused_full);
    atomic_fetch_sub_explicit(&queue->waiting, 1, memory_order_relaxed);
    sink->dropped(item, why, sink->context);
}

/* Gives an automatic item its sequence and keeps `largest`. False when no sequence is left. */
static bool number(struct gr_queue *queue, struct gr_queue_item *item) {
    if (!item->sequence) {
        if (queue->largest == UINT64_MAX)
            return false;
        item->sequence = queue->largest + 1;
    }
    if (item->sequence > queue->largest)
        queue->largest = item->sequence;
    return true;
}

/* Gives one submitted item its verdict, or its place among those that wait. `*snapshot` is the newest snapshot met in
 * this call of gr_queue_next, the item to be handed out; the tree then holds only what is above it. */
static void place(
    struct gr_queue *queue, struct gr_queue_item *item, struct gr_queue_item **snapshot, const struct sink *sink) {
    if (!number(queue, item)) {
        drop(queue, item, GRAFT_LIMIT_QUEUE, sink);
    } else if (item->sequence <= read_count(&queue->last)) {
        drop(queue, item, GRAFT_STALE, sink);
    } else if (*snapshot && item->sequence <= (*snapshot)->sequence) {
        drop(queue, item, item->sequence == (*snapshot)->sequence ? GRAFT_DUPLICATE : GRAFT_SUPERSEDED, sink);
    } else if (!item->snapshot) {
        if (!insert(queue, item))
            drop(queue, item, GRAFT_DUPLICATE, sink);
    } else {
        struct gr_queue_item *older = *snapshot;
        *snapshot = item;
        if (older)
            drop(queue, older, GRAFT_SUPERSEDED, sink);
        while ((older = take_lowest(queue, item->sequence)))
            drop(queue, older, GRAFT_SUPERSEDED, sink);
    }
}

/* Draining has found nothing due. If something waits, a sequence is missing. */
static void note_gap(struct gr_queue *queue) {
    uint64_t missing = read_count(&queue->last) + 1;
    if (queue->tree && queue->gap != missing) {
        queue->gap = missing;
        add_one(&queue->gaps);
    }
}

struct gr_queue_item *gr_queue_next(struct gr_queue *queue, gr_queue_dropped dropped, void *context) {
    const struct sink sink = {dropped, context};
    struct gr_queue_item *due = NULL, *item = take_inbox(queue), *after;
    for (; item; item = after) {
        after = item->next; /* before place, which may give the item away */
        place(queue, item, &due, &sink);
    }
    if (!due) /* everything in the tree is above `last`, so at most the item right after it is due */
        due = take_lowest(queue, read_count(&queue->last) + 1);
    if (!due) {
        note_gap(queue);
        return NULL;
    }
    atomic_store_explicit(&queue->last, due->sequence, memory_order_relaxed);
    add_one(&queue->applied);
    atomic_fetch_sub_explicit(&queue->waiting, 1, memory_order_relaxed);
    return due;
}

/* Drops everything that was submitted before the call: what is placed, by sequence, then the rest as it was pushed. */
static void drop_all(struct gr_queue *queue, enum graft_status why, const struct sink *sink) {
    struct gr_queue_item *item, *after, *pushed = take_inbox(queue);
    while ((item = take_lowest(queue, UINT64_MAX)))
        drop(queue, item, why, sink);
    for (item = pushed; item; item = after) {
        after = item->next;
        drop(queue, item, why, sink);
    }
}

void gr_queue_restart(struct gr_queue *queue, uint64_t next, gr_queue_dropped dropped, void *context) {
    const struct sink sink = {dropped, context};
    queue->largest = next ? next - 1 : 0;
    queue->gap = 0;
    atomic_store_explicit(&queue->last, queue->largest, memory_order_relaxed);
    drop_all(queue, GRAFT_SUPERSEDED, &sink);
}

void gr_queue_destroy(struct gr_queue *queue, gr_queue_dropped dropped, void *context) {
    if (!queue)
        return;
    const struct sink sink = {dropped, context};
    drop_all(queue, GRAFT_CANCELLED, &sink);
    free(queue);
}

struct gr_queue_stats gr_queue_stats(const struct gr_queue *queue) {
    return (struct gr_queue_stats){
        .submitted = read_count(&queue->submitted),
        .applied = read_count(&queue->applied),
        .stale = read_count(&queue->stale),
        .duplicate = read_count(&queue->duplicate),
        .superseded = read_count(&queue->superseded),
        .refused_full = read_count(&queue->refused_full),
        .gaps = read_count(&queue->gaps),
        .last = read_count(&queue->last),
        .waiting = read_count(&queue->waiting),
    };
}
