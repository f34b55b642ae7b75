/* test_exempt.c: threads whose calls are left out: not reported, not counted, and otherwise like any other. */
#include "check.h"
#include <dlfcn.h>
#include <graft/graft.h>
#include <pthread.h>
#include <stdatomic.h>

#define TARGET __attribute__((noinline, visibility("default")))

TARGET int x_work(int value);
TARGET int x_work(int value) {
    __asm__ volatile("");
    return value + 1;
}

static int (*volatile work)(int) = x_work;
static _Atomic unsigned entered, left;

static void note(struct graft_hit *hit, void *context) {
    (void)context;
    atomic_fetch_add_explicit(hit->phase == GRAFT_PHASE_ENTER ? &entered : &left, 1, memory_order_relaxed);
}

static graft_probe_id install(enum graft_mode mode) {
    const struct graft_probe_spec spec = {
        .target = ":x_work", .mode = mode, .flags = GRAFT_PROBE_CALLER, .handler = note, .context = NULL};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.status, GRAFT_OK);
    CHECK_EQUAL(outcome.installed, 1);
    entered = left = 0;
    return outcome.probe;
}

static uint64_t hits(graft_probe_id probe) {
    uint64_t number;
    CHECK_EQUAL(graft_probe_hits(probe, &number), GRAFT_OK);
    return number;
}

static void remove_probe(graft_probe_id probe) {
    CHECK_EQUAL(graft_remove(&probe, 1, NULL), GRAFT_OK);
}

/* Works as an exempt thread, which may also change what is instrumented. */
static void *work_exempt(void *number) {
    CHECK(!graft_thread_exempt(true));
    CHECK(graft_thread_exempt(true));
    for (int i = 0; i < *(const int *)number; i++)
        CHECK_EQUAL(work(i), i + 1);
    CHECK(graft_thread_exempt(false));
    CHECK(!graft_thread_exempt(false));
    return NULL;
}

static void run_exempt(int number) {
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, work_exempt, &number), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
}

static void what_an_exempt_thread_calls_is_not_reported_and_not_counted(void) {
    static const enum graft_mode modes[] = {GRAFT_MODE_ENTRY, GRAFT_MODE_ENTRY_EXIT};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        graft_probe_id probe = install(modes[i]);
        run_exempt(1000);
        CHECK_EQUAL(entered, 0);
        CHECK_EQUAL(left, 0);
        CHECK_EQUAL(hits(probe), 0);
        work(1);
        CHECK_EQUAL(entered, 1);
        CHECK_EQUAL(hits(probe), 1);
        remove_probe(probe);
    }
}

static void it_does_not_use_up_a_probe_that_reports_once(void) {
    graft_probe_id probe = install(GRAFT_MODE_ONCE);
    run_exempt(10);
    CHECK_EQUAL(hits(probe), 0);
    CHECK_EQUAL(entered, 0);
    work(1);
    CHECK_EQUAL(entered, 1);
    remove_probe(probe);
}

/* First of all: a site keeps its first caller. */
static void the_first_caller_is_never_an_exempt_thread(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY);
    run_exempt(10);
    struct graft_snapshot *snapshot;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    for (size_t i = 0; i < snapshot->probe_count; i++)
        if (snapshot->probes[i].id == probe)
            CHECK_EQUAL(snapshot->probes[i].entries[0].frame_count, 0);
    graft_snapshot_free(snapshot);
    remove_probe(probe);
}

static void mode_count_counts_every_thread(void) {
    graft_probe_id probe = install(GRAFT_MODE_COUNT);
    run_exempt(1000);
    CHECK_EQUAL(hits(probe), 1000);
    remove_probe(probe);
}

/* This thread has been seen before, stops being seen, and is seen again. */
static void a_thread_may_be_exempt_for_a_while(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT);
    work(1);
    uint64_t before, after;
    CHECK_EQUAL(graft_lookup_address((uint64_t)(uintptr_t)x_work, &before, NULL), GRAFT_OK);
    CHECK(!graft_thread_exempt(true));
    work(1);
    CHECK_EQUAL(graft_lookup_address((uint64_t)(uintptr_t)x_work, &after, NULL), GRAFT_OK);
    CHECK_EQUAL(after, before);
    work(1); /* the look-up has not ended the exemption */
    CHECK(graft_thread_exempt(false));
    work(1);
    CHECK_EQUAL(entered, 2);
    CHECK_EQUAL(left, 2);
    CHECK_EQUAL(hits(probe), 2);
    remove_probe(probe);
}

/* Exempt threads call the whole interface; the library's own probes, which look out for new images, see their calls. */
static void an_exempt_thread_may_install_and_load(void) {
    const struct graft_probe_spec spec = {.target = "libcrypt.so.1:crypt", .mode = GRAFT_MODE_ENTRY};
    struct graft_outcome outcome;
    CHECK(!graft_thread_exempt(true));
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.state, GRAFT_STATE_PENDING);
    void *library = dlopen("libcrypt.so.1", RTLD_NOW);
    CHECK(library != NULL);
    enum graft_state state = GRAFT_STATE_PENDING;
    while (state == GRAFT_STATE_PENDING) { /* until the library's own thread has compared the images */
        struct graft_snapshot *snapshot;
        CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
        CHECK_EQUAL(snapshot->probe_count, 1);
        state = snapshot->probes[0].state;
        graft_snapshot_free(snapshot);
    }
    CHECK_EQUAL(state, GRAFT_STATE_INSTALLED);
    remove_probe(outcome.probe);
    CHECK(graft_thread_exempt(false));
}

/* Exempt and other threads at once, while probes come and go: every count is that of the others. */
static _Atomic bool stop;

static void *stay_exempt(void *unused) {
    graft_thread_exempt(true);
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        CHECK_EQUAL(work(1), 2);
    return unused;
}

static void exempt_threads_disturb_no_count_under_load(void) {
    pthread_t threads[4];
    stop = false;
    for (size_t i = 0; i < 4; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, stay_exempt, NULL), 0);
    for (int round = 0; round < 200; round++) {
        graft_probe_id probe = install(round % 2 == 0 ? GRAFT_MODE_ENTRY : GRAFT_MODE_ENTRY_EXIT);
        for (int i = 0; i < 100; i++)
            work(i);
        CHECK_EQUAL(hits(probe), 100);
        CHECK_EQUAL(entered, 100);
        remove_probe(probe);
    }
    stop = true;
    for (size_t i = 0; i < 4; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

int main(void) {
    CHECK(!graft_thread_exempt(true)); /* also before the start */
    CHECK(graft_thread_exempt(false));
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(the_first_caller_is_never_an_exempt_thread);
    RUN(what_an_exempt_thread_calls_is_not_reported_and_not_counted);
    RUN(it_does_not_use_up_a_probe_that_reports_once);
    RUN(mode_count_counts_every_thread);
    RUN(a_thread_may_be_exempt_for_a_while);
    RUN(an_exempt_thread_may_install_and_load);
    RUN(exempt_threads_disturb_no_count_under_load);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
