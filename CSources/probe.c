/* probe.c: probes and their links; see plane.h. No byte of a function is touched here: sites become dirty. */
#include "around.h"
#include "attach.h"
#include "counters.h"
#include "heap.h"
#include "identity.h"
#include "join.h"
#include "log.h"
#include "meter.h"
#include "plane.h"
#include <string.h>

struct gr_plane gr_plane;

struct gr_probe *gr_probe_find(graft_probe_id id) {
    struct gr_registry_node *node = gr_registry_find(gr_plane.probes, id);
    return node != NULL ? (struct gr_probe *)(void *)((char *)node - offsetof(struct gr_probe, by_id)) : NULL;
}

static bool reserve_links(struct gr_probe *probe, size_t more) {
    size_t needed = probe->link_count + more, room = 2 * probe->link_room;
    if (needed <= probe->link_room)
        return true;
    room = room > needed ? room : needed; /* the first time, mostly the only one, exactly */
    struct gr_link *links = gr_heap_grow(probe->links, room * sizeof *links);
    if (links == NULL)
        return false;
    probe->links = links;
    probe->link_room = room;
    return true;
}

static bool linked(const struct gr_probe *probe, const struct gr_match *match) {
    for (size_t i = 0; i < probe->link_count; i++)
        if (gr_link_entry(&probe->links[i])->address == match->entry.address &&
            gr_link_serial(&probe->links[i]) == match->image->serial)
            return true;
    return false;
}

void gr_probe_link(struct gr_probe *probe, const struct gr_image *only) {
    struct gr_match *matches;
    size_t count, before = probe->link_count;
    enum graft_status status =
        (probe->internal ? gr_resolve_exported : gr_resolve)(gr_plane.resolver, probe->target, only, &matches, &count);
    if (status != GRAFT_OK) {
        if (before == 0)
            probe->reason = status;
        return;
    }
    gr_patch_expect(count);
    if (reserve_links(probe, count))
        for (size_t i = 0; i < count; i++) {
            if (only == NULL || !linked(probe, &matches[i]))
                gr_link_make(&probe->links[probe->link_count++], probe, &matches[i]);
        }
    probe->reason = probe->link_count > 0 ? GRAFT_OK : GRAFT_NO_MEMORY;
    gr_heap_give(matches);
    gr_log("probe %llu: %s: %zu entry points", (unsigned long long)probe->by_id.key, probe->target,
        probe->link_count - before);
}

static bool valid_mode(enum graft_mode mode) {
    return mode >= GRAFT_MODE_COUNT && mode <= GRAFT_MODE_AROUND;
}

static void list(struct gr_probe *probe) {
    probe->next = gr_plane.first;
    probe->link = &gr_plane.first;
    if (probe->next != NULL)
        probe->next->link = &probe->next;
    gr_plane.first = probe;
}

static void unlist(struct gr_probe *probe) {
    *probe->link = probe->next;
    if (probe->next != NULL)
        probe->next->link = probe->link;
}

enum graft_status gr_probe_add(const struct graft_probe_spec *spec, bool internal, struct gr_probe **probe) {
    if (spec->target == NULL || !valid_mode(spec->mode))
        return GRAFT_INVALID_ARGUMENT;
    enum graft_status status = graft_target_check(spec->target, NULL);
    if (status != GRAFT_OK)
        return status;
    size_t own = gr_registry_count(gr_plane.probes) - gr_plane.probes_used;
    if (internal ? own >= GR_OWN_PROBES : gr_plane.probes_used >= gr_plane.probes_max)
        return GRAFT_LIMIT_PROBES;
    struct gr_around *around = NULL;
    if (spec->mode == GRAFT_MODE_AROUND)
        status = gr_around_make(spec, &around);
    if (status != GRAFT_OK)
        return status;
    struct gr_meter *meter = NULL;
    struct gr_probe *made = gr_heap_take(sizeof *made);
    char *target = gr_heap_text(spec->target);
    status = GRAFT_NO_MEMORY;
    if (made == NULL || target == NULL || gr_meter_make(spec, &meter) != GRAFT_OK)
        goto give_up;
    *made = (struct gr_probe){.by_id.key = gr_plane.last_id + 1,
        .target = target,
        .mode = spec->mode,
        .flags = spec->flags,
        .sample_every = spec->sample_every,
        .handler = spec->handler,
        .context = spec->context,
        .around = around,
        .meter = meter,
        .internal = internal};
    status = gr_registry_insert(gr_plane.probes, &made->by_id);
    if (status != GRAFT_OK)
        goto give_up;
    gr_plane.last_id++;
    gr_plane.probes_used += !internal;
    gr_plane.metered += meter != NULL;
    list(made);
    gr_probe_link(made, NULL);
    *probe = made;
    return GRAFT_OK;
give_up:
    gr_around_discard(around);
    gr_heap_give(meter);
    gr_heap_give(target);
    gr_heap_give(made);
    return status;
}

void gr_probe_remove(struct gr_probe *probe) {
    gr_plane.left_out_gone += gr_meter_left_out(probe);
    gr_plane.metered -= probe->meter != NULL;
    for (size_t i = 0; i < probe->link_count; i++)
        gr_link_break(&probe->links[i]);
    probe->link_count = 0;
    if (probe->attachment != NULL)
        gr_attachment_release(probe->attachment);
    probe->attachment = NULL;
    gr_meter_retire(probe->meter);
    probe->meter = NULL;
    gr_around_retire(probe->around);
    gr_registry_remove(gr_plane.probes, probe->by_id.key);
    gr_plane.probes_used -= !probe->internal;
    unlist(probe);
    gr_log("probe %llu: removed %s", (unsigned long long)probe->by_id.key, probe->target);
}

void gr_probe_free(struct gr_probe *probe) {
    gr_heap_give(probe->links);
    gr_heap_give(probe->target);
    gr_heap_give(probe);
}

enum graft_status gr_probe_set_mode(struct gr_probe *probe, enum graft_mode mode) {
    if (!valid_mode(mode) || (mode == GRAFT_MODE_AROUND) != (probe->mode == GRAFT_MODE_AROUND))
        return GRAFT_INVALID_ARGUMENT;
    gr_meter_mode(probe, mode);
    probe->mode = mode;
    for (size_t i = 0; i < probe->link_count; i++) {
        struct gr_link *link = &probe->links[i];
        if (link->site == NULL)
            continue;
        enum graft_status status = gr_link_attach(link, probe);
        if (status != GRAFT_OK)
            gr_link_refuse(link, &link->site->entry, status, link->site->entry.address);
    }
    gr_log("probe %llu: mode %s", (unsigned long long)probe->by_id.key, graft_mode_name(mode));
    return GRAFT_OK;
}

/* Takes the links of one image out of a probe, without marking sites: their bytes are gone. */
static void drop_links(struct gr_probe *probe, uint64_t serial) {
    size_t kept = 0;
    for (size_t i = 0; i < probe->link_count; i++) {
        struct gr_link *link = &probe->links[i];
        if (gr_link_serial(link) != serial) {
            probe->links[kept++] = *link;
            continue;
        }
        probe->hits_gone += gr_link_hits(link);
        gr_link_break(link);
    }
    probe->link_count = kept;
    if (kept == 0)
        probe->reason = GRAFT_NOT_FOUND;
}

struct gone {
    uint64_t serial;
    struct gr_site *first;
};

static bool collect_gone(struct gr_registry_node *node, void *context) {
    struct gr_site *site = (struct gr_site *)(void *)((char *)node - offsetof(struct gr_site, by_address));
    struct gone *gone = context;
    if (site->image_serial == gone->serial) {
        site->next = gone->first;
        gone->first = site;
    }
    return true;
}

void gr_probe_image_gone(const struct gr_image *image) {
    for (struct gr_probe *probe = gr_plane.first; probe != NULL; probe = probe->next)
        drop_links(probe, image->serial);
    gr_undirty_image(image->serial);
    gr_identity_gone(image->serial);
    struct gone gone = {.serial = image->serial};
    gr_registry_each(gr_plane.sites, collect_gone, &gone);
    while (gone.first != NULL) {
        struct gr_site *site = gone.first;
        gone.first = site->next;
        gr_site_gone(site);
    }
    gr_log("image unloaded: %s", image->path);
}

uint64_t gr_link_hits(const struct gr_link *link) {
    return link->attachment != NULL ? gr_counter_read(link->site) - link->hits_before : 0;
}

uint64_t gr_probe_hits(const struct gr_probe *probe) {
    uint64_t sum = probe->hits_gone;
    for (size_t i = 0; i < probe->link_count; i++)
        sum += gr_link_hits(&probe->links[i]);
    return sum;
}

enum graft_state gr_link_state(const struct gr_link *link) {
    const struct gr_site *site = link->site;
    if (link->attachment == NULL)
        return GRAFT_STATE_REFUSED;
    if (link->reason != GRAFT_OK)
        return link->reason == GRAFT_UNSAFE_THREADS ? GRAFT_STATE_PENDING : GRAFT_STATE_REFUSED;
    if (link->attachment->mode == GRAFT_MODE_ONCE &&
        atomic_load_explicit(&link->attachment->fired, memory_order_acquire))
        return GRAFT_STATE_DISARMED;
    if (link->attachment->meter != NULL && gr_breaker_tripped(&link->attachment->meter->breaker))
        return GRAFT_STATE_TRIPPED;
    return site->in_place ? GRAFT_STATE_INSTALLED : GRAFT_STATE_PENDING;
}

/* A probe is what the best of its entry points is. */
enum graft_state gr_probe_state(const struct gr_probe *probe) {
    bool seen[GRAFT_STATE_TRIPPED + 1] = {false};
    for (size_t i = 0; i < probe->link_count; i++)
        seen[gr_link_state(&probe->links[i])] = true;
    return seen[GRAFT_STATE_INSTALLED]               ? GRAFT_STATE_INSTALLED
           : seen[GRAFT_STATE_DISARMED]              ? GRAFT_STATE_DISARMED
           : seen[GRAFT_STATE_TRIPPED]               ? GRAFT_STATE_TRIPPED
           : seen[GRAFT_STATE_PENDING]               ? GRAFT_STATE_PENDING
           : seen[GRAFT_STATE_REFUSED]               ? GRAFT_STATE_REFUSED
           : probe->reason == GRAFT_TARGET_TOO_BROAD ? GRAFT_STATE_REFUSED
                                                     : GRAFT_STATE_PENDING;
}
