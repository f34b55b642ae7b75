/* hit.c: what a thunk calls when an instrumented function is entered.
 *
 * Finds the site through the slot that the stub named, counts, and calls the handlers of the probes that want it, with
 * the re-entry guard up and an epoch section open. No look-up, no lock, no allocation; errno is kept. Neighbours: leave
 * (exits), suspend (async functions and coroutines). */
#include "hit.h"
#include "arch/arch.h"
#include "capture.h"
#include "compiler.h"
#include "completion.h"
#include "meter.h"
#include "os/os.h"
#include "visit.h"

static _Atomic uint64_t suppressed, without_frame;

uint64_t gr_hits_suppressed(void) {
    return atomic_load_explicit(&suppressed, memory_order_relaxed);
}

uint64_t gr_hits_without_frame(void) {
    return atomic_load_explicit(&without_frame, memory_order_relaxed);
}

void gr_count_without_frame(void) {
    atomic_fetch_add_explicit(&without_frame, 1, memory_order_relaxed);
}

GR_NOINLINE bool gr_visit_begin_slowly(struct gr_visit *visit) {
    if (gr_exempt)
        return false;
    if (visit->thread == NULL)
        visit->thread = gr_thread_take();
    if (visit->thread != NULL && !gr_in_handler())
        return true;
    atomic_fetch_add_explicit(&suppressed, 1, memory_order_relaxed);
    return false;
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
        return attachment->meter == NULL ||
               ((attachment->sample_step == 0 || chosen || sampled(attachment)) && gr_meter_take(attachment->meter));
    return attachment->mode == GRAFT_MODE_ONCE && claim(attachment);
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

/* Where the function goes back to. An async function's stack leads to whatever runs its task; its context, to its caller. */
static uint64_t caller_of(const struct gr_site *site, struct graft_registers *registers) {
    if ((site->entry.flags & GRAFT_ENTRY_COMPLETES) != 0)
        return gr_completion_of(gr_async_context(registers)) + 1;
    const struct gr_frame *earlier = gr_tail_called_by(registers);
    return earlier != NULL ? earlier->return_address : gr_return_address(registers);
}

void gr_tell_entry(struct gr_site *site, struct graft_registers *registers, uint64_t stack_pointer,
    struct gr_frame *frame, bool chosen) {
    const struct gr_attachments *list = gr_attachments_of(site);
    uint64_t return_address = frame != NULL ? frame->return_address : caller_of(site, registers);
    keep_caller(site, registers, stack_pointer);
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct gr_attachment *attachment = list->item[i];
        if (!wants_entry(attachment, chosen))
            continue;
        struct graft_hit hit =
            gr_describe(site, attachment, GRAFT_PHASE_ENTER, registers, stack_pointer, return_address);
        if ((attachment->flags & GRAFT_PROBE_THREAD) != 0)
            hit.thread = gr_os_thread_id();
        gr_call_handler(attachment, &hit);
        if (frame != NULL && attachment->mode == GRAFT_MODE_ENTRY_EXIT)
            remember(frame, attachment, hit.cookie);
    }
}

/* A hit inside a handler, or on the library's own thread: only our own probes are told. The list stays whole: an outer
 * section is open, or this is the thread that changes lists. */
static GR_NOINLINE void enter_nested(struct gr_site *site, struct graft_registers *registers, bool counted) {
    const struct gr_attachments *list = gr_attachments_of(site);
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct gr_attachment *attachment = list->item[i];
        if (attachment->meter != NULL && counted)
            atomic_fetch_add_explicit(&attachment->meter->nested, 1, memory_order_relaxed);
        if (!attachment->internal)
            continue;
        struct graft_hit hit = gr_describe(site, attachment, GRAFT_PHASE_ENTER, registers, 0, 0);
        attachment->handler(&hit, attachment->context);
    }
}

/* A hit of an exempt thread is not even counted; our own probes have to know of it, as of any other. The library's own
 * thread has a gr_self, and needs no section. */
static void enter_exempt(struct gr_site *site, struct graft_registers *registers) {
    struct gr_thread *thread = gr_self != NULL ? gr_self : gr_thread_take();
    if (thread == NULL)
        return;
    struct gr_visit visit = {.thread = thread, .error_number = *thread->error_number};
    bool outer = atomic_load_explicit(&thread->epoch.pinned, memory_order_relaxed) == 0;
    if (outer)
        gr_epoch_enter(&thread->epoch);
    enter_nested(site, registers, false);
    if (outer)
        gr_visit_end(&visit);
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
    const struct gr_attachments *list = gr_attachments_of(site);
    for (uint32_t i = 0; list != NULL && i < list->count; i++)
        if (list->item[i]->mode == GRAFT_MODE_ENTRY_EXIT)
            return true;
    return false;
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
    struct gr_visit visit;
    if (GR_UNLIKELY(!gr_visit_begin(&visit))) {
        pass_by(slot, site, registers, chosen);
        return;
    }
    if (!chosen)
        gr_arch_count(site->counter, slot);
    uint64_t stack_pointer = gr_entry_stack(registers);
    if ((site->entry.flags & GRAFT_ENTRY_COMPLETES) != 0 && exit_wanted(site))
        gr_enter_async(site, registers, stack_pointer);
    else
        gr_tell_entry(site, registers, stack_pointer, NULL, chosen);
    gr_visit_end(&visit);
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

static void fill_in(struct gr_frame *frame, const struct gr_slot *slot, struct gr_site *site) {
    frame->call = where_to(slot, site);
    frame->site = site;
    frame->resumed = false;
    frame->start = 0;
    frame->count = 0;
}

/* A tail call has no thunk frame of its own: two at one place of the stack would be one too many for some unwinders. Its
 * exit is told when the earlier call leaves. */
static GR_NOINLINE void enter_by_tail_call(struct gr_visit *visit, const struct gr_slot *slot, struct gr_site *site,
    struct graft_registers *registers, struct gr_frame *earlier, bool chosen) {
    uint64_t stack_pointer = gr_entry_stack(registers);
    struct gr_frame *frame = gr_frame_chain(visit->thread, earlier);
    if (frame != NULL) {
        fill_in(frame, slot, site);
        frame->return_address = earlier->return_address;
        frame->caller_kept = earlier->caller_kept;
        frame->stack_pointer = stack_pointer;
    } else {
        gr_count_without_frame();
    }
    gr_tell_entry(site, registers, stack_pointer, frame, chosen);
}

static inline struct gr_frame *enter_frame(struct gr_slot *slot, struct graft_registers *registers, bool chosen) {
    struct gr_site *site = atomic_load_explicit(&slot->site, memory_order_acquire); /* pairs with patch.c */
    struct gr_visit visit;
    if (GR_UNLIKELY(!gr_visit_begin(&visit))) {
        pass_by(slot, site, registers, chosen);
        return gr_go_on_at(slot->relocated, registers);
    }
    if (!chosen)
        gr_arch_count(site->counter, slot);
    uint64_t stack_pointer = gr_entry_stack(registers);
    struct gr_frame *earlier = gr_tail_called_by(registers), *frame = NULL;
    if (GR_UNLIKELY(earlier != NULL)) {
        enter_by_tail_call(&visit, slot, site, registers, earlier, chosen);
        gr_visit_end(&visit);
        return gr_go_on_at(where_to(slot, site), registers);
    }
    frame = gr_frame_open(visit.thread, stack_pointer, gr_return_address(registers));
    if (GR_LIKELY(frame != NULL)) {
        fill_in(frame, slot, site);
        frame->return_address = gr_return_address(registers);
        frame->caller_kept = *gr_frame_register(registers);
    } else {
        gr_count_without_frame();
    }
    gr_tell_entry(site, registers, stack_pointer, frame, chosen);
    gr_visit_end(&visit);
    return frame != NULL ? frame : gr_go_on_at(where_to(slot, site), registers);
}

struct gr_frame *gr_hit_enter_frame(struct gr_slot *slot, struct graft_registers *registers) {
    return enter_frame(slot, registers, false);
}

struct gr_frame *gr_hit_enter_frame_chosen(struct gr_slot *slot, struct graft_registers *registers) {
    return enter_frame(slot, registers, true);
}
