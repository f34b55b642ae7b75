/* everything.c: a library for LD_PRELOAD that instruments whole libraries in a program that knows nothing of it.
 *
 * EVERYTHING names the mode; EVERYTHING_LIBRARIES the libraries, with spaces between, and else it is libc. Says in
 * the file EVERYTHING_LOG, for each process that has them, what came of it. */
#include <fcntl.h>
#include <graft/graft.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic uint64_t told;

static struct graft_counters counters_now(void) {
    struct graft_snapshot *snapshot;
    if (graft_snapshot_take(&snapshot) != GRAFT_OK)
        abort();
    struct graft_counters counters = snapshot->counters;
    graft_snapshot_free(snapshot);
    return counters;
}

static void on_hit(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
    atomic_fetch_add_explicit(&told, 1, memory_order_relaxed);
}

/* May be called inside anything: no stdio of the program's is touched. */
static void say(const char *what, uint64_t number) {
    char line[128];
    int file = open(getenv("EVERYTHING_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int length = snprintf(line, sizeof line, "%s %llu\n", what, (unsigned long long)number);
    if (file < 0 || write(file, line, (size_t)length) != length)
        abort();
    close(file);
}

/* One probe for all functions of one library: what came of it, and what was refused for which reason. */
static uint64_t instrument_library(const char *library, enum graft_mode mode) {
    char target[256], line[256];
    struct graft_counters before = counters_now(), after;
    struct graft_probe_spec spec = {.target = target, .mode = mode, .handler = on_hit};
    struct graft_outcome outcome;
    snprintf(target, sizeof target, "%s:*", library);
    if (graft_install(&spec, 1, &outcome) != GRAFT_OK)
        abort();
    if (outcome.installed + outcome.refused == 0)
        return 0; /* a program on the way to the one that is meant */
    after = counters_now();
    snprintf(line, sizeof line, "%s refused %u installed", library, outcome.refused);
    say(line, outcome.installed);
    for (int reason = 0; reason < GRAFT_STATUS_COUNT; reason++) {
        snprintf(line, sizeof line, "%s reason %s", library, graft_status_slug((enum graft_status)reason));
        if (after.refused_by[reason] != before.refused_by[reason])
            say(line, after.refused_by[reason] - before.refused_by[reason]);
    }
    return outcome.installed;
}

__attribute__((constructor)) static void instrument(void) {
    const char *name = getenv("EVERYTHING"), *named = getenv("EVERYTHING_LIBRARIES");
    char libraries[512], *state = NULL;
    enum graft_mode mode = GRAFT_MODE_COUNT;
    uint64_t installed = 0;
    if (name == NULL)
        return;
    while (strcmp(graft_mode_name(mode), name) != 0)
        mode++;
    snprintf(libraries, sizeof libraries, "%s", named != NULL ? named : "libc.so.6");
    if (graft_start(NULL) != GRAFT_OK)
        abort();
    for (char *library = strtok_r(libraries, " ", &state); library != NULL; library = strtok_r(NULL, " ", &state))
        installed += instrument_library(library, mode);
    if (installed > 0)
        say("installed", installed);
}

__attribute__((destructor)) static void tell(void) {
    if (getenv("EVERYTHING") != NULL)
        say("told", told);
}
