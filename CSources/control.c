/* control.c: the control thread and its lock; see control.h.
 *
 * The thread sleeps on one futex word that every producer of work changes: submitted updates, probes that disarmed
 * themselves or used up a budget, first hits, the loader. Each round does all of it, in a fixed order, under the lock. */
#include "control.h"
#include "around.h"
#include "attach.h"
#include "epoch.h"
#include "heap.h"
#include "hit.h"
#include "images.h"
#include "late.h"
#include "log.h"
#include "os/os.h"
#include "thread.h"
#include "unwinding.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { TICK_MS = 1000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic bool running, stopping;
static uintptr_t thread;
static uint64_t reaped; /* when dead threads' blocks were last looked for */

void gr_control_lock(void) {
    pthread_mutex_lock(&lock);
}

void gr_control_unlock(void) {
    pthread_mutex_unlock(&lock);
}

bool gr_control_try_lock(int milliseconds) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)milliseconds * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return pthread_mutex_timedlock(&lock, &until) == 0;
}

bool gr_control_running(void) {
    return atomic_load_explicit(&running, memory_order_acquire); /* pairs with the release in start and stop */
}

/* The continuations of an async function's callers, up to the first that is no code. */
static size_t read_continuations(const struct gr_capture *capture, uint64_t *frames) {
    size_t count = 0;
    while (count < capture->frame_count && gr_resolver_image_at(gr_plane.resolver, capture->frames[count]) != NULL) {
        frames[count] = capture->frames[count];
        count++;
    }
    return count;
}

/* Without memory for its frames, a hit is as if it had come too often. */
static void read_capture(const struct gr_capture *capture) {
    struct gr_site *site = capture->site;
    if (site->frames == NULL)
        site->frames = gr_heap_take(sizeof *site->frames);
    if (site->frames != NULL)
        site->frames->count = capture->frame_count > 0
                                  ? read_continuations(capture, site->frames->address)
                                  : gr_unwind(&capture->copy, site->frames->address, GRAFT_FRAMES_MAX);
    gr_dirty(site);
}

/* Unwinds the stacks of first hits and lets counting probes go back to counting. */
void gr_control_read_captures(void) {
    struct gr_capture *capture = gr_captures_take();
    while (capture != NULL) {
        struct gr_capture *next = capture->next;
        if (capture->image_serial != 0 && capture->image_serial == capture->site->image_serial)
            read_capture(capture);
        gr_capture_give(capture);
        capture = next;
    }
}

/* Sites whose probes have all reported lose their patch. */
static void find_disarmed(void) {
    for (struct gr_probe *probe = gr_plane.first; probe != NULL; probe = probe->next) {
        if (probe->mode != GRAFT_MODE_ONCE)
            continue;
        for (size_t i = 0; i < probe->link_count; i++) {
            struct gr_site *site = probe->links[i].site;
            if (site != NULL && site->in_place && !gr_attach_wanted(site))
                gr_dirty(site);
        }
    }
}

static void reap(void) {
    uint64_t now = gr_os_nanoseconds();
    if (now - reaped < (uint64_t)TICK_MS * 1000000)
        return;
    reaped = now;
    gr_threads_reap();
    gr_epoch_reclaim();
}

static void round_of_work(void) {
    gr_control_lock();
    gr_late_refresh();
    gr_control_read_captures();
    find_disarmed();
    gr_meters_tend();
    gr_streams_drain();
    gr_settle();
    reap();
    gr_control_unlock();
    gr_around_release_finished();
}

/* How long to sleep when nobody asks for anything: less when something has to be looked at again. */
static int pause_ms(void) {
    bool soon = (gr_late_started() && !gr_late_watching()) || gr_epoch_reclaim() != 0;
    uint64_t now = gr_os_nanoseconds(), next = now + UINT64_C(1000000) * (soon ? TICK_MS / 10 : TICK_MS);
    if (gr_plane.retry && gr_plane.retry_at < next)
        next = gr_plane.retry_at;
    if (gr_plane.metered != 0 && gr_plane.meters_at < next)
        next = gr_plane.meters_at;
    return next <= now ? 0 : (int)((next - now - 1) / 1000000) + 1;
}

/* Nothing is patched, not even by ourselves, before there is a probe to install. */
static void *run(void *unused) {
    gr_thread_is_ours();
    while (!atomic_load_explicit(&stopping, memory_order_acquire)) {
        uint32_t before = __atomic_load_n(&gr_notifications, __ATOMIC_ACQUIRE); /* pairs with gr_notify */
        round_of_work();
        gr_os_wait(&gr_notifications, before, pause_ms());
    }
    return unused;
}

enum graft_status gr_control_start(void) {
    atomic_store_explicit(&stopping, false, memory_order_release);
    enum graft_status status = gr_os_thread_start(run, NULL, "graft", &thread);
    if (status == GRAFT_OK)
        atomic_store_explicit(&running, true, memory_order_release);
    return status;
}

void gr_control_stop(void) {
    atomic_store_explicit(&running, false, memory_order_release);
    atomic_store_explicit(&stopping, true, memory_order_release);
    gr_notify();
    gr_os_thread_join(thread);
}

void gr_control_fork_child(bool consistent) {
    pthread_mutex_init(&lock, NULL);
    atomic_store_explicit(&running, false, memory_order_release);
    if (consistent && gr_control_start() != GRAFT_OK)
        gr_log("fork: the control thread could not be started in the child; its patches stay as they are");
}
