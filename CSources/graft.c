/* graft.c: wiring: start, stop and symbols. The one file that sees every private header. */
#include "arch/arch.h"
#include "around.h"
#include "codemem.h"
#include "control.h"
#include "counters.h"
#include "epoch.h"
#include "fork.h"
#include "guard.h"
#include "hit.h"
#include "identity.h"
#include "late.h"
#include "log.h"
#include "os/os.h"
#include "plane.h"
#include "sized.h"
#include "thread.h"
#include "trap.h"
#include <pthread.h>

enum { PROBES_LIMIT = 1 << 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned starts; /* guarded by `lock` */

/* What is made once and stays: hit code may look at it after any stop. */
static enum graft_status start_hit_plane(size_t probes) {
    enum graft_status status = gr_os_membarrier_prepare();
    gr_epoch_prepare();
    (void)gr_os_stack_start();
    if (status == GRAFT_OK) {
        gr_codemem_start();
        status = gr_counters_start(probes);
    }
    if (status == GRAFT_OK)
        status = gr_arch_start();
    if (status == GRAFT_OK)
        status = gr_traps_start(probes);
    if (status == GRAFT_OK)
        status = gr_captures_start();
    return status;
}

static enum graft_status start_registries(size_t probes) {
    if (gr_plane.sites != NULL)
        return GRAFT_OK;
    struct gr_registry *by_id = NULL, *sites = NULL;
    enum graft_status status = gr_identity_start(probes);
    if (status == GRAFT_OK)
        status = gr_registry_create(probes, &by_id);
    if (status == GRAFT_OK)
        status = gr_registry_create(probes, &sites);
    if (status != GRAFT_OK) {
        if (by_id != NULL)
            gr_registry_destroy(by_id);
        return status;
    }
    gr_plane.probes = by_id;
    gr_plane.sites = sites;
    gr_plane.probes_max = probes - GR_OWN_PROBES;
    return GRAFT_OK;
}

static enum graft_status start_all(const struct graft_options *options) {
    size_t probes = options->probes_max != 0 ? options->probes_max : GRAFT_PROBES_DEFAULT;
    if (probes > PROBES_LIMIT)
        return GRAFT_INVALID_ARGUMENT;
    gr_log_open(options->log, options->log_context);
    enum graft_status status = start_hit_plane(probes + GR_OWN_PROBES);
    if (status == GRAFT_OK)
        status = start_registries(probes + GR_OWN_PROBES);
    if (status == GRAFT_OK && gr_plane.resolver == NULL)
        status = gr_resolver_create(&gr_plane.resolver);
    if (status == GRAFT_OK)
        status = gr_control_start();
    if (status == GRAFT_OK)
        gr_fork_start();
    gr_log("start %s: %s", GRAFT_VERSION, graft_status_sentence(status));
    return status;
}

/* Under the control lock, as all that changes probes; an early start is best, while there is one thread. */
static void guard_threads(void) {
    gr_os_unblock_sigtrap();
    gr_control_lock();
    gr_apply_guard();
    gr_control_unlock();
}

GR_PUBLIC enum graft_status graft_start_sized(const struct graft_options *given, size_t size) {
    static const struct gr_sized layout = GR_SIZED(graft_options, guard_threads, reserved);
    struct graft_options options = {0};
    if (gr_in_handler())
        return GRAFT_IN_HANDLER;
    if (given != NULL && !gr_sized_read(&layout, &options, given, size))
        return GRAFT_INVALID_ARGUMENT;
    pthread_mutex_lock(&lock);
    enum graft_status status = starts > 0 ? GRAFT_OK : start_all(&options);
    starts += status == GRAFT_OK;
    if (status == GRAFT_OK && options.guard_threads)
        guard_threads();
    pthread_mutex_unlock(&lock);
    return status;
}

static void stop_all(void) {
    gr_streams_forget_own();
    gr_control_stop();
    gr_control_lock();
    gr_streams_cancel();
    gr_apply_nothing();
    gr_late_stop();
    gr_guard_stop();
    gr_epoch_reclaim();
    gr_control_unlock();
    gr_around_release_finished();
    gr_log("stop");
    gr_log_close();
}

GR_PUBLIC enum graft_status graft_stop(void) {
    if (gr_in_handler())
        return GRAFT_IN_HANDLER;
    pthread_mutex_lock(&lock);
    enum graft_status status = starts == 0 ? GRAFT_NOT_STARTED : GRAFT_OK;
    if (starts == 1)
        stop_all();
    starts -= starts > 0;
    pthread_mutex_unlock(&lock);
    return status;
}

GR_PUBLIC bool graft_thread_exempt(bool exempt) {
    return gr_thread_exempt(exempt);
}

GR_PUBLIC enum graft_status graft_symbolise_sized(uint64_t address, struct graft_symbol *symbol, size_t size) {
    static const struct gr_sized layout = GR_SIZED(graft_symbol, line, reserved);
    struct graft_symbol found = {0};
    if (symbol == NULL || !gr_sized_is_one(&layout, size))
        return GRAFT_INVALID_ARGUMENT;
    if (gr_in_handler())
        return GRAFT_IN_HANDLER;
    if (!gr_control_running())
        return GRAFT_NOT_STARTED;
    gr_control_lock();
    gr_late_refresh();
    enum graft_status status = gr_resolver_symbolise(gr_plane.resolver, address, &found);
    gr_control_unlock();
    if (status == GRAFT_OK)
        gr_sized_write(&layout, symbol, size, &found);
    return status;
}
