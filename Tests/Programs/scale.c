/* scale.c: fifty thousand functions at once, under eight busy threads: every result right, every call counted, every byte
 * restored; and the limit that graft_options sets. What it costs in time and memory is shown; per function it must not
 * grow with their number. */
#include "many.h"
#include "probes.h"
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, LIMIT = 1000 };
enum { MEASURED = 3 };   /* times: the best counts, since the machine may be busy */
enum { GROWTH_MAX = 3 }; /* of the time that one function takes, from 4,000 of them to COUNT */

static _Atomic bool stop, busy;
static _Atomic uint64_t rounds;

static void *call_all(void *unused) {
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        for (long n = 0; n < COUNT; n++)
            CHECK_EQUAL(many[n](1), n + 1);
        rounds++;
    }
    return unused;
}

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static long resident_bytes(void) {
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL);
    CHECK_EQUAL(fscanf(file, "%ld %ld", &pages, &resident), 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

/* What one function of many costs. */
struct cost {
    double install, remove; /* microseconds */
    double bytes;           /* of resident memory */
};

/* One probe for all functions whose name the pattern matches. */
static struct cost take_cost(const char *pattern, unsigned count) {
    long before = resident_bytes();
    double began = milliseconds();
    graft_probe_id probe = install(pattern, GRAFT_MODE_COUNT, NULL, NULL, count);
    double installed = milliseconds();
    long after = resident_bytes();
    uint64_t hits = hits_of(probe);
    for (uint64_t until = rounds + THREADS + 1; busy && rounds < until;)
        sched_yield();
    CHECK(!busy || hits_of(probe) > hits);
    double removing = milliseconds();
    uninstall(probe);
    return (struct cost){
        (installed - began) * 1e3 / count, (milliseconds() - removing) * 1e3 / count, (double)(after - before) / count};
}

static void show_cost(const char *when, unsigned count, struct cost cost) {
    printf("  %6u functions by one pattern, %s: install %8.1f ms, remove %8.1f ms, %6.0f bytes each\n", count, when,
        cost.install * count / 1e3, cost.remove * count / 1e3, cost.bytes);
}

/* One probe for each function, as one batch. */
static void time_names(unsigned count) {
    struct graft_probe_spec *specs = calloc(count, sizeof *specs);
    struct graft_outcome *outcomes = calloc(count, sizeof *outcomes);
    graft_probe_id *probes = calloc(count, sizeof *probes);
    char(*names)[32] = calloc(count, sizeof *names);
    CHECK(specs != NULL && outcomes != NULL && probes != NULL && names != NULL);
    for (unsigned i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], ":many_%u", i);
        specs[i].target = names[i];
        specs[i].mode = GRAFT_MODE_COUNT;
    }
    double began = milliseconds();
    CHECK_EQUAL(graft_install(specs, count, outcomes), GRAFT_OK);
    double installed = milliseconds();
    for (unsigned i = 0; i < count; i++) {
        CHECK_EQUAL(outcomes[i].installed, 1);
        probes[i] = outcomes[i].probe;
    }
    double removing = milliseconds();
    CHECK_EQUAL(graft_remove(probes, count, outcomes), GRAFT_OK);
    double removed = milliseconds();
    for (unsigned i = 0; i < count; i++)
        CHECK_EQUAL(outcomes[i].installed, 1);
    printf("  %6u functions by their names:  install %8.1f ms, remove %8.1f ms\n", count, installed - began,
        removed - removing);
    free(specs);
    free(outcomes);
    free(probes);
    free(names);
}

static void with_busy_threads(void (*body)(void)) {
    pthread_t threads[THREADS];
    stop = false;
    busy = true;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, call_all, NULL), 0);
    body();
    busy = false;
    stop = true;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

static void all_sizes(void) {
    show_cost("busy threads", 1, take_cost(":many_7", 1));
    show_cost("busy threads", 1000, take_cost(":many_1???", 1000));
    show_cost("busy threads", 10000, take_cost(":many_1????", 10000));
    show_cost("busy threads", COUNT, take_cost(":many_*", COUNT));
}

static void any_number_is_installed_and_removed_under_busy_threads(void) {
    with_busy_threads(all_sizes);
}

static void as_many_probes_are_installed_and_removed_as_one_batch(void) {
    time_names(1000);
    time_names(10000);
}

static void every_call_of_every_function_is_counted(void) {
    graft_probe_id probe = install(":many_*", GRAFT_MODE_COUNT, NULL, NULL, COUNT);
    for (int round = 1; round <= 3; round++)
        for (long n = 0; n < COUNT; n++)
            CHECK_EQUAL(many[n](1), n + 1);
    CHECK_EQUAL(hits_of(probe), 3 * COUNT);
    struct graft_snapshot *snapshot = NULL;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    CHECK_EQUAL(snapshot->probe_count, 1);
    CHECK_EQUAL(snapshot->probes[0].entry_count, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_EQUAL(snapshot->probes[0].entries[i].hits, 3);
    graft_snapshot_free(snapshot);
    uninstall(probe);
}

static void every_byte_is_restored(void) {
    static unsigned char before[COUNT][16];
    for (int i = 0; i < COUNT; i++)
        memcpy(before[i], (const void *)many[i], sizeof before[i]);
    uninstall(install(":many_*", GRAFT_MODE_COUNT, NULL, NULL, COUNT));
    for (int i = 0; i < COUNT; i++)
        CHECK(memcmp(before[i], (const void *)many[i], sizeof before[i]) == 0);
}

/* In a process of its own, with a limit that is not the default. */
static void limit_entry_points(void) {
    struct graft_options options;
    memset(&options, 0, sizeof options);
    options.probes_max = LIMIT;
    CHECK_EQUAL(graft_start(&options), GRAFT_OK);
    graft_probe_id at = install(":many_2???", GRAFT_MODE_COUNT, NULL, NULL, LIMIT); /* many_2000 to many_2999 */
    const struct graft_probe_spec more = {.target = ":many_3???", .mode = GRAFT_MODE_COUNT};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&more, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.installed, 0);
    CHECK_EQUAL(outcome.refused, LIMIT);
    CHECK_EQUAL(outcome.refusal, GRAFT_LIMIT_PROBES);
    const struct graft_probe_spec watched = {.target = "libc.so.6:pthread_sigmask", .mode = GRAFT_MODE_COUNT};
    struct graft_outcome one;
    CHECK_EQUAL(graft_install(&watched, 1, &one), GRAFT_OK); /* though the library may have a probe of its own there */
    CHECK_EQUAL(one.installed, 0);
    CHECK_EQUAL(one.refusal, GRAFT_LIMIT_PROBES);
    uninstall(one.probe);
    CHECK_EQUAL(many[3000](1), 3001);
    uninstall(outcome.probe);
    CHECK_EQUAL(many[2500](1), 2501);
    CHECK_EQUAL(hits_of(at), 1);
    uninstall(at);
    install(":many_2???", GRAFT_MODE_ENTRY, NULL, NULL, LIMIT);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
}

static void limit_probes(void) {
    struct graft_options options;
    memset(&options, 0, sizeof options);
    options.probes_max = LIMIT;
    CHECK_EQUAL(graft_start(&options), GRAFT_OK);
    static struct graft_probe_spec specs[LIMIT + 1];
    static struct graft_outcome outcomes[LIMIT + 1];
    for (int i = 0; i < LIMIT + 1; i++) {
        specs[i].target = "no-such-image.so:nothing"; /* pending ones count too */
        specs[i].mode = GRAFT_MODE_COUNT;
    }
    CHECK_EQUAL(graft_install(specs, LIMIT + 1, outcomes), GRAFT_OK);
    for (int i = 0; i < LIMIT; i++)
        CHECK_EQUAL(outcomes[i].status, GRAFT_OK);
    CHECK_EQUAL(outcomes[LIMIT].status, GRAFT_LIMIT_PROBES);
    uninstall(outcomes[0].probe);
    CHECK_EQUAL(graft_install(specs, 1, outcomes), GRAFT_OK);
    CHECK_EQUAL(outcomes[0].status, GRAFT_OK);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
}

static int status_of(pid_t child) {
    int status = 0;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    return status;
}

static void in_child(void (*body)(void)) {
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        body();
        _exit(0);
    }
    CHECK_EQUAL(status_of(child), 0);
}

/* The cost in a process that has installed nothing yet; the best of a few. */
static struct cost fresh_cost(const char *pattern, unsigned count) {
    struct cost best = {INFINITY, INFINITY, INFINITY};
    struct cost *told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(told != MAP_FAILED);
    for (int i = 0; i < MEASURED; i++) {
        fflush(NULL);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
            *told = take_cost(pattern, count);
            CHECK_EQUAL(graft_stop(), GRAFT_OK);
            _exit(0);
        }
        CHECK_EQUAL(status_of(child), 0);
        best.install = fmin(best.install, told->install);
        best.remove = fmin(best.remove, told->remove);
        best.bytes = fmin(best.bytes, told->bytes);
    }
    CHECK_EQUAL(munmap(told, sizeof *told), 0);
    show_cost("at first", count, best);
    return best;
}

static void what_a_function_costs_does_not_grow_with_their_number(void) {
    struct cost few = fresh_cost(":many_??5??", 4000);
    fresh_cost(":many_1????", 10000);
    struct cost all = fresh_cost(":many_*", COUNT);
    CHECK(all.install <= GROWTH_MAX * few.install);
    CHECK(all.remove <= GROWTH_MAX * few.remove);
}

static void entry_points_past_the_limit_are_refused(void) {
    in_child(limit_entry_points);
}

static void probes_past_the_limit_are_refused(void) {
    in_child(limit_probes);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    /* in children, so before this process starts the library */
    RUN(entry_points_past_the_limit_are_refused);
    RUN(probes_past_the_limit_are_refused);
    RUN(what_a_function_costs_does_not_grow_with_their_number);
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(every_call_of_every_function_is_counted);
    RUN(every_byte_is_restored);
    RUN(as_many_probes_are_installed_and_removed_as_one_batch);
    RUN(any_number_is_installed_and_removed_under_busy_threads);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
