/* around.c: makes, keeps and gives back what around-probes need; see around.h. Control plane, under its lock. */
#include "around.h"
#include "codemem.h"
#include "control.h"
#include "hit.h"
#include "os/os.h"
#include <stdlib.h>
#include <string.h>

static struct gr_around *_Atomic finished; /* pushed by any plane, taken whole by whoever empties it */
static struct gr_around *all;              /* also those of abandoned calls, which are kept for ever */

static void list(struct gr_around *around) {
    around->after = all;
    around->link = &all;
    if (all != NULL)
        all->link = &around->after;
    all = around;
}

static void unlist(struct gr_around *around) {
    *around->link = around->after;
    if (around->after != NULL)
        around->after->link = around->link;
}

enum graft_status gr_around_make(const struct graft_probe_spec *spec, struct gr_around **around) {
    if (spec->signature == NULL || spec->around == NULL)
        return GRAFT_INVALID_ARGUMENT;
    struct gr_around *made = calloc(1, sizeof *made);
    if (made == NULL)
        return GRAFT_NO_MEMORY;
    enum graft_status status = gr_call_read(spec->signature, &made->signature, NULL);
    if (status != GRAFT_OK) {
        free(made);
        return status;
    }
    atomic_store_explicit(&made->users, 1, memory_order_relaxed); /* published with its first attachment */
    made->handler = spec->around;
    made->context = spec->context;
    made->release = spec->release;
    list(made);
    *around = made;
    return GRAFT_OK;
}

void gr_around_discard(struct gr_around *around) {
    if (around != NULL)
        unlist(around);
    free(around);
}

static void drop(void *around) {
    gr_around_leave(around);
}

void gr_around_retire(struct gr_around *around) {
    if (around != NULL)
        gr_epoch_retire(around, drop);
}

void gr_around_leave(struct gr_around *around) {
    /* release: what this user did comes before; acquire: the last one sees what all did */
    if (atomic_fetch_sub_explicit(&around->users, 1, memory_order_acq_rel) != 1)
        return;
    around->next = atomic_load_explicit(&finished, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        &finished, &around->next, around, memory_order_release, memory_order_relaxed)) /* pairs with the take below */
        ;
    gr_notify();
}

void gr_around_release_finished(void) {
    struct gr_around *around = atomic_exchange_explicit(&finished, NULL, memory_order_acquire);
    while (around != NULL) {
        struct gr_around *next = around->next;
        if (around->release != NULL)
            around->release(around->context);
        gr_control_lock();
        gr_around_discard(around);
        gr_control_unlock();
        around = next;
    }
}

static bool begins_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Swift has a convention of its own, and a clone has the arguments that its compiler has left it. */
static bool keeps_c_convention(const struct graft_entry_point *entry) {
    static const char *const swift[] = {"$s", "$S", "$e", "_$s", "_$S", "_T0"};
    static const char *const clones[] = {".isra.", ".constprop.", ".part.", ".cold", ".specialized."};
    for (size_t i = 0; i < sizeof swift / sizeof *swift; i++)
        if (begins_with(entry->symbol, swift[i]))
            return false;
    for (size_t i = 0; i < sizeof clones / sizeof *clones; i++)
        if (strstr(entry->symbol, clones[i]) != NULL)
            return false;
    return (entry->flags & GRAFT_ENTRY_ASYNC) == 0;
}

static bool taken(const struct gr_site *site, const struct gr_attachment *mine) {
    const struct gr_attachments *list = atomic_load_explicit(&site->attachments, memory_order_relaxed);
    for (uint32_t i = 0; list != NULL && i < list->count; i++)
        if (list->item[i] != mine && list->item[i]->port != NULL)
            return true;
    return false;
}

static bool same(const struct gr_call_signature *a, const struct gr_call_signature *b) {
    return a->count == b->count && memcmp(a->type, b->type, a->count * sizeof a->type[0]) == 0;
}

/* A place near the function is as good as any: a trampoline reaches everything. */
static enum graft_status write_trampoline(struct gr_around_port *port) {
    uint8_t code[GR_PORT_CODE_SIZE];
    int text;
    uint64_t near = port->site->entry.address;
    enum graft_status status = gr_stub_take(near, near + 1, sizeof code, &port->place);
    if (status != GRAFT_OK)
        return status;
    gr_arch_emit_port(port, code);
    status = gr_os_text_open(&text);
    if (status == GRAFT_OK) {
        status = gr_os_text_write(text, port->place.code, code, sizeof code);
        gr_os_text_close(text);
    }
    if (status != GRAFT_OK)
        gr_stub_give(&port->place);
    return status;
}

static enum graft_status make_port(
    struct gr_site *site, const struct gr_call_signature *signature, struct gr_around_port **port) {
    struct gr_around_port *made = calloc(1, sizeof *made);
    if (made == NULL)
        return GRAFT_NO_MEMORY;
    enum graft_status status = gr_call_shape_make(signature, &made->shape);
    if (status != GRAFT_OK)
        goto free_port;
    status = GRAFT_UNSUPPORTED;
    if (ffi_prep_go_closure(&made->closure, &made->shape->cif, gr_around_run) != FFI_OK)
        goto free_shape;
    made->thunk = gr_arch_around_thunks[site->keep];
    made->stack = made->shape->stack;
    made->results = made->shape->results;
    made->site = site;
    made->signature = *signature;
    status = write_trampoline(made);
    if (status == GRAFT_OK) {
        *port = made;
        return GRAFT_OK;
    }
free_shape:
    gr_call_shape_free(made->shape);
free_port:
    free(made);
    return status;
}

enum graft_status gr_around_port(struct gr_site *site, const struct gr_around *around, const struct gr_attachment *mine,
    struct gr_around_port **port) {
    if (!keeps_c_convention(&site->entry))
        return GRAFT_SIGNATURE_UNKNOWN;
    if (taken(site, mine))
        return GRAFT_AROUND_TAKEN;
    int count = 0;
    for (struct gr_around_port *known = site->ports; known != NULL; known = known->next, count++)
        if (same(&known->signature, &around->signature)) {
            *port = known;
            return GRAFT_OK;
        }
    if (count == GRAFT_SIGNATURES_MAX)
        return GRAFT_SIGNATURE_LIMIT;
    struct gr_around_port *made = NULL;
    enum graft_status status = make_port(site, &around->signature, &made);
    if (status != GRAFT_OK)
        return status;
    made->next = site->ports;
    site->ports = *port = made;
    return GRAFT_OK;
}

uint64_t gr_around_code(const struct gr_around_port *port) {
    return port->place.code;
}

static void free_port(void *object) {
    struct gr_around_port *port = object;
    gr_stub_give(&port->place);
    gr_call_shape_free(port->shape);
    free(port);
}

/* No thread of a correct program is in a function whose image it unloads: a call that is still under way has nowhere to
 * return to. Its port goes a grace period later all the same. */
void gr_around_forget(struct gr_site *site) {
    while (site->ports != NULL) {
        struct gr_around_port *port = site->ports;
        site->ports = port->next;
        gr_epoch_retire(port, free_port);
    }
}
