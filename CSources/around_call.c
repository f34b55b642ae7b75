/* around_call.c: one call of a function with an around-probe: the handler, the original, the result.
 *
 * Hit plane: any thread. No lock, no allocation. The re-entry guard is up while the handler runs and down while the
 * original does, and so is the epoch section: an original may block for ever. Neighbours: around, thread, epoch. */
#include "around.h"
#include "compiler.h"
#include "os/os.h"
#include "thread.h"
#include <string.h>

struct graft_around {
    struct gr_around_port *port;
    struct gr_thread
        *thread; /* whose section is open; null: none is, and what the handler calls is not reported anyway */
    void **arguments;
    int error_number; /* the program's errno while the handler runs */
    GR_ALIGNED(16) unsigned char result[GRAFT_STRUCT_MAX];
};
_Static_assert(GRAFT_STRUCT_MAX >= sizeof(ffi_arg), "libffi widens small results");

/* Opens a section on the calling thread, which may be another one than before: coroutines change threads. Not inlined,
 * so that no address of thread-local storage is kept across the original. */
static GR_NOINLINE bool guard(struct graft_around *call) {
    struct gr_thread *thread = gr_self != NULL || gr_exempt ? gr_self : gr_thread_take();
    call->thread = thread != NULL && !gr_in_handler() ? thread : NULL;
    if (call->thread == NULL)
        return false;
    gr_epoch_enter(&thread->epoch);
    call->error_number = *thread->error_number;
    return true;
}

static void unguard(struct graft_around *call) {
    if (call->thread == NULL)
        return;
    *call->thread->error_number = call->error_number;
    gr_epoch_leave(&call->thread->epoch);
    call->thread = NULL;
}

static void call_original(struct gr_around_port *port, void *result, void **arguments) {
    ffi_call(&port->shape->cif, FFI_FN((uintptr_t)port->site->slot->relocated), result, arguments);
}

/* The handler that is attached by this port now, counted in; null when the probe has gone meanwhile. In a section. */
static struct gr_around *attached(const struct gr_around_port *port) {
    const struct gr_attachments *list =
        atomic_load_explicit(&port->site->attachments, memory_order_acquire); /* pairs with the release in attach.c */
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct gr_around *around = list->item[i]->around;
        if (list->item[i]->port != port)
            continue;
        /* relaxed: the section keeps the probe's own count, so this one does not begin at 0 */
        atomic_fetch_add_explicit(&around->users, 1, memory_order_relaxed);
        return around;
    }
    return NULL;
}

void gr_around_run(ffi_cif *cif, void *result, void **arguments, void *closure) {
    (void)cif;
    struct gr_around_port *port =
        (struct gr_around_port *)(void *)((char *)closure - offsetof(struct gr_around_port, closure));
    struct graft_around call = {.port = port, .arguments = arguments};
    struct gr_around *around = guard(&call) ? attached(port) : NULL;
    if (around == NULL) {
        unguard(&call);
        call_original(port, result, arguments);
        return;
    }
    around->handler(&call, around->context);
    memcpy(result, call.result, port->signature.type[0].size); /* libffi widens it by its type */
    gr_around_leave(around);
    unguard(&call);
}

GR_PUBLIC void graft_around_original(struct graft_around *call) {
    unguard(call);
    call_original(call->port, call->result, call->arguments);
    guard(call);
}

GR_PUBLIC unsigned graft_around_argument_count(const struct graft_around *call) {
    return call->port->signature.arguments;
}

GR_PUBLIC void *graft_around_argument(const struct graft_around *call, unsigned index, size_t *size) {
    const struct gr_call_signature *signature = &call->port->signature;
    if (index >= signature->arguments)
        return NULL;
    if (size != NULL)
        *size = signature->type[signature->argument[index]].size;
    return call->arguments[index];
}

GR_PUBLIC void *graft_around_result(const struct graft_around *call, size_t *size) {
    const struct gr_type *type = &call->port->signature.type[0];
    if (type->kind == GR_TYPE_VOID)
        return NULL;
    if (size != NULL)
        *size = type->size;
    return (void *)(uintptr_t)call->result;
}

GR_PUBLIC const struct graft_entry_point *graft_around_entry(const struct graft_around *call) {
    return &call->port->site->entry;
}

GR_PUBLIC int graft_around_errno(const struct graft_around *call) {
    return call->error_number;
}

GR_PUBLIC void graft_around_set_errno(struct graft_around *call, int number) {
    call->error_number = number;
}

GR_PUBLIC void graft_around_delay(struct graft_around *call, uint32_t milliseconds) {
    static const uint32_t never; /* nobody wakes it */
    uint64_t now = gr_os_nanoseconds(), until = now + UINT64_C(1000000) * milliseconds;
    unguard(call);
    for (; now < until; now = gr_os_nanoseconds()) {
        uint64_t left = (until - now + 999999) / 1000000;
        gr_os_wait(&never, 0, left < INT32_MAX ? (int)left : INT32_MAX);
    }
    guard(call);
}
