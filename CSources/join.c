/* join.c: joins a probe to one entry point, or notes why it cannot be. See plane.h. */
#include "join.h"
#include "arch/arch.h"
#include "around.h"
#include "completion.h"
#include "counters.h"
#include "heap.h"
#include "identity.h"
#include "log.h"
#include "os/os.h"
#include <stdlib.h>
#include <string.h>

enum { VECTORS_KNOWN = 64 };

/* The widest vectors of images that were looked at; the oldest is forgotten first. */
static struct {
    uint64_t serial;
    enum gr_keep keep;
} vectors_known[VECTORS_KNOWN];
static unsigned vectors_next;

static size_t read_live(void *context, uint64_t address, void *bytes, size_t size) {
    (void)context;
    return gr_os_peek(address, bytes, size);
}

static enum gr_keep vectors_of(const struct gr_image *image) {
    for (unsigned i = 0; i < VECTORS_KNOWN; i++)
        if (vectors_known[i].serial == image->serial && image->serial != 0)
            return vectors_known[i].keep;
    uint64_t *starts = NULL;
    size_t count = 0;
    if (gr_resolver_starts(image, &starts, &count) != GRAFT_OK)
        return GR_KEEP_XSAVE; /* the safe side */
    enum gr_keep keep = GR_KEEP_ALL;
    struct gr_function range = {.read = read_live};
    for (uint64_t next = 0; gr_resolver_code(image, &next, &range.address, &range.size);) {
        enum gr_keep found = gr_arch_vectors(&range, starts, count);
        keep = found > keep ? found : keep;
    }
    free(starts);
    vectors_known[vectors_next].serial = image->serial;
    vectors_known[vectors_next++ % VECTORS_KNOWN].keep = keep;
    vectors_next %= VECTORS_KNOWN;
    return keep;
}

/* Makes a new site known, by its address and by its canonical identifier. */
static enum graft_status enroll(struct gr_site *site) {
    site->by_address.key = site->entry.address;
    site->symbol_hash = gr_registry_hash(site->entry.symbol, strlen(site->entry.symbol));
    enum graft_status status = gr_identity_add(&site->entry, site->image_serial);
    return status == GRAFT_OK ? gr_registry_insert(gr_plane.sites, &site->by_address) : status;
}

/* The symbol's text lies in the image's file, which somebody may cut short; what handlers are given must not go away. */
static bool keep_symbol(struct gr_site *site, const struct gr_image *image) {
    struct graft_entry_point *entry = &site->entry;
    const char *kept = entry->symbol[0] != 0 ? gr_resolver_keep(image, entry->symbol) : entry->symbol;
    if (kept == NULL)
        return false;
    if (entry->name == entry->symbol)
        entry->name = kept;
    entry->symbol = kept;
    return true;
}

static bool may_trap(const struct gr_probe *probe) {
    return (probe->flags & GRAFT_PROBE_TRAP) != 0;
}

/* Probes of ours are for functions of the C library, which uses the widest vectors that the
 * machine has; to find that out takes milliseconds, which a program that is only guarded shall not pay. */
static enum graft_status make_site(
    const struct gr_match *match, const struct gr_probe *probe, struct gr_site **site, uint64_t *offender) {
    struct graft_entry_point entry = match->entry;
    if (gr_preserves_registers(&entry))
        entry.flags &= ~(uint32_t)GRAFT_ENTRY_ABI_CALLERS;
    const struct gr_patch_image image = {
        .code_start = match->image->code_start,
        .code_end = match->image->code_end,
        .serial = match->image->serial,
        .vectors = probe->internal ? GR_KEEP_XSAVE : vectors_of(match->image),
        .trap = may_trap(probe) && !gr_trap_denied(match->image),
    };
    struct gr_site *made;
    bool open_elsewhere = (entry.flags & (GRAFT_ENTRY_COMPLETES | GRAFT_ENTRY_YIELDS)) != 0;
    enum graft_status status = open_elsewhere ? gr_completions_start() : GRAFT_OK;
    if (status == GRAFT_OK)
        status = gr_patch_prepare(&entry, &image, &made, offender);
    if (status != GRAFT_OK)
        return status;
    made->own = true; /* until the application uses it */
    status = keep_symbol(made, match->image) ? enroll(made) : GRAFT_NO_MEMORY;
    if (status != GRAFT_OK) {
        gr_patch_forget(made);
        return status;
    }
    *site = made;
    return GRAFT_OK;
}

static struct gr_site *site_at(uint64_t address) {
    struct gr_registry_node *node = gr_registry_find(gr_plane.sites, address);
    return node != NULL ? (struct gr_site *)(void *)((char *)node - offsetof(struct gr_site, by_address)) : NULL;
}

/* The limit is the application's alone: what it has not used yet is ours. */
static enum graft_status room_for(const struct gr_site *site, bool internal) {
    size_t own = gr_registry_count(gr_plane.sites) - gr_plane.sites_used;
    if (internal)
        return site != NULL || own < GR_OWN_PROBES ? GRAFT_OK : GRAFT_LIMIT_PROBES;
    return (site != NULL && !site->own) || gr_plane.sites_used < gr_plane.probes_max ? GRAFT_OK : GRAFT_LIMIT_PROBES;
}

static void use_site(struct gr_site *site, bool internal) {
    gr_plane.sites_used += site->own && !internal;
    site->own = site->own && internal;
    site->users++;
}

static enum graft_status find_site(
    const struct gr_match *match, const struct gr_probe *probe, struct gr_site **site, uint64_t *offender) {
    *offender = match->entry.address;
    if ((match->entry.flags & GRAFT_ENTRY_IFUNC) != 0)
        return GRAFT_IFUNC;
    if (gr_denied(&match->entry, match->image))
        return GRAFT_DENIED;
    struct gr_site *known = site_at(match->entry.address);
    enum graft_status status = room_for(known, probe->internal);
    if (status == GRAFT_OK && known == NULL)
        status = make_site(match, probe, &known, offender);
    else if (status == GRAFT_OK && !may_trap(probe))
        status = known->no_jump; /* another probe's trap */
    if (status == GRAFT_OK)
        *site = known;
    return status;
}

/* 2^32 / N, rounded up: of N calls in a row, one has a number whose product with it is less than it, modulo 2^32. */
static uint32_t sample_step(const struct gr_probe *probe) {
    bool told = probe->mode == GRAFT_MODE_ENTRY || probe->mode == GRAFT_MODE_ENTRY_EXIT;
    return told && probe->sample_every > 1 ? UINT32_MAX / probe->sample_every + 1 : 0;
}

static struct gr_attachment *new_attachment(const struct gr_probe *probe) {
    struct gr_attachment *made = gr_heap_take(sizeof *made);
    if (made == NULL)
        return NULL;
    made->probe = probe->by_id.key;
    made->mode = probe->mode;
    made->flags = probe->flags;
    made->internal = probe->internal;
    made->handler = probe->handler;
    made->context = probe->context;
    bool told = probe->mode == GRAFT_MODE_ENTRY || probe->mode == GRAFT_MODE_ENTRY_EXIT;
    made->meter = told ? probe->meter : NULL;
    made->plain = told && probe->meter == NULL && probe->handler != NULL &&
                  (probe->flags & (GRAFT_PROBE_THREAD | GRAFT_PROBE_TIME)) == 0;
    made->sample_step = sample_step(probe);
    return made;
}

/* True when each site has an attachment of its own: it knows for itself that it has reported, how many calls it has seen,
 * or has a port. */
static bool keeps_to_itself(const struct gr_probe *probe) {
    return probe->mode == GRAFT_MODE_ONCE || probe->mode == GRAFT_MODE_AROUND || sample_step(probe) != 0;
}

/* The one that all sites of the probe share, made anew when the mode has changed; or a new one. The caller is a user. */
static struct gr_attachment *take_attachment(struct gr_probe *probe, struct gr_around_port *port) {
    struct gr_attachment *shared = probe->attachment;
    bool own = keeps_to_itself(probe);
    if (!own && shared != NULL && shared->mode == probe->mode) {
        shared->users++;
        return shared;
    }
    struct gr_attachment *made = new_attachment(probe);
    if (made == NULL)
        return NULL;
    made->users = 1;
    made->around = probe->around;
    made->port = port;
    if (own)
        return made;
    if (shared != NULL)
        gr_attachment_release(shared);
    probe->attachment = made;
    made->users++;
    return made;
}

enum graft_status gr_link_attach(struct gr_link *link, struct gr_probe *probe) {
    struct gr_site *site = link->site;
    bool exit = probe->mode == GRAFT_MODE_ENTRY_EXIT || probe->mode == GRAFT_MODE_AROUND;
    if (exit && gr_exit_denied(&site->entry))
        return GRAFT_NO_EXIT;
    struct gr_around_port *port = NULL;
    enum graft_status status =
        probe->around != NULL ? gr_around_port(site, probe->around, link->attachment, &port) : GRAFT_OK;
    if (status != GRAFT_OK)
        return status;
    struct gr_attachment *attachment = take_attachment(probe, port);
    if (attachment == NULL)
        return GRAFT_NO_MEMORY;
    uint64_t hits = link->attachment != NULL ? link->hits_before : gr_counter_read(site);
    status =
        link->attachment != NULL ? gr_attach_replace(site, link->attachment, attachment) : gr_attach(site, attachment);
    gr_attachment_release(attachment); /* the site uses it now, or nobody does */
    if (status != GRAFT_OK)
        return status;
    link->attachment = attachment;
    link->hits_before = hits;
    link->reason = site->waits && !site->in_place ? GRAFT_UNSAFE_THREADS : GRAFT_OK;
    if ((probe->flags & GRAFT_PROBE_CALLER) != 0 && (site->frames == NULL || site->frames->count == 0))
        atomic_store_explicit(&site->caller_wanted, true, memory_order_relaxed);
    gr_dirty(site);
    return GRAFT_OK;
}

const struct graft_entry_point *gr_link_entry(const struct gr_link *link) {
    static const struct graft_entry_point unknown = {.image = "", .build_id = "", .symbol = "", .name = ""};
    return link->refusal != NULL ? &link->refusal->entry : link->site != NULL ? &link->site->entry : &unknown;
}

uint64_t gr_link_serial(const struct gr_link *link) {
    return link->refusal != NULL ? link->refusal->image_serial : link->site != NULL ? link->site->image_serial : 0;
}

/* A refused link keeps its own copy of what the entry point is. */
static struct gr_refusal *new_refusal(const struct graft_entry_point *entry) {
    const char *from[] = {entry->image, entry->build_id, entry->symbol, entry->name};
    size_t size = 0;
    for (int i = 0; i < 4; i++)
        size += strlen(from[i]) + 1;
    struct gr_refusal *made = gr_heap_take(sizeof *made + size);
    if (made == NULL)
        return NULL;
    const char **to[] = {&made->entry.image, &made->entry.build_id, &made->entry.symbol, &made->entry.name};
    char *at = made->strings;
    made->entry = *entry;
    for (int i = 0; i < 4; i++) {
        *to[i] = at;
        size_t length = strlen(from[i]) + 1;
        at = (char *)memcpy(at, from[i], length) + length;
    }
    return made;
}

void gr_link_refuse(
    struct gr_link *link, const struct graft_entry_point *entry, enum graft_status why, uint64_t offender) {
    link->reason = why;
    if (link->refusal == NULL)
        link->refusal = new_refusal(entry);
    if (link->refusal != NULL) {
        link->refusal->offender = offender;
        if (link->site != NULL)
            link->refusal->image_serial = link->site->image_serial;
    }
    gr_plane.counters.refused++;
    gr_plane.counters.refused_by[why]++;
    gr_log("probe: refused %s in %s at %#llx: %s", entry->name, entry->image, (unsigned long long)offender,
        graft_status_sentence(why));
}

void gr_link_make(struct gr_link *link, struct gr_probe *probe, const struct gr_match *match) {
    uint64_t offender;
    *link = (struct gr_link){0};
    enum graft_status status = find_site(match, probe, &link->site, &offender);
    if (status == GRAFT_OK) {
        use_site(link->site, probe->internal);
        if (probe->around != NULL)
            status = gr_around_check(probe->around, gr_plane.resolver, match->entry.address);
        if (status == GRAFT_OK)
            status = gr_link_attach(link, probe);
    }
    if (status == GRAFT_OK)
        return;
    gr_link_refuse(link, &match->entry, status, offender);
    if (link->refusal != NULL)
        link->refusal->image_serial = match->image->serial;
}

/* The site itself stays, ready to be used again: threads may be anywhere in its stub. */
void gr_link_break(struct gr_link *link) {
    if (link->attachment != NULL && gr_detach(link->site, link->attachment) == GRAFT_OK) {
        link->attachment = NULL;
        gr_dirty(link->site);
    }
    if (link->site != NULL)
        link->site->users--;
    gr_heap_give(link->refusal);
    *link = (struct gr_link){0};
}

void gr_site_gone(struct gr_site *site) {
    gr_plane.hits_gone += gr_counter_read(site);
    gr_plane.sites_used -= !site->own;
    if (site->in_place) {
        gr_plane.counters.removed++;
        gr_plane.counters.active--;
    }
    site->in_place = false;
    gr_registry_remove(gr_plane.sites, site->by_address.key);
    gr_around_forget(site);
    gr_patch_forget(site);
}
