/* test_kept.c: functions that jump back to an instruction among their first bytes: a jump whose displacement is what
 * stands there leaves that instruction as it was, and the loop's turns are not calls. */
#include "core.h"
#include "prologues.h"
#include "tactic.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static const struct {
    const char *name;
    int (*function)(int);
    unsigned kept;
} all[] = {
#define ROW(name, offset) {#name, name, offset},
    KEPT_MAP(ROW)
#undef ROW
};
enum { FUNCTIONS = sizeof all / sizeof *all, LEAST = 3, CALLS = 100, THREADS = 8, TOGGLES = 500 };

static struct gr_site *sites[FUNCTIONS]; /* those for which there is a place */
static int (*functions[FUNCTIONS])(int);
static size_t count;

static void call_all(int x) {
    for (size_t i = 0; i < FUNCTIONS; i++)
        CHECK_EQUAL(all[i].function(x), 7 * x + 3);
}

/* Where the place that the bytes dictate is taken, there is none: as it lies, that is so for one of them at most. */
static void a_jump_is_found_that_leaves_what_is_jumped_to(void) {
    for (size_t i = 0; i < FUNCTIONS; i++) {
        struct gr_site *site;
        enum graft_status status = core_prepare_as(all[i].name, GR_SHAPE_JUMP, GR_KEEP_ALL, &site);
        CHECK(status == GRAFT_OK || status == GRAFT_NO_SPACE_NEAR);
        if (status != GRAFT_OK)
            continue;
        CHECK_EQUAL(site->kept, all[i].kept);
        gr_patch_aim(site, gr_site_stub(site, site->count_at));
        functions[count] = all[i].function;
        sites[count++] = site;
    }
    printf("  %zu of %d\n", count, (int)FUNCTIONS);
    CHECK(count >= LEAST);
}

static void each_tactic_leaves_it_and_counts_calls_alone(void) {
    static const enum gr_tactic_wish wishes[] = {
        GR_TACTIC_ANY, GR_TACTIC_ONLY_TRAPS, GR_TACTIC_ONLY_SAFE, GR_TACTIC_ONLY_STORE};
    unsigned chosen = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t wish = 0; wish < sizeof wishes / sizeof *wishes; wish++) {
            struct gr_site *site = sites[i], *failed;
            unsigned kept = site->kept;
            if (gr_tactic_choose(site, wishes[wish]) != GRAFT_OK)
                continue;
            chosen++;
            CHECK(memcmp(site->jump + kept, site->original + kept, GR_PATCH_SIZE - kept) == 0);
            uint64_t hits = gr_counter_read(site);
            CHECK_EQUAL(gr_patch_commit(&site, 1, &failed), GRAFT_OK);
            for (int x = 0; x < CALLS; x++)
                CHECK_EQUAL(functions[i](x), 7 * x + 3);
            CHECK_EQUAL(gr_counter_read(site) - hits, CALLS);
            CHECK_EQUAL(gr_patch_restore(&site, 1), GRAFT_OK);
            CHECK_EQUAL(gr_traps_redirected(), 0); /* one thread, which is not in it */
        }
    }
    gr_patch_end();
    CHECK(chosen >= 2 * LEAST);
}

static _Atomic bool over;
static _Atomic int running;
static _Atomic uint64_t rounds;

static void *call_them(void *unused) {
    atomic_fetch_add(&running, 1);
    for (int x = 0; !atomic_load(&over); x = (x + 1) & 0xffff, atomic_fetch_add(&rounds, 1))
        call_all(x);
    return unused;
}

/* The last one stays patched: its calls are counted, each once. */
static void they_come_and_go_under_threads_that_turn_in_them(void) {
    static const enum gr_tactic_wish wishes[] = {GR_TACTIC_ANY, GR_TACTIC_ONLY_TRAPS};
    pthread_t threads[THREADS];
    struct gr_site *steady = sites[count - 1], *failed;
    CHECK_EQUAL(gr_tactic_choose(steady, GR_TACTIC_ANY), GRAFT_OK);
    CHECK_EQUAL(gr_patch_commit(&steady, 1, &failed), GRAFT_OK);
    uint64_t before = gr_counter_read(steady);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, call_them, NULL), 0);
    while (atomic_load(&running) < THREADS)
        sched_yield();
    for (int turn = 0; turn < TOGGLES; turn++) {
        for (size_t i = 0; i < count - 1; i++)
            (void)gr_tactic_choose(sites[i], wishes[turn % 2]);
        CHECK_EQUAL(gr_patch_commit(sites, count - 1, &failed), GRAFT_OK);
        CHECK_EQUAL(gr_patch_restore(sites, count - 1), GRAFT_OK);
    }
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    CHECK_EQUAL(gr_counter_read(steady) - before, atomic_load(&rounds));
    CHECK_EQUAL(gr_patch_restore(&steady, 1), GRAFT_OK);
    printf("  %d toggles, %llu calls of each, %llu traps\n", (int)TOGGLES, (unsigned long long)atomic_load(&rounds),
        (unsigned long long)gr_traps_redirected());
}

int main(void) {
    core_start();
    RUN(a_jump_is_found_that_leaves_what_is_jumped_to);
    RUN(each_tactic_leaves_it_and_counts_calls_alone);
    RUN(they_come_and_go_under_threads_that_turn_in_them);
    return 0;
}
