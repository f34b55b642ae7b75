/* memory.c: everything that the library allocates and frees, once around, for a memory checker to watch: probes in each
 * mode, on functions of the program and of libc, with threads; updates, snapshots, symbols; and start and stop, twice. */
#include "probes.h"
#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 3, CALLS = 200, STARTS = 2 };

PROBED long watched_sum(long a, long b);
PROBED long watched_sum(long a, long b) {
    __asm__ volatile("");
    return a + 2 * b;
}
PROBED double watched_product(double a, double b);
PROBED double watched_product(double a, double b) {
    __asm__ volatile("");
    return a * b;
}

static _Atomic uint64_t entered, left;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    atomic_fetch_add_explicit(hit->phase == GRAFT_PHASE_ENTER ? &entered : &left, 1, memory_order_relaxed);
}

static void *call(void *unused) {
    for (long i = 0; i < CALLS; i++) {
        CHECK_EQUAL(watched_sum(i, 3), i + 6);
        CHECK(watched_product((double)i, 0.5) == (double)i / 2);
        free(malloc((size_t)i + 1));
    }
    return unused;
}

static void call_by_threads(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, call, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

static void look_around(void) {
    struct graft_snapshot *snapshot = NULL;
    struct graft_symbol symbol;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    CHECK(snapshot->probe_count > 0);
    graft_snapshot_free(snapshot);
    CHECK_EQUAL(graft_symbolise((uint64_t)(uintptr_t)watched_sum + 1, &symbol), GRAFT_OK);
    CHECK_TEXT(symbol.symbol, "watched_sum");
}

static void each_mode(void) {
    for (int mode = GRAFT_MODE_COUNT; mode <= GRAFT_MODE_ONCE; mode++) {
        graft_probe_id own = install(":watched_*", (enum graft_mode)mode, on_hit, NULL, 2);
        graft_probe_id theirs = install("libc.so.6:free", (enum graft_mode)mode, on_hit, NULL, 1);
        install("libnothing.so:absent_*", GRAFT_MODE_COUNT, NULL, NULL, 0); /* waits, until the library stops */
        call_by_threads();
        CHECK(hits_of(own) > 0);
        look_around();
        uninstall(own);
        uninstall(theirs);
    }
}

static void modes_threads_and_stops_leave_nothing_behind(void) {
    for (int i = 0; i < STARTS; i++) {
        CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
        each_mode();
        CHECK_EQUAL(graft_stop(), GRAFT_OK);
    }
    CHECK(entered > 0 && left > 0);
}

int main(void) {
    RUN(modes_threads_and_stops_leave_nothing_behind);
    return 0;
}
