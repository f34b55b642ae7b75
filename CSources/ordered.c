/* ordered.c: the queue for values of a program's own (graft/queue.h).
 *
 * Owns what wraps a value while it waits: one block for each submission. Every rule of order and of concurrency is that of
 * queue.h; nothing is decided here. Neighbours: queue. */
#include "compiler.h"
#include "queue.h"

#include <graft/queue.h>
#include <stdlib.h>

_Static_assert((int)GRAFT_QUEUE_CAPACITY_MAX == (int)GR_QUEUE_CAPACITY_MAX, "graft/queue.h");
_Static_assert((int)GRAFT_QUEUE_RESERVE == (int)GR_QUEUE_RESERVE, "graft/queue.h");

struct graft_queue {
    struct gr_queue *order;
};

/* A value that waits. The item is first: a pointer to one is a pointer to the other. */
struct entry {
    struct gr_queue_item item;
    void *value;
};

/* Who is told of dropped values. */
struct listener {
    graft_queue_dropped dropped; /* or null */
    void *context;
};

static void drop(struct gr_queue_item *item, enum graft_status why, void *context) {
    const struct listener *listener = context;
    struct entry entry = *(struct entry *)item;
    free(item);
    if (listener->dropped != NULL)
        listener->dropped(entry.value, entry.item.sequence, why, listener->context);
}

GR_PUBLIC enum graft_status graft_queue_create(size_t capacity, struct graft_queue **queue) {
    if (queue == NULL)
        return GRAFT_INVALID_ARGUMENT;
    struct graft_queue *made = malloc(sizeof *made);
    if (made == NULL)
        return GRAFT_NO_MEMORY;
    enum graft_status status = gr_queue_create(capacity, &made->order);
    if (status != GRAFT_OK) {
        free(made);
        return status;
    }
    *queue = made;
    return GRAFT_OK;
}

GR_PUBLIC void graft_queue_destroy(struct graft_queue *queue, graft_queue_dropped dropped, void *context) {
    if (queue == NULL)
        return;
    struct listener listener = {dropped, context};
    gr_queue_destroy(queue->order, drop, &listener);
    free(queue);
}

GR_PUBLIC enum graft_status graft_queue_submit(
    struct graft_queue *queue, uint64_t sequence, bool snapshot, void *value) {
    if (queue == NULL)
        return GRAFT_INVALID_ARGUMENT;
    struct entry *entry = malloc(sizeof *entry);
    if (entry == NULL)
        return GRAFT_NO_MEMORY;
    *entry = (struct entry){{.sequence = sequence, .snapshot = snapshot}, value};
    enum graft_status status = gr_queue_submit(queue->order, &entry->item);
    if (status != GRAFT_OK)
        free(entry);
    return status;
}

GR_PUBLIC bool graft_queue_next(
    struct graft_queue *queue, void **value, uint64_t *sequence, graft_queue_dropped dropped, void *context) {
    struct listener listener = {dropped, context};
    struct entry *entry = (struct entry *)gr_queue_next(queue->order, drop, &listener);
    if (entry == NULL)
        return false;
    *value = entry->value;
    if (sequence != NULL)
        *sequence = entry->item.sequence;
    free(entry);
    return true;
}

GR_PUBLIC void graft_queue_restart(
    struct graft_queue *queue, uint64_t next, graft_queue_dropped dropped, void *context) {
    struct listener listener = {dropped, context};
    gr_queue_restart(queue->order, next, drop, &listener);
}

GR_PUBLIC struct graft_queue_counts graft_queue_stats(const struct graft_queue *queue) {
    struct gr_queue_stats stats = gr_queue_stats(queue->order);
    return (struct graft_queue_counts){
        .submitted = stats.submitted,
        .taken = stats.applied,
        .stale = stats.stale,
        .duplicate = stats.duplicate,
        .superseded = stats.superseded,
        .refused_full = stats.refused_full,
        .gaps = stats.gaps,
        .last = stats.last,
        .waiting = stats.waiting,
    };
}
