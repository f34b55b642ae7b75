/* forks.c: a program that forks, vforks and spawns, over and over, while another thread installs and removes probes and
 * others call what is instrumented. Every child must come through, and see whole functions. */
#include "probes.h"
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKS = 200, SPAWNS = 40, CALLS = 100, CALLERS = 2 };

PROBED long forked_one(long x);
PROBED long forked_two(long x);
PROBED long forked_one(long x) {
    __asm__ volatile("");
    return x * 3 + 1;
}
PROBED long forked_two(long x) {
    __asm__ volatile("");
    return x * 5 + 2;
}

static _Atomic bool stop;
static _Atomic uint64_t changes, told;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
    atomic_fetch_add_explicit(&told, 1, memory_order_relaxed);
}

static void call(long times) {
    long (*volatile one)(long) = forked_one, (*volatile two)(long) = forked_two;
    for (long x = 0; x < times; x++) {
        CHECK_EQUAL(one(x), x * 3 + 1);
        CHECK_EQUAL(two(x), x * 5 + 2);
    }
}

static void *keep_calling(void *unused) {
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        call(CALLS);
    return unused;
}

static void *keep_changing(void *unused) {
    for (int mode = GRAFT_MODE_COUNT; !stop; mode = mode % GRAFT_MODE_ENTRY_EXIT + 1) {
        uninstall(install(":forked_*", (enum graft_mode)mode, on_hit, NULL, 2));
        changes++;
    }
    return unused;
}

static int status_of(pid_t child) {
    int status = 0;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    return status;
}

/* What a child does: its copies of the functions work; most of the time it can change them too. */
static void live_as_a_child(int number) {
    alarm(20); /* a child that hangs is a failure, not a test that never ends */
    call(CALLS);
    if (number % 4 == 0) {
        struct graft_snapshot *snapshot;
        if (graft_snapshot_take(&snapshot) == GRAFT_OK) {
            graft_snapshot_free(snapshot);
            graft_probe_id probe = install(":forked_one", GRAFT_MODE_ENTRY_EXIT, on_hit, NULL, 1);
            call(CALLS);
            CHECK_EQUAL(hits_of(probe), CALLS);
            uninstall(probe);
        }
    }
    _exit(0);
}

static void with_callers_and_changes(void (*body)(void)) {
    pthread_t callers[CALLERS], changer;
    stop = false;
    changes = 0;
    for (int i = 0; i < CALLERS; i++)
        CHECK_EQUAL(pthread_create(&callers[i], NULL, keep_calling, NULL), 0);
    CHECK_EQUAL(pthread_create(&changer, NULL, keep_changing, NULL), 0);
    while (changes < 3)
        sched_yield();
    body();
    stop = true;
    for (int i = 0; i < CALLERS; i++)
        CHECK_EQUAL(pthread_join(callers[i], NULL), 0);
    CHECK_EQUAL(pthread_join(changer, NULL), 0);
    CHECK(told > 0);
}

static void fork_often(void) {
    for (int i = 0; i < FORKS; i++) {
        fflush(NULL);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0)
            live_as_a_child(i);
        CHECK_EQUAL(status_of(child), 0);
    }
}

static void forks_come_through_while_probes_come_and_go(void) {
    with_callers_and_changes(fork_often);
}

static void spawn_often(void) {
    extern char **environ;
    char *const arguments[] = {"/bin/true", NULL};
    for (int i = 0; i < SPAWNS; i++) {
        pid_t child;
        CHECK_EQUAL(posix_spawn(&child, arguments[0], NULL, NULL, arguments, environ), 0);
        CHECK_EQUAL(status_of(child), 0);
        child = vfork();
        if (child == 0) {
            execv(arguments[0], arguments);
            _exit(1);
        }
        CHECK_EQUAL(status_of(child), 0);
        CHECK_EQUAL(system("exit 3"), 3 << 8);
    }
}

static void vforks_and_spawns_come_through_while_probes_come_and_go(void) {
    with_callers_and_changes(spawn_often);
}

/* The functions that start a process are themselves instrumented: as far as each allows it. */
static void the_functions_that_fork_can_be_probed(void) {
    static const char *const targets[] = {"libc.so.6:fork", "libc.so.6:vfork", "libc.so.6:posix_spawn",
        "libc.so.6:system", "libc.so.6:execve", "libc.so.6:waitpid", "libc.so.6:_exit"};
    enum { TARGETS = sizeof targets / sizeof *targets };
    graft_probe_id probes[TARGETS];
    for (int i = 0; i < TARGETS; i++)
        probes[i] = install(targets[i], GRAFT_MODE_ENTRY, on_hit, NULL, 1);
    spawn_often();
    fork_often();
    for (int i = 0; i < TARGETS; i++) {
        CHECK(hits_of(probes[i]) > 0 || i >= 4); /* the last ones are called in children, or under other names */
        uninstall(probes[i]);
    }
}

int main(void) {
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(forks_come_through_while_probes_come_and_go);
    RUN(vforks_and_spawns_come_through_while_probes_come_and_go);
    RUN(the_functions_that_fork_can_be_probed);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
