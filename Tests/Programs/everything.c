/* everything.c: a library for LD_PRELOAD that instruments all of libc in a program that knows nothing of it.
 *
 * EVERYTHING names the mode. Says in the file EVERYTHING_LOG, with one line for each process, what came of it. */
#include <fcntl.h>
#include <graft/graft.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic uint64_t told;

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

__attribute__((constructor)) static void instrument(void) {
    const char *name = getenv("EVERYTHING");
    struct graft_probe_spec spec = {.target = "libc.so.6:*", .mode = GRAFT_MODE_COUNT, .handler = on_hit};
    struct graft_outcome outcome;
    if (name == NULL)
        return;
    while (strcmp(graft_mode_name(spec.mode), name) != 0)
        spec.mode++;
    if (graft_start(NULL) != GRAFT_OK || graft_install(&spec, 1, &outcome) != GRAFT_OK || outcome.installed == 0)
        abort();
    say("installed", outcome.installed);
}

__attribute__((destructor)) static void tell(void) {
    if (getenv("EVERYTHING") != NULL)
        say("told", told);
}
