/* thread.c: blocks for threads and frames for open calls; see thread.h.
 *
 * Blocks are numbered; chunks of them are mapped when needed. */
#include "thread.h"
#include "free_list.h"
#include "os/os.h"
#include <errno.h>
#include <string.h>

enum {
    CHUNK_BLOCKS = 16,
    CHUNKS = GR_THREADS_MAX / CHUNK_BLOCKS,
};

static struct gr_epoch_record not_plain = {.pinned = 1}; /* never registered: no reclaimer waits for it */
__thread struct gr_thread *gr_self;
__thread struct gr_epoch_record *gr_plain = &not_plain;
__thread bool gr_exempt;
static __thread struct gr_thread *kept GR_TLS_MODEL; /* the block of an exempt thread; null before it needs one */

static struct gr_thread *_Atomic chunks[CHUNKS];
static _Atomic uint32_t taken_once; /* blocks ever taken: numbers up to this exist */
static struct gr_free_list free_list;
static _Atomic uint64_t next_serial;

static size_t chunk_size(void) {
    size_t page = gr_os_page_size();
    return (CHUNK_BLOCKS * sizeof(struct gr_thread) + page - 1) & ~(page - 1);
}

static struct gr_thread *block(uint32_t number) {
    struct gr_thread *chunk =
        atomic_load_explicit(&chunks[(number - 1) / CHUNK_BLOCKS], memory_order_acquire); /* pairs with map_chunk */
    return chunk != NULL ? &chunk[(number - 1) % CHUNK_BLOCKS] : NULL;
}

/* Makes sure that a number's chunk is mapped. Threads may race: the first publication wins. */
static bool map_chunk(uint32_t number) {
    struct gr_thread *_Atomic *place = &chunks[(number - 1) / CHUNK_BLOCKS];
    if (atomic_load_explicit(place, memory_order_acquire) != NULL)
        return true;
    void *memory;
    if (gr_os_allocate(chunk_size(), &memory) != GRAFT_OK)
        return atomic_load_explicit(place, memory_order_acquire) != NULL;
    struct gr_thread *expected = NULL; /* release: the zeroed chunk is seen whole */
    if (!atomic_compare_exchange_strong_explicit(place, &expected, memory, memory_order_acq_rel, memory_order_acquire))
        gr_os_release(memory, chunk_size());
    return true;
}

static _Atomic uint32_t *link_of(uint32_t number) {
    return &block(number)->next_free;
}

static struct gr_thread *fresh_block(void) {
    uint32_t number = atomic_load_explicit(&taken_once, memory_order_relaxed);
    do {
        if (number == GR_THREADS_MAX || !map_chunk(number + 1))
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(
        &taken_once, &number, number + 1, memory_order_acq_rel, memory_order_relaxed));
    struct gr_thread *thread = block(number + 1);
    thread->index = number + 1;
    gr_epoch_register(&thread->epoch);
    return thread;
}

/* The calling thread reports with `thread` from now on, or, when that is null, not at all. The short ways are open last
 * and closed first: a signal handler that comes in between goes the long way, which asks for everything. */
static void report_with(struct gr_thread *thread) {
    gr_plain = &not_plain;
    atomic_signal_fence(memory_order_seq_cst);
    gr_self = thread;
    atomic_signal_fence(memory_order_seq_cst);
    if (thread != NULL)
        gr_plain = &thread->epoch;
}

bool gr_thread_exempt(bool exempt) {
    bool before = gr_exempt;
    if (exempt != before) {
        struct gr_thread *thread = exempt ? gr_self : kept;
        gr_exempt = exempt;
        kept = exempt ? thread : NULL;
        report_with(exempt ? NULL : thread);
    }
    return before;
}

/* The block of an exempt thread, which gr_self does not name. */
static struct gr_thread *take_kept(void) {
    if (kept == NULL) {
        gr_exempt = false;
        kept = gr_thread_take();
        report_with(NULL);
        gr_exempt = true;
    }
    return kept;
}

static struct gr_thread *take_block(void) {
    if (gr_exempt)
        return take_kept();
    uint32_t number = gr_free_take(&free_list, link_of);
    struct gr_thread *thread = number != GR_FREE_NONE ? block(number) : fresh_block();
    if (thread == NULL)
        return NULL;
    thread->error_number = &errno;
    thread->open = thread->free = NULL;
    thread->fresh = 0;
    report_with(
        thread); /* before the serial: of two blocks that a signal handler made of one, the used one is younger */
    atomic_signal_fence(memory_order_seq_cst);
    thread->serial = atomic_fetch_add_explicit(&next_serial, 1, memory_order_relaxed);
    /* release: the reaper reads the serial after it has seen the id */
    atomic_store_explicit(&thread->id, gr_os_thread_id(), memory_order_release);
    return thread;
}

/* What we call while a block is taken (mmap, sysconf) may be instrumented too: such a hit gets no block. */
struct gr_thread *gr_thread_take(void) {
    static __thread bool taking GR_TLS_MODEL;
    if (taking)
        return NULL;
    taking = true;
    atomic_signal_fence(memory_order_seq_cst);
    struct gr_thread *thread = take_block();
    atomic_signal_fence(memory_order_seq_cst);
    taking = false;
    return thread;
}

/* A block that no reclaimer knows: its section is always open, and means nothing. */
void gr_thread_is_ours(void) {
    static struct gr_thread own;
    atomic_store_explicit(&own.epoch.pinned, 1, memory_order_relaxed);
    own.error_number = &errno;
    report_with(&own);
    gr_exempt = true;
}

/* The youngest block seen for an id, at id modulo LATEST: a younger one means that the id was given to another thread,
 * or that a signal handler took a block while this one was being taken. Two ids in one place hide a dead thread's block
 * until one of them has ended. */
enum { LATEST = 1 << 14 };
static uint32_t latest[LATEST];

static uint32_t id_of(const struct gr_thread *thread) {
    return thread != NULL ? atomic_load_explicit(&thread->id, memory_order_acquire) : 0;
}

static void find_latest(uint32_t numbers) {
    /* Only where something will be looked for: most programs have few threads, and all of it would be memory. */
    for (uint32_t number = 1; number <= numbers; number++)
        latest[id_of(block(number)) % LATEST] = 0;
    for (uint32_t number = 1; number <= numbers; number++) {
        uint32_t id = id_of(block(number));
        uint32_t *place = &latest[id % LATEST];
        if (id != 0 && (*place == 0 || block(number)->serial > block(*place)->serial))
            *place = number;
    }
}

static bool superseded(const struct gr_thread *thread, uint32_t id) {
    /* 0, or another thread's of an earlier round: the block was taken after find_latest had looked */
    uint32_t number = latest[id % LATEST];
    const struct gr_thread *other = number != 0 ? block(number) : NULL;
    return other != NULL && other != thread && id_of(other) == id && other->serial > thread->serial;
}

static void take_back(struct gr_thread *thread) {
    atomic_store_explicit(&thread->epoch.pinned, 0, memory_order_release); /* it may have ended inside a handler */
    atomic_store_explicit(&thread->running, 0, memory_order_relaxed);
    atomic_store_explicit(&thread->id, 0, memory_order_relaxed);
    gr_free_put(&free_list, thread->index, thread->index, link_of);
}

void gr_threads_reap(void) {
    uint32_t numbers = atomic_load_explicit(&taken_once, memory_order_acquire);
    find_latest(numbers);
    for (uint32_t number = 1; number <= numbers; number++) {
        struct gr_thread *thread = block(number);
        uint32_t id = id_of(thread);
        if (id != 0 && (!gr_os_thread_exists(id) || superseded(thread, id)))
            take_back(thread);
    }
}

/* The same call, if its member of the sequence is the same: each has another. */
static void look_at(struct gr_thread *thread, uint64_t now, void (*each)(graft_probe_id, uint64_t)) {
    uint64_t running = atomic_load_explicit(&thread->running, memory_order_relaxed);
    uint32_t member = atomic_load_explicit(&thread->member, memory_order_relaxed);
    if (running != 0 && running == thread->seen_running && member == thread->seen_member) {
        each(running, now - thread->seen_at);
        return;
    }
    thread->seen_running = running;
    thread->seen_member = member;
    thread->seen_at = now;
}

void gr_threads_running(uint64_t now, void (*each)(graft_probe_id probe, uint64_t nanoseconds)) {
    uint32_t numbers = atomic_load_explicit(&taken_once, memory_order_acquire);
    for (uint32_t number = 1; number <= numbers; number++) {
        struct gr_thread *thread = block(number);
        if (id_of(thread) != 0)
            look_at(thread, now, each);
    }
}

void gr_threads_after_fork(void) {
    if (gr_self != NULL && gr_self->index != 0)
        atomic_store_explicit(&gr_self->id, gr_os_thread_id(), memory_order_relaxed);
    uint32_t numbers = atomic_load_explicit(&taken_once, memory_order_relaxed);
    for (uint32_t number = 1; number <= numbers; number++) {
        struct gr_thread *thread = block(number);
        if (thread != NULL && thread != gr_self && atomic_load_explicit(&thread->id, memory_order_relaxed) != 0)
            take_back(thread);
    }
}

void gr_frame_drop_tails(struct gr_thread *thread, struct gr_frame *frame) {
    while (frame->tail != NULL) {
        struct gr_frame *tail = frame->tail;
        frame->tail = tail->tail;
        tail->tail = NULL;
        tail->below = thread->free;
        thread->free = tail;
    }
    frame->tails = 0;
}

static void recycle(struct gr_thread *thread, struct gr_frame *frame) {
    gr_frame_drop_tails(thread, frame);
    atomic_store_explicit(&frame->closed, false, memory_order_relaxed); /* ours alone again */
    frame->passed = false;
    frame->below = thread->free;
    thread->free = frame;
}

/* A frame that an unwinder passed is read by it until the stack has been cut back, which a call at or above the frame's
 * place shows; but not one in a signal handler, for its stack may lie anywhere, and the unwinder goes on after it. */
static bool may_be_read(const struct gr_frame *frame, uint64_t stack_pointer) {
    return frame->passed && (stack_pointer < frame->stack_pointer || gr_os_on_signal_stack());
}

/* Closed, and nobody reads it any more. */
static bool done(const struct gr_frame *frame, uint64_t stack_pointer) {
    return atomic_load_explicit(&frame->closed, memory_order_acquire) && !may_be_read(frame, stack_pointer);
}

bool gr_is_thunk_return(uint64_t return_address) {
    extern const uint64_t gr_arch_returns[GR_KEEP_KINDS];
    for (int kind = 0; kind < GR_KEEP_KINDS; kind++)
        if (return_address == gr_arch_returns[kind])
            return true;
    return false;
}

/* A call at the same place of the stack shows that the earlier one was abandoned, unless it is that one's tail call (which
 * could not be chained to it): then it returns to the earlier one's thunk. */
static bool takes_over(uint64_t stack_pointer, uint64_t return_address, const struct gr_frame *earlier) {
    return earlier->stack_pointer == stack_pointer && !gr_is_thunk_return(return_address);
}

/* Drops finished frames from the top of the open ones, and one that was abandoned: its stack slot is ours now. */
static void settle(struct gr_thread *thread, uint64_t stack_pointer, uint64_t return_address) {
    while (thread->open != NULL &&
           (done(thread->open, stack_pointer) || takes_over(stack_pointer, return_address, thread->open))) {
        struct gr_frame *frame = thread->open;
        thread->open = frame->below;
        recycle(thread, frame);
    }
}

/* A later call at the same place of the stack: the earlier one was abandoned. */
static bool overtaken(const struct gr_thread *thread, const struct gr_frame *frame) {
    for (const struct gr_frame *later = thread->open; later != frame; later = later->below)
        if (takes_over(later->stack_pointer, later->return_address, frame))
            return true;
    return false;
}

/* When frames run out: looks through the open ones for those that nobody will ever leave. */
static void collect(struct gr_thread *thread, uint64_t stack_pointer) {
    struct gr_frame **link = &thread->open;
    struct gr_stack_look look = {.stack_pointer = stack_pointer};
    while (*link != NULL) {
        struct gr_frame *frame = *link;
        if (done(frame, stack_pointer) || overtaken(thread, frame) ||
            (!frame->passed && gr_frame_abandoned(frame, &look))) {
            *link = frame->below;
            recycle(thread, frame);
        } else {
            link = &frame->below;
        }
    }
}

static struct gr_frame *unused(struct gr_thread *thread) {
    if (thread->free != NULL) {
        struct gr_frame *frame = thread->free;
        thread->free = frame->below;
        return frame;
    }
    if (thread->fresh == GR_FRAMES_PER_THREAD)
        return NULL;
    struct gr_frame *frame = &thread->frame[thread->fresh++]; /* perhaps as a thread that has ended left it */
    atomic_store_explicit(&frame->closed, false, memory_order_relaxed);
    frame->passed = false;
    frame->exception = NULL;
    frame->tail = NULL;
    frame->tails = 0;
    return frame;
}

struct gr_frame *gr_frame_find(struct gr_thread *thread, uint64_t stack_pointer, uint64_t return_address) {
    settle(thread, stack_pointer, return_address);
    struct gr_frame *frame = unused(thread);
    if (frame == NULL) {
        collect(thread, stack_pointer);
        frame = unused(thread);
        if (frame == NULL)
            return NULL;
    }
    frame->stack_pointer = stack_pointer;
    frame->below = thread->open;
    thread->open = frame;
    return frame;
}

struct gr_frame *gr_frame_chain(struct gr_thread *thread, struct gr_frame *earlier) {
    bool own = earlier >= thread->frame && earlier < thread->frame + GR_FRAMES_PER_THREAD;
    if (!own || earlier->tails == GR_TAILS_MAX)
        return NULL;
    struct gr_frame *frame = unused(thread);
    if (frame == NULL) {
        collect(thread, earlier->stack_pointer);
        frame = unused(thread);
        if (frame == NULL)
            return NULL;
    }
    frame->tail = earlier->tail;
    earlier->tail = frame;
    earlier->tails++;
    return frame;
}

/* Frames of one stack are entered from high to low addresses, and unwound from low to high: the one being passed is the
 * nearest above the unwinder. Stacks of other coroutines lie elsewhere; abandoned frames no longer lead to a thunk. */
struct gr_frame *gr_frame_passed(struct gr_thread *thread, uint64_t stack_pointer) {
    struct gr_frame *nearest = NULL;
    struct gr_stack_look look = {.stack_pointer = stack_pointer};
    for (struct gr_frame *frame = thread->open; frame != NULL; frame = frame->below) {
        if (frame->stack_pointer > stack_pointer && !atomic_load_explicit(&frame->closed, memory_order_acquire) &&
            (nearest == NULL || frame->stack_pointer < nearest->stack_pointer) && !gr_frame_abandoned(frame, &look))
            nearest = frame;
    }
    if (nearest != NULL) {
        nearest->passed = true;
        atomic_store_explicit(&nearest->closed, true, memory_order_release);
    }
    return nearest;
}
