/* thread.h: what the hit plane keeps for each thread: the re-entry guard, an epoch record, frames of open calls.
 *
 * Blocks come from memory that is never unmapped (type-stable) and are taken by a thread at its first reported hit,
 * without a lock or malloc. The control plane takes back the blocks of threads that have ended. A frame belongs to the
 * thread that entered the function; another may leave it (coroutines that change threads). Neighbours: epoch, os. */
#ifndef GR_THREAD_H
#define GR_THREAD_H

#include "epoch.h"
#include "site.h"

enum {
    GR_FRAMES_PER_THREAD = 256, /* calls of entry-exit probes open at once; more are reported on entry only */
    GR_TAILS_MAX = 64,          /* tail calls from one of them on; more are reported on entry only */
    GR_THREADS_MAX = 65536,
};

/* One open call of a function whose exit is watched. The exit thunks know it. */
struct gr_frame {
    uint64_t return_address;
    uint64_t caller_kept; /* of the register that leads here while the function runs: rbx, x19 */
    uint64_t call;        /* the relocated block */

    uint64_t stack_pointer; /* at entry */
    struct gr_site *site;
    struct gr_frame *below;            /* the owner's next open call, or the next free frame; the owner's alone */
    _Atomic bool closed;               /* release by whoever leaves; acquire by the owner */
    bool resumed;                      /* a coroutine that has yielded runs on: its end is the exit */
    bool passed;                       /* closed by an unwinder, which may still be reading it; the owner's alone */
    _Alignas(uint32_t) uint16_t count; /* of the probes that were told of the entry */
    uint16_t tails;                    /* functions in which this one went on; with `count` one word for the thunks */
    uint64_t start;                    /* nanoseconds; 0 when no probe asked */
    struct {
        graft_probe_id probe;
        uint64_t cookie;
    } entered[GRAFT_ATTACHMENTS_MAX];
    struct gr_frame *tail; /* the latest of them, and so on; they end together */
    void *exception;       /* null but while an exit thunk hands an exception on; then `count` is 0 */
    uint64_t resume;       /* the unwinder's function that goes on with it */
};
_Static_assert(offsetof(struct gr_frame, return_address) == GR_FRAME_RETURN, "layout.h");
_Static_assert(offsetof(struct gr_frame, caller_kept) == GR_FRAME_KEPT, "layout.h");
_Static_assert(offsetof(struct gr_frame, call) == GR_FRAME_CALL, "layout.h");
_Static_assert(offsetof(struct gr_frame, stack_pointer) == GR_FRAME_STACK, "layout.h");
_Static_assert(offsetof(struct gr_frame, site) == GR_FRAME_SITE, "layout.h");
_Static_assert(offsetof(struct gr_frame, below) == GR_FRAME_BELOW, "layout.h");
_Static_assert(offsetof(struct gr_frame, closed) == GR_FRAME_CLOSED, "layout.h");
_Static_assert(offsetof(struct gr_frame, count) == GR_FRAME_COUNT, "layout.h");
_Static_assert(offsetof(struct gr_frame, start) == GR_FRAME_START, "layout.h");
_Static_assert(offsetof(struct gr_frame, entered[0].probe) == GR_FRAME_PROBE, "layout.h");
_Static_assert(offsetof(struct gr_frame, entered[0].cookie) == GR_FRAME_COOKIE, "layout.h");

struct gr_thread {
    struct gr_epoch_record epoch; /* an open section is also the re-entry guard: a handler is running */
    int *error_number;            /* this thread's errno */
    struct gr_frame *open;        /* the latest open call */
    struct gr_frame *free;
    uint32_t fresh;             /* frames never used begin here */
    _Atomic uint32_t id;        /* kernel thread id; 0 while the block is free */
    uint32_t index;             /* in the table of blocks */
    _Atomic uint32_t next_free; /* the free list's link */
    _Atomic uint32_t member;    /* of the sequence by which calls are measured (breaker.h); another for each */
    _Atomic uint64_t running;   /* the probe whose handler is timed, and runs now; 0: none */
    uint64_t serial; /* grows with each taking: of two blocks with one id, the older one is a dead thread's */
    /* control plane: what gr_threads_running saw last, and since when */
    uint64_t seen_running, seen_at;
    uint32_t seen_member;
    struct gr_frame frame[GR_FRAMES_PER_THREAD];
};

_Static_assert(offsetof(struct gr_thread, epoch.pinned) == GR_THREAD_PINNED, "layout.h");
_Static_assert(offsetof(struct gr_thread, error_number) == GR_THREAD_ERRNO, "layout.h");
_Static_assert(offsetof(struct gr_thread, open) == GR_THREAD_OPEN, "layout.h");
_Static_assert(offsetof(struct gr_thread, free) == GR_THREAD_FREE, "layout.h");
_Static_assert(offsetof(struct gr_epoch_clock, now) == GR_CLOCK_NOW, "layout.h");
_Static_assert(offsetof(struct gr_epoch_clock, readers_fence) == GR_CLOCK_FENCE, "layout.h");

/* The calling thread's block, or null before its first reported hit, and while the thread is exempt. */
extern __thread struct gr_thread *gr_self GR_TLS_MODEL;
/* The same block's record where the short ways of the thunks are open to the thread; else one whose section is always open,
 * so that no test for null is needed. */
extern __thread struct gr_epoch_record *gr_plain GR_TLS_MODEL;
/* Whether what the calling thread calls is left out; always so on the library's own. Asked off the plain way only. */
extern __thread bool gr_exempt GR_TLS_MODEL;
/* Sets it, and returns what it was: graft_thread_exempt. */
bool gr_thread_exempt(bool exempt);
/* True while a handler runs on this thread, and always on the library's own. */
static inline bool gr_in_handler(void) {
    return gr_self != NULL && atomic_load_explicit(&gr_self->epoch.pinned, memory_order_relaxed) != 0;
}
/* From now on the calling thread is the library's own: what it calls is not reported. */
void gr_thread_is_ours(void);

/* Takes a block for the calling thread; null when GR_THREADS_MAX are taken or memory is refused. Hit plane. An exempt
 * thread has a block too, for sections of the epoch, but it is not gr_self. */
struct gr_thread *gr_thread_take(void);

/* Takes back the blocks of threads that have ended. Control plane. */
void gr_threads_reap(void);
/* Calls `each` for every thread on which a timed handler has been running since an earlier look, with how long ago that
 * was: at least so long it has been running. Control plane. */
void gr_threads_running(uint64_t now, void (*each)(graft_probe_id probe, uint64_t nanoseconds));
/* In the child of a fork: only the calling thread is left. */
void gr_threads_after_fork(void);

/* The rest of gr_frame_open, for when frames that were left in another order have to be looked through. */
struct gr_frame *gr_frame_find(struct gr_thread *thread, uint64_t stack_pointer, uint64_t return_address);

/* A frame for a call entered with this stack pointer and return address; null when none is free. Own thread. */
static inline struct gr_frame *gr_frame_open(
    struct gr_thread *thread, uint64_t stack_pointer, uint64_t return_address) {
    struct gr_frame *frame = thread->free, *below = thread->open;
    bool plain = frame != NULL && (below == NULL || (below->stack_pointer > stack_pointer &&
                                                        !atomic_load_explicit(&below->closed, memory_order_acquire)));
    if (GR_UNLIKELY(!plain))
        return gr_frame_find(thread, stack_pointer, return_address);
    thread->free = frame->below;
    frame->stack_pointer = stack_pointer;
    frame->below = below;
    thread->open = frame;
    return frame;
}

/* True for the address in an exit thunk to which the functions that it calls return. */
bool gr_is_thunk_return(uint64_t return_address);

/* A frame for a function in which an open call goes on: it returns to that call's thunk, and ends with it. Null when
 * none is free, or `earlier` is another thread's. Own thread. */
struct gr_frame *gr_frame_chain(struct gr_thread *thread, struct gr_frame *earlier);
/* Makes the frames chained to this one free. Own thread. */
void gr_frame_drop_tails(struct gr_thread *thread, struct gr_frame *frame);

/* Copies what was told of an entry: of which site, to whom, and when. */
static inline void gr_frame_take_over(struct gr_frame *frame, const struct gr_frame *from) {
    frame->site = from->site;
    frame->start = from->start;
    frame->count = from->count;
    for (unsigned i = 0; i < from->count; i++)
        frame->entered[i] = from->entered[i];
}

/* Gives a frame back; any thread (`self` is the calling one's block, or null). Another thread's frame stays on its
 * list, marked; release: its owner may use it again only after everything was read; pairs with gr_frame_find. */
static inline void gr_frame_close(struct gr_frame *frame, struct gr_thread *self) {
    if (GR_LIKELY(self != NULL && self->open == frame)) {
        self->open = frame->below;
        if (GR_UNLIKELY(frame->tails != 0))
            gr_frame_drop_tails(self, frame);
        frame->below = self->free;
        self->free = frame;
    } else {
        atomic_store_explicit(&frame->closed, true, memory_order_release);
    }
}
/* What is known of the calling thread's stack while frames are looked through. Begins with `stack_pointer` alone. */
struct gr_stack_look {
    uint64_t stack_pointer, seen_to; /* nothing from here to there (0: not looked yet) leads back to a thunk */
    bool leads_back;                 /* but the word at `seen_to` does */
};
/* arch/<isa>/abandoned.c: true for an open call that will never be left (longjmp, a coroutine thrown away), as far as the
 * stack tells. */
bool gr_frame_abandoned(const struct gr_frame *frame, struct gr_stack_look *look);
/* The open call that an unwinder, running at `stack_pointer` on this thread, is passing; null when there is none. It is
 * closed by this, but not used again while the unwinder may need it. Own thread. */
struct gr_frame *gr_frame_passed(struct gr_thread *thread, uint64_t stack_pointer);

#endif
