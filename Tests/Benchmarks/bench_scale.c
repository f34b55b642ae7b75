/* bench_scale.c: what it costs to install, hold and remove many functions.
 *
 *   bench_scale [--json]
 *
 * Each figure is the least of several fresh processes, without other threads and with eight busy ones. An install is told
 * in its parts: `read` (the image's symbols and code, once for an image), `new` (decode, relocate, place and enter the
 * functions), `again` (what an install of known functions takes: resolve, attach, write); and in how long the library's
 * thread ran and waited for a processor meanwhile. Beside them the floors of this machine: one write of a byte for each
 * function, and one read and one write for each page of them. System calls and allocations are counted by standing in for
 * the C library's functions. */
#include "many.h"
#include "turns.h"
#include <errno.h>
#include <fcntl.h>
#include <graft/graft.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, RUNS = 5, PAGE = 4096, HIT_FUNCTIONS = 64, HIT_ROUNDS = 20000 };

#define SEEN __attribute__((visibility("default"))) /* by the library */

static _Atomic uint64_t calls_of_the_system, allocations;
static _Atomic bool stop;

/* ---- standing in for the C library ---- */

static long count_call(long number, long a, long b, long c, long d, long e, long f) {
    atomic_fetch_add_explicit(&calls_of_the_system, 1, memory_order_relaxed);
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    if (result < 0 && result > -PAGE) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

SEEN ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) {
    return count_call(SYS_pwrite64, file, (long)bytes, (long)size, at, 0, 0);
}
SEEN ssize_t process_vm_readv(pid_t process, const struct iovec *to, unsigned long to_count, const struct iovec *from,
    unsigned long count, unsigned long flags) {
    return count_call(SYS_process_vm_readv, process, (long)to, (long)to_count, (long)from, (long)count, (long)flags);
}
SEEN int mprotect(void *memory, size_t size, int protection) {
    return count_call(SYS_mprotect, (long)memory, (long)size, protection, 0, 0, 0) == 0 ? 0 : -1;
}
SEEN void *mmap(void *memory, size_t size, int protection, int flags, int file, off_t at) {
    return (void *)count_call(SYS_mmap, (long)memory, (long)size, protection, flags, file, at);
}
SEEN long syscall(long number, ...) {
    va_list arguments;
    long a[6];
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    return count_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void count_allocation(void) {
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
}
SEEN void *malloc(size_t size) {
    count_allocation();
    return __libc_malloc(size);
}
SEEN void *calloc(size_t count, size_t size) {
    count_allocation();
    return __libc_calloc(count, size);
}
SEEN void *aligned_alloc(size_t alignment, size_t size) {
    count_allocation();
    return __libc_memalign(alignment, size);
}

/* ---- what is measured ---- */

/* Of one function, in microseconds but where it says otherwise. */
struct cost {
    double start, read; /* milliseconds, once */
    double install, again, remove;
    double runs, waits; /* milliseconds of a first install: the library's thread on a processor, and ready for one */
    double calls, allocations; /* of a first install */
    double bytes;              /* resident, beyond the image's symbols */
    double write_each, write_page;
    double bare, called; /* nanoseconds of processor time of a call, before and while all of them are installed */
};

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void require(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "bench_scale: %s\n", what);
    exit(1);
}

static double resident(void) {
    char text[128] = "";
    int file = open("/proc/self/statm", O_RDONLY);
    require(file >= 0 && read(file, text, sizeof text - 1) > 0, "statm");
    close(file);
    return (double)(strtol(strchr(text, ' '), NULL, 10) * PAGE);
}

/* Microseconds; `*probe` is 0 when nothing matched. */
static double install(const char *target, unsigned expected, graft_probe_id *probe) {
    const struct graft_probe_spec spec = {.target = target, .mode = GRAFT_MODE_COUNT};
    struct graft_outcome outcome;
    double began = now(CLOCK_MONOTONIC);
    require(graft_install(&spec, 1, &outcome) == GRAFT_OK, "install");
    double took = now(CLOCK_MONOTONIC) - began;
    require(outcome.installed == expected && outcome.refused == 0, target);
    *probe = outcome.probe;
    return took;
}

static double uninstall(graft_probe_id probe) {
    struct graft_outcome outcome;
    double began = now(CLOCK_MONOTONIC);
    require(graft_remove(&probe, 1, &outcome) == GRAFT_OK && outcome.status == GRAFT_OK, "remove");
    return now(CLOCK_MONOTONIC) - began;
}

/* The bytes that are there, written once more. */
static void floors(unsigned count, struct cost *cost) {
    int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    require(memory >= 0, "/proc/self/mem");
    double began = now(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < count; i++)
        require(pwrite(memory, (const void *)many[i], 1, (off_t)(uintptr_t)many[i]) == 1, "pwrite");
    cost->write_each = (now(CLOCK_MONOTONIC) - began) / count;
    began = now(CLOCK_MONOTONIC);
    for (unsigned i = 0, next; i < count; i = next) {
        static char bytes[PAGE];
        uintptr_t page = (uintptr_t)many[i] / PAGE * PAGE;
        for (next = i; next < count && (uintptr_t)many[next] / PAGE * PAGE == page;)
            next++;
        require(pread(memory, bytes, PAGE, (off_t)page) == PAGE && pwrite(memory, bytes, PAGE, (off_t)page) == PAGE,
            "a page");
    }
    cost->write_page = (now(CLOCK_MONOTONIC) - began) / count;
    close(memory);
}

/* Nanoseconds of this thread's processor time for one call of a few functions. */
static double call_cost(void) {
    long sum = 0;
    double began = now(CLOCK_THREAD_CPUTIME_ID);
    for (int round = 0; round < HIT_ROUNDS; round++)
        for (int i = 0; i < HIT_FUNCTIONS; i++)
            sum += many[i](round);
    double took = now(CLOCK_THREAD_CPUTIME_ID) - began;
    require(sum != 0, "calls");
    return took * 1e3 / (double)(HIT_ROUNDS * HIT_FUNCTIONS);
}

static void *be_busy(void *unused) {
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        for (int i = 0; i < COUNT; i++)
            many[i](i);
    return unused;
}

static void measure(const char *pattern, unsigned count, bool busy, struct cost *cost) {
    graft_probe_id probe;
    pthread_t threads[THREADS];
    floors(count, cost);
    cost->bare = call_cost();
    double began = now(CLOCK_MONOTONIC);
    require(graft_start(NULL) == GRAFT_OK, "start");
    cost->start = (now(CLOCK_MONOTONIC) - began) / 1e3;
    for (int i = 0; i < THREADS && busy; i++)
        require(pthread_create(&threads[i], NULL, be_busy, NULL) == 0, "thread");
    cost->read = install(":main", 1, &probe) / 1e3;
    install(":many_*none", 0, &probe); /* what is made of all names for a pattern is of the symbols too */
    double before = resident();
    int thread = turns_thread("graft");
    require(thread != 0, "the library's thread");
    struct turns then = turns_of(thread);
    uint64_t calls = calls_of_the_system, allocated = allocations;
    cost->install = install(pattern, count, &probe) / count;
    struct turns after = turns_of(thread);
    cost->runs = after.runs - then.runs;
    cost->waits = after.waits - then.waits;
    cost->calls = (double)(calls_of_the_system - calls) / count;
    cost->allocations = (double)(allocations - allocated) / count;
    cost->bytes = (resident() - before) / count;
    cost->called = call_cost();
    cost->remove = uninstall(probe) / count;
    cost->again = install(pattern, count, &probe) / count;
    uninstall(probe);
    atomic_store_explicit(&stop, true, memory_order_relaxed);
    for (int i = 0; i < THREADS && busy; i++)
        pthread_join(threads[i], NULL);
    require(graft_stop() == GRAFT_OK, "stop");
}

static void keep_least(struct cost *best, const struct cost *cost) {
    double *to = (double *)best;
    const double *from = (const double *)cost;
    for (size_t i = 0; i < sizeof *best / sizeof *to; i++)
        if (to[i] == 0 || from[i] < to[i])
            to[i] = from[i];
}

/* In processes of their own, which have installed nothing yet. */
static struct cost least_cost(const char *pattern, unsigned count, bool busy) {
    struct cost best = {0};
    struct cost *told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(told != MAP_FAILED, "mmap");
    for (int run = 0; run < RUNS; run++) {
        int status;
        fflush(NULL);
        pid_t child = fork();
        require(child >= 0, "fork");
        if (child == 0) {
            measure(pattern, count, busy, told);
            _exit(0);
        }
        require(waitpid(child, &status, 0) == child && status == 0, "a measuring process failed");
        keep_least(&best, told);
    }
    munmap(told, sizeof *told);
    return best;
}

static void show(bool json, bool first, unsigned count, bool busy, const struct cost *c) {
    double fresh = c->install > c->again ? c->install - c->again : 0, total = c->install * count / 1e3;
    double hit = c->called - c->bare, removed = c->remove * count / 1e3;
    if (json) {
        printf("%s\n  {\"functions\": %u, \"busy_threads\": %d, \"start_ms\": %.2f, \"read_ms\": %.2f,"
               " \"install_ms\": %.2f, \"install_runs_ms\": %.2f, \"install_waits_ms\": %.2f, \"remove_ms\": %.2f, "
               "\"new_us\": %.3f, \"again_us\": %.3f, \"remove_us\": %.3f,"
               " \"write_each_us\": %.3f, \"write_page_us\": %.3f, \"system_calls\": %.3f, \"allocations\": %.3f,"
               " \"bytes\": %.0f, \"hit_ns\": %.2f}",
            first ? "" : ",", count, busy ? THREADS : 0, c->start, c->read, total, c->runs, c->waits, removed, fresh,
            c->again, c->remove, c->write_each, c->write_page, c->calls, c->allocations, c->bytes, hit);
        return;
    }
    printf("%9u %5d %8.1f %8.1f %8.1f %8.1f %8.1f | %7.2f %7.2f %7.2f | %7.2f %7.2f | %6.3f %6.3f %6.0f %6.2f\n", count,
        busy ? THREADS : 0, c->read, total, c->runs, c->waits, removed, fresh, c->again, c->remove, c->write_each,
        c->write_page, c->calls, c->allocations, c->bytes, hit);
}

int main(int count, char **arguments) {
    static const struct {
        const char *pattern;
        unsigned count;
    } sizes[] = {{":many_0", 1}, {":many_1???", 1000}, {":many_1????", 10000}, {":many_*", COUNT}};
    bool json = count > 1 && strcmp(arguments[1], "--json") == 0;
    if (json)
        printf("[");
    else
        printf(
            "                                         milliseconds in all |   of one function, microseconds | floors "
            "of that  | of one\n"
            "functions  busy     read  install     runs    waits   remove |     new   again  remove |    each    page |"
            "  calls allocs  bytes hit ns\n");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int busy = 0; busy < 2; busy++) {
            struct cost cost = least_cost(sizes[i].pattern, sizes[i].count, busy);
            show(json, i == 0 && busy == 0, sizes[i].count, busy, &cost);
        }
    if (json)
        printf("\n]\n");
    return 0;
}
