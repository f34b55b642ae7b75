/* places.c: functions of every beginning are installed where memory is crowded: in a program at a low address, and after
 * many threads have taken the address space around the libraries for their heaps and stacks. */
#include "probes.h"
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

enum { THREADS = 64 };

static pthread_barrier_t all_have_a_heap;

static void *take_a_heap(void *unused) {
    char *volatile piece = malloc(1000);
    CHECK(piece != NULL);
    pthread_barrier_wait(&all_have_a_heap);
    free(piece);
    pthread_barrier_wait(&all_have_a_heap);
    return unused;
}

/* 995 of 1,000 functions of the image at least, and one in 1,000 for lack of space at most. */
static void install_nearly_all(const char *target) {
    struct graft_probe_spec spec;
    struct graft_outcome outcome;
    memset(&spec, 0, sizeof spec);
    spec.target = target;
    spec.mode = GRAFT_MODE_COUNT;
    struct graft_counters before = counters_now();
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    uint64_t without_space = counters_now().refused_by[GRAFT_NO_SPACE_NEAR] - before.refused_by[GRAFT_NO_SPACE_NEAR];
    check_nearly_all(target, &outcome, before);
    CHECK(without_space <= (outcome.installed + outcome.refused) / 1000);
    uninstall(outcome.probe);
}

static void a_crowded_process_still_has_a_place_for_nearly_every_function(void) {
    pthread_t threads[THREADS];
    CHECK(dlopen("libstdc++.so.6", RTLD_NOW) != NULL);
    pthread_barrier_init(&all_have_a_heap, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, take_a_heap, NULL), 0);
    pthread_barrier_wait(&all_have_a_heap);
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    install_nearly_all("libstdc++.so.6:*");
    install_nearly_all("libc.so.6:*");
    install_nearly_all(":many_*");
    pthread_barrier_wait(&all_have_a_heap);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

int main(void) {
    RUN(a_crowded_process_still_has_a_place_for_nearly_every_function);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
