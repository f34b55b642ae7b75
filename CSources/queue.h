/* queue.h: sequence-ordered updates: many writers, one drainer.
 *
 * Each item has a sequence (1, 2, 3, …) and an owner's pointer. The drainer gets items in exactly that order. An item
 * at or below the last one handed out is stale; one whose sequence is waiting already is a duplicate; one beyond a gap
 * waits until the gap is filled, or until a snapshot item replaces everything before it. Bounded by `capacity` items.
 * Submission is lock-free: writers push onto an intrusive stack (one compare-and-swap; linearisation point) after an
 * admission check on atomic counters; ordering is the drainer's private work. Verdicts on stale and duplicate items
 * are given by the drainer through `dropped`; a sequence that is already stale at submission is refused at once.
 * Neighbours: status, compiler. */
#ifndef GR_QUEUE_H
#define GR_QUEUE_H

#include <graft/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gr_queue;

struct gr_queue_item {
    struct gr_queue_item *next; /* the queue's */
    uint64_t sequence;          /* set by the submitter, or by the queue when it was 0 */
    bool snapshot;
};

struct gr_queue_stats {
    uint64_t submitted, applied, stale, duplicate, superseded, refused_full;
    uint64_t gaps;    /* times that draining stopped in front of a missing sequence */
    uint64_t last;    /* the last sequence handed out */
    uint64_t waiting; /* items held now */
};

enum graft_status gr_queue_create(size_t capacity, struct gr_queue **queue);
/* Hands every waiting item to `dropped` with GRAFT_CANCELLED, then frees the queue. No other thread may use it. */
typedef void (*gr_queue_dropped)(struct gr_queue_item *item, enum graft_status why, void *context);
void gr_queue_destroy(struct gr_queue *queue, gr_queue_dropped dropped, void *context);

/* Submits an item; the queue owns it until it is handed out or dropped. Sequence 0 is replaced by the next free one
 * (one more than the largest submitted so far). Lock-free; any thread.
 * GRAFT_STALE, GRAFT_LIMIT_QUEUE: then the item stays the caller's. */
enum graft_status gr_queue_submit(struct gr_queue *queue, struct gr_queue_item *item);

/* Takes the next item that is due, or null. Items that prove stale, duplicate or superseded on the way go to
 * `dropped`. Drainer only. */
struct gr_queue_item *gr_queue_next(struct gr_queue *queue, gr_queue_dropped dropped, void *context);

/* Starts again: the next sequence expected is `next`; waiting items are dropped as GRAFT_SUPERSEDED. Drainer only. */
void gr_queue_restart(struct gr_queue *queue, uint64_t next, gr_queue_dropped dropped, void *context);

struct gr_queue_stats gr_queue_stats(const struct gr_queue *queue); /* any thread; each field by itself */

#endif
