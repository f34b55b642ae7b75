/* suspend.c: functions whose return is not their end: Swift's async functions, and accessors that yield.
 *
 * What was told of an entry waits in a completion (completion.h), whose trampoline stands where the function will go on
 * or end; the completion thunk comes here. No lock; memory only when more calls are open than ever before. Neighbours: hit, leave. */
#include "completion.h"
#include "visit.h"

void gr_enter_async(struct gr_site *site, struct graft_registers *registers, uint64_t stack_pointer) {
    struct gr_completion *completion = gr_completion_open(site, gr_async_context(registers));
    if (completion == NULL)
        gr_count_without_frame();
    gr_tell_entry(site, registers, stack_pointer, completion != NULL ? &completion->frame : NULL, false);
    if (completion == NULL)
        return;
    if (completion->frame.count > 0)
        gr_completion_watch(completion);
    else
        gr_completion_close(completion);
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
        gr_count_without_frame();
    frame->count = 0;
}

void gr_watch_rests(struct gr_frame *frame, struct graft_registers *registers) {
    for (struct gr_frame *tail = frame->tails > 0 ? frame->tail : NULL; tail != NULL; tail = tail->tail)
        watch_rest(tail, registers);
    watch_rest(frame, registers);
}

/* A frame for the rest of a coroutine; null when there is none. */
static struct gr_frame *frame_for_rest(const struct gr_visit *visit, const struct gr_completion *completion,
    struct graft_registers *registers, struct gr_frame *earlier) {
    struct gr_frame *frame =
        earlier != NULL ? gr_frame_chain(visit->thread, earlier)
                        : gr_frame_open(visit->thread, gr_entry_stack(registers), gr_return_address(registers));
    if (frame == NULL)
        return NULL;
    gr_frame_take_over(frame, &completion->frame);
    frame->resumed = true;
    frame->call = completion->resume;
    frame->stack_pointer = gr_entry_stack(registers);
    frame->return_address = earlier != NULL ? earlier->return_address : gr_return_address(registers);
    frame->caller_kept = earlier != NULL ? earlier->caller_kept : *gr_frame_register(registers);
    return frame;
}

/* The rest of a coroutine, called at the end of an access. In a handler, as any exit, it is not told. */
static struct gr_frame *resume(struct gr_completion *completion, struct graft_registers *registers) {
    struct gr_frame *earlier = gr_tail_called_by(registers), *frame = NULL;
    struct gr_visit visit;
    gr_go_on_at(completion->resume, registers);
    if (gr_visit_begin(&visit)) {
        frame = frame_for_rest(&visit, completion, registers, earlier);
        if (frame == NULL)
            gr_count_without_frame();
        gr_visit_end(&visit);
    }
    gr_completion_close(completion);
    return earlier != NULL ? NULL : frame;
}

struct gr_frame *gr_hit_complete(struct gr_completion *completion, struct graft_registers *registers) {
    if (completion->context == 0)
        return resume(completion, registers);
    struct gr_visit visit;
    gr_go_on_at(gr_completion_unwatch(completion), registers);
    completion->frame.stack_pointer = gr_entry_stack(registers);
    if (gr_visit_begin(&visit)) {
        gr_tell_exit(&completion->frame, GRAFT_PHASE_LEAVE, registers);
        gr_visit_end(&visit);
    }
    gr_completion_close(completion);
    return NULL;
}
