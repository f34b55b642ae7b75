/* traps.c: a program that uses SIGTRAP itself, before and after the library does, and never hears of the library's traps.
 *
 * Linked with functions that cannot be patched without traps (many.S), called all the time. */
#include "many.h"
#include "probes.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 2, ROUNDS_MAX = 1000 };

static _Atomic bool stop;
static _Atomic int ready;
static _Atomic int first_told, second_told, third_told;
static _Atomic int last_code; /* si_code of the last signal that was told */

static void first(int number, siginfo_t *info, void *context) {
    (void)context;
    CHECK_EQUAL(number, SIGTRAP);
    last_code = info->si_code;
    first_told++;
}

static void second(int number, siginfo_t *info, void *context) {
    (void)context;
    CHECK_EQUAL(number, SIGTRAP);
    last_code = info->si_code;
    second_told++;
}

static void third(int number) {
    CHECK_EQUAL(number, SIGTRAP);
    third_told++;
}

static void set(void (*handler)(int, siginfo_t *, void *), int flags, struct sigaction *old) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    CHECK_EQUAL(sigaction(SIGTRAP, &action, old), 0);
}

/* The program's own traps, of each kind; each must be heard once. */
static void trap_and_raise(_Atomic int *told) {
    int before = *told;
    __asm__ volatile("int3");
    CHECK_EQUAL(*told, before + 1);
    if (told != &third_told)
        CHECK(last_code == SI_KERNEL || last_code == TRAP_BRKPT);
    CHECK_EQUAL(raise(SIGTRAP), 0);
    CHECK_EQUAL(*told, before + 2);
    if (told != &third_told)
        CHECK_EQUAL(last_code, SI_TKILL);
    CHECK_EQUAL(kill(getpid(), SIGTRAP), 0); /* to this thread: the others block it only if they asked to */
    while (*told != before + 3)
        sched_yield();
}

static void *call_many(void *unused) {
    ready++; /* a thread that has not begun yet blocks every signal */
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        for (long n = 0; n < COUNT; n++)
            CHECK_EQUAL(many[n](n), 2 * n);
    return unused;
}

static void change_under_load(void) {
    pthread_t threads[THREADS];
    stop = false;
    ready = 0;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, call_many, NULL), 0);
    while (ready != THREADS)
        sched_yield();
    uint64_t met = counters_now().traps_redirected;
    for (int round = 0; round < ROUNDS || (round < ROUNDS_MAX && counters_now().traps_redirected == met); round++) {
        graft_probe_id probe = install(":many_*", GRAFT_MODE_COUNT, NULL, NULL, COUNT);
        uint64_t before = hits_of(probe);
        while (hits_of(probe) < before + COUNT)
            sched_yield();
        uninstall(probe);
    }
    CHECK(counters_now().traps_redirected > met); /* otherwise this shows nothing */
    stop = true;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

static void a_handler_from_before_hears_the_programs_traps_alone(void) {
    trap_and_raise(&first_told);
    int before = first_told;
    change_under_load();
    CHECK_EQUAL(first_told, before);
    trap_and_raise(&first_told);
}

static void a_handler_from_after_takes_its_place_and_sees_the_old_one(void) {
    struct sigaction old, now;
    set(second, SA_NODEFER, &old);
    CHECK(old.sa_sigaction == first);
    CHECK_EQUAL(sigaction(SIGTRAP, NULL, &now), 0);
    CHECK(now.sa_sigaction == second);
    CHECK((now.sa_flags & SA_NODEFER) != 0);
    int before = first_told;
    trap_and_raise(&second_told);
    change_under_load();
    trap_and_raise(&second_told);
    CHECK_EQUAL(first_told, before);
    CHECK(signal(SIGTRAP, third) == (void (*)(int))(void *)second);
    trap_and_raise(&third_told);
    change_under_load();
    CHECK(signal(SIGTRAP, SIG_IGN) == third);
    CHECK_EQUAL(raise(SIGTRAP), 0); /* ignored */
    change_under_load();
}

static void a_handler_for_one_time_hears_one(void) {
    set(first, (int)SA_RESETHAND, NULL);
    int before = first_told;
    CHECK_EQUAL(raise(SIGTRAP), 0);
    CHECK_EQUAL(first_told, before + 1);
    struct sigaction now;
    CHECK_EQUAL(sigaction(SIGTRAP, NULL, &now), 0);
    CHECK(now.sa_handler == SIG_DFL);
}

static _Atomic bool blocked_inside;

static void look_at_mask(int number) {
    sigset_t now;
    (void)number;
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
    blocked_inside = sigismember(&now, SIGUSR1) == 1 && sigismember(&now, SIGUSR2) == 0;
}

static void a_handlers_mask_is_in_force_while_it_runs(void) {
    struct sigaction action;
    sigset_t after;
    memset(&action, 0, sizeof action);
    action.sa_handler = look_at_mask;
    sigaddset(&action.sa_mask, SIGUSR1);
    CHECK_EQUAL(sigaction(SIGTRAP, &action, NULL), 0);
    __asm__ volatile("int3");
    CHECK(blocked_inside);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, NULL, &after), 0);
    CHECK_EQUAL(sigismember(&after, SIGUSR1), 0);
}

/* A profiler that unwinds between a trap and the way on would follow a wrong stack: unwind tables describe the entry
 * behind the instruction that the trap stands for. */
static void no_signal_comes_while_a_thread_is_moved_on(void) {
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        uint64_t mask;
    } action = {NULL, 0, NULL, 0}; /* as the kernel has it, past the library's answer */
    CHECK_EQUAL(syscall(SYS_rt_sigaction, SIGTRAP, NULL, &action, sizeof action.mask), 0);
    static const int held[] = {SIGPROF, SIGALRM, SIGUSR1, SIGVTALRM, 34, 64};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        CHECK_EQUAL(action.mask >> (held[i] - 1) & 1, 1);
    CHECK_EQUAL(action.mask >> (SIGSEGV - 1) & 1, 0);
}

/* How a child ends that traps with this action. */
static int end_of_child(void (*action)(int), bool by_raise) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGTRAP, action);
        if (by_raise)
            raise(SIGTRAP);
        else
            __asm__ volatile("int3");
        _exit(0);
    }
    int status = 0;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void a_program_that_does_not_handle_its_trap_dies_of_it(void) {
    CHECK_EQUAL(end_of_child(SIG_DFL, false), SIGTRAP);
    CHECK_EQUAL(end_of_child(SIG_DFL, true), SIGTRAP);
    CHECK_EQUAL(end_of_child(SIG_IGN, false), SIGTRAP); /* the kernel does not let a trap be ignored */
    CHECK_EQUAL(end_of_child(SIG_IGN, true), 0);
}

static void after_stop_the_program_hears_its_traps(void) {
    set(second, 0, NULL);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    trap_and_raise(&second_told);
    set(first, 0, NULL);
    trap_and_raise(&first_told);
}

int main(void) {
    set(first, 0, NULL);
    trap_and_raise(&first_told);
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(a_handler_from_before_hears_the_programs_traps_alone);
    RUN(a_handler_from_after_takes_its_place_and_sees_the_old_one);
    RUN(a_handler_for_one_time_hears_one);
    RUN(a_handlers_mask_is_in_force_while_it_runs);
    RUN(no_signal_comes_while_a_thread_is_moved_on);
    RUN(a_program_that_does_not_handle_its_trap_dies_of_it);
    RUN(after_stop_the_program_hears_its_traps);
    return 0;
}
