/* test_guard.c: a program that is guarded from its start cannot block SIGTRAP, whatever way it takes, and sees nothing
 * else of it. */
#include "check.h"
#include <graft/graft.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum { HANDLER_ROUNDS = 200000, WAIT_MS = 10000 };

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* The mask as the kernel has it. */
static uint64_t kernel_mask(void) {
    uint64_t mask = 0;
    CHECK_EQUAL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof mask), 0);
    return mask;
}

static bool blocks(uint64_t mask, int number) {
    return (mask >> (number - 1) & 1) != 0;
}

static void check_all_but_trap(uint64_t mask) {
    CHECK(!blocks(mask, SIGTRAP));
    CHECK(blocks(mask, SIGUSR2) && blocks(mask, SIGTERM) && blocks(mask, SIGHUP));
}

static sigset_t full(void) {
    sigset_t every;
    sigfillset(&every);
    return every;
}

static void open_all(void) {
    sigset_t none;
    sigemptyset(&none);
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &none, NULL), 0);
}

/* Written by a handler or by a thread that has ended. */
static volatile uint64_t seen;

static void note_mask(int number) {
    (void)number;
    seen = kernel_mask();
}

static void a_start_that_is_not_asked_to_guard_lets_masks_alone(void) {
    const sigset_t every = full();
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &every, NULL), 0);
    CHECK(blocks(kernel_mask(), SIGTRAP));
}

/* The thread that asks blocks SIGTRAP, and the library runs already. */
static void asking_for_the_guard_opens_the_calling_thread(void) {
    const struct graft_options options = {.guard_threads = true};
    CHECK_EQUAL(graft_start(&options), GRAFT_OK);
    check_all_but_trap(kernel_mask());
    open_all();
}

static void a_thread_that_sets_its_mask_stays_open_to_traps(void) {
    const sigset_t every = full();
    sigset_t old;
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &every, NULL), 0);
    check_all_but_trap(kernel_mask());
    open_all();
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, &every, &old), 0);
    CHECK_EQUAL(sigismember(&old, SIGUSR2), 0);
    check_all_but_trap(kernel_mask());
    CHECK_EQUAL(sigprocmask(SIG_UNBLOCK, &every, NULL), 0);
    CHECK_EQUAL(kernel_mask(), 0);
}

static void *note_own_mask(void *unused) {
    seen = kernel_mask();
    return unused;
}

static void a_thread_that_starts_with_a_mask_stays_open_to_traps(void) {
    const sigset_t every = full();
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK_EQUAL(pthread_attr_init(&attributes), 0);
    CHECK_EQUAL(pthread_attr_setsigmask_np(&attributes, &every), 0);
    seen = UINT64_MAX;
    CHECK_EQUAL(pthread_create(&thread, &attributes, note_own_mask, NULL), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(pthread_attr_destroy(&attributes), 0);
    CHECK(!blocks(seen, SIGTRAP));
    CHECK(SANITIZED || blocks(seen, SIGUSR2)); /* the sanitizer gives a new thread the mask of its creator */
}

static void handle(int number, void (*handler)(int), const sigset_t *mask) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    if (mask != NULL)
        action.sa_mask = *mask;
    CHECK_EQUAL(sigaction(number, &action, NULL), 0);
}

static void a_handler_with_a_full_mask_stays_open_to_traps(void) {
    const sigset_t every = full();
    handle(SIGUSR1, note_mask, &every);
    seen = 0;
    CHECK_EQUAL(raise(SIGUSR1), 0);
    check_all_but_trap(seen);
}

/* A handler that interrupts such a wait runs under the mask of the wait. */
static void a_handler_during_a_wait_with_a_mask_stays_open_to_traps(void) {
    sigset_t all_but_one = full();
    const struct timespec limit = {WAIT_MS / 1000, 0};
    struct epoll_event event;
    int poller = epoll_create1(EPOLL_CLOEXEC);
    sigdelset(&all_but_one, SIGUSR1);
    handle(SIGUSR1, note_mask, NULL);
    for (int way = 0; way < 5; way++) {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, SIGUSR1);
        CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &one, NULL), 0);
        CHECK_EQUAL(raise(SIGUSR1), 0);
        seen = 0;
        int result = way == 0   ? sigsuspend(&all_but_one)
                     : way == 1 ? ppoll(NULL, 0, &limit, &all_but_one)
                     : way == 2 ? pselect(0, NULL, NULL, NULL, &limit, &all_but_one)
                     : way == 3 ? epoll_pwait(poller, &event, 1, WAIT_MS, &all_but_one)
                                : epoll_pwait2(poller, &event, 1, &limit, &all_but_one);
        CHECK_EQUAL(result, -1);
        check_all_but_trap(seen);
        open_all();
    }
    close(poller);
}

static sigset_t handlers_mask;

static void set_another_mask(int number) {
    (void)number;
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &handlers_mask, NULL), 0); /* the kernel puts the old one back */
}

/* The handler may come at any instruction, also when the changed mask is about to be read. */
static void a_handler_that_sets_masks_never_disturbs_the_mask_being_set(void) {
    const struct itimerval often = {{0, 50}, {0, 50}}, off = {{0, 0}, {0, 0}};
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, SIGTRAP);
    sigaddset(&mine, SIGUSR1);
    sigemptyset(&handlers_mask);
    sigaddset(&handlers_mask, SIGTRAP);
    sigaddset(&handlers_mask, SIGUSR2);
    handle(SIGALRM, set_another_mask, NULL);
    CHECK_EQUAL(setitimer(ITIMER_REAL, &often, NULL), 0);
    for (int i = 0; i < HANDLER_ROUNDS; i++) {
        CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &mine, NULL), 0);
        CHECK_EQUAL(kernel_mask(), UINT64_C(1) << (SIGUSR1 - 1));
    }
    CHECK_EQUAL(setitimer(ITIMER_REAL, &off, NULL), 0);
    open_all();
}

static void our_own_probes_are_in_no_snapshot(void) {
    struct graft_snapshot *snapshot;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    CHECK_EQUAL(snapshot->probe_count, 0);
    graft_snapshot_free(snapshot);
}

static void after_the_last_stop_masks_are_let_alone_again(void) {
    const sigset_t every = full();
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &every, NULL), 0);
    CHECK(blocks(kernel_mask(), SIGTRAP));
    open_all();
    CHECK(!blocks(kernel_mask(), SIGTRAP));
}

int main(void) {
    RUN(a_start_that_is_not_asked_to_guard_lets_masks_alone);
    RUN(asking_for_the_guard_opens_the_calling_thread);
    RUN(a_thread_that_sets_its_mask_stays_open_to_traps);
    RUN(a_thread_that_starts_with_a_mask_stays_open_to_traps);
    RUN(a_handler_with_a_full_mask_stays_open_to_traps);
    RUN(a_handler_during_a_wait_with_a_mask_stays_open_to_traps);
    RUN(a_handler_that_sets_masks_never_disturbs_the_mask_being_set);
    RUN(our_own_probes_are_in_no_snapshot);
    RUN(after_the_last_stop_masks_are_let_alone_again);
    return 0;
}
