/* apply.c: carries out one update: probes first, then bytes once for the whole batch, then the outcomes. */
#include "control.h"
#include "epoch.h"
#include "guard.h"
#include "heap.h"
#include "late.h"
#include "log.h"
#include "plane.h"
#include "tactic.h"
#include "thread.h"

enum { HANDLER_WAIT_MS = 100, HANDLER_WAITS_LOGGED = 100 };

/* What one change did, while the batch is under way. */
struct doing {
    struct gr_probe *probe; /* null when there is none */
    uint32_t restored;      /* REMOVE: entry points that were patched */
};

static enum graft_status begin(const struct graft_change *change, struct doing *doing) {
    if (change->kind == GRAFT_CHANGE_INSTALL)
        return gr_probe_add(&change->spec, false, &doing->probe);
    struct gr_probe *probe = gr_probe_find(change->probe);
    if (probe == NULL || probe->internal)
        return GRAFT_NO_SUCH_PROBE;
    if (change->kind == GRAFT_CHANGE_MODE) {
        doing->probe = probe;
        return gr_probe_set_mode(probe, change->mode);
    }
    if (change->kind != GRAFT_CHANGE_REMOVE)
        return GRAFT_INVALID_ARGUMENT;
    doing->probe = probe;
    for (size_t i = 0; i < probe->link_count; i++)
        doing->restored += probe->links[i].site != NULL && probe->links[i].site->in_place;
    gr_probe_remove(probe);
    return GRAFT_OK;
}

static void describe(const struct gr_probe *probe, struct graft_outcome *outcome) {
    outcome->state = gr_probe_state(probe);
    if (probe->link_count == 0 && probe->reason != GRAFT_OK)
        outcome->refusal = probe->reason;
    for (size_t i = 0; i < probe->link_count; i++) {
        const struct gr_link *link = &probe->links[i];
        if (link->reason == GRAFT_OK) {
            outcome->installed += gr_link_state(link) == GRAFT_STATE_INSTALLED;
            continue;
        }
        if (outcome->refused++ == 0) {
            outcome->refusal = link->reason;
            outcome->refusal_address = link->refusal != NULL ? link->refusal->offender : 0;
        }
    }
}

static void finish(const struct graft_change *change, const struct doing *doing, struct graft_outcome *outcome) {
    if (outcome->status != GRAFT_OK)
        return;
    outcome->probe = doing->probe->by_id.key;
    if (change->kind != GRAFT_CHANGE_REMOVE) {
        describe(doing->probe, outcome);
        return;
    }
    outcome->state = GRAFT_STATE_REMOVED;
    outcome->installed = doing->restored;
    gr_probe_free(doing->probe);
}

/* Calls that had begun when a probe was detached leave its handler before its outcome is told. A thread that ended
 * inside one (it was cancelled) never will, so the dead are looked for meanwhile. */
static void wait_for_handlers(void) {
    for (int waits = 1; !gr_epoch_synchronise(HANDLER_WAIT_MS); waits++) {
        gr_threads_reap();
        if (waits % HANDLER_WAITS_LOGGED == 0)
            gr_log("apply: a handler has been running for more than %d s; waiting for it",
                waits / (1000 / HANDLER_WAIT_MS));
    }
}

/* Our own probes come with the first one that is asked for: those on the loader before it, so that no image is missed;
 * those that keep SIGTRAP deliverable before the first byte that needs it. */
static void watch_loader(void) {
    if (!gr_late_started()) {
        enum graft_status status = gr_late_start();
        if (status != GRAFT_OK)
            gr_log("images: could not be listed: %s", graft_status_sentence(status));
    }
}

size_t gr_installs(const struct graft_change *changes, size_t count) {
    size_t installs = 0;
    for (size_t i = 0; i < count; i++)
        installs += changes[i].kind == GRAFT_CHANGE_INSTALL;
    return installs;
}

void gr_apply(const struct graft_change *changes, size_t count, struct graft_outcome *outcomes) {
    struct doing *doing = gr_heap_array(count, sizeof *doing);
    bool removes = false;
    watch_loader();
    gr_patch_begin();
    gr_patch_expect(gr_installs(changes, count));
    for (size_t i = 0; i < count; i++) {
        outcomes[i] = (struct graft_outcome){.kind = changes[i].kind, .probe = changes[i].probe};
        outcomes[i].status = doing != NULL ? begin(&changes[i], &doing[i]) : GRAFT_NO_MEMORY;
        removes = removes || changes[i].kind != GRAFT_CHANGE_INSTALL;
    }
    gr_resolver_end(gr_plane.resolver);
    if (gr_tactic_needs_traps())
        gr_guard_start();
    gr_settle();
    if (removes)
        wait_for_handlers();
    for (size_t i = 0; i < count; i++)
        finish(&changes[i], doing != NULL ? &doing[i] : NULL, &outcomes[i]);
    gr_plane.generation++;
    gr_plane.counters.updates_applied++;
    gr_heap_give(doing);
}

void gr_apply_guard(void) {
    watch_loader();
    gr_guard_start();
    gr_settle();
}

void gr_apply_nothing(void) {
    struct gr_probe *probe = gr_plane.first;
    while (probe != NULL) {
        struct gr_probe *next = probe->next;
        gr_probe_remove(probe);
        gr_settle();
        wait_for_handlers();
        gr_probe_free(probe);
        probe = next;
    }
}
