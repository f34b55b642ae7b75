/* fork.c: the child has the patches and one thread; locks and per-thread state are made anew.
 *
 * A fork waits for a change of bytes that is under way, which does no I/O and takes microseconds to milliseconds. For
 * the control lock, under which files are read, it waits CONTROL_WAIT_MS at most: without it the child's patches go on
 * working, but nothing more can be changed there. Hits in the child are counted from zero. */
#include "fork.h"
#include "control.h"
#include "counters.h"
#include "epoch.h"
#include "heap.h"
#include "late.h"
#include "log.h"
#include "os/os.h"
#include "plane.h"
#include "thread.h"
#include <pthread.h>
#include <stdatomic.h>

enum { CONTROL_WAIT_MS = 20 };

static __thread bool have_control GR_TLS_MODEL;

static void prepare(void) {
    have_control = gr_control_running() && !gr_in_handler() && gr_control_try_lock(CONTROL_WAIT_MS);
    gr_late_fork_lock();
}

static void parent(void) {
    gr_late_fork_unlock();
    if (have_control)
        gr_control_unlock();
}

/* The child's probes have seen nothing yet. */
static void forget_hits(void) {
    for (struct gr_probe *probe = gr_plane.first; probe != NULL; probe = probe->next) {
        probe->hits_gone = 0;
        gr_meter_after_fork(probe);
        for (size_t i = 0; i < probe->link_count; i++)
            if (probe->links[i].attachment != NULL)
                probe->links[i].hits_before = gr_counter_read(probe->links[i].site);
    }
}

static void child(void) {
    gr_heap_fork_child();
    gr_late_fork_child();
    gr_threads_after_fork();
    gr_epoch_after_fork(gr_self != NULL ? &gr_self->epoch : NULL);
    if (have_control)
        forget_hits();
    gr_control_fork_child(have_control);
}

void gr_fork_start(void) {
    static bool registered;
    if (registered)
        return;
    registered = true;
    if (pthread_atfork(prepare, parent, child) != 0)
        gr_log("fork: no memory to watch for it; a forked child must not use this library");
}
