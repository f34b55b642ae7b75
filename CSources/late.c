/* late.c: images that are loaded and unloaded while we are here.
 *
 * The loader calls an empty function of its own (_dl_debug_state, the debugger's rendezvous) around each change of its
 * list. A probe of ours on it, in preserve-all mode, tells us without polling. Before an image is unmapped the loader's
 * thread waits here until a commit that is under way has ended (microseconds to milliseconds), and no other begins
 * until the list is consistent again: so nothing is ever written to memory that is gone. Afterwards the control thread
 * compares the lists. Where the rendezvous cannot be patched, the lists are compared once a second.
 * Locks: `bytes` is a leaf; while it is held the loader is never called. */
#include "late.h"
#include "control.h"
#include "hit.h"
#include "log.h"
#include "os/os.h"
#include "plane.h"
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>

static pthread_mutex_t bytes = PTHREAD_MUTEX_INITIALIZER;
static bool unloading;          /* guarded by `bytes` */
static _Atomic uint64_t events; /* calls of the rendezvous */
static uint64_t events_seen;    /* control plane */
static bool watching, started;

enum { UNLOAD_POLL_MS = 5, UNLOAD_WAIT_MAX_MS = 10000 };

/* On the thread that loads or unloads, with the loader's lock held. */
static void rendezvous(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
    pthread_mutex_lock(&bytes);
    unloading = _r_debug.r_state == RT_DELETE;
    pthread_mutex_unlock(&bytes);
    atomic_fetch_add_explicit(&events, 1, memory_order_release); /* pairs with gr_late_refresh */
    gr_notify();
}

static void loaded(const struct gr_image *image, void *context) {
    (void)context;
    gr_log("image loaded: %s", image->path);
    for (struct gr_probe *probe = gr_plane.first; probe != NULL; probe = probe->next)
        gr_probe_link(probe, image);
}

static void unloaded(const struct gr_image *image, void *context) {
    (void)context;
    gr_probe_image_gone(image);
}

void gr_late_refresh(void) {
    uint64_t now = atomic_load_explicit(&events, memory_order_acquire);
    if (!started || (watching && now == events_seen))
        return;
    events_seen = now;
    gr_patch_begin();
    enum graft_status status = gr_resolver_refresh(gr_plane.resolver, loaded, unloaded, NULL);
    gr_resolver_end(gr_plane.resolver);
    if (status != GRAFT_OK)
        gr_log("images: could not be compared: %s", graft_status_sentence(status));
}

/* True when no image is being unloaded and the list has not changed since we looked. */
static bool settled(void) {
    return !unloading && (!watching || atomic_load_explicit(&events, memory_order_acquire) == events_seen);
}

void gr_late_lock(void) {
    for (int waited = 0;; waited += UNLOAD_POLL_MS) {
        pthread_mutex_lock(&bytes);
        if (settled())
            return;
        bool busy = unloading;
        if (busy && waited > UNLOAD_WAIT_MAX_MS) { /* an unload that was abandoned: trust the list alone */
            unloading = false;
            gr_log("images: an unload has not ended after %d ms", waited);
        }
        pthread_mutex_unlock(&bytes);
        if (busy)
            gr_os_wait(&gr_notifications, __atomic_load_n(&gr_notifications, __ATOMIC_ACQUIRE), UNLOAD_POLL_MS);
        else
            gr_late_refresh();
    }
}

void gr_late_unlock(void) {
    pthread_mutex_unlock(&bytes);
}

void gr_late_fork_lock(void) {
    pthread_mutex_lock(&bytes);
}

void gr_late_fork_unlock(void) {
    pthread_mutex_unlock(&bytes);
}

void gr_late_fork_child(void) {
    pthread_mutex_init(&bytes, NULL);
    unloading = false;
}

bool gr_late_started(void) {
    return started;
}

enum graft_status gr_late_start(void) {
    started = true;
    enum graft_status status = gr_resolver_refresh(gr_plane.resolver, NULL, NULL, NULL);
    if (status != GRAFT_OK)
        return status;
    const struct graft_probe_spec spec = {
        .target = GR_LOADER ":_dl_debug_state", .mode = GRAFT_MODE_ENTRY, .handler = rendezvous};
    struct gr_probe *probe = NULL;
    gr_probe_add(&spec, true, &probe);
    gr_settle();
    watching = probe != NULL && gr_probe_state(probe) == GRAFT_STATE_INSTALLED;
    if (!watching)
        gr_log("images: the loader cannot be watched; its list is compared once a second");
    return GRAFT_OK;
}

bool gr_late_watching(void) {
    return watching;
}

void gr_late_stop(void) {
    watching = started = false;
}
