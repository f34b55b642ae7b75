/* hit.h: what thunks call, and what a first hit leaves for the control plane.
 *
 * Hit plane: any thread, at any moment. No lock, no allocation, no stdio; errno is kept. Sees site, thread, epoch and
 * counters; never patch, queue or resolve. */
#ifndef GR_HIT_H
#define GR_HIT_H

#include "completion.h"
#include "site.h"
#include "thread.h"
#include "unwinding.h"

enum { GR_CAPTURES_MAX = 64 }; /* stacks of first hits that wait to be unwound */

/* A first hit's stack on its way to the control plane. */
struct gr_capture {
    struct gr_capture *next;
    struct gr_site *site;
    uint64_t image_serial; /* of the site at the hit: it may be another function's by the time it is read */
    size_t frame_count;    /* of an async function's callers, which its contexts tell: then `copy` says nothing */
    uint64_t frames[GRAFT_FRAMES_MAX];
    struct gr_stack_copy copy;
};

/* The thunks call these; see there. `registers` is the area on the stack. */
void gr_hit_enter(struct gr_slot *slot, struct graft_registers *registers);
struct gr_frame *gr_hit_enter_frame(struct gr_slot *slot, struct graft_registers *registers);
/* The same for a call that the thunk has counted, and chosen to be told of. */
void gr_hit_enter_chosen(struct gr_slot *slot, struct graft_registers *registers);
struct gr_frame *gr_hit_enter_frame_chosen(struct gr_slot *slot, struct graft_registers *registers);
void gr_hit_leave(struct gr_frame *frame, struct graft_registers *registers);
/* At the end of an async function: tells of it and leaves in the padding where to go on. A coroutine's second function goes
 * on with the frame that is returned, if there is one. */
struct gr_frame *gr_hit_complete(struct gr_completion *completion, struct graft_registers *registers);

/* Calls the handler of a probe that limits its time (timed.c). Inside a section. */
void gr_call_timed(const struct gr_attachment *attachment, struct graft_hit *hit);

/* Counters of the hit plane, for snapshots. */
uint64_t gr_hits_suppressed(void);
uint64_t gr_hits_without_frame(void);
uint64_t gr_captures_dropped(void);

/* Makes room for captures; once. Control plane. */
enum graft_status gr_captures_start(void);
/* Takes every capture that waits, oldest last; each is given back with gr_capture_give. Control plane. */
struct gr_capture *gr_captures_take(void);
void gr_capture_give(struct gr_capture *capture);

/* Wakes the control plane: a probe disarmed itself, a capture waits, an update was submitted. Any plane. */
void gr_notify(void);
/* The word that gr_notify changes and wakes. */
extern uint32_t gr_notifications;

#endif
