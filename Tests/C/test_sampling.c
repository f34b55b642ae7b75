/* test_sampling.c: of the calls of a function, a probe is told of one in so many; all are counted, and none is changed. */
#include "check.h"
#include <graft/graft.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define TARGET __attribute__((noinline, visibility("default")))

enum { CALLS = 100000, THREADS = 4 };

TARGET double s_work(long a, long b, long c, double x, double y);
TARGET double s_work(long a, long b, long c, double x, double y) {
    __asm__ volatile("");
    return (double)(a + 2 * b + 3 * c) + x / y;
}
static double (*volatile work)(long, long, long, double, double) = s_work;

static _Atomic long enters, leaves, wrong;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    if (hit->phase == GRAFT_PHASE_ENTER) {
        hit->cookie = graft_hit_argument(hit, 0);
        enters++;
    } else {
        leaves++;
        wrong += graft_hit_float_result(hit) != (double)(6 * (long)hit->cookie) + 2.5;
    }
}

static graft_probe_id install(enum graft_mode mode, uint32_t flags, uint32_t every) {
    const struct graft_probe_spec spec = {
        .target = ":s_work", .mode = mode, .flags = flags, .handler = on_hit, .sample_every = every};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.state, GRAFT_STATE_INSTALLED);
    enters = leaves = 0;
    return outcome.probe;
}

static void remove_probe(graft_probe_id probe) {
    CHECK_EQUAL(graft_remove(&probe, 1, NULL), GRAFT_OK);
}

static uint64_t hits_of(graft_probe_id probe) {
    uint64_t hits;
    CHECK_EQUAL(graft_probe_hits(probe, &hits), GRAFT_OK);
    return hits;
}

static void *call(void *unused) {
    for (long i = 0; i < CALLS; i++)
        CHECK(work(i, i, i, 5, 2) == (double)(6 * i) + 2.5);
    return unused;
}

/* Each processor spreads its own calls: one too many or too few for each, and one for each change of processor. */
static void check_told(long calls, long every) {
    long share = calls / every, slack = sysconf(_SC_NPROCESSORS_CONF) + 1;
    CHECK(enters >= share - slack && enters <= share + slack);
}

static void one_call_in_so_many_is_told_and_each_is_counted(void) {
    static const uint32_t every[] = {2, 3, 10, 100, 1000, 65536};
    static const enum graft_mode modes[] = {GRAFT_MODE_ENTRY, GRAFT_MODE_ENTRY_EXIT};
    for (size_t i = 0; i < sizeof every / sizeof *every; i++)
        for (size_t mode = 0; mode < sizeof modes / sizeof *modes; mode++) {
            graft_probe_id probe = install(modes[mode], 0, every[i]);
            call(NULL);
            CHECK_EQUAL(hits_of(probe), CALLS);
            check_told(CALLS, every[i]);
            CHECK_EQUAL(leaves, modes[mode] == GRAFT_MODE_ENTRY_EXIT ? enters : 0);
            remove_probe(probe);
        }
    CHECK_EQUAL(wrong, 0);
}

static void zero_and_one_tell_of_each(void) {
    for (uint32_t every = 0; every < 2; every++) {
        graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, 0, every);
        call(NULL);
        CHECK_EQUAL(enters, CALLS);
        CHECK_EQUAL(leaves, CALLS);
        remove_probe(probe);
    }
}

static void the_largest_number_tells_of_next_to_none(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 0, UINT32_MAX);
    call(NULL);
    CHECK_EQUAL(hits_of(probe), CALLS);
    CHECK(enters <= 1);
    remove_probe(probe);
}

static void times_and_threads_are_told_too(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, GRAFT_PROBE_TIME | GRAFT_PROBE_THREAD, 50);
    call(NULL);
    check_told(CALLS, 50);
    CHECK_EQUAL(leaves, enters);
    remove_probe(probe);
}

static _Atomic long others;
static void on_other(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
    others++;
}

static void beside_another_probe_each_gets_its_own_share_exactly(void) {
    const struct graft_probe_spec spec = {.target = ":s_work", .mode = GRAFT_MODE_ENTRY, .handler = on_other};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, 0, 8);
    others = 0;
    call(NULL);
    CHECK_EQUAL(others, CALLS);
    CHECK_EQUAL(enters, CALLS / 8);
    CHECK_EQUAL(leaves, CALLS / 8);
    remove_probe(probe);
    remove_probe(outcome.probe);
}

static void threads_are_sampled_together_while_modes_change(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, 0, 16);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, call, NULL), 0);
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(graft_set_mode(probe, i % 2 == 0 ? GRAFT_MODE_ENTRY : GRAFT_MODE_ENTRY_EXIT), GRAFT_OK);
        graft_probe_id beside = install(GRAFT_MODE_ENTRY, 0, 4);
        remove_probe(beside);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQUAL(hits_of(probe), THREADS * CALLS);
    CHECK_EQUAL(wrong, 0);
    remove_probe(probe);
}

int main(void) {
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(one_call_in_so_many_is_told_and_each_is_counted);
    RUN(zero_and_one_tell_of_each);
    RUN(the_largest_number_tells_of_next_to_none);
    RUN(times_and_threads_are_told_too);
    RUN(beside_another_probe_each_gets_its_own_share_exactly);
    RUN(threads_are_sampled_together_while_modes_change);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
