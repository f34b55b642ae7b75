/* hit.c: what a thunk calls when an instrumented function is entered, left or unwound.
 *
 * Finds the site through the slot that the stub named, counts, and calls the handlers of the probes that want it, with
 * the re-entry guard up and an epoch section open. No look-up, no lock, no allocation; errno is kept. */
#include "hit.h"
#include "arch/arch.h"
#include "capture.h"
#include "compiler.h"
#include "completion.h"
#include "meter.h"
#include "os/os.h"
#include "resume.h"

static _Atomic uint64_t suppressed, without_frame;

uint64_t gr_hits_suppressed(void) {
    return atomic_load_explicit(&suppressed, memory_order_relaxed);
}

uint64_t gr_hits_without_frame(void) {
    return atomic_load_explicit(&without_frame, memory_order_relaxed);
}

/* What a hit has in hand while handlers run. */
struct visit {
    struct gr_thread *thread;
    int error_number;
};

static GR_NOINLINE bool begin_slowly(struct visit *visit) {
    if (gr_exempt)
        return false;
    if (visit->thread == NULL)
        visit->thread = gr_thread_take();
    if (visit->thread != NULL && !gr_in_handler())
        return true;
    atomic_fetch_add_explicit(&suppressed, 1, memory_order_relaxed);
    return false;
}

/* Raises the guard, which is the epoch section itself. False when this hit is not to be reported: a handler is running
 * on this thread, the thread is exempt, or no block for it was to be had. */
static inline bool begin(struct visit *visit) {
    visit->thread = gr_self;
    if (GR_UNLIKELY(
            visit->thread == NULL || atomic_load_explicit(&visit->thread->epoch.pinned, memory_order_relaxed) != 0) &&
        !begin_slowly(visit))
        return false;
    gr_epoch_enter(&visit->thread->epoch);
    visit->error_number = *visit->thread->error_number;
    return true;
}

static inline void end(const struct visit *visit) {
    *visit->thread->error_number = visit->error_number;
    gr_epoch_leave(&visit->thread->epoch);
}

static inline const struct gr_attachments *attachments_of(const struct gr_site *site) {
    return atomic_load_explicit(&site->attachments, memory_order_acquire); /* pairs with the release in attach.c */
}

static inline struct graft_hit describe(const struct gr_site *site, const struct gr_attachment *attachment,
    enum graft_phase phase, struct graft_registers *registers, uint64_t stack_pointer, uint64_t return_address) {
    struct graft_hit hit;
    hit.probe = attachment->probe;
    hit.phase = phase;
    hit.thread = 0;
    hit.entry = &site->entry;
    hit.registers = registers;
    hit.return_address = return_address;
    hit.stack_pointer = stack_pointer;
    hit.nanoseconds = 0;
    hit.cookie = 0;
    return hit;
}

/* Mode once: true for the one caller that reports. */
static GR_NOINLINE bool claim(struct gr_attachment *attachment) {
    if (atomic_load_explicit(&attachment->fired, memory_order_relaxed) ||
        atomic_exchange_explicit(&attachment->fired, true, memory_order_acq_rel)) /* pairs with armed in attach.c */
        return false;
    gr_notify();
    return true;
}

/* True for one call in so many; the thunks do the same with the count of its processor. */
static bool sampled(struct gr_attachment *attachment) {
    uint32_t number = atomic_fetch_add_explicit(&attachment->seen, 1, memory_order_relaxed) + 1;
    return number * attachment->sample_step < attachment->sample_step;
}

static inline bool wants_entry(struct gr_attachment *attachment, bool chosen) {
    if (GR_LIKELY(attachment->mode == GRAFT_MODE_ENTRY || attachment->mode == GRAFT_MODE_ENTRY_EXIT))
        return GR_LIKELY(attachment->meter == NULL) ||
               ((attachment->sample_step == 0 || chosen || sampled(attachment)) && gr_meter_take(attachment->meter));
    return attachment->mode == GRAFT_MODE_ONCE && claim(attachment);
}

static inline void call(const struct gr_attachment *attachment, struct graft_hit *hit) {
    if (attachment->handler == NULL)
        return;
    if (GR_UNLIKELY(attachment->meter != NULL) && attachment->meter->breaker.limit != 0)
        gr_call_timed(attachment, hit);
    else
        attachment->handler(hit, attachment->context);
}

static inline void keep_caller(struct gr_site *site, const struct graft_registers *registers, uint64_t stack_pointer) {
    if (GR_UNLIKELY(atomic_load_explicit(&site->caller_wanted, memory_order_relaxed)) &&
        atomic_exchange_explicit(&site->caller_wanted, false, memory_order_acq_rel))
        gr_capture_hit(site, registers, stack_pointer);
}

/* A frame remembers which probes were told of the entry, and their cookies. */
static inline void remember(struct gr_frame *frame, const struct gr_attachment *attachment, uint64_t cookie) {
    frame->entered[frame->count].probe = attachment->probe;
    frame->entered[frame->count++].cookie = cookie;
    if ((attachment->flags & GRAFT_PROBE_TIME) != 0)
        frame->start = gr_os_nanoseconds();
}

/* The open call that went on in this function with a jump, if the function returns to that one's thunk: every function
 * leaves that register to its tail calls as it found it, and there it was the frame. */
static inline struct gr_frame *tail_called_by(struct graft_registers *registers) {
    bool chained = gr_is_thunk_return(gr_return_address(registers));
    return GR_UNLIKELY(chained) ? (struct gr_frame *)(uintptr_t)*gr_frame_register(registers) : NULL;
}

/* Where the function goes back to. An async function's stack leads to whatever runs its task; its context, to its caller. */
static uint64_t caller_of(const struct gr_site *site, struct graft_registers *registers) {
    if ((site->entry.flags & GRAFT_ENTRY_COMPLETES) != 0)
        return gr_completion_of(gr_async_context(registers)) + 1;
    const struct gr_frame *earlier = tail_called_by(registers);
    return earlier != NULL ? earlier->return_address : gr_return_address(registers);
}

/* Tells the probes of an entry: any number, of any mode and flags (the thunks do the plain case itself). `frame` is null
 * when the exit is not watched; `chosen`: the thunk has sampled. */
static void tell_entry(struct gr_site *site, struct graft_registers *registers, uint64_t stack_pointer,
    struct gr_frame *frame, bool chosen) {
    const struct gr_attachments *list = attachments_of(site);
    uint64_t return_address = frame != NULL ? frame->return_address : caller_of(site, registers);
    keep_caller(site, registers, stack_pointer);
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct gr_attachment *attachment = list->item[i];
        if (!wants_entry(attachment, chosen))
            continue;
        struct graft_hit hit = describe(site, attachment, GRAFT_PHASE_ENTER, registers, stack_pointer, return_address);
        if ((attachment->flags & GRAFT_PROBE_THREAD) != 0)
            hit.thread = gr_os_thread_id();
        call(attachment, &hit);
        if (frame != NULL && attachment->mode == GRAFT_MODE_ENTRY_EXIT)
            remember(frame, attachment, hit.cookie);
    }
}

/* A hit inside a handler, or on the library's own thread: only our own probes are told. The list stays whole: an outer
 * section is open, or this is the thread that changes lists. */
static GR_NOINLINE void enter_nested(struct gr_site *site, struct graft_registers *registers, bool counted) {
    const struct gr_attachments *list = attachments_of(site);
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct gr_attachment *attachment = list->item[i];
        if (attachment->meter != NULL && counted)
            atomic_fetch_add_explicit(&attachment->meter->nested, 1, memory_order_relaxed);
        if (!attachment->internal)
            continue;
        struct graft_hit hit = describe(site, attachment, GRAFT_PHASE_ENTER, registers, 0, 0);
        attachment->handler(&hit, attachment->context);
    }
}

/* A hit of an exempt thread is not even counted; our own probes have to know of it, as of any other. The library's own
 * thread has a gr_self, and needs no section. */
static void enter_exempt(struct gr_site *site, struct graft_registers *registers) {
    struct gr_thread *thread = gr_self != NULL ? gr_self : gr_thread_take();
    if (thread == NULL)
        return;
    struct visit visit = {.thread = thread, .error_number = *thread->error_number};
    bool outer = atomic_load_explicit(&thread->epoch.pinned, memory_order_relaxed) == 0;
    if (outer)
        gr_epoch_enter(&thread->epoch);
    enter_nested(site, registers, false);
    if (outer)
        end(&visit);
}

/* A hit that is not to be reported. */
static GR_NOINLINE void enter_unreported(
    struct gr_slot *slot, struct gr_site *site, struct graft_registers *registers) {
    if (gr_exempt) {
        enter_exempt(site, registers);
        return;
    }
    gr_arch_count(site->counter, slot);
    enter_nested(site, registers, true);
}

static bool exit_wanted(const struct gr_site *site) {
    const struct gr_attachments *list = attachments_of(site);
    for (uint32_t i = 0; list != NULL && i < list->count; i++)
        if (list->item[i]->mode == GRAFT_MODE_ENTRY_EXIT)
            return true;
    return false;
}

/* The entry of an async function whose completion is wanted. */
static GR_NOINLINE void enter_async(struct gr_site *site, struct graft_registers *registers, uint64_t stack_pointer) {
    struct gr_completion *completion = gr_completion_open(site, gr_async_context(registers));
    if (completion == NULL)
        atomic_fetch_add_explicit(&without_frame, 1, memory_order_relaxed);
    tell_entry(site, registers, stack_pointer, completion != NULL ? &completion->frame : NULL, false);
    if (completion == NULL)
        return;
    if (completion->frame.count > 0)
        gr_completion_watch(completion);
    else
        gr_completion_close(completion);
}

/* A hit that cannot be told of: counted here, or by the thunk that has chosen it. */
static void pass_by(struct gr_slot *slot, struct gr_site *site, struct graft_registers *registers, bool chosen) {
    if (!chosen)
        enter_unreported(slot, site, registers);
    else if (!gr_exempt)
        enter_nested(site, registers, true);
}

static inline void enter(struct gr_slot *slot, struct graft_registers *registers, bool chosen) {
    struct gr_site *site = atomic_load_explicit(&slot->site, memory_order_acquire); /* pairs with patch.c */
    struct visit visit;
    if (GR_UNLIKELY(!begin(&visit))) {
        pass_by(slot, site, registers, chosen);
        return;
    }
    if (!chosen)
        gr_arch_count(site->counter, slot);
    uint64_t stack_pointer = gr_entry_stack(registers);
    if (GR_UNLIKELY((site->entry.flags & GRAFT_ENTRY_COMPLETES) != 0) && exit_wanted(site))
        enter_async(site, registers, stack_pointer);
    else
        tell_entry(site, registers, stack_pointer, NULL, chosen);
    end(&visit);
}

void gr_hit_enter(struct gr_slot *slot, struct graft_registers *registers) {
    enter(slot, registers, false);
}

void gr_hit_enter_chosen(struct gr_slot *slot, struct graft_registers *registers) {
    enter(slot, registers, true);
}

/* Where a reported call goes: the relocated block, or what an around-probe has put in its place. */
static inline uint64_t where_to(const struct gr_slot *slot, const struct gr_site *site) {
    uint64_t around = atomic_load_explicit(&site->around, memory_order_acquire); /* pairs with attach.c */
    return GR_LIKELY(around == 0) ? slot->relocated : around;
}

/* Without a frame the thunk jumps to the place that it finds in the padding. */
static struct gr_frame *no_frame(uint64_t where, struct graft_registers *registers) {
    *(uint64_t *)(uintptr_t)((char *)registers + GR_REG_PADDING) = where;
    return NULL;
}

static void fill_in(struct gr_frame *frame, const struct gr_slot *slot, struct gr_site *site) {
    frame->call = where_to(slot, site);
    frame->site = site;
    frame->resumed = false;
    frame->start = 0;
    frame->count = 0;
}

/* A tail call has no thunk frame of its own: two at one place of the stack would be one too many for some unwinders. Its
 * exit is told when the earlier call leaves. */
static GR_NOINLINE void enter_by_tail_call(struct visit *visit, const struct gr_slot *slot, struct gr_site *site,
    struct graft_registers *registers, struct gr_frame *earlier, bool chosen) {
    uint64_t stack_pointer = gr_entry_stack(registers);
    struct gr_frame *frame = gr_frame_chain(visit->thread, earlier);
    if (frame != NULL) {
        fill_in(frame, slot, site);
        frame->return_address = earlier->return_address;
        frame->caller_kept = earlier->caller_kept;
        frame->stack_pointer = stack_pointer;
    } else {
        atomic_fetch_add_explicit(&without_frame, 1, memory_order_relaxed);
    }
    tell_entry(site, registers, stack_pointer, frame, chosen);
}

static inline struct gr_frame *enter_frame(struct gr_slot *slot, struct graft_registers *registers, bool chosen) {
    struct gr_site *site = atomic_load_explicit(&slot->site, memory_order_acquire); /* pairs with patch.c */
    struct visit visit;
    if (GR_UNLIKELY(!begin(&visit))) {
        pass_by(slot, site, registers, chosen);
        return no_frame(slot->relocated, registers);
    }
    if (!chosen)
        gr_arch_count(site->counter, slot);
    uint64_t stack_pointer = gr_entry_stack(registers);
    struct gr_frame *earlier = tail_called_by(registers), *frame = NULL;
    if (GR_UNLIKELY(earlier != NULL)) {
        enter_by_tail_call(&visit, slot, site, registers, earlier, chosen);
        end(&visit);
        return no_frame(where_to(slot, site), registers);
    }
    frame = gr_frame_open(visit.thread, stack_pointer, gr_return_address(registers));
    if (GR_LIKELY(frame != NULL)) {
        fill_in(frame, slot, site);
        frame->return_address = gr_return_address(registers);
        frame->caller_kept = *gr_frame_register(registers);
    } else {
        atomic_fetch_add_explicit(&without_frame, 1, memory_order_relaxed);
    }
    tell_entry(site, registers, stack_pointer, frame, chosen);
    end(&visit);
    return frame != NULL ? frame : no_frame(where_to(slot, site), registers);
}

struct gr_frame *gr_hit_enter_frame(struct gr_slot *slot, struct graft_registers *registers) {
    return enter_frame(slot, registers, false);
}

struct gr_frame *gr_hit_enter_frame_chosen(struct gr_slot *slot, struct graft_registers *registers) {
    return enter_frame(slot, registers, true);
}

static inline void tell_exit_of(const struct gr_frame *frame, uint32_t index, struct gr_attachment *attachment,
    enum graft_phase phase, struct graft_registers *registers) {
    struct graft_hit hit =
        describe(frame->site, attachment, phase, registers, frame->stack_pointer, frame->return_address);
    hit.cookie = frame->entered[index].cookie;
    if ((attachment->flags & GRAFT_PROBE_THREAD) != 0)
        hit.thread = gr_os_thread_id();
    if ((attachment->flags & GRAFT_PROBE_TIME) != 0 && frame->start != 0)
        hit.nanoseconds = gr_os_nanoseconds() - frame->start;
    call(attachment, &hit);
}

/* Tells the probes that saw the entry and are still attached, in the reverse order. */
static void tell_exit(const struct gr_frame *frame, enum graft_phase phase, struct graft_registers *registers) {
    const struct gr_attachments *list = attachments_of(frame->site);
    for (uint32_t i = frame->count; list != NULL && i-- > 0;)
        for (uint32_t j = 0; j < list->count; j++)
            if (list->item[j]->probe == frame->entered[i].probe)
                tell_exit_of(frame, i, list->item[j], phase, registers);
}

/* The functions in which it went on have ended before it. */
static void tell_exits(const struct gr_frame *frame, enum graft_phase phase, struct graft_registers *registers) {
    for (const struct gr_frame *tail = frame->tail; tail != NULL; tail = tail->tail)
        tell_exit(tail, phase, registers);
    tell_exit(frame, phase, registers);
}

/* The function was left by an exception that the personality routine below took over: the thunk returns to
 * gr_arch_resume, which goes on with it in the caller. The frame has been closed. */
static GR_NOINLINE void leave_by_exception(struct gr_frame *frame, struct graft_registers *registers) {
    gr_hand_on(registers, frame->exception, frame->return_address, frame->resume);
    *gr_frame_register(registers) = frame->caller_kept;
    gr_set_return_address(registers, (uint64_t)(uintptr_t)gr_arch_resume);
    frame->exception = NULL;
}

/* A coroutine has come back with what it yields and the address of the function that goes on: that one's end is the
 * exit. */
static void watch_rest(struct gr_frame *frame, struct graft_registers *registers) {
    if ((frame->site->entry.flags & GRAFT_ENTRY_YIELDS) == 0 || frame->resumed || frame->count == 0)
        return;
    struct gr_completion *completion = gr_completion_open_yielded(frame, *gr_result(registers));
    if (completion != NULL)
        *gr_result(registers) = completion->code;
    else
        atomic_fetch_add_explicit(&without_frame, 1, memory_order_relaxed);
    frame->count = 0;
}

static GR_NOINLINE void watch_rests(struct gr_frame *frame, struct graft_registers *registers) {
    for (struct gr_frame *tail = frame->tails > 0 ? frame->tail : NULL; tail != NULL; tail = tail->tail)
        watch_rest(tail, registers);
    watch_rest(frame, registers);
}

void gr_hit_leave(struct gr_frame *frame, struct graft_registers *registers) {
    if (GR_UNLIKELY(frame->count == 0) && frame->exception != NULL) {
        leave_by_exception(frame, registers);
        return;
    }
    if (GR_UNLIKELY((frame->site->entry.flags & GRAFT_ENTRY_YIELDS) != 0 || frame->tails > 0))
        watch_rests(frame, registers);
    struct visit visit = {.thread = gr_self};
    if (GR_LIKELY(!gr_in_handler() && (frame->count > 0 || frame->tails > 0) && begin(&visit))) {
        tell_exits(frame, GRAFT_PHASE_LEAVE, registers);
        end(&visit);
    }
    gr_set_return_address(registers, frame->return_address);
    *gr_frame_register(registers) = frame->caller_kept;
    gr_frame_close(frame, visit.thread);
}

/* The rest of a coroutine, called at the end of an access. In a handler, as any exit, it is not told. */
static struct gr_frame *resume(struct gr_completion *completion, struct graft_registers *registers) {
    uint64_t stack_pointer = gr_entry_stack(registers);
    struct gr_frame *earlier = tail_called_by(registers), *frame = NULL;
    struct visit visit;
    no_frame(completion->resume, registers);
    if (begin(&visit)) {
        frame = earlier != NULL ? gr_frame_chain(visit.thread, earlier)
                                : gr_frame_open(visit.thread, stack_pointer, gr_return_address(registers));
        if (frame == NULL)
            atomic_fetch_add_explicit(&without_frame, 1, memory_order_relaxed);
        end(&visit);
    }
    if (frame != NULL) {
        gr_frame_take_over(frame, &completion->frame);
        frame->resumed = true;
        frame->call = completion->resume;
        frame->stack_pointer = stack_pointer;
        frame->return_address = earlier != NULL ? earlier->return_address : gr_return_address(registers);
        frame->caller_kept = earlier != NULL ? earlier->caller_kept : *gr_frame_register(registers);
    }
    gr_completion_close(completion);
    return earlier != NULL ? NULL : frame;
}

struct gr_frame *gr_hit_complete(struct gr_completion *completion, struct graft_registers *registers) {
    if (completion->context == 0)
        return resume(completion, registers);
    struct visit visit;
    no_frame(gr_completion_unwatch(completion), registers);
    completion->frame.stack_pointer = gr_entry_stack(registers);
    if (begin(&visit)) {
        tell_exit(&completion->frame, GRAFT_PHASE_LEAVE, registers);
        end(&visit);
    }
    gr_completion_close(completion);
    return NULL;
}

/* The personality routine of the exit thunks (Itanium C++ ABI, exception handling, level I). The unwinder asks it about
 * their frames. On its second pass the function is being left by an exception or a cancellation. Nothing is caught here,
 * but: while a function runs, its thunk has no stack of its own, so unwinders that know frames by their stack pointer
 * (libgcc, LLVM) take the thunk for the caller, and say HANDLER_FRAME when the caller is the one that catches. Saying
 * no to that makes them abort. So the thunk takes the exception, and hands it back at once, from the caller's frame. */
enum { CLEANUP_PHASE = 2, HANDLER_FRAME = 4, INSTALL_CONTEXT = 7, CONTINUE_UNWIND = 8 };

static int take_over(struct gr_frame *frame, void *exception, const void *unwinder) {
    frame->resume = gr_resume_of(unwinder);
    if (frame->resume == 0)
        return CONTINUE_UNWIND;
    frame->exception = exception;
    frame->count = 0;
    return INSTALL_CONTEXT;
}

int gr_personality(int version, int actions, uint64_t exception_class, void *exception, void *context);
int gr_personality(int version, int actions, uint64_t exception_class, void *exception, void *context) {
    (void)version, (void)exception_class, (void)context;
    struct gr_thread *thread = gr_self;
    if ((actions & CLEANUP_PHASE) == 0 || thread == NULL || gr_in_handler())
        return CONTINUE_UNWIND;
    struct gr_frame *frame = gr_frame_passed(thread, (uint64_t)(uintptr_t)__builtin_frame_address(0));
    struct visit visit;
    int answer = CONTINUE_UNWIND;
    if (frame != NULL && begin(&visit)) {
        struct graft_registers registers = {0};
        if (frame->count > 0 || frame->tails > 0)
            tell_exits(frame, GRAFT_PHASE_UNWIND, &registers);
        if ((actions & HANDLER_FRAME) != 0)
            answer = take_over(frame, exception, __builtin_return_address(0));
        end(&visit);
    }
    return answer;
}
