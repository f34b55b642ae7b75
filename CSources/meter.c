/* meter.c: the control plane's half of sampling and limits; see meter.h.
 *
 * In each round of work it shuts budgets that are used up and opens them again, takes out what has tripped, and looks for
 * handlers that do not end. It changes no byte: sites become dirty. Neighbours: plane, attach, thread, log. */
#include "meter.h"
#include "epoch.h"
#include "heap.h"
#include "log.h"
#include "os/os.h"
#include "plane.h"
#include "thread.h"

enum { LOOK_NANOSECONDS = 1000000000 }; /* between two looks for handlers that do not end; and how long is too long */

static bool tells(enum graft_mode mode) {
    return mode == GRAFT_MODE_ENTRY || mode == GRAFT_MODE_ENTRY_EXIT;
}

enum graft_status gr_meter_make(const struct graft_probe_spec *spec, struct gr_meter **meter) {
    struct gr_meter *made = NULL;
    if (spec->sample_every > 1 || spec->max_per_second != 0 || spec->max_handler_nanoseconds != 0) {
        made = gr_heap_take(sizeof *made);
        if (made == NULL)
            return GRAFT_NO_MEMORY;
        gr_budget_start(&made->budget, spec->max_per_second);
        made->breaker.limit = spec->max_handler_nanoseconds;
        made->counts = spec->sample_every > 1 || spec->max_per_second != 0;
        made->deaf = !tells(spec->mode);
    }
    *meter = made;
    return GRAFT_OK;
}

static void fall_deaf(struct gr_probe *probe) {
    if (!probe->meter->deaf)
        probe->meter->deaf_from = gr_probe_hits(probe);
    probe->meter->deaf = true;
}

static void hear(struct gr_probe *probe) {
    if (probe->meter->deaf)
        probe->meter->deaf_hits += gr_probe_hits(probe) - probe->meter->deaf_from;
    probe->meter->deaf = false;
}

void gr_meter_mode(struct gr_probe *probe, enum graft_mode mode) {
    if (probe->meter == NULL)
        return;
    fall_deaf(probe);
    if (tells(mode))
        hear(probe);
    gr_breaker_reset(&probe->meter->breaker);
    probe->meter->out = false;
}

uint64_t gr_meter_left_out(const struct gr_probe *probe) {
    const struct gr_meter *meter = probe->meter;
    if (meter == NULL || !meter->counts)
        return 0;
    uint64_t heard = (meter->deaf ? meter->deaf_from : gr_probe_hits(probe)) - meter->deaf_hits;
    uint64_t told = atomic_load_explicit(&meter->budget.told, memory_order_relaxed) +
                    atomic_load_explicit(&meter->nested, memory_order_relaxed);
    return heard > told ? heard - told : 0; /* a call may be told of before its count is seen */
}

static void touch_sites(const struct gr_probe *probe) {
    for (size_t i = 0; i < probe->link_count; i++)
        if (probe->links[i].site != NULL && probe->links[i].site->in_place)
            gr_dirty(probe->links[i].site);
}

static void take_out(struct gr_probe *probe) {
    struct gr_meter *meter = probe->meter;
    if (meter->out || !gr_breaker_tripped(&meter->breaker))
        return;
    meter->out = true;
    fall_deaf(probe);
    touch_sites(probe);
    gr_plane.counters.tripped++;
    gr_log("probe: tripped %s (probe %llu): a call of its handler takes %llu ns, and may take %u", probe->target,
        (unsigned long long)probe->by_id.key, (unsigned long long)gr_breaker_mean(&meter->breaker),
        meter->breaker.limit);
}

/* A handler of a probe has been running for so long on one thread. */
static void running(graft_probe_id id, uint64_t nanoseconds) {
    struct gr_probe *probe = gr_probe_find(id);
    if (probe != NULL && probe->meter != NULL && nanoseconds >= LOOK_NANOSECONDS &&
        nanoseconds > probe->meter->breaker.limit && !gr_breaker_tripped(&probe->meter->breaker))
        gr_breaker_trip(&probe->meter->breaker);
}

void gr_meters_tend(void) {
    static uint64_t looked;
    if (gr_plane.metered == 0)
        return;
    uint64_t now = gr_os_nanoseconds();
    if (now - looked >= LOOK_NANOSECONDS) {
        looked = now;
        gr_threads_running(now, running);
    }
    gr_plane.meters_at = UINT64_MAX;
    for (struct gr_probe *probe = gr_plane.first; probe != NULL; probe = probe->next) {
        if (probe->meter == NULL)
            continue;
        take_out(probe);
        struct gr_budget *budget = &probe->meter->budget;
        if (gr_budget_tend(budget))
            touch_sites(probe);
        if (gr_budget_shut(budget) && gr_budget_opens(budget) < gr_plane.meters_at)
            gr_plane.meters_at = gr_budget_opens(budget);
    }
}

void gr_meter_after_fork(struct gr_probe *probe) {
    struct gr_meter *meter = probe->meter;
    if (meter == NULL)
        return;
    gr_budget_start(&meter->budget, meter->budget.per_second);
    atomic_store_explicit(&meter->nested, 0, memory_order_relaxed);
    meter->deaf_from = meter->deaf_hits = 0;
}

void gr_meter_retire(struct gr_meter *meter) {
    if (meter != NULL)
        gr_epoch_retire(meter, gr_heap_give);
}
