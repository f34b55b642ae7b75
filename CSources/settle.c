/* settle.c: makes the bytes of dirty sites agree with what is attached to them.
 *
 * Calls are led where they belong first (a store to the slot); then, in two batches, patches that nobody wants any more
 * are restored and those that are missing are committed. A site that fails is taken out of the batch, its links are
 * told why, and the rest is tried again. One that waits for a thread that blocks SIGTRAP stays dirty and is looked at
 * again after a pause, which doubles up to a bound. Control plane, under its lock; bytes under late.c's. */
#include "codemem.h"
#include "heap.h"
#include "join.h"
#include "log.h"
#include "os/os.h"
#include "plane.h"

enum { RETRY_FIRST_MS = 100, RETRY_LAST_MS = 2000 };

static struct gr_site *first_dirty;
static size_t dirty_count;

void gr_dirty(struct gr_site *site) {
    if (site->dirty)
        return;
    site->dirty = true;
    site->next = first_dirty;
    first_dirty = site;
    dirty_count++;
}

void gr_undirty_image(uint64_t serial) {
    struct gr_site **link = &first_dirty;
    while (*link != NULL) {
        struct gr_site *site = *link;
        if (site->image_serial != serial) {
            link = &site->next;
            continue;
        }
        *link = site->next;
        site->dirty = false;
        dirty_count--;
    }
}

/* Tells every probe, of each of its entry points, why it is not patched, or that it is by now. */
static void tell_links(void) {
    for (struct gr_probe *probe = gr_plane.first; probe != NULL; probe = probe->next) {
        for (size_t i = 0; i < probe->link_count; i++) {
            struct gr_link *link = &probe->links[i];
            if (link->attachment == NULL || link->reason == link->site->reason)
                continue;
            enum graft_status why = link->site->reason;
            if (why != GRAFT_OK && why != GRAFT_UNSAFE_THREADS)
                gr_link_refuse(link, &link->site->entry, why, link->site->entry.address);
            link->reason = why;
        }
    }
}

static void committed(struct gr_site *const *sites, size_t count) {
    for (size_t i = 0; i < count; i++) {
        gr_plane.counters.installed++;
        gr_plane.counters.active++;
        sites[i]->waits = false;
        gr_log("patch: installed %s at %#llx", sites[i]->entry.name, (unsigned long long)sites[i]->patch_address);
    }
}

/* A thread that blocks SIGTRAP is in the way, perhaps only for a while. Told once, then counted. */
static void put_off(struct gr_site *site) {
    if (site->waits) {
        gr_plane.counters.unsafe_retries++;
    } else {
        gr_plane.counters.unsafe_threads++;
        gr_plane.retry_ms = 0; /* a new one is tried again soon, and the others with it */
    }
    site->waits = true;
    gr_plane.retry = true;
    gr_dirty(site);
}

/* Takes the sites at fault out of a batch; returns how many are left. */
static size_t leave_out(struct gr_site **sites, size_t count, enum graft_status why) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (sites[i]->reason != why) {
            sites[kept++] = sites[i];
        } else if (why == GRAFT_UNSAFE_THREADS) {
            put_off(sites[i]);
        }
    }
    return kept;
}

static void commit(struct gr_site **sites, size_t count) {
    bool news = false;
    for (size_t i = 0; i < count; i++)
        news = news || sites[i]->reason != GRAFT_OK;
    while (count > 0) {
        struct gr_site *failed;
        enum graft_status status = gr_patch_commit(sites, count, &failed);
        if (status == GRAFT_OK) {
            committed(sites, count);
            break;
        }
        count = leave_out(sites, count, status);
        news = true;
    }
    if (news)
        tell_links();
}

/* What may be otherwise in a while: a thread that blocks SIGTRAP, or a system that has run out of something. */
static bool may_pass(enum graft_status reason) {
    return reason == GRAFT_UNSAFE_THREADS || reason == GRAFT_OS || reason == GRAFT_NO_MEMORY;
}

static void restore(struct gr_site **sites, size_t count) {
    if (count == 0)
        return;
    gr_patch_restore(sites, count);
    for (size_t i = 0; i < count; i++) {
        struct gr_site *site = sites[i];
        if (site->in_place && may_pass(site->reason)) {
            put_off(site);
        } else if (site->in_place) {
            gr_log("patch: %s at %#llx keeps its jump, which leads straight on: %s", site->entry.name,
                (unsigned long long)site->patch_address, graft_status_sentence(site->reason));
        } else {
            gr_plane.counters.removed++;
            gr_plane.counters.active--;
            site->waits = false;
            gr_log("patch: restored %s at %#llx", site->entry.name, (unsigned long long)site->patch_address);
        }
    }
}

static void reverse(struct gr_site **sites, size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        struct gr_site *other = sites[count - 1 - i];
        sites[count - 1 - i] = sites[i];
        sites[i] = other;
    }
}

/* True while a site that waits has to wait longer: it stays on the list. */
static bool early(struct gr_site *site, uint64_t now) {
    if (!site->waits || now >= gr_plane.retry_at)
        return false;
    gr_plane.retry = true;
    gr_dirty(site);
    return true;
}

/* After an attempt at `now`: when the next one is due. */
static void plan_retry(uint64_t now) {
    if (!gr_plane.retry) {
        gr_plane.retry_ms = 0;
    } else if (now >= gr_plane.retry_at || gr_plane.retry_ms == 0) {
        unsigned doubled = 2 * gr_plane.retry_ms;
        gr_plane.retry_ms = doubled == 0 ? RETRY_FIRST_MS : doubled < RETRY_LAST_MS ? doubled : RETRY_LAST_MS;
        gr_plane.retry_at = now + UINT64_C(1000000) * gr_plane.retry_ms;
    }
}

void gr_settle(void) {
    uint64_t now = gr_os_nanoseconds();
    gr_late_lock(); /* may forget sites, so the list is read after it */
    /* Calls may be led to new code by a store alone, without a commit. What is refused once may be granted the next time. */
    if (gr_codemem_seal() != GRAFT_OK && gr_codemem_seal() != GRAFT_OK) {
        gr_log("settle: new code cannot be made executable; tried again later");
        gr_plane.retry = true;
        plan_retry(now);
        gr_patch_end();
        gr_late_unlock();
        return;
    }
    size_t count = dirty_count, to_restore = 0, to_commit = count;
    struct gr_site **sites = gr_heap_array(count, sizeof *sites);
    struct gr_site *site = first_dirty;
    gr_plane.retry = false;
    if (sites != NULL) {
        first_dirty = NULL;
        dirty_count = 0;
    }
    for (struct gr_site *next; sites != NULL && site != NULL; site = next) {
        next = site->next;
        site->dirty = false;
        bool wanted = gr_attach_wanted(site);
        gr_patch_aim(site, gr_attach_stub(site));
        if (wanted == site->in_place) {
            site->reason = GRAFT_OK;
            site->waits = false;
        } else if (!early(site, now)) {
            sites[wanted ? --to_commit : to_restore++] = site;
        }
    }
    reverse(sites, to_restore); /* as the others are by now: in the order of the changes, mostly that of addresses */
    if (sites != NULL) {
        restore(sites, to_restore);
        commit(sites + to_commit, count - to_commit);
    } else {
        gr_log("settle: no memory for %zu sites; tried again later", count);
        gr_plane.retry = true;
    }
    gr_patch_end();
    plan_retry(now);
    gr_late_unlock();
    gr_heap_give(sites);
}
