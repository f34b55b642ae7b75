/* hit.c: what a thunk calls when an instrumented function is entered, left or unwound.
 *
 * Finds the site through the slot that the stub named, counts, and calls the handlers of the probes that want it, with
 * the re-entry guard up and an epoch section open. No look-up, no lock, no allocation; errno is kept. */
#include "hit.h"
#include "arch/arch.h"
#include "capture.h"
#include "compiler.h"
#include "os/os.h"

static _Atomic uint64_t suppressed, without_frame;

uint64_t gr_hits_suppressed(void) {
    return atomic_load_explicit(&suppressed, memory_order_relaxed);
}

uint64_t gr_hits_without_frame(void) {
    return atomic_load_explicit(&without_frame, memory_order_relaxed);
}

/* Raises the guard. Null when this hit is not to be reported: a handler is running on this thread, or no block for the
 * thread was to be had. */
static inline struct gr_thread *begin(int *error_number) {
    if (GR_UNLIKELY(gr_in_handler)) {
        atomic_fetch_add_explicit(&suppressed, 1, memory_order_relaxed);
        return NULL;
    }
    gr_in_handler = true;
    struct gr_thread *thread = gr_self;
    if (GR_UNLIKELY(thread == NULL) && (thread = gr_thread_take()) == NULL) {
        atomic_fetch_add_explicit(&suppressed, 1, memory_order_relaxed);
        gr_in_handler = false;
        return NULL;
    }
    *error_number = *thread->error_number;
    gr_epoch_enter(&thread->epoch);
    return thread;
}

static inline void end(struct gr_thread *thread, int error_number) {
    gr_epoch_leave(&thread->epoch);
    *thread->error_number = error_number;
    gr_in_handler = false;
}

static inline const struct gr_attachments *attachments_of(const struct gr_site *site) {
    return atomic_load_explicit(&site->attachments, memory_order_acquire); /* pairs with the release in probe.c */
}

static inline void fill(struct graft_hit *hit, struct gr_site *site, const struct gr_attachment *attachment,
    enum graft_phase phase, struct graft_registers *registers, uint64_t stack_pointer, uint64_t return_address) {
    *hit = (struct graft_hit){
        .probe = attachment->probe,
        .phase = phase,
        .thread = (attachment->flags & GRAFT_PROBE_THREAD) != 0 ? gr_os_thread_id() : 0,
        .entry = &site->entry,
        .registers = registers,
        .return_address = return_address,
        .stack_pointer = stack_pointer,
    };
}

/* Mode once: true for the one caller that reports. */
static bool claim(struct gr_attachment *attachment) {
    if (atomic_load_explicit(&attachment->fired, memory_order_relaxed) ||
        atomic_exchange_explicit(&attachment->fired, true, memory_order_acq_rel)) /* pairs with probe.c's look */
        return false;
    gr_notify();
    return true;
}

static bool wants_entry(struct gr_attachment *attachment) {
    switch (attachment->mode) {
    case GRAFT_MODE_ENTRY:
    case GRAFT_MODE_ENTRY_EXIT:
        return true;
    case GRAFT_MODE_ONCE:
        return claim(attachment);
    case GRAFT_MODE_COUNT:
        return false;
    }
    return false;
}

static inline void keep_caller(struct gr_site *site, const struct graft_registers *registers, uint64_t stack_pointer) {
    if (GR_UNLIKELY(atomic_load_explicit(&site->caller_wanted, memory_order_relaxed)) &&
        atomic_exchange_explicit(&site->caller_wanted, false, memory_order_acq_rel))
        gr_capture_hit(site, registers, stack_pointer);
}

/* Tells the probes of an entry; `frame`, when there is one, remembers which were told and their cookies. */
static void enter(struct gr_site *site, struct graft_registers *registers, uint64_t stack_pointer,
    struct gr_frame *frame) {
    const struct gr_attachments *list = attachments_of(site);
    keep_caller(site, registers, stack_pointer);
    uint64_t return_address = *(const uint64_t *)(uintptr_t)stack_pointer;
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct gr_attachment *attachment = list->item[i];
        if (!wants_entry(attachment))
            continue;
        struct graft_hit hit;
        fill(&hit, site, attachment, GRAFT_PHASE_ENTER, registers, stack_pointer, return_address);
        if (attachment->handler != NULL)
            attachment->handler(&hit, attachment->context);
        if (frame == NULL || attachment->mode != GRAFT_MODE_ENTRY_EXIT)
            continue;
        frame->entered[frame->count].probe = attachment->probe;
        frame->entered[frame->count++].cookie = hit.cookie;
        if ((attachment->flags & GRAFT_PROBE_TIME) != 0)
            frame->start = gr_os_nanoseconds();
    }
}

/* A hit inside a handler, or on the library's own thread: only our own probes are told. The list stays whole: an outer
 * section is open, or this is the thread that changes lists. */
static void enter_nested(struct gr_site *site, struct graft_registers *registers) {
    const struct gr_attachments *list = attachments_of(site);
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct gr_attachment *attachment = list->item[i];
        if (!attachment->internal)
            continue;
        struct graft_hit hit;
        fill(&hit, site, attachment, GRAFT_PHASE_ENTER, registers, 0, 0);
        attachment->handler(&hit, attachment->context);
    }
}

void gr_hit_enter(struct gr_slot *slot, struct graft_registers *registers) {
    struct gr_site *site = atomic_load_explicit(&slot->site, memory_order_acquire); /* pairs with patch.c */
    gr_arch_count(site->counter, slot);
    int error_number;
    struct gr_thread *thread = begin(&error_number);
    if (GR_UNLIKELY(thread == NULL)) {
        if (gr_in_handler)
            enter_nested(site, registers);
        return;
    }
    enter(site, registers, (uint64_t)(uintptr_t)registers + GR_LEAVE_RETURN, NULL);
    end(thread, error_number);
}

/* Without a frame the thunk jumps to the relocated block, whose address it looks for in the padding. */
static struct gr_frame *no_frame(const struct gr_slot *slot, struct graft_registers *registers) {
    *(uint64_t *)(uintptr_t)((char *)registers + GR_REG_PADDING) = slot->relocated;
    return NULL;
}

struct gr_frame *gr_hit_enter_frame(struct gr_slot *slot, struct graft_registers *registers) {
    struct gr_site *site = atomic_load_explicit(&slot->site, memory_order_acquire); /* pairs with patch.c */
    gr_arch_count(site->counter, slot);
    int error_number;
    struct gr_thread *thread = begin(&error_number);
    if (thread == NULL)
        return no_frame(slot, registers);
    uint64_t stack_pointer = (uint64_t)(uintptr_t)registers + GR_LEAVE_RETURN;
    struct gr_frame *frame = gr_frame_open(thread, stack_pointer);
    if (frame != NULL) {
        frame->return_address = *(const uint64_t *)(uintptr_t)stack_pointer;
        frame->caller_rbx = registers->rbx;
        frame->call = slot->relocated;
        frame->site = site;
        frame->start = 0;
        frame->count = 0;
    } else {
        atomic_fetch_add_explicit(&without_frame, 1, memory_order_relaxed);
    }
    enter(site, registers, stack_pointer, frame);
    end(thread, error_number);
    return frame != NULL ? frame : no_frame(slot, registers);
}

/* Tells the probes that saw the entry and are still attached. */
static void leave(struct gr_frame *frame, enum graft_phase phase, struct graft_registers *registers) {
    const struct gr_attachments *list = attachments_of(frame->site);
    uint64_t now = frame->start != 0 ? gr_os_nanoseconds() : 0;
    for (uint32_t i = frame->count; list != NULL && i-- > 0;) {
        for (uint32_t j = 0; j < list->count; j++) {
            struct gr_attachment *attachment = list->item[j];
            if (attachment->probe != frame->entered[i].probe || attachment->handler == NULL)
                continue;
            struct graft_hit hit;
            fill(&hit, frame->site, attachment, phase, registers, frame->stack_pointer, frame->return_address);
            hit.nanoseconds = (attachment->flags & GRAFT_PROBE_TIME) != 0 ? now - frame->start : 0;
            hit.cookie = frame->entered[i].cookie;
            attachment->handler(&hit, attachment->context);
        }
    }
}

void gr_hit_leave(struct gr_frame *frame, struct graft_registers *registers) {
    bool outer = !gr_in_handler; /* a call that a handler made: its entry was not reported, so it has no frame */
    int error_number;
    struct gr_thread *thread = outer && frame->count > 0 ? begin(&error_number) : NULL;
    if (thread != NULL) {
        leave(frame, GRAFT_PHASE_LEAVE, registers);
        end(thread, error_number);
    }
    *(uint64_t *)(uintptr_t)((char *)registers + GR_LEAVE_RETURN) = frame->return_address;
    registers->rbx = frame->caller_rbx;
    gr_frame_close(frame);
}

/* The personality routine of the exit thunks (Itanium C++ ABI, exception handling, level I). The unwinder asks it about
 * their frames. On its second pass the function is being left by an exception or a cancellation; nothing is caught
 * here. No call of the unwinder's interface: the process may have several copies of it. */
enum { CLEANUP_PHASE = 2, CONTINUE_UNWIND = 8 };

int gr_personality(int version, int actions, uint64_t exception_class, void *exception, void *context);
int gr_personality(int version, int actions, uint64_t exception_class, void *exception, void *context) {
    (void)version, (void)exception_class, (void)exception, (void)context;
    struct gr_thread *thread = gr_self;
    if ((actions & CLEANUP_PHASE) == 0 || thread == NULL || gr_in_handler)
        return CONTINUE_UNWIND;
    struct gr_frame *frame = gr_frame_passed(thread, (uint64_t)(uintptr_t)__builtin_frame_address(0));
    int error_number;
    if (frame != NULL && frame->count > 0 && begin(&error_number) != NULL) {
        struct graft_registers registers = {0};
        leave(frame, GRAFT_PHASE_UNWIND, &registers);
        end(thread, error_number);
    }
    return CONTINUE_UNWIND;
}
