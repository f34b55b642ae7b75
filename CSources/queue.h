/* queue.h: sequence-ordered updates: many writers, one drainer.
 *
 * Owns the order of one stream's updates and what waits for its turn; decides it once, so that nothing after it
 * compares sequences. Items are embedded in their owner's updates. Never looks into those, never waits, and allocates
 * nothing after creation. Below: the rules of order, then the rules of concurrency. Neighbours: status, compiler. */
#ifndef GR_QUEUE_H
#define GR_QUEUE_H

#include <graft/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Order. Sequences are 1, 2, 3, …; the drainer gets items in exactly that order.
 *
 * - An item at or below the last one handed out is stale; one whose sequence is waiting already is a duplicate; one
 *   beyond a gap waits until the gap is filled, or until a snapshot replaces everything before it.
 * - A snapshot with sequence S is due at once: whatever waits at or below S is superseded, also an older snapshot and a
 *   plain item S; what waits above S stays and follows. What arrives at or below S afterwards is stale, snapshot or not.
 * - Automatic sequences: an item submitted with sequence 0 gets one more than the largest sequence among the items
 *   accepted before it, in the order of submission (the linearisation order below); the drainer computes it. So
 *   automatic items alone are numbered without a gap, whatever was refused in between, and an automatic item is never
 *   stale or a duplicate.
 * - Mixed: after an explicit 100, automatic items take 101, 102, … and wait for the gap before 100 like anyone else; an
 *   explicit number that an automatic item already has is a duplicate, superseded or stale.
 * - Wrap: sequences have 64 bits and do not wrap. After UINT64_MAX nothing can follow: explicit items are stale,
 *   automatic ones are refused by the drainer with GRAFT_LIMIT_QUEUE, until gr_queue_restart. */

/* Concurrency.
 *
 * - Writers: any thread. Drainer: one thread at a time; the owner passes the role on with acquire and release (a lock).
 * - Progress: submission is lock-free: two compare-and-swaps, each of which fails only because another writer or the
 *   drainer has succeeded. The drainer never waits for a writer.
 * - Linearisation: submission at the compare-and-swap that pushes the item; a refusal at the load of the counter that
 *   decides it; a hand-out at the store to `last`.
 * - No ABA: a push succeeds when the head is the very pointer that the item's `next` holds. If the head was taken and
 *   the same item pushed again in between, that is still the right `next`, and a writer never looks into another's item;
 *   the drainer takes the whole stack by one exchange, which compares nothing.
 * - Bounds: `capacity` places; every item that the queue owns has one, from before its push until it leaves. A queue
 *   that is full of items beyond a gap must not refuse what would end that: a snapshot, and the item right after the
 *   last one handed out, may take one of GR_QUEUE_RESERVE further places, which the next draining frees.
 * - Memory: items link themselves into a splay tree, the drainer's alone, in which an insertion or removal costs
 *   O(log n) amortised in every order, and O(1) in order or in reverse.
 * - Reclamation: an item is its owner's again when it is handed out, dropped or refused.
 * - After fork, in the child: a submission that another thread had begun is lost there, and its place stays taken. */

struct gr_queue;

struct gr_queue_item {
    uint64_t sequence;          /* the submitter's; 0 is replaced by the drainer before the item is handed out */
    bool snapshot;              /* the submitter's */
    struct gr_queue_item *next; /* the queue's: the one pushed before */
    struct gr_queue_item *lower, *higher; /* the queue's: subtrees of smaller and of greater sequences */
};

/* Counts since creation. Every call of gr_queue_submit is, when the queue is at rest, in exactly one of applied, stale,
 * duplicate, superseded, refused_full and waiting. */
struct gr_queue_stats {
    uint64_t submitted;    /* calls of gr_queue_submit, also those that were refused */
    uint64_t applied;      /* items handed out */
    uint64_t stale;        /* refused at submission, or dropped by the drainer */
    uint64_t duplicate;    /* dropped */
    uint64_t superseded;   /* dropped, by a snapshot or by gr_queue_restart */
    uint64_t refused_full; /* refused for lack of room, or of sequences */
    uint64_t gaps;         /* missing sequences that draining has stopped in front of, each counted once */
    uint64_t last;         /* the last sequence handed out, or where gr_queue_restart has set it */
    uint64_t waiting;      /* items held now; at most the capacity and GR_QUEUE_RESERVE */
};

enum {
    GR_QUEUE_CAPACITY_MAX = 1 << 24, /* the largest capacity of a queue, in items */
    GR_QUEUE_RESERVE = 8,            /* places beyond the capacity, for what lets a full queue move on */
};

/* An empty queue for `capacity` items (1 to GR_QUEUE_CAPACITY_MAX) that expects sequence 1. The result is the caller's,
 * to be destroyed. GRAFT_INVALID_ARGUMENT, GRAFT_NO_MEMORY. */
enum graft_status gr_queue_create(size_t capacity, struct gr_queue **queue);

/* Told of each item that leaves without being handed out, on the drainer. The item is the owner's again and may be
 * freed. May submit to the same queue; may not call its other functions. */
typedef void (*gr_queue_dropped)(struct gr_queue_item *item, enum graft_status why, void *context);

/* Hands every waiting item to `dropped` with GRAFT_CANCELLED, then frees the queue. No other thread may use it, and
 * `dropped` may not submit. */
void gr_queue_destroy(struct gr_queue *queue, gr_queue_dropped dropped, void *context);

/* Submits an item; the queue owns it until it is handed out or dropped, and the submitter does not look at it
 * meanwhile. Lock-free; any thread; async-signal-safe.
 * GRAFT_STALE, GRAFT_LIMIT_QUEUE: then the item stays the caller's. Stale comes first: a full queue says so too. */
enum graft_status gr_queue_submit(struct gr_queue *queue, struct gr_queue_item *item);

/* Takes the next item that is due among those submitted before the call, or null. Items that prove stale, duplicate,
 * superseded or without a sequence (GRAFT_LIMIT_QUEUE) on the way go to `dropped`. Drainer only. */
struct gr_queue_item *gr_queue_next(struct gr_queue *queue, gr_queue_dropped dropped, void *context);

/* Starts again: the next sequence expected, and the next automatic one, is `next` (0 is taken as 1); items submitted
 * before the call are dropped as GRAFT_SUPERSEDED. Drainer only. */
void gr_queue_restart(struct gr_queue *queue, uint64_t next, gr_queue_dropped dropped, void *context);

/* Any thread; each field is right by itself, while others change. */
struct gr_queue_stats gr_queue_stats(const struct gr_queue *queue);

#endif
