/* awkward.c: functions that no jump fits, given a trap because a probe allows it; and functions that their compiler made to
 * be patched. Counts are exact under threads, signals, fork and a handler of the program's own; a call has its price. */
#include "probes.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* short_one is three bytes and a ret, with a neighbour right behind; turning branches back into its first bytes; empty is a
 * ret alone. */
int short_one(int x);
int neighbour(int x);
int turning(int x);
int looping(int x);
void empty(void);
__asm__(".text\n.p2align 4\n.globl short_one, neighbour, turning, looping, empty\n"
        ".type short_one,@function\nshort_one:\n.cfi_startproc\nlea 1(%rdi),%eax\nret\n.cfi_endproc\n"
        ".size short_one,.-short_one\n"
        ".type neighbour,@function\nneighbour:\n.cfi_startproc\nlea 2(%rdi),%eax\nret\n.cfi_endproc\n"
        ".size neighbour,.-neighbour\n"
        ".type empty,@function\nempty:\n.cfi_startproc\nret\n.cfi_endproc\n.size empty,.-empty\n"
        ".type turning,@function\nturning:\n.cfi_startproc\nmov %edi,%eax\n1: dec %eax\ntest $7,%al\nje 2f\ncall "
        "1b\n2: ret\n"
        ".cfi_endproc\n.size turning,.-turning\n"
        ".type looping,@function\nlooping:\n.cfi_startproc\n1: sub $1,%edi\njg 1b\nmov %edi,%eax\nret\n"
        ".cfi_endproc\n.size looping,.-looping\n");

#ifdef NO_SLEDS
#define SLED(all, in_front)
#else
#define SLED(all, in_front) __attribute__((patchable_function_entry(all, in_front)))
#endif
PROBED SLED(5, 0) int sled(int x) {
    return x + 3;
}
PROBED SLED(9, 2) int sled_in_front(int x) {
    return x + 4;
}

enum { THREADS = 4, CALLS = 20000, TIMED = 20000, FORKS = 4 };

static _Atomic uint64_t entered, left;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    atomic_fetch_add_explicit(hit->phase == GRAFT_PHASE_ENTER ? &entered : &left, 1, memory_order_relaxed);
}

static struct graft_outcome try(const char *target, enum graft_mode mode, uint32_t flags) {
    struct graft_probe_spec spec;
    struct graft_outcome outcome;
    memset(&spec, 0, sizeof spec);
    spec.target = target;
    spec.mode = mode;
    spec.flags = flags;
    spec.handler = on_hit;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    return outcome;
}

static graft_probe_id trap(const char *target, enum graft_mode mode) {
    struct graft_outcome outcome = try(target, mode, GRAFT_PROBE_TRAP);
    CHECK_EQUAL(outcome.installed, 1);
    return outcome.probe;
}

static enum graft_tactic tactic_of(graft_probe_id probe) {
    struct graft_snapshot *snapshot = NULL;
    enum graft_tactic tactic = GRAFT_TACTIC_NONE;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    for (size_t i = 0; i < snapshot->probe_count; i++)
        if (snapshot->probes[i].id == probe)
            tactic = snapshot->probes[i].entries[0].tactic;
    graft_snapshot_free(snapshot);
    return tactic;
}

static void a_trap_is_taken_only_by_a_probe_that_allows_it(void) {
    struct graft_outcome refused = try(":short_one", GRAFT_MODE_COUNT, 0);
    CHECK_EQUAL(refused.refusal, GRAFT_TOO_SHORT);
    CHECK_EQUAL(tactic_of(refused.probe), GRAFT_TACTIC_NONE);
    graft_probe_id allowed = trap(":short_one", GRAFT_MODE_COUNT);
    CHECK_EQUAL(tactic_of(allowed), GRAFT_TACTIC_TRAP);
    CHECK_EQUAL(try(":short_one", GRAFT_MODE_COUNT, 0).refusal, GRAFT_TOO_SHORT); /* nor another's */
    CHECK_EQUAL(short_one(1), 2);
    CHECK_EQUAL(hits_of(allowed), 1);
    uninstall(allowed);
    CHECK_EQUAL(try(":looping", GRAFT_MODE_COUNT, GRAFT_PROBE_TRAP).refusal, GRAFT_BRANCH_INTO_PATCH);
    graft_probe_id jump = trap(":a_function_with_room", GRAFT_MODE_COUNT);
    CHECK(tactic_of(jump) == GRAFT_TACTIC_JUMP || tactic_of(jump) == GRAFT_TACTIC_PUNNED);
    uninstall(jump);
}

PROBED int a_function_with_room(int x);
PROBED int a_function_with_room(int x) {
    volatile int y = x;
    return y * 3;
}

/* Names that this program's C library has or has not: none of them may be given a trap. */
static void the_c_library_is_given_none(void) {
    struct graft_outcome outcome = try("libc.so.6:*", GRAFT_MODE_COUNT, GRAFT_PROBE_TRAP);
    struct graft_snapshot *snapshot = NULL;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    size_t seen = 0;
    for (size_t i = 0; i < snapshot->probe_count; i++)
        for (size_t j = 0; snapshot->probes[i].id == outcome.probe && j < snapshot->probes[i].entry_count; j++, seen++)
            CHECK(snapshot->probes[i].entries[j].tactic != GRAFT_TACTIC_TRAP);
    CHECK(seen > 1000);
    graft_snapshot_free(snapshot);
    uninstall(outcome.probe);
}

static void short_functions_tell_entry_and_exit(void) {
    graft_probe_id probes[] = {trap(":short_one", GRAFT_MODE_ENTRY_EXIT), trap(":neighbour", GRAFT_MODE_ENTRY_EXIT),
        trap(":turning", GRAFT_MODE_ENTRY_EXIT), trap(":empty", GRAFT_MODE_ENTRY_EXIT)};
    entered = left = 0;
    for (int i = 0; i < 1000; i++) {
        CHECK_EQUAL(short_one(i), i + 1);
        CHECK_EQUAL(neighbour(i), i + 2);
        CHECK_EQUAL(turning(i + 9) & 7, 0);
        empty();
    }
    CHECK_EQUAL(entered, 4000);
    CHECK_EQUAL(left, 4000);
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(hits_of(probes[i]), 1000);
        uninstall(probes[i]);
    }
}

static void *call(void *argument) {
    sigset_t every;
    sigfillset(&every);
    if (argument == NULL) /* after the library has begun to watch: SIGTRAP stays out of the mask */
        CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &every, NULL), 0);
    for (int i = 0; i < CALLS; i++) {
        CHECK_EQUAL(short_one(i), i + 1);
        CHECK_EQUAL(neighbour(i), i + 2);
    }
    return NULL;
}

static _Atomic uint64_t ticks;
static void on_tick(int number) {
    (void)number;
    CHECK_EQUAL(short_one(5), 6);
    ticks++;
}

static void counts_are_exact_under_threads_and_signals_while_a_neighbour_comes_and_goes(void) {
    const struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    pthread_t threads[THREADS];
    graft_probe_id probe = trap(":short_one", GRAFT_MODE_COUNT);
    signal(SIGALRM, on_tick);
    CHECK_EQUAL(setitimer(ITIMER_REAL, &often, NULL), 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, call, (void *)i), 0);
    for (int i = 0; i < 50; i++) {
        struct graft_outcome outcome = try(":neighbour", GRAFT_MODE_ENTRY_EXIT, GRAFT_PROBE_TRAP);
        uninstall(outcome.probe);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    CHECK_EQUAL(setitimer(ITIMER_REAL, &never, NULL), 0);
    signal(SIGALRM, SIG_IGN);
    CHECK_EQUAL(hits_of(probe), (uint64_t)THREADS * CALLS + ticks);
    uninstall(probe);
    CHECK_EQUAL(short_one(1), 2);
}

static volatile sig_atomic_t own_traps;
static void on_own_trap(int number) {
    own_traps += number == SIGTRAP;
}

static void traps_of_the_program_still_reach_it(void) {
    graft_probe_id probe = trap(":short_one", GRAFT_MODE_COUNT);
    signal(SIGTRAP, on_own_trap);
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(short_one(i), i + 1);
        __asm__ volatile("int3");
    }
    raise(SIGTRAP);
    CHECK_EQUAL(own_traps, 101);
    CHECK_EQUAL(hits_of(probe), 100);
    uninstall(probe);
    signal(SIGTRAP, SIG_DFL);
}

static void a_forked_child_has_the_trap_too(void) {
    graft_probe_id probe = trap(":short_one", GRAFT_MODE_ENTRY);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0)
            _exit(short_one(41) == 42 ? 7 : 1);
        int status = 0;
        CHECK_EQUAL(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    }
    uninstall(probe);
}

/* A debugger takes SIGTRAP before the program sees it. */
static void no_trap_is_set_while_a_debugger_is_attached(void) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK_EQUAL(ptrace(PTRACE_TRACEME, 0, NULL, NULL), 0);
        CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
        struct graft_outcome outcome = try(":short_one", GRAFT_MODE_COUNT, GRAFT_PROBE_TRAP);
        CHECK_EQUAL(outcome.installed, 0);
        CHECK_EQUAL(outcome.refusal, GRAFT_UNSAFE_THREADS); /* it waits */
        CHECK_EQUAL(short_one(1), 2);
        _exit(7);
    }
    int status = 0;
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status))
        ptrace(PTRACE_CONT, child, NULL, (void *)(uintptr_t)(unsigned)WSTOPSIG(status));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static double nanoseconds(int (*function)(int)) {
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int i = 0; i < TIMED; i++)
        function(i);
    clock_gettime(CLOCK_MONOTONIC, &after);
    return ((double)(after.tv_sec - before.tv_sec) * 1e9 + (double)(after.tv_nsec - before.tv_nsec)) / TIMED;
}

static void a_call_costs_a_signal(void) {
    double bare = nanoseconds(short_one);
    graft_probe_id probe = trap(":short_one", GRAFT_MODE_COUNT);
    double trapped = nanoseconds(short_one);
    CHECK_EQUAL(hits_of(probe), TIMED);
    uninstall(probe);
    printf("  a call: %.0f ns; with a trap: %.0f ns\n", bare, trapped);
    CHECK(nanoseconds(short_one) < trapped / 2);
}

#ifndef NO_SLEDS
static void sleds_are_used_and_leave_what_stands_in_front_alone(void) {
    static unsigned char before[2];
    volatile uintptr_t entry = (uintptr_t)sled_in_front; /* or the compiler knows what may not be in front */
    const char *front = (const char *)entry - sizeof before;
    memcpy(before, front, sizeof before);
    CHECK(before[0] == 0x90 && before[1] == 0x90);
    graft_probe_id one = install(":sled", GRAFT_MODE_ENTRY_EXIT, on_hit, NULL, 1);
    graft_probe_id other = install(":sled_in_front", GRAFT_MODE_ENTRY_EXIT, on_hit, NULL, 1);
    entered = left = 0;
    for (int i = 0; i < 1000; i++) {
        CHECK_EQUAL(sled(i), i + 3);
        CHECK_EQUAL(sled_in_front(i), i + 4);
    }
    CHECK_EQUAL(entered, 2000);
    CHECK_EQUAL(left, 2000);
    CHECK(memcmp(before, front, sizeof before) == 0);
    uninstall(one);
    uninstall(other);
    CHECK_EQUAL(sled(1) + sled_in_front(1), 9);
}
#endif

int main(void) {
    RUN(no_trap_is_set_while_a_debugger_is_attached); /* in a child, so before this process starts the library */
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(a_trap_is_taken_only_by_a_probe_that_allows_it);
    RUN(the_c_library_is_given_none);
    RUN(short_functions_tell_entry_and_exit);
    RUN(counts_are_exact_under_threads_and_signals_while_a_neighbour_comes_and_goes);
    RUN(traps_of_the_program_still_reach_it);
    RUN(a_forked_child_has_the_trap_too);
    RUN(a_call_costs_a_signal);
#ifndef NO_SLEDS
    RUN(sleds_are_used_and_leave_what_stands_in_front_alone);
#endif
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
