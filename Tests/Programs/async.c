/* async.c: a library for LD_PRELOAD that watches every function of a Swift program to its end.
 *
 * ASYNC_TARGET names the functions. Says in the file ASYNC_LOG how many were entered, left, and left with an error. */
#include <graft/graft.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static _Atomic uint64_t installed, entered, left, threw, crossed;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    if (hit->phase == GRAFT_PHASE_ENTER) {
        hit->cookie = hit->thread;
        atomic_fetch_add(&entered, 1);
        return;
    }
    atomic_fetch_add(&left, 1);
    if (graft_hit_error(hit) != 0)
        atomic_fetch_add(&threw, 1);
    if (hit->cookie != hit->thread)
        atomic_fetch_add(&crossed, 1);
}

__attribute__((constructor)) static void instrument(void) {
    struct graft_probe_spec spec = {.target = getenv("ASYNC_TARGET"),
        .mode = GRAFT_MODE_ENTRY_EXIT,
        .flags = GRAFT_PROBE_THREAD | GRAFT_PROBE_TIME,
        .handler = on_hit};
    struct graft_outcome outcome;
    if (spec.target == NULL)
        return;
    if (graft_start(NULL) != GRAFT_OK || graft_install(&spec, 1, &outcome) != GRAFT_OK)
        abort();
    installed = outcome.installed;
}

__attribute__((destructor)) static void tell(void) {
    FILE *log = getenv("ASYNC_LOG") != NULL ? fopen(getenv("ASYNC_LOG"), "w") : NULL;
    if (log == NULL)
        return;
    fprintf(log, "installed %llu\nentered %llu\nleft %llu\nthrew %llu\ncrossed %llu\n", (unsigned long long)installed,
        (unsigned long long)entered, (unsigned long long)left, (unsigned long long)threw, (unsigned long long)crossed);
    fclose(log);
}
