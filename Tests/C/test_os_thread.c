/* test_os_thread.c: threads, waiting, time and signals: os/thread.c, os/tasks.c, os/signal.c. */
#include "check.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOME_ERRNO = 77, STEADY_THREADS = 20, CHURN_THREADS = 3, LISTINGS = 60 };

static void knows_who_it_is_and_keeps_errno(void) {
    errno = SOME_ERRNO;
    CHECK_EQUAL(gr_os_process_id(), getpid());
    CHECK_EQUAL(gr_os_thread_id(), getpid());
    uint64_t before = gr_os_nanoseconds(), after = gr_os_nanoseconds();
    CHECK(before > 0 && after >= before);
    uint32_t word = 0;
    gr_os_wake(&word);
    CHECK_EQUAL(errno, SOME_ERRNO);
}

static void counts_possible_processors(void) {
    unsigned count = gr_os_cpu_count();
    CHECK(count >= (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
    gr_fault_set(GR_OS_CPU_COUNT, 0, 1);
    CHECK_EQUAL(gr_os_cpu_count(), sysconf(_SC_NPROCESSORS_CONF));
    gr_fault_clear();
}

static void *give_id(void *id) {
    *(uint32_t *)id = gr_os_thread_id();
    return NULL;
}

static void knows_whether_a_thread_exists(void) {
    CHECK(gr_os_thread_exists(gr_os_thread_id()));
    CHECK(!gr_os_thread_exists(0));
    uint32_t id = 0;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, give_id, &id) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(id != 0 && id != gr_os_thread_id());
    for (int i = 0; gr_os_thread_exists(id) && i < 10000; i++) { /* join returns a moment before the kernel is done */
        usleep(100);
    }
    CHECK(!gr_os_thread_exists(id));
    CHECK(!gr_os_thread_exists((uint32_t)getppid())); /* another process */
}

static bool count_one(const struct gr_os_thread *thread, void *context) {
    CHECK(thread->id != 0);
    ++*(unsigned *)context;
    return true;
}

/* Waits for the main thread's end, then exits with 0 when it counts as gone. */
static void *see_main_gone(void *unused) {
    (void)unused;
    uint32_t main_thread = gr_os_process_id();
    for (int i = 0; gr_os_thread_exists(main_thread) && i < 10000; i++) {
        usleep(100);
    }
    unsigned count = 0;
    bool held = !gr_os_thread_exists(main_thread) && gr_os_threads(count_one, &count) == GRAFT_OK && count >= 1;
    _exit(held ? 0 : 1);
}

static void a_main_thread_that_ended_is_gone(void) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, see_main_gone, NULL) == 0);
        pthread_exit(NULL);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
}

/* Threads that stand at a gate; every second one blocks SIGTRAP. */
static struct steady {
    pthread_t thread;
    bool blocks;
    _Atomic uint32_t id; /* the thread's release pairs with the acquire of start_steady */
    bool seen;
} steady[STEADY_THREADS];
static _Atomic uint32_t gate; /* 1: open */

static void *stand(void *context) {
    struct steady *self = context;
    sigset_t trap;
    sigemptyset(&trap);
    sigaddset(&trap, SIGTRAP);
    CHECK(pthread_sigmask(self->blocks ? SIG_BLOCK : SIG_UNBLOCK, &trap, NULL) == 0);
    atomic_store_explicit(&self->id, gr_os_thread_id(), memory_order_release);
    gr_os_wake((uint32_t *)&self->id);
    while (atomic_load_explicit(&gate, memory_order_acquire) == 0) {
        gr_os_wait((uint32_t *)&gate, 0, -1);
    }
    return NULL;
}

static void start_steady(void) {
    atomic_store_explicit(&gate, 0, memory_order_relaxed);
    for (int i = 0; i < STEADY_THREADS; i++) {
        atomic_store_explicit(&steady[i].id, 0, memory_order_relaxed);
        steady[i].blocks = i % 2 == 1;
        CHECK(pthread_create(&steady[i].thread, NULL, stand, &steady[i]) == 0);
        while (atomic_load_explicit(&steady[i].id, memory_order_acquire) == 0) {
            gr_os_wait((uint32_t *)&steady[i].id, 0, -1);
        }
    }
}

static void end_steady(void) {
    atomic_store_explicit(&gate, 1, memory_order_release); /* pairs with the acquire in stand */
    gr_os_wake((uint32_t *)&gate);
    for (int i = 0; i < STEADY_THREADS; i++) {
        CHECK(pthread_join(steady[i].thread, NULL) == 0);
    }
}

static bool note(const struct gr_os_thread *thread, void *context) {
    (void)context;
    for (int i = 0; i < STEADY_THREADS; i++) {
        if (atomic_load_explicit(&steady[i].id, memory_order_relaxed) == thread->id) {
            CHECK(!steady[i].seen);
            CHECK_EQUAL(thread->blocks_sigtrap, steady[i].blocks);
            steady[i].seen = true;
        }
    }
    return true;
}

static void check_all_seen(void) {
    for (int i = 0; i < STEADY_THREADS; i++) {
        steady[i].seen = false;
    }
    CHECK_EQUAL(gr_os_threads(note, NULL), GRAFT_OK);
    for (int i = 0; i < STEADY_THREADS; i++) {
        CHECK(steady[i].seen);
    }
}

static bool stop_at_second(const struct gr_os_thread *thread, void *context) {
    (void)thread;
    return ++*(unsigned *)context < 2;
}

static void lists_each_thread_once_with_its_mask(void) {
    start_steady();
    check_all_seen();
    unsigned calls = 0;
    CHECK_EQUAL(gr_os_threads(stop_at_second, &calls), GRAFT_OK);
    CHECK_EQUAL(calls, 2);
    end_steady();
}

static atomic_bool churning;

static void *churn(void *unused) {
    (void)unused;
    while (atomic_load_explicit(&churning, memory_order_relaxed)) {
        uint32_t id;
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, give_id, &id) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    return NULL;
}

static void misses_no_thread_while_others_come_and_go(void) {
    pthread_t threads[CHURN_THREADS];
    atomic_store_explicit(&churning, true, memory_order_relaxed);
    for (int i = 0; i < CHURN_THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, churn, NULL) == 0);
    }
    start_steady();
    for (int i = 0; i < LISTINGS; i++) {
        check_all_seen();
    }
    end_steady();
    atomic_store_explicit(&churning, false, memory_order_relaxed);
    for (int i = 0; i < CHURN_THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static void reports_that_threads_cannot_be_listed(void) {
    unsigned calls = 0;
    for (unsigned reading = 0; reading < 2; reading++) {
        gr_fault_set(GR_OS_THREADS, reading, 1);
        CHECK_EQUAL(gr_os_threads(count_one, &calls), GRAFT_OS);
    }
    gr_fault_set(GR_OS_THREAD_STATUS, 0, 1);
    CHECK_EQUAL(gr_os_threads(count_one, &calls), GRAFT_OS);
    CHECK_EQUAL(calls, 0);
    gr_fault_clear();
}

/* What our own thread finds about itself. */
struct finding {
    sigset_t mask;
    char name[16];
};

static void *find(void *context) {
    struct finding *finding = context;
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &finding->mask) == 0);
    CHECK(prctl(PR_GET_NAME, finding->name, 0, 0, 0) == 0);
    volatile char stack[128 * 1024]; /* at least half of what was promised is there */
    stack[0] = stack[sizeof stack - 1] = 1;
    return NULL;
}

/* The kernel fills in fewer bytes than the type has, so the members are compared. */
static bool same_mask(const sigset_t *left, const sigset_t *right) {
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (sigismember(left, number) != sigismember(right, number)) {
            return false;
        }
    }
    return true;
}

static void starts_a_thread_that_takes_no_signal_of_the_host(void) {
    sigset_t before, after;
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &before) == 0);
    struct finding finding;
    uintptr_t thread = 0;
    CHECK_EQUAL(gr_os_thread_start(find, &finding, "graft", &thread), GRAFT_OK);
    gr_os_thread_join(thread);
    CHECK_TEXT(finding.name, "graft");
    static const int open_to[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    static const int closed_to[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGALRM, SIGUSR1, SIGPROF, SIGPIPE};
    for (size_t i = 0; i < sizeof open_to / sizeof *open_to; i++) {
        CHECK_EQUAL(sigismember(&finding.mask, open_to[i]), 0);
    }
    for (size_t i = 0; i < sizeof closed_to / sizeof *closed_to; i++) {
        CHECK_EQUAL(sigismember(&finding.mask, closed_to[i]), 1);
    }
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &after) == 0);
    CHECK(same_mask(&before, &after));
}

static void opens_sigtrap_though_the_starter_blocks_it(void) {
    sigset_t all, before;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    struct finding finding;
    uintptr_t thread = 0;
    CHECK_EQUAL(gr_os_thread_start(find, &finding, "graft", &thread), GRAFT_OK);
    gr_os_thread_join(thread);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    CHECK_EQUAL(sigismember(&finding.mask, SIGTRAP), 0);
}

static void cuts_a_name_at_fifteen_bytes(void) {
    static const char *const given[] = {"123456789012345", "1234567890123456", ""};
    static const char *const kept[] = {"123456789012345", "123456789012345", ""};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct finding finding;
        uintptr_t thread = 0;
        CHECK_EQUAL(gr_os_thread_start(find, &finding, given[i], &thread), GRAFT_OK);
        gr_os_thread_join(thread);
        CHECK_TEXT(finding.name, kept[i]);
    }
}

static void reports_a_thread_that_cannot_start(void) {
    sigset_t before, after;
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &before) == 0);
    struct finding finding;
    uintptr_t thread = 0;
    gr_fault_set(GR_OS_THREAD_START, 0, 1);
    CHECK_EQUAL(gr_os_thread_start(find, &finding, "graft", &thread), GRAFT_OS);
    CHECK_EQUAL(errno, EAGAIN);
    CHECK_EQUAL(thread, 0);
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &after) == 0);
    CHECK(same_mask(&before, &after));
    gr_fault_clear();
}

static void waits_no_longer_than_asked(void) {
    uint32_t word = 5;
    errno = SOME_ERRNO;
    uint64_t before = gr_os_nanoseconds();
    gr_os_wait(&word, 5, 20);
    CHECK(gr_os_nanoseconds() - before >= 20000000);
    gr_os_wait(&word, 6, -1); /* another value: no wait at all */
    CHECK_EQUAL(errno, SOME_ERRNO);
}

static void sets_and_tells_a_disposition(void) {
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old = {.sa_handler = SIG_IGN}, now;
    CHECK_EQUAL(gr_os_sigaction(SIGUSR1, &ignore, &old), GRAFT_OK);
    CHECK(old.sa_handler == SIG_DFL);
    CHECK_EQUAL(gr_os_sigaction(SIGUSR1, NULL, &now), GRAFT_OK);
    CHECK(now.sa_handler == SIG_IGN);
    CHECK_EQUAL(gr_os_sigaction(SIGUSR1, &old, NULL), GRAFT_OK);
    gr_fault_set(GR_OS_SIGACTION, 0, 1);
    CHECK_EQUAL(gr_os_sigaction(SIGUSR1, &ignore, &now), GRAFT_OS);
    CHECK(now.sa_handler == SIG_IGN);
    gr_fault_clear();
    CHECK_EQUAL(gr_os_sigaction(SIGKILL, &ignore, NULL), GRAFT_OS);
    CHECK_EQUAL(errno, EINVAL);
}

int main(void) {
    gr_fault_clear();
    RUN(knows_who_it_is_and_keeps_errno);
    RUN(counts_possible_processors);
    RUN(knows_whether_a_thread_exists);
    RUN(a_main_thread_that_ended_is_gone);
    RUN(lists_each_thread_once_with_its_mask);
    RUN(misses_no_thread_while_others_come_and_go);
    RUN(reports_that_threads_cannot_be_listed);
    RUN(starts_a_thread_that_takes_no_signal_of_the_host);
    RUN(opens_sigtrap_though_the_starter_blocks_it);
    RUN(cuts_a_name_at_fifteen_bytes);
    RUN(reports_a_thread_that_cannot_start);
    RUN(waits_no_longer_than_asked);
    RUN(sets_and_tells_a_disposition);
    return 0;
}
