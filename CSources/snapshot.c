/* snapshot.c: consistent views for users, and lock-free look-ups; see probe.h. */
#include "attach.h"
#include "control.h"
#include "counters.h"
#include "epoch.h"
#include "hit.h"
#include "identity.h"
#include "join.h"
#include "meter.h"
#include "thread.h"
#include "trap.h"
#include <stdlib.h>
#include <string.h>

/* What a snapshot is made of: one block for everything that its pointers lead to. */
struct builder {
    char *base; /* null while measuring */
    size_t used;
};

static void *place(struct builder *b, size_t size) {
    size_t at = (b->used + 7) & ~(size_t)7;
    b->used = at + size;
    return b->base != NULL ? b->base + at : NULL;
}

static const char *text(struct builder *b, const char *from) {
    size_t size = strlen(from) + 1;
    char *to = place(b, size);
    return to != NULL ? memcpy(to, from, size) : NULL;
}

static struct graft_entry_point entry_copy(struct builder *b, const struct graft_entry_point *from) {
    struct graft_entry_point to = *from;
    to.image = text(b, from->image);
    to.build_id = text(b, from->build_id);
    to.symbol = text(b, from->symbol);
    to.name = text(b, from->name);
    return to;
}

/* The frames of a site, or the one return address that the hit could leave without a buffer. */
static const uint64_t *frames_of(struct builder *b, const struct gr_site *site, size_t *count) {
    uint64_t single = atomic_load_explicit(&site->caller_fallback, memory_order_relaxed);
    const struct gr_frames *many = site->frames != NULL && site->frames->count != 0 ? site->frames : NULL;
    *count = many != NULL ? many->count : single != 0 ? 1 : 0;
    uint64_t *frames = *count != 0 ? place(b, *count * sizeof *frames) : NULL;
    if (frames != NULL)
        memcpy(frames, many != NULL ? many->address : &single, *count * sizeof *frames);
    return frames;
}

static void fill_entry(struct builder *b, const struct gr_link *link, struct graft_entry_info *info) {
    struct graft_entry_info made = {
        .entry = entry_copy(b, gr_link_entry(link)),
        .state = gr_link_state(link),
        .reason = link->reason != GRAFT_OK || link->site == NULL ? link->reason : link->site->reason,
        .hits = gr_link_hits(link),
    };
    if (link->site != NULL)
        made.frames = frames_of(b, link->site, &made.frame_count);
    if (link->site != NULL && made.state != GRAFT_STATE_REFUSED)
        made.tactic = gr_site_tactic(link->site);
    if (info != NULL)
        *info = made;
}

static void fill_probe(struct builder *b, const struct gr_probe *probe, struct graft_probe_info *info) {
    struct graft_entry_info *entries = place(b, probe->link_count * sizeof *entries);
    for (size_t i = 0; i < probe->link_count; i++)
        fill_entry(b, &probe->links[i], entries != NULL ? &entries[i] : NULL);
    const char *target = text(b, probe->target);
    if (info == NULL)
        return;
    *info = (struct graft_probe_info){.id = probe->by_id.key,
        .target = target,
        .mode = probe->mode,
        .state = gr_probe_state(probe),
        .reason = probe->reason,
        .hits = gr_probe_hits(probe),
        .left_out = gr_meter_left_out(probe),
        .sample_every = probe->sample_every > 1 ? probe->sample_every : 1,
        .entries = entries,
        .entry_count = probe->link_count};
    if (probe->meter != NULL) {
        info->max_per_second = probe->meter->budget.per_second;
        info->max_handler_nanoseconds = probe->meter->breaker.limit;
        info->handler_nanoseconds = gr_breaker_mean(&probe->meter->breaker);
    }
    if (probe->reason == GRAFT_OK && info->state == GRAFT_STATE_REFUSED && probe->link_count > 0)
        info->reason = probe->links[0].reason;
}

static bool add_hits(struct gr_registry_node *node, void *context) {
    const struct gr_site *site = (const struct gr_site *)(void *)((char *)node - offsetof(struct gr_site, by_address));
    *(uint64_t *)context += gr_counter_read(site);
    return true;
}

/* Hits of our own probes are not the user's. */
static uint64_t own_hits(void) {
    uint64_t hits = 0;
    for (const struct gr_probe *probe = gr_plane.first; probe != NULL; probe = probe->next)
        for (size_t i = 0; probe->internal && i < probe->link_count; i++)
            if (probe->links[i].site != NULL && probe->links[i].site->users == 1)
                hits += gr_link_hits(&probe->links[i]);
    return hits;
}

static struct graft_counters counters_now(void) {
    struct graft_counters counters = gr_plane.counters;
    counters.hits = gr_plane.hits_gone;
    gr_registry_each(gr_plane.sites, add_hits, &counters.hits);
    counters.hits -= own_hits();
    counters.suppressed = gr_hits_suppressed();
    counters.frames_exhausted = gr_hits_without_frame();
    counters.traps_redirected = gr_traps_redirected();
    counters.callers_dropped = gr_captures_dropped();
    counters.updates_gaps = gr_streams_gaps();
    counters.left_out = gr_plane.left_out_gone;
    for (const struct gr_probe *probe = gr_plane.first; probe != NULL; probe = probe->next) {
        counters.left_out += gr_meter_left_out(probe);
        counters.pending += !probe->internal && gr_probe_state(probe) == GRAFT_STATE_PENDING;
        for (size_t i = 0; probe->internal && i < probe->link_count; i++) {
            const struct gr_site *site = probe->links[i].site;
            if (site != NULL && site->users == 1 && site->in_place) {
                counters.installed--;
                counters.active--;
            }
        }
    }
    return counters;
}

/* The same walk measures and fills: the second time `b->base` is there. Probes are listed newest first. */
static void build(struct builder *b, struct graft_snapshot *snapshot) {
    size_t count = 0;
    for (const struct gr_probe *probe = gr_plane.first; probe != NULL; probe = probe->next)
        count += !probe->internal;
    struct graft_probe_info *probes = place(b, count * sizeof *probes);
    size_t at = count;
    for (const struct gr_probe *probe = gr_plane.first; probe != NULL; probe = probe->next)
        if (!probe->internal)
            fill_probe(b, probe, probes != NULL ? &probes[--at] : NULL);
    if (snapshot != NULL)
        *snapshot = (struct graft_snapshot){
            .probes = probes, .probe_count = count, .counters = counters_now(), .generation = gr_plane.generation};
}

GR_PUBLIC enum graft_status graft_snapshot_take(struct graft_snapshot **snapshot) {
    if (snapshot == NULL)
        return GRAFT_INVALID_ARGUMENT;
    if (gr_in_handler())
        return GRAFT_IN_HANDLER;
    if (!gr_control_running())
        return GRAFT_NOT_STARTED;
    gr_control_lock();
    gr_control_read_captures();
    struct builder measure = {0}, fill = {0};
    place(&measure, sizeof **snapshot);
    build(&measure, NULL);
    /* a first hit may leave its caller between the two walks: room for one frame each */
    size_t spare = gr_registry_count(gr_plane.sites) * 4 * sizeof(uint64_t);
    fill.base = calloc(1, measure.used + spare);
    if (fill.base != NULL) {
        struct graft_snapshot *made = place(&fill, sizeof *made);
        build(&fill, made);
        *snapshot = made;
    }
    gr_control_unlock();
    return fill.base != NULL ? GRAFT_OK : GRAFT_NO_MEMORY;
}

GR_PUBLIC void graft_snapshot_free(struct graft_snapshot *snapshot) {
    free(snapshot);
}

/* ---- look-ups without a lock ---- */

/* Runs `look` inside an epoch section of the calling thread; inside a handler one is open already. */
static enum graft_status in_section(enum graft_status (*look)(void *query), void *query) {
    if (gr_plane.sites == NULL)
        return GRAFT_NOT_STARTED;
    if (gr_in_handler())
        return look(query);
    struct gr_thread *self = gr_self != NULL ? gr_self : gr_thread_take();
    if (self == NULL)
        return GRAFT_NO_MEMORY;
    gr_epoch_enter(&self->epoch);
    enum graft_status status = look(query);
    gr_epoch_leave(&self->epoch);
    return status;
}

struct site_query {
    const char *identifier; /* null: `address` is known */
    uint64_t address, hits;
    enum graft_state state;
};

static const struct gr_site *site_at(uint64_t address) {
    struct gr_registry_node *node = gr_registry_find(gr_plane.sites, address);
    return node != NULL ? (const struct gr_site *)(void *)((char *)node - offsetof(struct gr_site, by_address)) : NULL;
}

static const struct gr_site *site_named(const char *identifier) {
    uint64_t address;
    const char *symbol;
    for (size_t next = 0; gr_identity_next(identifier, &next, &address, &symbol);) {
        const struct gr_site *site = site_at(address);
        if (site != NULL && site->symbol_hash == gr_registry_hash(symbol, strlen(symbol)))
            return site;
    }
    return NULL;
}

static enum graft_status look_site(void *context) {
    struct site_query *query = context;
    const struct gr_site *site = query->identifier != NULL ? site_named(query->identifier) : site_at(query->address);
    if (site == NULL)
        return GRAFT_NOT_FOUND;
    query->hits = gr_counter_read(site);
    query->state = site->in_place ? GRAFT_STATE_INSTALLED : GRAFT_STATE_REMOVED;
    return GRAFT_OK;
}

static enum graft_status find_site(struct site_query query, uint64_t *hits, enum graft_state *state) {
    enum graft_status status = in_section(look_site, &query);
    if (status == GRAFT_OK && hits != NULL)
        *hits = query.hits;
    if (status == GRAFT_OK && state != NULL)
        *state = query.state;
    return status;
}

GR_PUBLIC enum graft_status graft_lookup_address(uint64_t address, uint64_t *hits, enum graft_state *state) {
    return find_site((struct site_query){.address = address}, hits, state);
}

GR_PUBLIC enum graft_status graft_lookup_identifier(const char *identifier, uint64_t *hits, enum graft_state *state) {
    return identifier == NULL ? GRAFT_INVALID_ARGUMENT
                              : find_site((struct site_query){.identifier = identifier}, hits, state);
}

GR_PUBLIC enum graft_status graft_probe_hits(graft_probe_id id, uint64_t *hits) {
    if (hits == NULL)
        return GRAFT_INVALID_ARGUMENT;
    if (gr_in_handler())
        return GRAFT_IN_HANDLER;
    if (!gr_control_running())
        return GRAFT_NOT_STARTED;
    gr_control_lock();
    const struct gr_probe *probe = gr_probe_find(id);
    uint64_t sum = probe != NULL ? gr_probe_hits(probe) : 0;
    gr_control_unlock();
    if (probe == NULL)
        return GRAFT_NO_SUCH_PROBE;
    *hits = sum;
    return GRAFT_OK;
}
