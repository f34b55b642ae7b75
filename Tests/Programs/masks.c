/* masks.c: threads that block signals, change their masks, run handlers on other stacks and are profiled, while functions
 * that cannot be patched without traps are patched and restored under them (many.S, with NEED_TRAPS).
 *
 * The kernel kills a thread that meets a trap with SIGTRAP blocked: so that no thread dies is half of what is shown. */
#include "many.h"
#include "probes.h"
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum { THREADS = 4, ALTERNATE_STACK = 64 * 1024, PROFILED_ROUNDS = 3 };
enum { CHANGES = 3, CHANGES_MAX = 1000 }; /* the latter until a thread has met a trap: one change does, mostly */

static _Atomic bool stop;
static _Atomic int ready;
static _Atomic uint64_t samples, frames_seen;

static void call_all(void) {
    for (long n = 0; n < COUNT; n++)
        CHECK_EQUAL(many[n](n), 2 * n);
}

static void *call_until_stop(void *unused) {
    ready++;
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        call_all();
    return unused;
}

static void start(pthread_t *threads, void *(*run)(void *)) {
    stop = false;
    ready = 0;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, run, NULL), 0);
    while (ready != THREADS)
        sched_yield();
}

static void join(const pthread_t *threads) {
    stop = true;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

static uint32_t installed(graft_probe_id probe) {
    struct graft_snapshot *snapshot = NULL;
    uint32_t count = 0;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    for (size_t i = 0; i < snapshot->probe_count; i++)
        for (size_t j = 0; snapshot->probes[i].id == probe && j < snapshot->probes[i].entry_count; j++)
            count += snapshot->probes[i].entries[j].state == GRAFT_STATE_INSTALLED;
    graft_snapshot_free(snapshot);
    return count;
}

/* Patches and restores all of them, until a thread has met a trap on the way. */
static void change_until_traps_are_met(void) {
    uint64_t before = counters_now().traps_redirected;
    for (int i = 0; i < CHANGES || (i < CHANGES_MAX && counters_now().traps_redirected == before); i++)
        uninstall(install(":many_*", GRAFT_MODE_COUNT, NULL, NULL, COUNT));
    CHECK(counters_now().traps_redirected > before);
}

static void *block_all_and_call(void *unused) {
    sigset_t every;
    sigfillset(&every); /* past the C library, as some runtimes do it */
    CHECK_EQUAL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &every, NULL, 8), 0);
    return call_until_stop(unused);
}

/* Runs first: nothing of ours keeps SIGTRAP deliverable yet. */
static void threads_that_block_everything_are_spared_and_functions_are_patched_when_they_end(void) {
    pthread_t threads[THREADS];
    start(threads, block_all_and_call);
    const struct graft_probe_spec spec = {.target = ":many_*", .mode = GRAFT_MODE_COUNT};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.installed, 0);
    CHECK_EQUAL(outcome.refusal, GRAFT_UNSAFE_THREADS);
    call_all();
    CHECK_EQUAL(hits_of(outcome.probe), 0);
    join(threads);
    while (installed(outcome.probe) != COUNT) /* tried again, as long as it takes */
        usleep(10000);
    call_all();
    CHECK_EQUAL(hits_of(outcome.probe), COUNT);
    uninstall(outcome.probe);
    call_all();
}

static void *block_all_politely_and_call(void *unused) {
    sigset_t every, now;
    sigfillset(&every);
    ready++;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        CHECK_EQUAL(pthread_sigmask(SIG_SETMASK, &every, NULL), 0);
        CHECK_EQUAL(sigprocmask(SIG_BLOCK, NULL, &now), 0);
        CHECK_EQUAL(sigismember(&now, SIGUSR1), 1);
        call_all();
        CHECK_EQUAL(pthread_sigmask(SIG_UNBLOCK, &every, NULL), 0);
        CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
        CHECK_EQUAL(sigismember(&now, SIGUSR1), 0);
        call_all();
    }
    return unused;
}

static void threads_that_block_everything_later_stay_open_to_traps(void) {
    pthread_t threads[THREADS];
    uninstall(install(":many_*", GRAFT_MODE_COUNT, NULL, NULL, COUNT)); /* from now on masks are watched */
    start(threads, block_all_politely_and_call);
    change_until_traps_are_met();
    join(threads);
}

static void on_user_signal(int number) {
    (void)number;
    call_all();
}

static void *signal_oneself(void *unused) {
    static _Thread_local char stack[ALTERNATE_STACK];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    CHECK_EQUAL(sigaltstack(&alternate, NULL), 0);
    ready++;
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        CHECK_EQUAL(raise(SIGUSR2), 0);
    return unused;
}

static void handlers_with_full_masks_on_other_stacks_call_changing_functions(void) {
    pthread_t threads[THREADS];
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_user_signal;
    action.sa_flags = SA_ONSTACK;
    sigfillset(&action.sa_mask);
    CHECK_EQUAL(sigaction(SIGUSR2, &action, NULL), 0);
    start(threads, signal_oneself);
    change_until_traps_are_met();
    join(threads);
}

static void on_profile(int number) {
    void *found[64];
    (void)number;
    frames_seen += (uint64_t)backtrace(found, 64);
    samples++;
}

static void on_hit(struct graft_hit *hit, void *count) {
    atomic_fetch_add_explicit((_Atomic uint64_t *)count + (hit->phase != GRAFT_PHASE_ENTER), 1, memory_order_relaxed);
}

static void *call_few(void *unused) {
    ready++;
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        for (long n = 0; n < 32; n++)
            CHECK_EQUAL(many[n * 10](n), n * 11);
    return unused;
}

/* Samples arrive at every instruction of thunks, stubs and relocated code. */
static void a_profiler_that_unwinds_a_thousand_times_a_second_sees_stacks_and_breaks_nothing(void) {
    pthread_t threads[THREADS];
    static _Atomic uint64_t told[2];
    struct sigaction action;
    const struct itimerval millisecond = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
    void *warm[4];
    backtrace(warm, 4); /* loads what it needs, outside a handler */
    memset(&action, 0, sizeof action);
    action.sa_handler = on_profile;
    action.sa_flags = SA_RESTART;
    CHECK_EQUAL(sigaction(SIGPROF, &action, NULL), 0);
    CHECK_EQUAL(setitimer(ITIMER_PROF, &millisecond, NULL), 0);
    start(threads, call_few);
    for (int round = 0; round < PROFILED_ROUNDS; round++)
        for (int mode = GRAFT_MODE_COUNT; mode <= GRAFT_MODE_ENTRY_EXIT; mode++) {
            graft_probe_id probe = install(":many_??0", (enum graft_mode)mode, on_hit, told, 90);
            uint64_t until = samples + 100;
            while (samples < until)
                sched_yield();
            uninstall(probe);
        }
    join(threads);
    CHECK_EQUAL(setitimer(ITIMER_PROF, &off, NULL), 0);
    CHECK(told[0] > 0 && told[1] > 0);
    CHECK(frames_seen > 2 * samples);
}

int main(void) {
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(threads_that_block_everything_are_spared_and_functions_are_patched_when_they_end);
    RUN(threads_that_block_everything_later_stay_open_to_traps);
    RUN(handlers_with_full_masks_on_other_stacks_call_changing_functions);
    RUN(a_profiler_that_unwinds_a_thousand_times_a_second_sees_stacks_and_breaks_nothing);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
