/* test_calls.c: entries and exits of a library's functions by the public interface alone: arguments, results, exceptions,
 * deep recursion, longjmp, and probes that come and go under threads, with every result and every count checked. */
#include "check.h"
#include <dlfcn.h>
#include <graft/graft.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>

struct vector {
    double x, y, z;
};
struct block {
    int64_t words[6];
};

static struct {
    int64_t (*sum)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
    double (*mix)(int64_t, double, int64_t, double);
    struct vector (*vector)(double);
    struct block (*block)(int64_t);
    int64_t (*depth)(int64_t), (*twice)(int64_t), (*caught)(int64_t);
    int64_t (*within)(int64_t, void (*)(void));
} calls;

static void load(void *function, const char *name) {
    static void *library;
    if (library == NULL)
        library = dlopen(FIXTURES "/calls.so", RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    void *found = dlsym(library, name);
    CHECK(found != NULL);
    memcpy(function, &found, sizeof found);
}

static struct {
    uint64_t entered, left, unwound, argument[10], result;
    double floats[2], float_result;
} seen;

static void note(struct graft_hit *hit, void *context) {
    (void)context;
    if (hit->phase == GRAFT_PHASE_ENTER) {
        for (unsigned i = 0; i < 10; i++)
            seen.argument[i] = graft_hit_argument(hit, i);
        for (unsigned i = 0; i < 2; i++)
            seen.floats[i] = graft_hit_float_argument(hit, i);
        hit->cookie = ++seen.entered;
    } else if (hit->phase == GRAFT_PHASE_LEAVE) {
        seen.result = graft_hit_result(hit);
        seen.float_result = graft_hit_float_result(hit);
        CHECK(hit->cookie != 0);
        seen.left++;
    } else {
        seen.unwound++;
    }
}

static graft_probe_id put(const char *target, enum graft_mode mode, graft_handler handler) {
    const struct graft_probe_spec spec = {.target = target, .mode = mode, .handler = handler};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.installed, 1);
    return outcome.probe;
}

static void take_away(graft_probe_id probe) {
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_remove(&probe, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.status, GRAFT_OK);
}

static uint64_t hits_of(graft_probe_id probe) {
    uint64_t hits;
    CHECK_EQUAL(graft_probe_hits(probe, &hits), GRAFT_OK);
    return hits;
}

static void arguments_and_results_are_seen(void) {
    graft_probe_id probe = put("calls.so:calls_sum", GRAFT_MODE_ENTRY_EXIT, note);
    memset(&seen, 0, sizeof seen);
    CHECK_EQUAL(calls.sum(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 385);
    for (unsigned i = 0; i < 10; i++)
        CHECK_EQUAL(seen.argument[i], i + 1);
    CHECK(seen.entered == 1 && seen.left == 1 && seen.result == 385);
    take_away(probe);
    CHECK_EQUAL(calls.sum(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 385);
    CHECK(seen.entered == 1);
    probe = put("calls.so:calls_mix", GRAFT_MODE_ENTRY_EXIT, note);
    CHECK(calls.mix(2, 1.5, 3, 2.5) == 10.5);
    CHECK(seen.argument[0] == 2 && seen.argument[1] == 3 && seen.floats[0] == 1.5 && seen.floats[1] == 2.5);
    CHECK(seen.float_result == 10.5);
    take_away(probe);
}

static void structs_come_back_whole(void) {
    static const enum graft_mode modes[] = {GRAFT_MODE_COUNT, GRAFT_MODE_ENTRY, GRAFT_MODE_ENTRY_EXIT};
    for (unsigned mode = 0; mode < 3; mode++) {
        graft_handler handler = modes[mode] == GRAFT_MODE_COUNT ? NULL : note;
        graft_probe_id first = put("calls.so:calls_vector", modes[mode], handler);
        graft_probe_id second = put("calls.so:calls_block", modes[mode], handler);
        struct vector vector = calls.vector(1.25);
        CHECK(vector.x == 1.25 && vector.y == 2.5 && vector.z == 3.75);
        struct block block = calls.block(7);
        for (int i = 0; i < 6; i++)
            CHECK_EQUAL(block.words[i], 7 + i);
        CHECK(hits_of(first) == 1 && hits_of(second) == 1);
        take_away(first);
        take_away(second);
    }
}

static void change(struct graft_hit *hit, void *context) {
    (void)context;
    if (hit->phase == GRAFT_PHASE_LEAVE)
        graft_hit_set_result(hit, graft_hit_result(hit) + 1000);
}

static void a_result_can_be_changed(void) {
    graft_probe_id probe = put("calls.so:calls_twice", GRAFT_MODE_ENTRY_EXIT, change);
    CHECK_EQUAL(calls.twice(4), 1009);
    take_away(probe);
    CHECK_EQUAL(calls.twice(4), 9);
}

/* Deeper than there are frames, and back; each call is counted, and as many exits are seen as there are frames. */
static void deep_recursion_is_followed_as_far_as_there_are_frames(void) {
    enum { DEPTH = 1000, TIMES = 3, FRAMES_MIN = 200 };
    graft_probe_id probe = put("calls.so:calls_depth", GRAFT_MODE_ENTRY_EXIT, note);
    memset(&seen, 0, sizeof seen);
    for (int i = 1; i <= TIMES; i++) {
        CHECK_EQUAL(calls.depth(DEPTH), DEPTH);
        CHECK_EQUAL(seen.entered, (uint64_t)i * (DEPTH + 1));
        CHECK(seen.left >= (uint64_t)i * FRAMES_MIN && seen.left <= seen.entered);
    }
    take_away(probe);
}

/* Three functions, all hooked, between the throw and the catch. */
static void exceptions_pass_and_are_told_of(void) {
    graft_probe_id probes[] = {put("calls.so:calls_throw", GRAFT_MODE_ENTRY_EXIT, note),
        put("calls.so:calls_through", GRAFT_MODE_ENTRY_EXIT, note),
        put("calls.so:calls_catch", GRAFT_MODE_ENTRY_EXIT, note)};
    memset(&seen, 0, sizeof seen);
    for (int i = 0; i < 1000; i++) {
        CHECK_EQUAL(calls.caught(2 * i), 2 * i + 1);
        CHECK_EQUAL(calls.caught(2 * i + 1), -1);
    }
    CHECK_EQUAL(seen.entered, 6000);
    CHECK_EQUAL(seen.left, 4000);
    CHECK_EQUAL(seen.unwound, 2000);
    for (int i = 0; i < 3; i++)
        take_away(probes[i]);
}

static jmp_buf back;

static void jump(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
    seen.entered++;
}

/* Called by the innermost of calls_within, within open calls that will never be left. */
static void leap(void) {
    longjmp(back, 1);
}

static void a_longjmp_around_calls_leaves_all_in_order(void) {
    graft_probe_id probe = put("calls.so:calls_within", GRAFT_MODE_ENTRY_EXIT, jump);
    for (volatile int i = 0; i < 100; i++)
        if (setjmp(back) == 0)
            calls.within(i % 30, leap);
    take_away(probe);
    probe = put("calls.so:calls_depth", GRAFT_MODE_ENTRY_EXIT, note);
    memset(&seen, 0, sizeof seen);
    CHECK_EQUAL(calls.depth(100), 100);
    CHECK_EQUAL(seen.entered, 101);
    CHECK_EQUAL(seen.left, 101);
    take_away(probe);
}

enum { THREADS = 4, TOGGLES = 60 };
static _Atomic bool stop;
static _Atomic uint64_t made;
static _Atomic uint64_t told;

static void count_told(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
    atomic_fetch_add_explicit(&told, 1, memory_order_relaxed);
}

static void *call_all(void *argument) {
    uint64_t mine = 0;
    int64_t n = (intptr_t)argument;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        n = (n * 7 + 1) % 1000;
        CHECK_EQUAL(calls.twice(n), 2 * n + 1);
        CHECK_EQUAL(calls.sum(n, 1, 1, 1, 1, 1, 1, 1, 1, 1), n + 54);
        CHECK_EQUAL(calls.depth(5), 5);
        CHECK(calls.mix(n, 2, n, 0.5) == (double)n * 2.5);
        mine++;
    }
    atomic_fetch_add(&made, mine);
    return NULL;
}

/* calls_twice is counted all the while, as its other probe comes and goes; the others' bytes change each time. */
static void probes_come_and_go_under_threads(void) {
    static const enum graft_mode modes[] = {GRAFT_MODE_ENTRY_EXIT, GRAFT_MODE_COUNT, GRAFT_MODE_ENTRY};
    pthread_t threads[THREADS];
    graft_probe_id all = put("calls.so:calls_twice", GRAFT_MODE_COUNT, NULL);
    for (intptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, call_all, (void *)i) == 0);
    for (int i = 0; i < TOGGLES; i++) {
        enum graft_mode mode = modes[i % 3];
        const struct graft_probe_spec specs[] = {
            {.target = "calls.so:calls_twice", .mode = mode, .handler = count_told},
            {.target = "calls.so:calls_sum", .mode = mode, .handler = count_told},
            {.target = "calls.so:calls_depth", .mode = mode, .handler = count_told},
            {.target = "calls.so:calls_mix", .mode = mode, .handler = count_told},
        };
        struct graft_outcome outcomes[4];
        CHECK_EQUAL(graft_install(specs, 4, outcomes), GRAFT_OK);
        graft_probe_id ids[4];
        for (int p = 0; p < 4; p++) {
            CHECK_EQUAL(outcomes[p].installed, 1);
            ids[p] = outcomes[p].probe;
        }
        uint64_t before = hits_of(ids[1]);
        while (hits_of(ids[1]) == before) /* threads come by while it is installed */
            sched_yield();
        CHECK_EQUAL(graft_remove(ids, 4, outcomes), GRAFT_OK);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_EQUAL(hits_of(all), atomic_load(&made));
    CHECK(atomic_load(&told) > 0);
    take_away(all);
    printf("  %llu rounds of calls, %d changes\n", (unsigned long long)atomic_load(&made), 2 * TOGGLES);
}

int main(void) {
    load(&calls.sum, "calls_sum");
    load(&calls.mix, "calls_mix");
    load(&calls.vector, "calls_vector");
    load(&calls.block, "calls_block");
    load(&calls.depth, "calls_depth");
    load(&calls.twice, "calls_twice");
    load(&calls.within, "calls_within");
    load(&calls.caught, "calls_catch");
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(arguments_and_results_are_seen);
    RUN(structs_come_back_whole);
    RUN(a_result_can_be_changed);
    RUN(deep_recursion_is_followed_as_far_as_there_are_frames);
    RUN(exceptions_pass_and_are_told_of);
    RUN(a_longjmp_around_calls_leaves_all_in_order);
    RUN(probes_come_and_go_under_threads);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
