/* test_budget.c: of the calls of a function, a probe is told of so many in a second, and of no more; all are counted, and
 * what is left out as well. The clock stands still and is moved by hand. */
#include "check.h"
#include "control.h"
#include "meter.h"
#include "os/fault.h"
#include "rounds.h"
#include <graft/graft.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define TARGET __attribute__((noinline, visibility("default")))

enum { BUDGET = 100, CALLS = 1000, THREADS = 4, THREAD_CALLS = 50000 };

TARGET long b_work(long x);
TARGET long b_work(long x) {
    __asm__ volatile("");
    return x + 1;
}
static long (*volatile work)(long) = b_work;

/* Two entry points of one target. */
TARGET long b_pair(long x);
TARGET long b_pair(long x) {
    __asm__ volatile("");
    return x + 2;
}
TARGET long b_clone(long x) __asm__("b_pair.constprop.0");
TARGET long b_clone(long x) {
    __asm__ volatile("");
    return x + 3;
}
static long (*volatile pair[])(long) = {b_pair, b_clone};

static _Atomic long enters, leaves;
static _Atomic bool nests;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    if (hit->phase == GRAFT_PHASE_ENTER)
        enters++;
    else
        leaves++;
    if (nests)
        work(0);
}

static graft_probe_id install_at(const char *target, enum graft_mode mode, uint32_t every, uint32_t per_second) {
    const struct graft_probe_spec spec = {
        .target = target, .mode = mode, .handler = on_hit, .sample_every = every, .max_per_second = per_second};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.state, GRAFT_STATE_INSTALLED);
    enters = leaves = 0;
    return outcome.probe;
}

static graft_probe_id install(enum graft_mode mode, uint32_t every, uint32_t per_second) {
    return install_at(":b_work", mode, every, per_second);
}

static void pass(uint64_t nanoseconds) {
    gr_clock_advance(nanoseconds);
    let_it_look();
}

static void call(long times) {
    for (long i = 0; i < times; i++)
        CHECK_EQUAL(work(i), i + 1);
}

static struct graft_probe_info info_of(graft_probe_id probe) {
    struct graft_snapshot *snapshot;
    struct graft_probe_info found = {0};
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    for (size_t i = 0; i < snapshot->probe_count; i++)
        if (snapshot->probes[i].id == probe)
            found = snapshot->probes[i];
    CHECK_EQUAL(found.id, probe);
    graft_snapshot_free(snapshot);
    return found;
}

/* What the thunk of the function does: 0 when it asks nothing and lets every call through. */
static uint32_t step(void) {
    struct gr_registry_node *node = gr_registry_find(gr_plane.sites, (uint64_t)(uintptr_t)b_work);
    const struct gr_site *site = (const struct gr_site *)(void *)((char *)node - offsetof(struct gr_site, by_address));
    return atomic_load(&site->sample_step);
}

static void check(graft_probe_id probe, uint64_t hits, uint64_t told) {
    struct graft_probe_info info = info_of(probe);
    CHECK_EQUAL(info.hits, hits);
    CHECK_EQUAL(enters, told);
    CHECK_EQUAL(info.left_out, hits - told);
}

static void all_are_told_up_to_the_limit_and_none_past_it(void) {
    static const enum graft_mode modes[] = {GRAFT_MODE_ENTRY, GRAFT_MODE_ENTRY_EXIT};
    for (size_t mode = 0; mode < sizeof modes / sizeof *modes; mode++) {
        graft_probe_id probe = install(modes[mode], 0, BUDGET);
        call(BUDGET);
        check(probe, BUDGET, BUDGET);
        call(1);
        check(probe, BUDGET + 1, BUDGET);
        call(CALLS);
        check(probe, BUDGET + 1 + CALLS, BUDGET);
        CHECK_EQUAL(leaves, modes[mode] == GRAFT_MODE_ENTRY_EXIT ? BUDGET : 0);
        remove_probe(probe);
    }
}

static void a_limit_of_one_tells_of_one(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 0, 1);
    call(CALLS);
    check(probe, CALLS, 1);
    remove_probe(probe);
}

static void no_limit_and_the_largest_tell_of_each(void) {
    static const uint32_t limits[] = {0, UINT32_MAX};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, 0, limits[i]);
        call(CALLS);
        check(probe, CALLS, CALLS);
        CHECK_EQUAL(leaves, CALLS);
        CHECK_EQUAL(info_of(probe).max_per_second, limits[i]);
        remove_probe(probe);
    }
}

static void the_thunk_leaves_out_what_is_past_it_until_the_second_is_over(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 0, BUDGET);
    call(BUDGET);
    let_it_look();
    CHECK_EQUAL(step(), 0); /* nobody has asked for more */
    call(1);
    let_it_look();
    CHECK_EQUAL(step(), GR_SAMPLE_NONE);
    call(CALLS);
    pass(GR_BUDGET_NANOSECONDS - 1);
    CHECK_EQUAL(step(), GR_SAMPLE_NONE);
    call(CALLS);
    check(probe, BUDGET + 1 + 2 * CALLS, BUDGET);
    pass(1);
    CHECK_EQUAL(step(), 0);
    call(CALLS);
    check(probe, BUDGET + 1 + 3 * CALLS, 2 * BUDGET);
    remove_probe(probe);
}

static void a_second_that_is_over_is_seen_without_the_librarys_thread(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 0, BUDGET);
    for (int second = 1; second <= 3; second++) {
        call(BUDGET);
        check(probe, (uint64_t)second * BUDGET, (uint64_t)second * BUDGET);
        gr_clock_advance(GR_BUDGET_NANOSECONDS);
    }
    remove_probe(probe);
}

static void what_was_not_used_is_not_saved(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 0, BUDGET);
    call(1);
    pass(UINT64_C(100) * GR_BUDGET_NANOSECONDS);
    call(CALLS); /* the rest of the first second, and one second more */
    check(probe, 1 + CALLS, 2 * BUDGET);
    remove_probe(probe);
}

static void sampling_comes_first(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, 10, 50);
    call(100);
    long told = enters;
    CHECK(told >= 8 && told <= 12); /* each processor spreads its own */
    check(probe, 100, (uint64_t)told);
    call(2000);
    check(probe, 2100, 50);
    let_it_look();
    CHECK_EQUAL(step(), GR_SAMPLE_NONE);
    pass(GR_BUDGET_NANOSECONDS);
    CHECK_EQUAL(step(), UINT32_MAX / 10 + 1);
    call(100);
    CHECK(enters >= 58 && enters <= 62);
    CHECK_EQUAL(leaves, enters);
    CHECK_EQUAL(info_of(probe).sample_every, 10);
    remove_probe(probe);
}

static void sampling_alone_counts_what_it_leaves_out(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 8, 0);
    call(CALLS);
    check(probe, CALLS, (uint64_t)enters);
    CHECK(enters < CALLS / 4);
    remove_probe(probe);
}

static _Atomic long others;
static void on_other(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
    others++;
}

static void beside_another_probe_each_has_its_own(void) {
    const struct graft_probe_spec spec = {.target = ":b_work", .mode = GRAFT_MODE_ENTRY, .handler = on_other};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, 0, BUDGET), second = install(GRAFT_MODE_ENTRY, 0, BUDGET / 2);
    others = 0;
    call(CALLS);
    let_it_look();
    call(CALLS);
    CHECK_EQUAL(others, 2 * CALLS);
    CHECK_EQUAL(enters, BUDGET + BUDGET / 2);
    CHECK_EQUAL(leaves, BUDGET);
    CHECK_EQUAL(info_of(probe).left_out, 2 * CALLS - BUDGET);
    CHECK_EQUAL(info_of(second).left_out, 2 * CALLS - BUDGET / 2);
    CHECK_EQUAL(info_of(outcome.probe).left_out, 0);
    remove_probe(second);
    remove_probe(outcome.probe);
    let_it_look();
    CHECK_EQUAL(step(), GR_SAMPLE_NONE); /* alone, and still used up */
    remove_probe(probe);
}

static void the_functions_of_a_probe_share_it(void) {
    graft_probe_id probe = install_at(":b_pair", GRAFT_MODE_ENTRY, 0, BUDGET);
    CHECK_EQUAL(info_of(probe).entry_count, 2);
    for (long i = 0; i < CALLS; i++)
        CHECK_EQUAL(pair[i % 2](i), i + 2 + i % 2);
    check(probe, CALLS, BUDGET);
    remove_probe(probe);
}

static void *call_often(void *unused) {
    call(THREAD_CALLS);
    return unused;
}

static void run_threads(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, call_often, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void threads_share_it_to_the_call(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, 0, CALLS);
    for (uint64_t second = 1; second <= 3; second++) {
        run_threads();
        check(probe, second * THREADS * THREAD_CALLS, second * CALLS);
        CHECK_EQUAL(leaves, enters);
        pass(GR_BUDGET_NANOSECONDS);
    }
    remove_probe(probe);
}

static _Atomic bool finished;
static void *pass_seconds(void *count) {
    while (!finished) {
        gr_clock_advance(GR_BUDGET_NANOSECONDS);
        ++*(uint64_t *)count;
        let_it_look();
    }
    return NULL;
}

static void while_seconds_pass_no_second_tells_of_more(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY_EXIT, 0, BUDGET);
    uint64_t seconds = 0;
    pthread_t clock;
    finished = false;
    CHECK_EQUAL(pthread_create(&clock, NULL, pass_seconds, &seconds), 0);
    run_threads();
    finished = true;
    pthread_join(clock, NULL);
    CHECK(enters >= BUDGET);
    CHECK((uint64_t)enters <= (seconds + 1) * BUDGET);
    check(probe, THREADS * THREAD_CALLS, (uint64_t)enters);
    CHECK_EQUAL(leaves, enters);
    remove_probe(probe);
}

static void other_modes_use_up_nothing(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 0, BUDGET);
    call(CALLS);
    let_it_look();
    CHECK_EQUAL(graft_set_mode(probe, GRAFT_MODE_COUNT), GRAFT_OK);
    CHECK_EQUAL(step(), 0);
    call(CALLS);
    struct graft_probe_info info = info_of(probe);
    CHECK_EQUAL(info.hits, 2 * CALLS);
    CHECK_EQUAL(info.left_out, CALLS - BUDGET);
    CHECK_EQUAL(graft_set_mode(probe, GRAFT_MODE_ENTRY_EXIT), GRAFT_OK);
    CHECK_EQUAL(step(), GR_SAMPLE_NONE); /* the second is not over */
    call(CALLS);
    CHECK_EQUAL(enters, BUDGET);
    CHECK_EQUAL(info_of(probe).left_out, 2 * CALLS - BUDGET);
    pass(GR_BUDGET_NANOSECONDS);
    call(CALLS);
    CHECK_EQUAL(enters, 2 * BUDGET);
    CHECK_EQUAL(leaves, BUDGET);
    remove_probe(probe);
}

static void a_probe_that_comes_after_it_is_told_of_each(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 0, BUDGET);
    call(CALLS);
    let_it_look();
    remove_probe(probe);
    probe = install(GRAFT_MODE_ENTRY, 0, 0);
    call(CALLS);
    check(probe, CALLS, CALLS);
    remove_probe(probe);
}

static void calls_inside_a_handler_are_not_left_out(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 0, BUDGET);
    nests = true;
    call(BUDGET);
    nests = false;
    struct graft_probe_info info = info_of(probe);
    CHECK_EQUAL(info.hits, 2 * BUDGET);
    CHECK_EQUAL(enters, BUDGET);
    CHECK_EQUAL(info.left_out, 0);
    remove_probe(probe);
}

static void the_library_counts_what_all_leave_out(void) {
    struct graft_snapshot *before, *after;
    CHECK_EQUAL(graft_snapshot_take(&before), GRAFT_OK);
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 0, BUDGET);
    call(CALLS);
    remove_probe(probe);
    probe = install(GRAFT_MODE_ENTRY, 0, BUDGET);
    call(CALLS);
    CHECK_EQUAL(graft_snapshot_take(&after), GRAFT_OK);
    CHECK_EQUAL(after->counters.left_out - before->counters.left_out, 2 * (CALLS - BUDGET));
    graft_snapshot_free(before);
    graft_snapshot_free(after);
    remove_probe(probe);
}

static void a_forked_child_begins_anew_when_the_second_is_over(void) {
    graft_probe_id probe = install(GRAFT_MODE_ENTRY, 0, BUDGET);
    call(CALLS);
    let_it_look();
    pid_t child = fork();
    if (child == 0) {
        enters = 0;
        call(CALLS);
        check(probe, CALLS, 0);
        pass(GR_BUDGET_NANOSECONDS);
        call(CALLS);
        check(probe, 2 * CALLS, BUDGET);
        _exit(0);
    }
    int status;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    call(1);
    check(probe, CALLS + 1, BUDGET);
    remove_probe(probe);
}

int main(void) {
    gr_clock_stop();
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(all_are_told_up_to_the_limit_and_none_past_it);
    RUN(a_limit_of_one_tells_of_one);
    RUN(no_limit_and_the_largest_tell_of_each);
    RUN(the_thunk_leaves_out_what_is_past_it_until_the_second_is_over);
    RUN(a_second_that_is_over_is_seen_without_the_librarys_thread);
    RUN(what_was_not_used_is_not_saved);
    RUN(sampling_comes_first);
    RUN(sampling_alone_counts_what_it_leaves_out);
    RUN(beside_another_probe_each_has_its_own);
    RUN(the_functions_of_a_probe_share_it);
    RUN(threads_share_it_to_the_call);
    RUN(while_seconds_pass_no_second_tells_of_more);
    RUN(other_modes_use_up_nothing);
    RUN(a_probe_that_comes_after_it_is_told_of_each);
    RUN(calls_inside_a_handler_are_not_left_out);
    RUN(the_library_counts_what_all_leave_out);
    RUN(a_forked_child_begins_anew_when_the_second_is_over);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
