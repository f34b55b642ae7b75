/* test_toggle.c: functions are patched and restored while 16 threads call them flat out (patching.md §3).
 *
 * Every result of every call is checked. Half of the functions are taken out and put back; the other half stay patched
 * while their mode changes, and each call of theirs must be counted exactly once. One thread blocks every signal. */
#include "attach.h"
#include "core.h"
#include "prologues.h"
#include "tactic.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

static const struct {
    const char *name;
    int (*function)(int);
} all[] = {
#define ROW(name) {#name, name},
    PROLOGUES_MAP(ROW)
#undef ROW
};

enum {
    FUNCTIONS = 32,
    THREADS = 16,
    TOGGLES = 100000,
    TRAPPING = 5000,   /* of them; each costs time slices of every thread that it meets */
    STORING = 1000,    /* of them; each writes to a page that it first makes writable */
    LATE = 2000,       /* of those one byte later, with traps */
    TRAPS_ALONE = 200, /* of traps for good: each call of the half that stays costs a signal */
    NOT_LATE = 6,      /* functions that begin with a call, or with an instruction of one byte that is no push */
    SITTING_OUT = 8,   /* at most; where the program and its neighbours lie decides, five or six as a rule */
    ACROSS_WORDS = 16, /* functions whose first or second instruction lies across two words, or is no push */
};
_Static_assert(sizeof all / sizeof *all == FUNCTIONS, "the issue's number");

static struct gr_site *sites[FUNCTIONS]; /* null: not of the shape */
static struct gr_attachment attachments[FUNCTIONS];
static unsigned chosen[FUNCTIONS]; /* indices of the functions that take part in a run */
static _Atomic bool stop;
static _Atomic unsigned running; /* threads past their start, for which every signal is blocked */
static _Atomic uint64_t calls[FUNCTIONS], entries[FUNCTIONS], exits[FUNCTIONS];

static void on_hit(struct graft_hit *hit, void *context) {
    size_t index = (size_t)(uintptr_t)context;
    CHECK(hit->entry == &sites[index]->entry);
    atomic_fetch_add_explicit(
        hit->phase == GRAFT_PHASE_ENTER ? &entries[index] : &exits[index], 1, memory_order_relaxed);
}

static void *call_them(void *number) {
    sigset_t every;
    sigfillset(&every);
    if (number == NULL)
        CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &every, NULL), 0);
    uint64_t mine[FUNCTIONS] = {0};
    atomic_fetch_add(&running, 1);
    for (int x = 1; !atomic_load_explicit(&stop, memory_order_relaxed); x = (x + 1) & 0xffff) {
        for (int i = 0; i < FUNCTIONS; i++) {
            int result = all[i].function(x);
            if (result != 7 * x + 3) {
                fprintf(stderr, "%s(%d) gave %d\n", all[i].name, x, result);
                abort();
            }
            mine[i]++;
        }
    }
    for (int i = 0; i < FUNCTIONS; i++)
        atomic_fetch_add_explicit(&calls[i], mine[i], memory_order_relaxed);
    return NULL;
}

static void prepare(enum gr_shape shape) {
    unsigned missing = 0;
    for (uintptr_t i = 0; i < FUNCTIONS; i++) {
        if (core_prepare_as(all[i].name, shape, GR_KEEP_ALL, &sites[i]) != GRAFT_OK) {
            sites[i] = NULL;
            missing++;
            continue;
        }
        attachments[i] = (struct gr_attachment){.probe = i + 1,
            .mode = GRAFT_MODE_ENTRY_EXIT,
            .handler = on_hit,
            .context = (void *)i,
            .users = 1,
            .plain = i % 3 != 0};
        CHECK_EQUAL(gr_attach(sites[i], &attachments[i]), GRAFT_OK);
        gr_attach_stub(sites[i]);
    }
    CHECK(missing <= (shape == GR_SHAPE_LATE ? NOT_LATE : 0));
}

/* A function has one site at a time: the table of traps is by address. No thread is in any of them. */
static void forget(void) {
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        if (sites[i] == NULL)
            continue;
        CHECK_EQUAL(gr_detach(sites[i], &attachments[i]), GRAFT_OK);
        gr_patch_forget(sites[i]);
    }
}

static void commit(struct gr_site *const *batch, size_t count) {
    struct gr_site *failed;
    CHECK_EQUAL(gr_patch_commit(batch, count, &failed), GRAFT_OK);
}

/* Gives every site the wished tactic. The one-byte tactic needs one certain address, which a few beginnings (a short
 * displacement in the bytes themselves) lead into the program: those sites sit out, at the end. Returns who takes part. */
static unsigned choose(enum gr_tactic_wish wish) {
    unsigned count = 0;
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        if (sites[i] == NULL) /* not of this shape */
            continue;
        enum graft_status status = gr_tactic_choose(sites[i], wish);
        CHECK(status == GRAFT_OK ||
              (wish != GR_TACTIC_ONLY_TRAPS && (status == GRAFT_NO_SPACE_NEAR || status == GRAFT_NOT_RELOCATABLE)));
        if (status == GRAFT_OK && (wish != GR_TACTIC_ONLY_SAFE || sites[i]->tactic == GR_TACTIC_ONE_BYTE))
            chosen[count++] = i;
    }
    CHECK(count >= FUNCTIONS - (wish == GR_TACTIC_ONLY_STORE ? ACROSS_WORDS : SITTING_OUT));
    return count;
}

/* The first half comes and goes in batches of growing size; the second half changes its mode meanwhile. */
static void toggle(unsigned count, uint64_t toggles) {
    struct gr_site *moving[FUNCTIONS];
    unsigned half = count / 2;
    for (unsigned i = 0; i < half; i++)
        moving[i] = sites[chosen[i]];
    for (uint64_t done = 0, round = 0; done < toggles; round++) {
        size_t size = round % half + 1;
        commit(moving, size);
        struct gr_site *steady = sites[chosen[half + round % (count - half)]];
        uint64_t stubs[] = {gr_site_stub(steady, steady->entry_at), gr_site_stub(steady, steady->exit_at),
            gr_site_stub(steady, steady->count_at)};
        gr_patch_aim(steady, stubs[round % 3]);
        CHECK_EQUAL(gr_patch_restore(moving, size), GRAFT_OK);
        done += size;
    }
}

/* How often a function is entered by one round: p_jump goes on in p_swift. */
static uint64_t entered_by(unsigned index) {
    return all[index].function == p_swift ? 2 : 1;
}

static void run(enum gr_tactic_wish wish, bool one_blocks, uint64_t toggles) {
    pthread_t threads[THREADS];
    struct gr_site *steady[FUNCTIONS];
    uint64_t before[FUNCTIONS];
    memset(calls, 0, sizeof calls);
    memset(entries, 0, sizeof entries);
    memset(exits, 0, sizeof exits);
    atomic_store(&stop, false);
    atomic_store(&running, 0);
    unsigned count = choose(wish), half = count / 2;
    for (unsigned i = 0; i < count; i++) {
        struct gr_site *site = sites[chosen[i]];
        before[i] = gr_counter_read(site);
        gr_patch_aim(site, i % 2 != 0 ? gr_site_stub(site, site->exit_at) : gr_site_stub(site, site->count_at));
        steady[i] = site;
    }
    commit(steady + half, count - half);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, call_them, (void *)(i + !one_blocks)), 0);
    while (atomic_load(&running) < THREADS)
        sched_yield();
    uint64_t began = gr_os_nanoseconds();
    toggle(count, toggles);
    uint64_t took = gr_os_nanoseconds() - began;
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQUAL(gr_patch_restore(steady + half, count - half), GRAFT_OK);
    uint64_t total = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t hits = gr_counter_read(steady[i]) - before[i], most = calls[chosen[i]] * entered_by(chosen[i]);
        total += calls[chosen[i]];
        CHECK(hits <= most);
        if (i >= half)
            CHECK_EQUAL(hits, most);
        CHECK_EQUAL(exits[chosen[i]] <= entries[chosen[i]], true);
    }
    printf("  %u functions, %llu toggles, %.1f us each; %llu calls; %llu traps\n", count, (unsigned long long)toggles,
        (double)took / 1000 / (double)toggles, (unsigned long long)total, (unsigned long long)gr_traps_redirected());
}

static void one_byte_patches_come_and_go_under_load_though_a_thread_blocks_signals(void) {
    run(GR_TACTIC_ONLY_SAFE, true, TOGGLES - TRAPPING);
}

static void patches_of_one_store_come_and_go_under_load_though_a_thread_blocks_signals(void) {
    run(GR_TACTIC_ONLY_STORE, true, STORING);
}

static void trapping_patches_come_and_go_under_load(void) {
    run(GR_TACTIC_ONLY_TRAPS, false, TRAPPING);
}

static void jumps_one_byte_later_come_and_go_under_load(void) {
    run(GR_TACTIC_ONLY_TRAPS, false, LATE);
}

static void traps_alone_come_and_go_under_load(void) {
    run(GR_TACTIC_ANY, false, TRAPS_ALONE);
}

static void *sleep_blocking(void *unused) {
    sigset_t every;
    sigfillset(&every);
    pthread_sigmask(SIG_BLOCK, &every, NULL);
    atomic_store(&stop, true);
    while (atomic_load(&stop))
        sched_yield();
    return unused;
}

static void a_patch_in_place_that_needs_traps_waits_for_a_thread_that_blocks_them(void) {
    pthread_t thread;
    struct gr_site *failed;
    choose(GR_TACTIC_ONLY_TRAPS);
    CHECK_EQUAL(gr_patch_commit(sites, 1, &failed), GRAFT_OK);
    atomic_store(&stop, false);
    pthread_create(&thread, NULL, sleep_blocking, NULL);
    while (!atomic_load(&stop))
        sched_yield();
    CHECK_EQUAL(gr_patch_restore(sites, 1), GRAFT_UNSAFE_THREADS);
    CHECK(gr_patch_in_place(sites[0]));
    CHECK_EQUAL(all[0].function(5), 38);
    atomic_store(&stop, false);
    pthread_join(thread, NULL);
    CHECK_EQUAL(gr_patch_restore(sites, 1), GRAFT_OK);
    CHECK(!gr_patch_in_place(sites[0]));
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    core_start();
    prepare(GR_SHAPE_JUMP);
    RUN(one_byte_patches_come_and_go_under_load_though_a_thread_blocks_signals);
    RUN(patches_of_one_store_come_and_go_under_load_though_a_thread_blocks_signals);
    RUN(trapping_patches_come_and_go_under_load);
    RUN(a_patch_in_place_that_needs_traps_waits_for_a_thread_that_blocks_them);
    forget();
    prepare(GR_SHAPE_LATE);
    RUN(jumps_one_byte_later_come_and_go_under_load);
    forget();
    prepare(GR_SHAPE_TRAP);
    RUN(traps_alone_come_and_go_under_load);
    return 0;
}
