/* leave.c: what a thunk calls when an instrumented function is left, and what an unwinder calls when one is passed.
 *
 * Tells those who saw the entry, puts the caller's registers back and gives the frame back. No lock, no allocation; errno is
 * kept. Neighbours: hit (entries), suspend (functions whose return is not their end), resume. */
#include "arch/arch.h"
#include "os/os.h"
#include "resume.h"
#include "visit.h"

static inline void tell_exit_of(const struct gr_frame *frame, uint32_t index, struct gr_attachment *attachment,
    enum graft_phase phase, struct graft_registers *registers) {
    struct graft_hit hit =
        gr_describe(frame->site, attachment, phase, registers, frame->stack_pointer, frame->return_address);
    hit.cookie = frame->entered[index].cookie;
    if ((attachment->flags & GRAFT_PROBE_THREAD) != 0)
        hit.thread = gr_os_thread_id();
    if ((attachment->flags & GRAFT_PROBE_TIME) != 0 && frame->start != 0)
        hit.nanoseconds = gr_os_nanoseconds() - frame->start;
    gr_call_handler(attachment, &hit);
}

void gr_tell_exit(const struct gr_frame *frame, enum graft_phase phase, struct graft_registers *registers) {
    const struct gr_attachments *list = gr_attachments_of(frame->site);
    for (uint32_t i = frame->count; list != NULL && i-- > 0;)
        for (uint32_t j = 0; j < list->count; j++)
            if (list->item[j]->probe == frame->entered[i].probe)
                tell_exit_of(frame, i, list->item[j], phase, registers);
}

/* The functions in which it went on have ended before it. */
static void tell_exits(const struct gr_frame *frame, enum graft_phase phase, struct graft_registers *registers) {
    for (const struct gr_frame *tail = frame->tail; tail != NULL; tail = tail->tail)
        gr_tell_exit(tail, phase, registers);
    gr_tell_exit(frame, phase, registers);
}

/* The function was left by an exception that the personality routine below took over: the thunk returns to
 * gr_arch_resume, which goes on with it in the caller. The frame has been closed. */
static GR_NOINLINE void leave_by_exception(struct gr_frame *frame, struct graft_registers *registers) {
    gr_hand_on(registers, frame->exception, frame->return_address, frame->resume);
    *gr_frame_register(registers) = frame->caller_kept;
    gr_set_return_address(registers, (uint64_t)(uintptr_t)gr_arch_resume);
    frame->exception = NULL;
}

void gr_hit_leave(struct gr_frame *frame, struct graft_registers *registers) {
    if (GR_UNLIKELY(frame->count == 0) && frame->exception != NULL) {
        leave_by_exception(frame, registers);
        return;
    }
    if (GR_UNLIKELY((frame->site->entry.flags & GRAFT_ENTRY_YIELDS) != 0 || frame->tails > 0))
        gr_watch_rests(frame, registers);
    struct gr_visit visit = {.thread = gr_self};
    if (GR_LIKELY(!gr_in_handler() && (frame->count > 0 || frame->tails > 0) && gr_visit_begin(&visit))) {
        tell_exits(frame, GRAFT_PHASE_LEAVE, registers);
        gr_visit_end(&visit);
    }
    gr_set_return_address(registers, frame->return_address);
    *gr_frame_register(registers) = frame->caller_kept;
    gr_frame_close(frame, visit.thread);
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
    struct gr_visit visit;
    int answer = CONTINUE_UNWIND;
    if (frame != NULL && gr_visit_begin(&visit)) {
        struct graft_registers registers = {0};
        if (frame->count > 0 || frame->tails > 0)
            tell_exits(frame, GRAFT_PHASE_UNWIND, &registers);
        if ((actions & HANDLER_FRAME) != 0)
            answer = take_over(frame, exception, __builtin_return_address(0));
        gr_visit_end(&visit);
    }
    return answer;
}
