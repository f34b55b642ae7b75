/* bench_flat.c: whether a hit costs the same with many threads, and with many functions.
 *
 *   bench_flat [--json]
 *
 * Processor time of one call beyond that of a bare call in the same run, so that a machine with fewer processors than
 * threads, and what walking over many functions costs by itself (caches, address translation), are left out. Least of
 * several. First 1 to 64 threads that all call the same functions; then one thread that calls 1 to 50,000 functions in
 * turn, each of them once before any a second time. */
#include "many.h"
#include <graft/graft.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS_MAX = 64, SHARED = 64, CALLS = 400000, ROUNDS = 7 };

static const int threads_tried[] = {1, 2, 4, 8, 16, 32, 64};
static const int functions_tried[] = {1, 100, 1000, 10000, COUNT};
enum { THREAD_STEPS = sizeof threads_tried / sizeof *threads_tried };
enum { FUNCTION_STEPS = sizeof functions_tried / sizeof *functions_tried };

static pthread_barrier_t barrier;
static const char *const mode_names[] = {"count", "entry"};
static const enum graft_mode modes[] = {GRAFT_MODE_COUNT, GRAFT_MODE_ENTRY};
enum { MODES = 2 };

static void require(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "bench_flat: %s\n", what);
    exit(1);
}

static double processor_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Nanoseconds of the calling thread for one of `calls` calls of the first `functions` functions in turn. */
static double walk(int functions, int calls) {
    long sum = 1;
    int rounds = calls / functions > 0 ? calls / functions : 1;
    double began = processor_now();
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < functions; i++)
            sum += many[i](round);
    double took = processor_now() - began;
    require(sum != 0, "calls");
    return took / rounds / functions;
}

static void *walk_with_others(void *result) {
    walk(SHARED, CALLS / 20);
    pthread_barrier_wait(&barrier);
    *(double *)result = walk(SHARED, CALLS);
    return NULL;
}

/* The mean over the threads. */
static double walk_by(int count) {
    pthread_t threads[THREADS_MAX];
    double taken[THREADS_MAX], sum = 0;
    pthread_barrier_init(&barrier, NULL, (unsigned)count);
    for (int i = 0; i < count; i++)
        require(pthread_create(&threads[i], NULL, walk_with_others, &taken[i]) == 0, "pthread_create");
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        sum += taken[i];
    }
    pthread_barrier_destroy(&barrier);
    return sum / count;
}

static void nothing(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
}

static graft_probe_id install(enum graft_mode mode, unsigned count) {
    const struct graft_probe_spec spec = {
        .target = ":many_*", .mode = mode, .handler = mode == GRAFT_MODE_ENTRY ? nothing : NULL};
    struct graft_outcome outcome;
    require(graft_install(&spec, 1, &outcome) == GRAFT_OK && outcome.installed == count, "install");
    return outcome.probe;
}

struct figures {
    double by_threads[THREAD_STEPS], by_functions[FUNCTION_STEPS];
};

static void measure(struct figures *least) {
    for (int i = 0; i < THREAD_STEPS; i++) {
        double took = walk_by(threads_tried[i]);
        if (least->by_threads[i] == 0 || took < least->by_threads[i])
            least->by_threads[i] = took;
    }
    for (int i = 0; i < FUNCTION_STEPS; i++) {
        double took = walk(functions_tried[i], 4 * CALLS);
        if (least->by_functions[i] == 0 || took < least->by_functions[i])
            least->by_functions[i] = took;
    }
}

static void show(const char *what, const int *steps, int count, const double *bare, const double *with) {
    printf("%s\n            ", what);
    for (int i = 0; i < count; i++)
        printf(" %7d", steps[i]);
    printf("\n  bare      ");
    for (int i = 0; i < count; i++)
        printf(" %7.2f", bare[i]);
    printf("\n  hit       ");
    for (int i = 0; i < count; i++)
        printf(" %7.2f", with[i] - bare[i]);
    printf("\n");
}

static void show_json(
    const char *mode, const char *what, const int *steps, int count, const double *bare, const double *with) {
    static bool later;
    for (int i = 0; i < count; i++) {
        printf("%s\n  {\"mode\": \"%s\", \"%s\": %d, \"bare_ns\": %.2f, \"hit_ns\": %.2f}", later ? "," : "", mode,
            what, steps[i], bare[i], with[i] - bare[i]);
        later = true;
    }
}

int main(int count, char **arguments) {
    bool json = count > 1 && strcmp(arguments[1], "--json") == 0;
    static struct figures bare, with[MODES];
    require(graft_start(NULL) == GRAFT_OK, "start");
    for (int round = 0; round < ROUNDS; round++) {
        measure(&bare);
        for (int mode = 0; mode < MODES; mode++) {
            graft_probe_id probe = install(modes[mode], COUNT);
            measure(&with[mode]);
            require(graft_remove(&probe, 1, NULL) == GRAFT_OK, "remove");
        }
    }
    printf(json ? "[" : "nanoseconds of processor time for a call\n");
    for (int mode = 0; mode < MODES; mode++) {
        const struct figures *f = &with[mode];
        if (json) {
            show_json(mode_names[mode], "threads", threads_tried, THREAD_STEPS, bare.by_threads, f->by_threads);
            show_json(
                mode_names[mode], "functions", functions_tried, FUNCTION_STEPS, bare.by_functions, f->by_functions);
            continue;
        }
        printf("\n%s, ", mode_names[mode]);
        show("threads", threads_tried, THREAD_STEPS, bare.by_threads, f->by_threads);
        printf("%s, ", mode_names[mode]);
        show("functions in turn", functions_tried, FUNCTION_STEPS, bare.by_functions, f->by_functions);
    }
    printf(json ? "\n]\n" : "");
    require(graft_stop() == GRAFT_OK, "stop");
    return 0;
}
