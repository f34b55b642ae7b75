/* test_breaker.c: a probe whose handler takes too long is taken out of its functions; one that was interrupted is not. The
 * clock stands still, and handlers move it. */
#include "breaker.h"
#include "check.h"
#include "control.h"
#include "os/fault.h"
#include "rounds.h"
#include <graft/graft.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#define TARGET __attribute__((noinline, visibility("default")))

enum { LIMIT = 1000, CALLS = 10000, SECOND = 1000000000 };

TARGET long k_work(long x);
TARGET long k_work(long x) {
    __asm__ volatile("");
    return x + 1;
}
static long (*volatile work)(long) = k_work;

static _Atomic long enters, leaves;
static _Atomic uint64_t enter_takes, leave_takes;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    bool enter = hit->phase == GRAFT_PHASE_ENTER;
    ++*(enter ? &enters : &leaves);
    gr_clock_advance(enter ? enter_takes : leave_takes);
}

static graft_probe_id install(enum graft_mode mode, graft_handler handler, uint32_t limit) {
    const struct graft_probe_spec spec = {
        .target = ":k_work", .mode = mode, .handler = handler, .max_handler_nanoseconds = limit};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.state, GRAFT_STATE_INSTALLED);
    enters = leaves = 0;
    return outcome.probe;
}

static void call(long times) {
    for (long i = 0; i < times; i++)
        CHECK_EQUAL(work(i), i + 1);
}

static struct graft_probe_info info_of(graft_probe_id probe, struct graft_counters *counters) {
    struct graft_snapshot *snapshot;
    struct graft_probe_info found = {0};
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    for (size_t i = 0; i < snapshot->probe_count; i++)
        if (snapshot->probes[i].id == probe)
            found = snapshot->probes[i];
    if (counters != NULL)
        *counters = snapshot->counters;
    graft_snapshot_free(snapshot);
    CHECK_EQUAL(found.id, probe);
    return found;
}

static bool patched(void) {
    enum graft_state state;
    CHECK_EQUAL(graft_lookup_address((uint64_t)(uintptr_t)k_work, NULL, &state), GRAFT_OK);
    return state == GRAFT_STATE_INSTALLED;
}

/* ---- the estimate ---- */

static void the_limit_itself_trips_nothing_and_one_more_does(void) {
    struct gr_breaker breaker = {.limit = LIMIT};
    for (int i = 0; i < CALLS; i++)
        CHECK(!gr_breaker_add(&breaker, LIMIT));
    CHECK_EQUAL(gr_breaker_mean(&breaker), LIMIT);
    gr_breaker_reset(&breaker);
    CHECK_EQUAL(gr_breaker_mean(&breaker), 0);
    for (int i = 1; i < GR_BREAKER_CALLS; i++)
        CHECK(!gr_breaker_add(&breaker, LIMIT + 1));
    CHECK(gr_breaker_add(&breaker, LIMIT + 1));
    CHECK(gr_breaker_tripped(&breaker));
    CHECK_EQUAL(gr_breaker_mean(&breaker), LIMIT + 1);
    CHECK(!gr_breaker_add(&breaker, LIMIT + 1)); /* once */
}

static void the_largest_limit_is_kept_too(void) {
    struct gr_breaker breaker = {.limit = UINT32_MAX};
    for (int i = 0; i < CALLS; i++)
        CHECK(!gr_breaker_add(&breaker, UINT32_MAX));
    CHECK_EQUAL(gr_breaker_mean(&breaker), UINT32_MAX);
    gr_breaker_reset(&breaker);
    for (int i = 1; i < GR_BREAKER_CALLS; i++)
        CHECK(!gr_breaker_add(&breaker, UINT64_MAX));
    CHECK(gr_breaker_add(&breaker, UINT64_MAX));
    CHECK_EQUAL(gr_breaker_mean(&breaker), UINT64_C(4) * UINT32_MAX);
}

static void of_cheap_calls_four_in_a_row_may_be_interrupted_and_not_five(void) {
    struct gr_breaker breaker = {.limit = LIMIT};
    for (int times = 0; times < 100; times++) {
        for (int i = 0; i < CALLS / 10; i++)
            CHECK(!gr_breaker_add(&breaker, 10));
        for (int i = 0; i < 4; i++)
            CHECK(!gr_breaker_add(&breaker, UINT64_C(3600) * SECOND));
    }
    for (int i = 0; i < CALLS / 10; i++)
        CHECK(!gr_breaker_add(&breaker, 10));
    for (int i = 0; i < 4; i++)
        CHECK(!gr_breaker_add(&breaker, UINT64_C(3600) * SECOND));
    CHECK(gr_breaker_add(&breaker, UINT64_C(3600) * SECOND));
}

static void one_of_the_first_calls_may_be_interrupted(void) {
    for (int which = 0; which < GR_BREAKER_CALLS; which++) {
        struct gr_breaker breaker = {.limit = LIMIT};
        for (int i = 0; i < CALLS; i++)
            CHECK(!gr_breaker_add(&breaker, i == which ? SECOND : LIMIT / 2));
    }
}

static void of_every_few_calls_the_same_share_is_measured(void) {
    struct gr_breaker breaker = {.limit = LIMIT};
    uint32_t member = 0;
    for (int i = 0; i < GR_BREAKER_CALLS; i++, member += GR_BREAKER_STEP) {
        CHECK(gr_breaker_measures(&breaker, member * 7 + 1)); /* any: the estimate is not heeded yet */
        gr_breaker_add(&breaker, 1);
    }
    for (unsigned stride = 1; stride <= 64; stride++) {
        int measured = 0;
        for (int i = 0; i < 64000; i++)
            measured += gr_breaker_measures(&breaker, member += GR_BREAKER_STEP * stride);
        CHECK(measured > 900 && measured < 1100);
    }
}

/* ---- probes ---- */

static void a_handler_within_its_limit_stays(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, on_hit, LIMIT);
    enter_takes = leave_takes = LIMIT;
    call(CALLS);
    let_it_look();
    CHECK_EQUAL(enters, CALLS);
    CHECK_EQUAL(leaves, CALLS);
    struct graft_probe_info info = info_of(probe, NULL);
    CHECK_EQUAL(info.state, GRAFT_STATE_INSTALLED);
    CHECK_EQUAL(info.handler_nanoseconds, LIMIT);
    CHECK_EQUAL(info.max_handler_nanoseconds, LIMIT);
    CHECK_EQUAL(info.left_out, 0);
    remove_probe(probe);
}

static void a_handler_past_its_limit_is_taken_out_of_the_function(void) {
    struct graft_counters before, after;
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, on_hit, LIMIT);
    enter_takes = LIMIT + 1;
    info_of(probe, &before);
    call(GR_BREAKER_CALLS - 1);
    CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_INSTALLED);
    call(1);
    CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_TRIPPED);
    let_it_look();
    CHECK(!patched());
    call(CALLS);
    CHECK_EQUAL(enters, GR_BREAKER_CALLS);
    struct graft_probe_info info = info_of(probe, &after);
    CHECK_EQUAL(info.state, GRAFT_STATE_TRIPPED);
    CHECK_EQUAL(info.hits, GR_BREAKER_CALLS);
    CHECK_EQUAL(info.handler_nanoseconds, LIMIT + 1);
    CHECK_EQUAL(after.tripped - before.tripped, 1);
    CHECK_EQUAL(before.active - after.active, 1);
    CHECK_TEXT(graft_state_name(info.state), "tripped");
    remove_probe(probe);
}

static void setting_the_mode_arms_it_again(void) {
    static const enum graft_mode modes[] = {GRAFT_MODE_ENTRY, GRAFT_MODE_ENTRY_EXIT, GRAFT_MODE_ENTRY};
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, on_hit, LIMIT);
    enter_takes = leave_takes = LIMIT + 1;
    call(CALLS);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        let_it_look();
        CHECK(!patched());
        enters = leaves = 0;
        CHECK_EQUAL(graft_set_mode(probe, modes[i]), GRAFT_OK);
        CHECK(patched());
        CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_INSTALLED);
        CHECK_EQUAL(info_of(probe, NULL).handler_nanoseconds, 0);
        call(CALLS);
        CHECK_EQUAL(enters + leaves, GR_BREAKER_CALLS);
        CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_TRIPPED);
    }
    remove_probe(probe);
}

static long within;
static void on_recursion(struct graft_hit *hit, void *context) {
    (void)context;
    ++*(hit->phase == GRAFT_PHASE_ENTER ? &enters : &leaves);
    if (hit->phase == GRAFT_PHASE_ENTER)
        gr_clock_advance(LIMIT + 1);
}

TARGET long k_deep(long depth);
TARGET long k_deep(long depth) {
    long more = depth > 0 ? ((long (*volatile)(long))k_deep)(depth - 1) : 0;
    within++;
    return more + 1;
}

static void calls_that_were_entered_before_it_tripped_are_told_of_when_they_are_left(void) {
    const struct graft_probe_spec spec = {
        .target = ":k_deep", .mode = GRAFT_MODE_ENTRY_EXIT, .handler = on_recursion, .max_handler_nanoseconds = LIMIT};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    enters = leaves = 0;
    CHECK_EQUAL(((long (*volatile)(long))k_deep)(99), 100);
    CHECK_EQUAL(enters, GR_BREAKER_CALLS);
    CHECK_EQUAL(leaves, GR_BREAKER_CALLS);
    CHECK_EQUAL(within, 100);
    remove_probe(outcome.probe);
}

static void another_probe_on_the_function_stays(void) {
    graft_probe_id stays = install(GRAFT_MODE_COUNT, NULL, 0), probe = install(GRAFT_MODE_ENTRY, on_hit, LIMIT);
    enter_takes = LIMIT + 1;
    call(CALLS);
    let_it_look();
    call(CALLS);
    CHECK(patched());
    CHECK_EQUAL(enters, GR_BREAKER_CALLS);
    CHECK_EQUAL(info_of(stays, NULL).hits, 2 * CALLS);
    CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_TRIPPED);
    CHECK_EQUAL(info_of(stays, NULL).state, GRAFT_STATE_INSTALLED);
    remove_probe(probe);
    remove_probe(stays);
}

static void a_handler_that_becomes_slow_trips_later(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, on_hit, LIMIT);
    enter_takes = 0;
    call(CALLS);
    CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_INSTALLED);
    enter_takes = 4 * LIMIT;
    call(3 * GR_BREAKER_EVERY); /* three of them are measured, or one more or less */
    enter_takes = 0;
    call(100 * GR_BREAKER_EVERY);
    CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_INSTALLED);
    enter_takes = 2 * LIMIT;
    call(20 * GR_BREAKER_EVERY); /* about eleven measured calls are needed */
    CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_TRIPPED);
    remove_probe(probe);
}

static void without_a_limit_nothing_is_measured(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, on_hit, 0);
    enter_takes = SECOND;
    call(100);
    CHECK_EQUAL(enters, 100);
    CHECK_EQUAL(info_of(probe, NULL).handler_nanoseconds, 0);
    remove_probe(probe);
}

static sem_t inside, go_on;
static _Atomic bool blocks;
static void on_gate(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
    enters++;
    if (blocks) {
        CHECK_EQUAL(sem_post(&inside), 0);
        while (sem_wait(&go_on) != 0) {
        }
    }
}

static void *call_once(void *unused) {
    call(1);
    return unused;
}

/* One that is measured and one that is not: after many cheap calls most are not. */
static void a_handler_that_does_not_return_trips_it(void) {
    CHECK_EQUAL(sem_init(&inside, 0, 0), 0);
    CHECK_EQUAL(sem_init(&go_on, 0, 0), 0);
    for (long before = 0; before <= CALLS; before += CALLS) {
        graft_probe_id probe = install(GRAFT_MODE_ENTRY, on_gate, LIMIT);
        blocks = false;
        call(before);
        blocks = true;
        gr_clock_advance(SECOND); /* it looks once in a second: now, and not when the call begins */
        let_it_look();
        pthread_t thread;
        CHECK_EQUAL(pthread_create(&thread, NULL, call_once, NULL), 0);
        while (sem_wait(&inside) != 0) {
        }
        gr_clock_advance(SECOND);
        let_it_look();
        gr_clock_advance(SECOND - 1);
        let_it_look();
        CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_INSTALLED);
        gr_clock_advance(1);
        let_it_look();
        CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_TRIPPED);
        CHECK_EQUAL(info_of(probe, NULL).handler_nanoseconds, GR_BREAKER_CLIP * LIMIT);
        CHECK(!patched());
        call(CALLS);
        CHECK_EQUAL(enters, before + 1);
        CHECK_EQUAL(sem_post(&go_on), 0);
        pthread_join(thread, NULL);
        remove_probe(probe);
    }
}

static void *call_often(void *unused) {
    call(CALLS);
    return unused;
}

static void threads_trip_it_once(void) {
    struct graft_counters before, after;
    graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, on_hit, LIMIT);
    enter_takes = leave_takes = LIMIT + 1;
    info_of(probe, &before);
    pthread_t threads[4];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 4; i++)
            CHECK_EQUAL(pthread_create(&threads[i], NULL, call_often, NULL), 0);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        CHECK_EQUAL(info_of(probe, NULL).state, GRAFT_STATE_TRIPPED);
        CHECK_EQUAL(leaves, enters);
        let_it_look();
        CHECK_EQUAL(graft_set_mode(probe, GRAFT_MODE_ENTRY_EXIT), GRAFT_OK);
    }
    info_of(probe, &after);
    CHECK_EQUAL(after.tripped - before.tripped, 20);
    remove_probe(probe);
}

int main(void) {
    gr_clock_stop();
    RUN(the_limit_itself_trips_nothing_and_one_more_does);
    RUN(the_largest_limit_is_kept_too);
    RUN(of_cheap_calls_four_in_a_row_may_be_interrupted_and_not_five);
    RUN(one_of_the_first_calls_may_be_interrupted);
    RUN(of_every_few_calls_the_same_share_is_measured);
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(a_handler_within_its_limit_stays);
    RUN(a_handler_past_its_limit_is_taken_out_of_the_function);
    RUN(setting_the_mode_arms_it_again);
    RUN(calls_that_were_entered_before_it_tripped_are_told_of_when_they_are_left);
    RUN(another_probe_on_the_function_stays);
    RUN(a_handler_that_becomes_slow_trips_later);
    RUN(without_a_limit_nothing_is_measured);
    RUN(a_handler_that_does_not_return_trips_it);
    RUN(threads_trip_it_once);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
