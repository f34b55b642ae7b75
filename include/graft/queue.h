/* queue.h: values in the order of their sequences: many submit, one takes.
 *
 * The rules of update.h for anything that is numbered by whoever sends it: a value whose sequence has passed is stale, one
 * whose sequence is waiting already is a duplicate, one beyond a gap waits until the gap is filled or a snapshot replaces
 * everything before it. Sequences begin with 1. A queue looks into no value. Needs no graft_start. */
#ifndef GRAFT_QUEUE_H
#define GRAFT_QUEUE_H

#include <graft/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GRAFT_QUEUE_CAPACITY_MAX = 1 << 24, /* the largest capacity of a queue, in values */
    GRAFT_QUEUE_RESERVE = 8, /* places beyond the capacity, for what lets a full queue move on: a snapshot, and
                                           the value right after the last one taken */
};

struct graft_queue;

/* Told of each value that leaves without being taken, on the thread of the call that drops it: the value is the caller's
 * again. `why` is GRAFT_STALE, GRAFT_DUPLICATE, GRAFT_SUPERSEDED (by a snapshot or a restart), GRAFT_LIMIT_QUEUE (no
 * sequence is left for it; then `sequence` is 0) or GRAFT_CANCELLED (by graft_queue_destroy). It may submit to the same
 * queue, but for the last reason; it may not call its other functions. */
typedef void (*graft_queue_dropped)(void *value, uint64_t sequence, enum graft_status why, void *context);

/* Counts since creation. When the queue is at rest, every call of graft_queue_submit that did not run out of memory is in
 * exactly one of taken, stale, duplicate, superseded, refused_full and waiting. Never grows: it is returned whole. */
struct graft_queue_counts {
    uint64_t submitted;    /* calls of graft_queue_submit, refused ones included */
    uint64_t taken;        /* values that graft_queue_next gave out */
    uint64_t stale;        /* refused at submission, or dropped */
    uint64_t duplicate;    /* dropped */
    uint64_t superseded;   /* dropped */
    uint64_t refused_full; /* refused for lack of room, or dropped for lack of a sequence */
    uint64_t gaps;         /* missing sequences that graft_queue_next has stopped in front of, each counted once */
    uint64_t last;         /* the last sequence taken, or the one before that which graft_queue_restart has set */
    uint64_t waiting;      /* values held now: at most the capacity and GRAFT_QUEUE_RESERVE */
};

/* An empty queue for `capacity` values (1 to GRAFT_QUEUE_CAPACITY_MAX), which expects sequence 1. It is the caller's, to
 * be destroyed. Any thread. GRAFT_INVALID_ARGUMENT, GRAFT_NO_MEMORY. */
enum graft_status graft_queue_create(size_t capacity, struct graft_queue **queue);

/* Hands what waits to `dropped`, then frees the queue. No other thread may use it any more. Null is nothing. `dropped`
 * may be null here and below: then nobody is told, and the values are forgotten. */
void graft_queue_destroy(struct graft_queue *queue, graft_queue_dropped dropped, void *context);

/* Submits a value, which the queue keeps from now on. `snapshot`: it replaces whatever waits up to `sequence`, and is due at
 * once. Sequence 0: one more than the largest so far. `value` may be null. Any thread, also while another one takes, and
 * from `dropped`; waits for nobody but malloc.
 * GRAFT_STALE, GRAFT_LIMIT_QUEUE, GRAFT_NO_MEMORY, GRAFT_INVALID_ARGUMENT (no queue): then the value stays the caller's. */
enum graft_status graft_queue_submit(struct graft_queue *queue, uint64_t sequence, bool snapshot, void *value);

/* Takes the next value that is due, which is the caller's then. False, and nothing written, when none is. What proves stale,
 * duplicate or superseded on the way goes to `dropped`. `sequence` may be null.
 * This function, graft_queue_restart and graft_queue_destroy: one thread at a time, which is the caller's to see to, with a
 * lock or by having one thread that takes. The queue has no lock, so that a thread which submits never waits. */
bool graft_queue_next(
    struct graft_queue *queue, void **value, uint64_t *sequence, graft_queue_dropped dropped, void *context);

/* Starts again: the next sequence expected is `next` (0 is taken as 1), and what was submitted before the call goes to
 * `dropped` as superseded. Counts go on. One thread at a time, as above. */
void graft_queue_restart(struct graft_queue *queue, uint64_t next, graft_queue_dropped dropped, void *context);

/* Each count is right by itself, while others change. Any thread. */
struct graft_queue_counts graft_queue_stats(const struct graft_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
