/* visit.h: what entries, exits and suspensions have in common while a hit is told of. Private to the hit plane.
 *
 * A visit is one telling: it raises the guard and opens the epoch section, keeps errno, and ends both. The functions below
 * that are not inline belong to the files that are named with them. Neighbours: hit, leave, suspend. */
#ifndef GR_VISIT_H
#define GR_VISIT_H

#include "arch/arch.h"
#include "compiler.h"
#include "hit.h"
#include "meter.h"

/* What a hit has in hand while handlers run. */
struct gr_visit {
    struct gr_thread *thread;
    int error_number;
};

/* The rest of gr_visit_begin (hit.c). */
bool gr_visit_begin_slowly(struct gr_visit *visit);

/* Raises the guard, which is the epoch section itself. False when this hit is not to be reported: a handler is running
 * on this thread, the thread is exempt, or no block for it was to be had. */
static inline bool gr_visit_begin(struct gr_visit *visit) {
    visit->thread = gr_self;
    if (GR_UNLIKELY(
            visit->thread == NULL || atomic_load_explicit(&visit->thread->epoch.pinned, memory_order_relaxed) != 0) &&
        !gr_visit_begin_slowly(visit))
        return false;
    gr_epoch_enter(&visit->thread->epoch);
    visit->error_number = *visit->thread->error_number;
    return true;
}

static inline void gr_visit_end(const struct gr_visit *visit) {
    *visit->thread->error_number = visit->error_number;
    gr_epoch_leave(&visit->thread->epoch);
}

static inline const struct gr_attachments *gr_attachments_of(const struct gr_site *site) {
    return atomic_load_explicit(&site->attachments, memory_order_acquire); /* pairs with the release in attach.c */
}

static inline struct graft_hit gr_describe(const struct gr_site *site, const struct gr_attachment *attachment,
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

static inline void gr_call_handler(const struct gr_attachment *attachment, struct graft_hit *hit) {
    if (attachment->handler == NULL)
        return;
    if (GR_UNLIKELY(attachment->meter != NULL) && attachment->meter->breaker.limit != 0)
        gr_call_timed(attachment, hit);
    else
        attachment->handler(hit, attachment->context);
}

/* The open call that went on in this function with a jump, if the function returns to that one's thunk: every function
 * leaves that register to its tail calls as it found it, and there it was the frame. */
static inline struct gr_frame *gr_tail_called_by(struct graft_registers *registers) {
    bool chained = gr_is_thunk_return(gr_return_address(registers));
    return GR_UNLIKELY(chained) ? (struct gr_frame *)(uintptr_t)*gr_frame_register(registers) : NULL;
}

/* Without a frame the thunk jumps to the place that it finds in the padding. */
static inline struct gr_frame *gr_go_on_at(uint64_t where, struct graft_registers *registers) {
    *(uint64_t *)(uintptr_t)((char *)registers + GR_REG_PADDING) = where;
    return NULL;
}

/* An exit that will not be seen, since there is no room to remember it (hit.c). */
void gr_count_without_frame(void);
/* Tells the probes of an entry: any number, of any mode and flags (the thunks do the plain case itself). `frame` is null
 * when the exit is not watched; `chosen`: the thunk has sampled. In hit.c. */
void gr_tell_entry(struct gr_site *site, struct graft_registers *registers, uint64_t stack_pointer,
    struct gr_frame *frame, bool chosen);
/* Tells the probes that saw the entry and are still attached, in the reverse order. In leave.c. */
void gr_tell_exit(const struct gr_frame *frame, enum graft_phase phase, struct graft_registers *registers);
/* The entry of an async function whose completion is wanted. In suspend.c. */
void gr_enter_async(struct gr_site *site, struct graft_registers *registers, uint64_t stack_pointer);
/* Functions that have come back, this one and those in which it went on: the exit of one that only yields is another's
 * end. In suspend.c. */
void gr_watch_rests(struct gr_frame *frame, struct graft_registers *registers);

#endif
