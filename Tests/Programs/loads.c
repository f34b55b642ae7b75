/* loads.c: two threads load and unload an instrumented library in a loop, each its own copy and then both the same one,
 * while others call functions that stay. Nothing may be written to memory that is gone, and every load is instrumented. */
#include "probes.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { LOADS = 500, THREADS = 2, CALLERS = 2, PATIENT = 10 };

PROBED long stays(long x);
PROBED long stays(long x) {
    __asm__ volatile("");
    return x + 9;
}

static _Atomic bool stop;
static _Atomic bool waiting_for_hits; /* somebody is to see the loaded functions hit */
static _Atomic uint64_t told;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    if (hit->entry->symbol[0] == 'l')
        atomic_fetch_add_explicit(&told, 1, memory_order_relaxed);
}

static void *keep_calling(void *unused) {
    long (*volatile function)(long) = stays;
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        for (long x = 0; x < 1000; x++)
            CHECK_EQUAL(function(x), x + 9);
    return unused;
}

static void *load_and_unload(void *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", getenv("PROGRAM_FOLDER"), (const char *)name);
    for (int i = 0; i < LOADS / THREADS; i++) {
        void *library = dlopen(path, i % 2 == 0 ? RTLD_NOW : RTLD_LAZY);
        if (library == NULL)
            fprintf(stderr, "%s\n", dlerror());
        CHECK(library != NULL);
        long (*add)(long) = (long (*)(long))dlsym(library, "loaded_add");
        long (*twice)(long) = (long (*)(long))dlsym(library, "loaded_twice");
        CHECK(add != NULL && twice != NULL);
        for (long x = 0; x < 100; x++) {
            CHECK_EQUAL(add(x), x + 1);
            CHECK_EQUAL(twice(x), 2 * x + 2);
        }
        uint64_t before = told;
        while (waiting_for_hits && i % PATIENT == 0 && told == before) /* the patch comes a moment after the load */
            CHECK_EQUAL(add(1), 2);
        CHECK_EQUAL(dlclose(library), 0);
    }
    return NULL;
}

static void run(const char *first, const char *second) {
    const char *names[THREADS] = {first, second};
    pthread_t callers[CALLERS], loaders[THREADS];
    stop = false;
    for (int i = 0; i < CALLERS; i++)
        CHECK_EQUAL(pthread_create(&callers[i], NULL, keep_calling, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&loaders[i], NULL, load_and_unload, (void *)(uintptr_t)names[i]), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(loaders[i], NULL), 0);
    stop = true;
    for (int i = 0; i < CALLERS; i++)
        CHECK_EQUAL(pthread_join(callers[i], NULL), 0);
}

/* Pending probes wait for the library; each load is patched, some while it is called already. */
static void libraries_come_and_go_under_probes_that_wait_for_them(void) {
    struct graft_probe_spec specs[3];
    struct graft_outcome outcomes[3];
    memset(specs, 0, sizeof specs);
    const char *targets[3] = {"libloaded1.so:loaded_*", "libloaded2.so:loaded_*", ":stays"};
    for (int i = 0; i < 3; i++) {
        specs[i].target = targets[i];
        specs[i].mode = i == 1 ? GRAFT_MODE_ENTRY_EXIT : GRAFT_MODE_ENTRY;
        specs[i].handler = on_hit;
    }
    CHECK_EQUAL(graft_install(specs, 3, outcomes), GRAFT_OK);
    CHECK_EQUAL(outcomes[0].state, GRAFT_STATE_PENDING);
    waiting_for_hits = true;
    run("libloaded1.so", "libloaded2.so");
    waiting_for_hits = false;
    CHECK(hits_of(outcomes[0].probe) > 0);
    CHECK(hits_of(outcomes[1].probe) > 0);
    run("libloaded1.so", "libloaded1.so");
    graft_probe_id probes[3];
    for (int i = 0; i < 3; i++)
        probes[i] = outcomes[i].probe;
    CHECK_EQUAL(graft_remove(probes, 3, NULL), GRAFT_OK);
}

static void *install_and_remove(void *unused) {
    while (!stop) {
        const struct graft_probe_spec spec = {.target = "libloaded1.so:loaded_*", .mode = GRAFT_MODE_COUNT};
        struct graft_outcome outcome;
        CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
        CHECK_EQUAL(outcome.status, GRAFT_OK);
        uninstall(outcome.probe);
    }
    return unused;
}

static void probes_come_and_go_while_their_library_does(void) {
    pthread_t changer;
    stop = false;
    CHECK_EQUAL(pthread_create(&changer, NULL, install_and_remove, NULL), 0);
    run("libloaded1.so", "libloaded2.so"); /* sets `stop` */
    CHECK_EQUAL(pthread_join(changer, NULL), 0);
}

int main(void) {
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(libraries_come_and_go_under_probes_that_wait_for_them);
    RUN(probes_come_and_go_while_their_library_does);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
