/* join.c: joins a probe to one entry point, or notes why it cannot be. See plane.h. */
#include "join.h"
#include "arch/arch.h"
#include "around.h"
#include "counters.h"
#include "log.h"
#include "os/os.h"
#include <stdlib.h>
#include <string.h>

enum { VECTORS_KNOWN = 64, IDENTIFIER_MAX = 8192 };

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

uint64_t gr_identifier_key(const struct graft_entry_point *entry) {
    char text[IDENTIFIER_MAX];
    size_t length = graft_entry_point_identifier(entry, text, sizeof text);
    return gr_registry_hash(text, length < sizeof text ? length : sizeof text - 1);
}

/* Enters a new site into the registries. */
static enum graft_status enroll(struct gr_site *site) {
    site->by_address.key = site->entry.address;
    site->by_identifier.key = gr_identifier_key(&site->entry);
    enum graft_status status = gr_registry_insert(gr_plane.sites, &site->by_address);
    if (status != GRAFT_OK)
        return status;
    status = gr_registry_insert(gr_plane.identifiers, &site->by_identifier);
    if (status == GRAFT_DUPLICATE)
        status = GRAFT_OK; /* the same image mapped twice: the first one answers for the identifier */
    if (status != GRAFT_OK)
        gr_registry_remove(gr_plane.sites, site->by_address.key);
    return status;
}

/* `internal`: for a probe of ours. Those are for functions of the C library, which uses the widest vectors that the
 * machine has; to find that out takes milliseconds, which a program that is only guarded shall not pay. */
static enum graft_status make_site(
    const struct gr_match *match, bool internal, struct gr_site **site, uint64_t *offender) {
    struct graft_entry_point entry = match->entry;
    if (gr_preserves_registers(&entry))
        entry.flags &= ~(uint32_t)GRAFT_ENTRY_ABI_CALLERS;
    const struct gr_patch_image image = {
        .code_start = match->image->code_start,
        .code_end = match->image->code_end,
        .serial = match->image->serial,
        .vectors = internal ? GR_KEEP_XSAVE : vectors_of(match->image),
    };
    struct gr_site *made;
    enum graft_status status = gr_patch_prepare(&entry, &image, &made, offender);
    if (status != GRAFT_OK)
        return status;
    made->own = true; /* until the application uses it */
    status = enroll(made);
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
    const struct gr_match *match, bool internal, struct gr_site **site, uint64_t *offender) {
    *offender = match->entry.address;
    if ((match->entry.flags & GRAFT_ENTRY_IFUNC) != 0)
        return GRAFT_IFUNC;
    if (gr_denied(&match->entry, match->image))
        return GRAFT_DENIED;
    struct gr_site *known = site_at(match->entry.address);
    enum graft_status status = room_for(known, internal);
    if (status == GRAFT_OK && known == NULL)
        status = make_site(match, internal, &known, offender);
    if (status == GRAFT_OK)
        *site = known;
    return status;
}

/* 2^32 / N, rounded up: of N calls in a row, one has a number whose product with it is less than it, modulo 2^32. */
static uint32_t sample_step(const struct gr_probe *probe) {
    bool told = probe->mode == GRAFT_MODE_ENTRY || probe->mode == GRAFT_MODE_ENTRY_EXIT;
    return told && probe->sample_every > 1 ? UINT32_MAX / probe->sample_every + 1 : 0;
}

enum graft_status gr_link_attach(struct gr_link *link, const struct gr_probe *probe) {
    struct gr_site *site = link->site;
    bool exit = probe->mode == GRAFT_MODE_ENTRY_EXIT || probe->mode == GRAFT_MODE_AROUND;
    if (exit && gr_exit_denied(&site->entry))
        return GRAFT_NO_EXIT;
    struct gr_around_port *port = NULL;
    enum graft_status status =
        probe->around != NULL ? gr_around_port(site, probe->around, link->attachment, &port) : GRAFT_OK;
    if (status != GRAFT_OK)
        return status;
    struct gr_attachment *attachment = calloc(1, sizeof *attachment);
    if (attachment == NULL)
        return GRAFT_NO_MEMORY;
    attachment->probe = probe->by_id.key;
    attachment->mode = probe->mode;
    attachment->flags = probe->flags;
    attachment->internal = probe->internal;
    attachment->handler = probe->handler;
    attachment->context = probe->context;
    attachment->around = probe->around;
    attachment->port = port;
    attachment->plain = (probe->mode == GRAFT_MODE_ENTRY || probe->mode == GRAFT_MODE_ENTRY_EXIT) &&
                        probe->handler != NULL && (probe->flags & (GRAFT_PROBE_THREAD | GRAFT_PROBE_TIME)) == 0;
    attachment->sample_step = sample_step(probe);
    attachment->hits_before = link->attachment != NULL ? link->attachment->hits_before : gr_counter_read(site);
    status =
        link->attachment != NULL ? gr_attach_replace(site, link->attachment, attachment) : gr_attach(site, attachment);
    if (status != GRAFT_OK) {
        free(attachment);
        return status;
    }
    link->attachment = attachment;
    link->reason = site->waits && !site->in_place ? GRAFT_UNSAFE_THREADS : GRAFT_OK;
    if ((probe->flags & GRAFT_PROBE_CALLER) != 0 && site->frame_count == 0)
        atomic_store_explicit(&site->caller_wanted, true, memory_order_relaxed);
    gr_dirty(site);
    return GRAFT_OK;
}

/* A refused link keeps its own copy of what the entry point is. */
static void remember_entry(struct gr_link *link, const struct graft_entry_point *entry) {
    const char *from[] = {entry->image, entry->build_id, entry->symbol, entry->name};
    const char **to[] = {&link->entry.image, &link->entry.build_id, &link->entry.symbol, &link->entry.name};
    size_t size = 0;
    for (int i = 0; i < 4; i++)
        size += strlen(from[i]) + 1;
    link->entry = *entry;
    char *at = link->strings = malloc(size);
    for (int i = 0; i < 4; i++) {
        *to[i] = at != NULL ? at : "";
        size_t length = strlen(from[i]) + 1;
        if (at != NULL)
            at = (char *)memcpy(at, from[i], length) + length;
    }
}

void gr_link_refuse(
    struct gr_link *link, const struct graft_entry_point *entry, enum graft_status why, uint64_t offender) {
    link->reason = why;
    link->offender = offender;
    if (link->strings == NULL)
        remember_entry(link, entry);
    gr_plane.counters.refused++;
    gr_plane.counters.refused_by[why]++;
    gr_log("probe: refused %s in %s at %#llx: %s", entry->name, entry->image, (unsigned long long)offender,
        graft_status_sentence(why));
}

void gr_link_make(struct gr_link *link, const struct gr_probe *probe, const struct gr_match *match) {
    uint64_t offender;
    *link = (struct gr_link){.image_serial = match->image->serial, .address = match->entry.address};
    enum graft_status status = find_site(match, probe->internal, &link->site, &offender);
    if (status == GRAFT_OK) {
        use_site(link->site, probe->internal);
        if (probe->around != NULL)
            status = gr_around_check(probe->around, gr_plane.resolver, link->address);
        if (status == GRAFT_OK)
            status = gr_link_attach(link, probe);
    }
    if (status != GRAFT_OK)
        gr_link_refuse(link, &match->entry, status, offender);
}

/* The site itself stays, ready to be used again: threads may be anywhere in its stub. */
void gr_link_break(struct gr_link *link) {
    if (link->attachment != NULL && gr_detach(link->site, link->attachment) == GRAFT_OK) {
        link->attachment = NULL;
        gr_dirty(link->site);
    }
    if (link->site != NULL)
        link->site->users--;
    free(link->strings);
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
    struct gr_registry_node *node = gr_registry_find(gr_plane.identifiers, site->by_identifier.key);
    if (node == &site->by_identifier)
        gr_registry_remove(gr_plane.identifiers, node->key);
    gr_around_forget(site);
    gr_patch_forget(site);
}
