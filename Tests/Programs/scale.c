/* scale.c: fifty thousand functions at once, under eight busy threads: every result right, every call counted, what it costs
 * in time and memory; and the limit that graft_options sets, at it and past it. */
#include "many.h"
#include "probes.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, LIMIT = 1000 };

static _Atomic bool stop;
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

/* One probe for all functions whose name the pattern matches. */
static void time_pattern(const char *pattern, unsigned count) {
    long before = resident_bytes();
    double began = milliseconds();
    graft_probe_id probe = install(pattern, GRAFT_MODE_COUNT, NULL, NULL, count);
    double installed = milliseconds();
    long after = resident_bytes();
    uint64_t hits = hits_of(probe);
    for (uint64_t until = rounds + THREADS + 1; rounds < until;)
        sched_yield();
    CHECK(hits_of(probe) > hits);
    double removing = milliseconds();
    uninstall(probe);
    printf("  %6u functions by one pattern:  install %8.1f ms, remove %8.1f ms, %6.0f bytes each\n", count,
        installed - began, milliseconds() - removing, (double)(after - before) / count);
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
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, call_all, NULL), 0);
    body();
    stop = true;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

static void all_sizes(void) {
    time_pattern(":many_7", 1);
    time_pattern(":many_1???", 1000);
    time_pattern(":many_1????", 10000);
    time_pattern(":many_*", COUNT);
}

static void any_number_is_installed_and_removed_under_busy_threads(void) {
    with_busy_threads(all_sizes);
}

static void as_many_probes_are_installed_and_removed_as_one_batch(void) {
    time_names(1);
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
    const struct graft_probe_spec more = {.target = ":many_3000", .mode = GRAFT_MODE_COUNT};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&more, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.installed, 0);
    CHECK_EQUAL(outcome.refused, 1);
    CHECK_EQUAL(outcome.refusal, GRAFT_LIMIT_PROBES);
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
    for (int i = 0; i <= LIMIT; i++) {
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

static void in_child(void (*body)(void)) {
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        body();
        _exit(0);
    }
    int status = 0;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
}

static void the_limit_of_entry_points_is_exact(void) {
    in_child(limit_entry_points);
}

static void the_limit_of_probes_is_exact(void) {
    in_child(limit_probes);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (getenv("SKIP") == NULL)
        RUN(the_limit_of_entry_points_is_exact); /* before this process has a library of its own */
    if (getenv("SKIP") == NULL)
        RUN(the_limit_of_probes_is_exact);
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(every_call_of_every_function_is_counted);
    RUN(every_byte_is_restored);
    RUN(as_many_probes_are_installed_and_removed_as_one_batch);
    RUN(any_number_is_installed_and_removed_under_busy_threads);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
