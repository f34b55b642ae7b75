/* test_waits.c: threads that have blocked every signal past the C library, and sleep in the kernel, when the first probe
 * comes. What can be changed without a trap is; the rest is told of once, tried again ever more rarely, and installed
 * when the threads have ended. Nobody dies. */
#include "check.h"
#include "prologues.h"
#include <graft/graft.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, JUMP = 5, SLEEPERS = 3, CALLS = 100, WATCHED_MS = 1000, INSTALLED_MS = 5000 };

static int ends[2]; /* a pipe that nobody writes to before the end */
static uint32_t word;
static _Atomic int asleep;
static _Atomic bool over;
static _Atomic int lines;               /* of the log, about threads that block SIGTRAP and our functions */
static _Atomic int fell_back, returned; /* of our functions, to one store and from it */

static void on_line(const char *line, void *context) {
    (void)context;
    lines += strstr(line, "blocks SIGTRAP; p_") != NULL;
    fell_back += strstr(line, "commit: p_") == line && strstr(line, "needs no trap, while") != NULL;
    returned += strstr(line, "commit: p_") == line && strstr(line, "as at first again") != NULL;
}

static void pause_ms(long milliseconds) {
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static void block_all(void) {
    uint64_t every = UINT64_MAX;
    CHECK_EQUAL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &every, NULL, sizeof every), 0);
    asleep++;
}

static void *sleep_in_read(void *unused) {
    char byte;
    block_all();
    CHECK_EQUAL(read(ends[0], &byte, 1), 1);
    return unused;
}

static void *sleep_in_futex(void *unused) {
    block_all();
    while (!over)
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    return unused;
}

/* And calls what is being changed whenever it wakes. */
static void *sleep_in_nanosleep(void *unused) {
    block_all();
    while (!over) {
        pause_ms(1);
        CHECK_EQUAL(p_swift(3), 24);
        CHECK_EQUAL(p_unaligned(3), 24);
        CHECK_EQUAL(p_four(3), 24);
    }
    return unused;
}

/* Takes the one address to which a change of the first byte alone would lead. */
static void occupy(int (*function)(int)) {
    int32_t displacement;
    uintptr_t entry = (uintptr_t)function;
    memcpy(&displacement, (const void *)(entry + 1), sizeof displacement);
    uintptr_t page = (entry + JUMP + (uintptr_t)(intptr_t)displacement) & ~(uintptr_t)(PAGE - 1);
    void *taken = mmap((void *)page, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(taken == (void *)page || taken == MAP_FAILED); /* failed: it is taken already */
}

static struct graft_outcome install(const char *target) {
    const struct graft_probe_spec spec = {.target = target, .mode = GRAFT_MODE_COUNT};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.status, GRAFT_OK);
    return outcome;
}

static uint64_t hits_of(graft_probe_id probe) {
    uint64_t hits;
    CHECK_EQUAL(graft_probe_hits(probe, &hits), GRAFT_OK);
    return hits;
}

static struct graft_counters counters(void) {
    struct graft_snapshot *snapshot;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    struct graft_counters copy = snapshot->counters;
    graft_snapshot_free(snapshot);
    return copy;
}

static pthread_t sleepers[SLEEPERS];
static struct graft_outcome waiting;
static int told;        /* `lines` before */
static uint64_t others; /* functions that wait besides ours: of the C library, which the guard would watch */

static void start_sleepers(void) {
    void *(*const ways[SLEEPERS])(void *) = {sleep_in_read, sleep_in_futex, sleep_in_nanosleep};
    CHECK_EQUAL(pipe(ends), 0);
    for (int i = 0; i < SLEEPERS; i++)
        CHECK_EQUAL(pthread_create(&sleepers[i], NULL, ways[i], NULL), 0);
    while (asleep != SLEEPERS)
        pause_ms(1);
}

enum { CHANGED_MAX = 3 };
static graft_probe_id changed_probes[CHANGED_MAX];
static unsigned changed;

/* False when it waits. */
static bool count_calls(const char *target, int (*function)(int)) {
    struct graft_outcome outcome = install(target);
    if (outcome.state == GRAFT_STATE_PENDING)
        return false;
    CHECK_EQUAL(outcome.state, GRAFT_STATE_INSTALLED);
    uint64_t before = hits_of(outcome.probe);
    for (int i = 0; i < CALLS; i++)
        CHECK_EQUAL(function(i), 7 * i + 3);
    CHECK(hits_of(outcome.probe) >= before + CALLS);
    CHECK(changed < CHANGED_MAX);
    changed_probes[changed++] = outcome.probe;
    return true;
}

static void what_one_store_can_change_is_changed_under_threads_that_block_everything(void) {
    CHECK(count_calls(":p_none", p_none)); /* its first instruction is as long as a jump, which may lead anywhere */
    occupy(p_four);                        /* its first instruction has four bytes */
    occupy(p_swift);                       /* its first instruction is a push of one byte */
    unsigned of_few = count_calls(":p_four", p_four) + count_calls(":p_swift", p_swift);
    printf("  %u of 2 that may lead to a few places only\n", of_few); /* where the program lies decides */
    others = counters().unsafe_threads;
    told = lines;
}

static void what_needs_traps_is_put_off_and_told_of_once(void) {
    occupy(p_unaligned); /* its first instructions lie across two words */
    waiting = install(":p_unaligned");
    CHECK_EQUAL(waiting.state, GRAFT_STATE_PENDING);
    CHECK_EQUAL(waiting.refusal, GRAFT_UNSAFE_THREADS);
    CHECK_EQUAL(counters().unsafe_threads, others + 1);
    CHECK_EQUAL(lines, told + 1);
}

static void attempts_become_rare_and_are_counted(void) {
    pause_ms(WATCHED_MS);
    struct graft_counters now = counters();
    uint64_t tries = now.unsafe_retries / (others + 1);
    CHECK_EQUAL(now.unsafe_threads, others + 1);
    CHECK(tries >= 1 && tries <= 5); /* after 100, 300, 700, 1500 ms, and what they took */
    CHECK_EQUAL(lines, told + 1);
    CHECK_EQUAL(p_unaligned(1), 10);
    CHECK_EQUAL(hits_of(waiting.probe), 0);
}

static void another_probe_on_what_waits_waits_as_well(void) {
    struct graft_outcome other = install(":p_unaligned"), removed;
    CHECK_EQUAL(other.state, GRAFT_STATE_PENDING);
    CHECK_EQUAL(other.refusal, GRAFT_UNSAFE_THREADS);
    CHECK_EQUAL(counters().unsafe_threads, others + 1);
    CHECK_EQUAL(graft_remove(&other.probe, 1, &removed), GRAFT_OK);
    CHECK_EQUAL(removed.status, GRAFT_OK);
}

static void end_sleepers(void) {
    over = true;
    __atomic_store_n(&word, 1, __ATOMIC_RELEASE); /* pairs with the kernel's comparison */
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, SLEEPERS, NULL, NULL, 0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    for (int i = 0; i < SLEEPERS; i++)
        CHECK_EQUAL(pthread_join(sleepers[i], NULL), 0);
}

static void when_the_threads_have_ended_it_is_installed(void) {
    enum graft_state state = GRAFT_STATE_PENDING;
    end_sleepers();
    for (int waited = 0; waited < INSTALLED_MS && state != GRAFT_STATE_INSTALLED; waited++) {
        pause_ms(1);
        CHECK_EQUAL(graft_lookup_address((uint64_t)(uintptr_t)p_unaligned, NULL, &state), GRAFT_OK);
    }
    CHECK_EQUAL(state, GRAFT_STATE_INSTALLED);
    for (int i = 0; i < CALLS; i++)
        CHECK_EQUAL(p_unaligned(i), 7 * i + 3);
    CHECK_EQUAL(hits_of(waiting.probe), CALLS);
}

static void what_one_store_has_changed_is_changed_as_at_first_the_next_time(void) {
    struct graft_outcome removed[CHANGED_MAX];
    int before = fell_back;
    CHECK_EQUAL(fell_back, changed);
    CHECK_EQUAL(returned, 0);
    CHECK_EQUAL(graft_remove(changed_probes, changed, removed), GRAFT_OK);
    changed = 0;
    CHECK(count_calls(":p_none", p_none));
    CHECK(count_calls(":p_four", p_four));
    CHECK(count_calls(":p_swift", p_swift));
    CHECK_EQUAL(returned, before);
    CHECK_EQUAL(fell_back, before);
}

int main(void) {
    const struct graft_options options = {.log = on_line};
    start_sleepers();
    CHECK_EQUAL(graft_start(&options), GRAFT_OK);
    RUN(what_one_store_can_change_is_changed_under_threads_that_block_everything);
    RUN(what_needs_traps_is_put_off_and_told_of_once);
    RUN(attempts_become_rare_and_are_counted);
    RUN(another_probe_on_what_waits_waits_as_well);
    RUN(when_the_threads_have_ended_it_is_installed);
    RUN(what_one_store_has_changed_is_changed_as_at_first_the_next_time);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    CHECK_EQUAL(p_unaligned(2), 17);
    return 0;
}
