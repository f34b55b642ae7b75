/* capture.c: stacks of first hits, handed from the hit plane to the control plane.
 *
 * A pool of GR_CAPTURES_MAX buffers with one bit each in a word (taking one: clear a bit by compare-and-swap), and a
 * stack of full ones (push by any thread, taken as a whole by the control plane: no ABA). Neighbours: os, unwind. */
#include "capture.h"
#include "hit.h"
#include "os/os.h"

_Static_assert(GR_CAPTURES_MAX == 64, "one bit each");

static struct gr_capture *pool;
static _Atomic uint64_t available; /* bit i: pool[i] is free */
static struct gr_capture *_Atomic full;
static _Atomic uint64_t dropped;

uint32_t gr_notifications;

void gr_notify(void) {
    __atomic_fetch_add(&gr_notifications, 1, __ATOMIC_RELEASE); /* pairs with the acquire in the control thread */
    gr_os_wake(&gr_notifications);
}

enum graft_status gr_captures_start(void) {
    if (pool != NULL)
        return GRAFT_OK;
    size_t page = gr_os_page_size();
    size_t size = (GR_CAPTURES_MAX * sizeof(struct gr_capture) + page - 1) & ~(page - 1);
    void *memory;
    enum graft_status status = gr_os_allocate(size, &memory);
    if (status != GRAFT_OK)
        return status;
    pool = memory;
    atomic_store_explicit(&available, UINT64_MAX, memory_order_release);
    return GRAFT_OK;
}

static struct gr_capture *take(void) {
    uint64_t bits = atomic_load_explicit(&available, memory_order_acquire);
    while (bits != 0)
        if (atomic_compare_exchange_weak_explicit(
                &available, &bits, bits & (bits - 1), memory_order_acquire, memory_order_acquire))
            return &pool[__builtin_ctzll(bits)];
    return NULL;
}

void gr_capture_give(struct gr_capture *capture) {
    /* release: our reads of the buffer come before another thread's writes; pairs with take */
    atomic_fetch_or_explicit(&available, UINT64_C(1) << (capture - pool), memory_order_release);
}

uint64_t gr_captures_dropped(void) {
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

/* Open calls whose exit is watched keep their return addresses in frames, not on the stack. */
static void copy_frames(struct gr_stack_copy *copy) {
    copy->word_count = 0;
    for (const struct gr_frame *frame = gr_self != NULL ? gr_self->open : NULL;
         frame != NULL && copy->word_count + 2 <= GR_STACK_WORDS_MAX; frame = frame->below) {
        copy->words[copy->word_count++] =
            (struct gr_stack_word){(uint64_t)(uintptr_t)&frame->return_address, frame->return_address};
        copy->words[copy->word_count++] =
            (struct gr_stack_word){(uint64_t)(uintptr_t)&frame->caller_kept, frame->caller_kept};
    }
}

/* The continuations of an async function's callers, from context to context. The last ones may mean nothing. */
static size_t copy_contexts(uint64_t context, uint64_t *frames) {
    uint64_t words[2];
    size_t count = 0;
    while (count < GRAFT_FRAMES_MAX && context != 0 && gr_os_peek(context, words, sizeof words) == sizeof words) {
        frames[count++] = gr_completion_behind(words[1]) + 1;
        context = words[0];
    }
    return count;
}

static void copy_registers(struct gr_stack_copy *copy, const struct graft_registers *registers) {
#define COPY(name) copy->name = GR_KEPT_IN(registers, name);
    GR_KEPT_REGISTERS(COPY)
#undef COPY
}

void gr_capture_hit(struct gr_site *site, const struct graft_registers *registers, uint64_t stack_pointer) {
    uint64_t return_address = gr_return_address(registers);
    bool async = (site->entry.flags & GRAFT_ENTRY_COMPLETES) != 0;
    uint64_t caller = async ? gr_completion_of(gr_async_context(registers)) + 1 : return_address;
    atomic_store_explicit(&site->caller_fallback, caller, memory_order_relaxed);
    struct gr_capture *capture = take();
    if (capture == NULL) {
        atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
        return;
    }
    capture->site = site;
    capture->image_serial = __atomic_load_n(&site->image_serial, __ATOMIC_RELAXED); /* orders nothing */
    capture->copy.return_address = return_address;
    capture->copy.stack_pointer = stack_pointer + GR_CALLER_STACK;
    copy_registers(&capture->copy, registers);
    capture->frame_count = async ? copy_contexts(gr_async_context(registers), capture->frames) : 0;
    if (!async) {
        copy_frames(&capture->copy);
        gr_stack_capture(&capture->copy);
    }
    capture->next = atomic_load_explicit(&full, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        &full, &capture->next, capture, memory_order_release, memory_order_relaxed)) /* pairs with gr_captures_take */
        ;
    gr_notify();
}

struct gr_capture *gr_captures_take(void) {
    return atomic_exchange_explicit(&full, NULL, memory_order_acquire);
}
