/* install.c: a library for LD_PRELOAD that instruments every many_* of a program and says how long that took. */
#include <graft/graft.h>
#include <stdio.h>
#include <time.h>

static double milliseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void ignore(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
}

__attribute__((constructor)) static void install(void) {
    struct graft_probe_spec spec = {.target = ":many_*", .mode = GRAFT_MODE_ENTRY_EXIT, .handler = ignore};
    struct graft_outcome outcome;
    if (graft_start(NULL) != GRAFT_OK)
        return;
    double began = milliseconds();
    if (graft_install(&spec, 1, &outcome) == GRAFT_OK)
        fprintf(stderr, "installed %zu %.3f\n", (size_t)outcome.installed, milliseconds() - began);
}
