/* test_exit.c: what a handler sees at entry and exit, and that nothing else notices: stack arguments, results of every
 * class, unwinders, longjmp, deep recursion, tail calls, cancellation. Each behaviour is shown with each kind of thunk,
 * the long way through hit.c and the short way of the thunks. */
#include "attach.h"
#include "core.h"
#include "prologues.h"
#include <errno.h>
#include <execinfo.h>
#include <graft/hit.h>
#include <pthread.h>
#include <setjmp.h>

struct big {
    long a, b, c;
};
struct pair {
    long a;
    double b;
};

/* The functions under test are called through volatile pointers, so that no caller is compiled to know them. */
#define TARGET __attribute__((noinline, noipa)) __attribute__((visibility("default")))
#if defined(__clang__)
#undef TARGET
#define TARGET __attribute__((noinline, visibility("default")))
#endif

TARGET long t_integers(long a, long b, long c, long d, long e, long f, long g, long h);
TARGET double t_floats(double a, double b, double c, double d, double e, double f, double g, double h, double i);
TARGET struct big t_memory(struct big in, long more);
TARGET struct pair t_pair(long a, double b);
TARGET long double t_x87(long double a);
TARGET long t_recurse(long depth);
TARGET void t_jump(jmp_buf *to);
TARGET int t_backtrace(void **frames, int max);
TARGET void t_thread_exit(void *value);
TARGET int t_errno(void);

TARGET long t_integers(long a, long b, long c, long d, long e, long f, long g, long h) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}
TARGET double t_floats(double a, double b, double c, double d, double e, double f, double g, double h, double i) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i;
}
TARGET struct big t_memory(struct big in, long more) {
    return (struct big){in.a + more, in.b + more, in.c + more};
}
TARGET struct pair t_pair(long a, double b) {
    return (struct pair){a * 2, b * 2};
}
TARGET long double t_x87(long double a) {
    return a * 3;
}
TARGET long t_recurse(long depth) {
    long (*volatile self)(long) = t_recurse;
    return depth == 0 ? 0 : 1 + self(depth - 1);
}
TARGET void t_jump(jmp_buf *to) {
    longjmp(*to, 1);
}
TARGET int t_backtrace(void **frames, int max) {
    return backtrace(frames, max);
}
TARGET void t_thread_exit(void *value) {
    pthread_exit(value);
}
TARGET int t_errno(void) {
    return errno;
}

static struct {
    enum gr_keep keep;
    bool plain;
} way;

static struct {
    uint64_t enters, leaves, unwinds;
    uint64_t arguments[8], result, nanoseconds, cookie, return_address;
    double floats[8], float_result;
} seen;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    switch (hit->phase) {
    case GRAFT_PHASE_ENTER:
        seen.enters++;
        seen.return_address = hit->return_address;
        for (unsigned i = 0; i < 8; i++) {
            seen.arguments[i] = graft_hit_argument(hit, i);
            seen.floats[i] = graft_hit_float_argument(hit, i);
        }
        hit->cookie = seen.enters;
        break;
    case GRAFT_PHASE_LEAVE:
        seen.leaves++;
        seen.result = graft_hit_result(hit);
        seen.float_result = graft_hit_float_result(hit);
        seen.nanoseconds = hit->nanoseconds;
        seen.cookie = hit->cookie;
        break;
    case GRAFT_PHASE_UNWIND:
        seen.unwinds++;
        break;
    }
    errno = EDOM; /* the program's errno must survive this */
}

static struct gr_site *watch(const char *name) {
    struct gr_site *site, *failed;
    CHECK_EQUAL(core_prepare(name, way.keep, &site), GRAFT_OK);
    struct gr_attachment *attachment = calloc(1, sizeof *attachment);
    *attachment = (struct gr_attachment){.probe = 1,
        .mode = GRAFT_MODE_ENTRY_EXIT,
        .flags = way.plain ? 0 : GRAFT_PROBE_TIME,
        .plain = way.plain,
        .handler = on_hit};
    CHECK_EQUAL(gr_attach(site, attachment), GRAFT_OK);
    gr_patch_aim(site, gr_attach_stub(site));
    CHECK_EQUAL(gr_patch_commit(&site, 1, &failed), GRAFT_OK);
    memset(&seen, 0, sizeof seen);
    return site;
}

static void unwatch(struct gr_site *site) {
    struct gr_attachments *list = atomic_load(&site->attachments);
    CHECK_EQUAL(gr_patch_restore(&site, 1), GRAFT_OK);
    CHECK_EQUAL(gr_detach(site, list->item[0]), GRAFT_OK);
    gr_patch_forget(site); /* nobody is in its stub: all calls were made here */
}

static void integer_arguments_and_results_are_seen_and_kept(void) {
    struct gr_site *site = watch("t_integers");
    long (*volatile f)(long, long, long, long, long, long, long, long) = t_integers;
    CHECK_EQUAL(f(1, 2, 3, 4, 5, 6, 7, 8), 204);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQUAL(seen.arguments[i], i + 1);
    CHECK_EQUAL(seen.result, 204);
    CHECK((seen.nanoseconds > 0) == !way.plain);
    CHECK_EQUAL(seen.cookie, 1);
    unwatch(site);
}

static void floating_arguments_and_results_are_seen_and_kept(void) {
    struct gr_site *site = watch("t_floats");
    double (*volatile f)(double, double, double, double, double, double, double, double, double) = t_floats;
    CHECK(f(1, 2, 3, 4, 5, 6, 7, 8, 9) == 285);
    for (unsigned i = 0; i < 8; i++)
        CHECK(seen.floats[i] == i + 1);
    CHECK(seen.float_result == 285);
    unwatch(site);
}

static void structs_in_memory_and_in_registers_are_kept(void) {
    struct gr_site *memory = watch("t_memory"), *pair = watch("t_pair");
    struct big (*volatile f)(struct big, long) = t_memory;
    struct pair (*volatile g)(long, double) = t_pair;
    struct big big = f((struct big){1, 2, 3}, 10);
    CHECK(big.a == 11 && big.b == 12 && big.c == 13);
    struct pair two = g(21, 1.5);
    CHECK(two.a == 42 && two.b == 3);
    CHECK_EQUAL(seen.leaves, 2);
    unwatch(memory);
    unwatch(pair);
}

static void long_doubles_are_kept(void) {
    struct gr_site *site = watch("t_x87");
    long double (*volatile f)(long double) = t_x87;
    CHECK(f(2.5L) == 7.5L);
    unwatch(site);
}

static void errno_is_kept(void) {
    struct gr_site *site = watch("t_errno");
    int (*volatile f)(void) = t_errno;
    errno = ENOENT;
    CHECK_EQUAL(f(), ENOENT);
    CHECK_EQUAL(errno, ENOENT);
    unwatch(site);
}

static void recursion_deeper_than_the_frames_is_correct_and_counted(void) {
    struct gr_site *site = watch("t_recurse");
    long (*volatile f)(long) = t_recurse;
    uint64_t without = gr_hits_without_frame();
    CHECK_EQUAL(f(GR_FRAMES_PER_THREAD - 1), GR_FRAMES_PER_THREAD - 1);
    CHECK_EQUAL(seen.leaves, GR_FRAMES_PER_THREAD);
    CHECK_EQUAL(gr_hits_without_frame(), without);
    CHECK_EQUAL(f(GR_FRAMES_PER_THREAD), GR_FRAMES_PER_THREAD);
    CHECK_EQUAL(gr_hits_without_frame() - without, 1);
    CHECK_EQUAL(seen.enters, 2 * GR_FRAMES_PER_THREAD + 1);
    CHECK_EQUAL(seen.leaves, 2 * GR_FRAMES_PER_THREAD);
    unwatch(site);
}

static void longjmp_past_a_call_loses_no_frame(void) {
    enum { JUMPS = 10 * GR_FRAMES_PER_THREAD };
    struct gr_site *site = watch("t_jump"), *recurse = watch("t_recurse");
    void (*volatile f)(jmp_buf *) = t_jump;
    long (*volatile g)(long) = t_recurse;
    uint64_t without = gr_hits_without_frame();
    for (volatile int i = 0; i < JUMPS; i++) {
        jmp_buf here;
        if (setjmp(here) == 0)
            f(&here);
        CHECK_EQUAL(g(20), 20);
    }
    CHECK_EQUAL(gr_hits_without_frame(), without);
    CHECK_EQUAL(seen.leaves, JUMPS * 21);
    unwatch(site);
    unwatch(recurse);
}

static void tail_calls_return_through_both(void) {
    enum { CALLS = 3 * GR_FRAMES_PER_THREAD };
    struct gr_site *outer = watch("p_jump"), *inner = watch("p_swift");
    int (*volatile f)(int) = p_jump;
    uint64_t without = gr_hits_without_frame();
    for (int i = 0; i < CALLS; i++)
        CHECK_EQUAL(f(i), 7 * i + 3);
    CHECK_EQUAL(gr_hits_without_frame(), without);
    CHECK_EQUAL(seen.enters, 2 * CALLS);
    CHECK_EQUAL(seen.leaves, 2 * CALLS);
    CHECK(!gr_is_thunk_return(seen.return_address)); /* of the tail call: the caller of both */
    unwatch(outer);
    unwatch(inner);
}

static void backtraces_cross_the_frame(void) {
    enum { PLAIN, HOOKED, ROUNDS };
    void *frames[ROUNDS][64];
    int counts[ROUNDS];
    int (*volatile f)(void **, int) = t_backtrace;
    struct gr_site *site = NULL;
    for (volatile int round = PLAIN; round < ROUNDS; round++) { /* volatile: one call for both, not one for each */
        if (round == HOOKED)
            site = watch("t_backtrace");
        counts[round] = f(frames[round], 64);
    }
    unwatch(site);
    CHECK_EQUAL(counts[HOOKED], counts[PLAIN] + 1); /* our frame is there, and everything above it */
    for (int i = 1; i < counts[PLAIN]; i++)
        CHECK(frames[PLAIN][i] == frames[HOOKED][i + 1]);
}

static void *end_inside(void *value) {
    void (*volatile f)(void *) = t_thread_exit;
    f(value);
    return NULL;
}

static void a_thread_that_ends_inside_is_seen_as_unwinding(void) {
    struct gr_site *site = watch("t_thread_exit");
    for (uintptr_t i = 1; i <= 10; i++) {
        pthread_t thread;
        void *result;
        CHECK_EQUAL(pthread_create(&thread, NULL, end_inside, (void *)i), 0);
        CHECK_EQUAL(pthread_join(thread, &result), 0);
        CHECK_EQUAL((uintptr_t)result, i);
    }
    CHECK_EQUAL(seen.enters, 10);
    CHECK_EQUAL(seen.unwinds, 10);
    CHECK_EQUAL(seen.leaves, 0);
    unwatch(site);
    gr_threads_reap();
}

static void run_all(void) {
    printf("  kind %d, the %s way\n", way.keep, way.plain ? "short" : "long");
    RUN(integer_arguments_and_results_are_seen_and_kept);
    RUN(floating_arguments_and_results_are_seen_and_kept);
    RUN(structs_in_memory_and_in_registers_are_kept);
    RUN(long_doubles_are_kept);
    RUN(errno_is_kept);
    RUN(recursion_deeper_than_the_frames_is_correct_and_counted);
    RUN(longjmp_past_a_call_loses_no_frame);
    RUN(tail_calls_return_through_both);
    RUN(backtraces_cross_the_frame);
    RUN(a_thread_that_ends_inside_is_seen_as_unwinding);
}

int main(void) {
    core_start();
    for (int plain = 0; plain < 2; plain++)
        for (int keep = GR_KEEP_ABI; keep <= (int)gr_arch_keep_limit(); keep++) {
            way.keep = (enum gr_keep)keep;
            way.plain = plain != 0;
            run_all();
        }
    return 0;
}
