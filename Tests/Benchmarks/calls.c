/* calls.c: a fixed number of calls of one instrumented function, for tools that count instead of timing; or of reads of a
 * published value.
 *
 *   calls MODE CALLS      MODE: bare, count, entry, entry-exit, once, removed, sampled (entry, 1 in 1,000),
 *                               limited (entry, within a budget), read
 *
 * Run twice with different numbers of calls, the difference is what the calls alone cost: check-thresholds does so with
 * callgrind (instructions). The calling thread's allocations are counted here. Exit status 0 when the hits are exact and
 * nothing was allocated. Uses the public interface only. */
#include "work.h"
#include <graft/graft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* glibc's allocator, and how often this thread asked it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
static __thread unsigned long allocations;

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    allocations++;
    return __libc_realloc(memory, size);
}

static unsigned long handled;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
    handled++;
}

static int fail(const char *what, enum graft_status status) {
    fprintf(stderr, "calls: %s: %s\n", what, graft_status_sentence(status));
    return 1;
}

static enum graft_mode mode_of(const char *name) {
    for (enum graft_mode mode = GRAFT_MODE_COUNT; mode <= GRAFT_MODE_ONCE; mode++)
        if (strcmp(graft_mode_name(mode), name) == 0)
            return mode;
    return strcmp(name, "sampled") == 0 || strcmp(name, "limited") == 0 ? GRAFT_MODE_ENTRY : GRAFT_MODE_COUNT;
}

/* A probe in mode once has to report, and to be gone, before its calls are counted. */
static void settle(enum graft_mode mode) {
    enum graft_state state = GRAFT_STATE_INSTALLED;
    if (mode != GRAFT_MODE_ONCE)
        return;
    bench_work(1);
    while (state == GRAFT_STATE_INSTALLED) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        if (graft_lookup_address((uint64_t)(uintptr_t)bench_work, NULL, &state) != GRAFT_OK)
            return;
    }
}

static int count_reads(unsigned long reads) {
    static unsigned long one = 1;
    struct graft_published *published;
    enum graft_status status = graft_published_create(&one, NULL, &published);
    if (status != GRAFT_OK)
        return fail("publish", status);
    graft_published_enter(published); /* this thread's first read takes its record */
    graft_published_leave(published);
    unsigned long before = allocations, sum = 0;
    for (unsigned long i = 0; i < reads; i++) {
        sum += *(const volatile unsigned long *)graft_published_enter(published);
        graft_published_leave(published);
    }
    unsigned long allocated = allocations - before;
    printf("reads %lu allocations %lu\n", sum, allocated);
    graft_published_destroy(published);
    return sum == reads && allocated == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return fprintf(stderr, "usage: calls MODE CALLS\n"), 64;
    const char *name = argv[1];
    unsigned long calls = strtoul(argv[2], NULL, 10), first = 0;
    if (strcmp(name, "read") == 0)
        return count_reads(calls);
    bool bare = strcmp(name, "bare") == 0, removed = strcmp(name, "removed") == 0;
    const struct graft_probe_spec spec = {.target = ":bench_work",
        .mode = mode_of(name),
        .handler = on_hit,
        .sample_every = strcmp(name, "sampled") == 0 ? 1000 : 0,
        .max_per_second = strcmp(name, "limited") == 0 ? UINT32_MAX : 0};
    struct graft_outcome outcome = {0};

    enum graft_status status = graft_start(NULL);
    if (status == GRAFT_OK && !bare)
        status = graft_install(&spec, 1, &outcome);
    if (status != GRAFT_OK || (!bare && outcome.installed != 1))
        return fail("install", status != GRAFT_OK ? status : outcome.refusal);
    if (removed && (status = graft_remove(&outcome.probe, 1, NULL)) != GRAFT_OK)
        return fail("remove", status);
    settle(spec.mode);
    bench_work(2); /* this thread's first reported hit takes its block */
    if (!bare && !removed)
        graft_probe_hits(outcome.probe, &first);

    unsigned long before = allocations;
    int sum = 0;
    for (unsigned long i = 0; i < calls; i++)
        sum += bench_work((int)i);
    unsigned long allocated = allocations - before;

    uint64_t hits = first;
    if (!bare && !removed)
        graft_probe_hits(outcome.probe, &hits);
    bool silent = bare || removed || spec.mode == GRAFT_MODE_ONCE;
    printf("calls %lu hits %lu allocations %lu sum %d\n", calls, (unsigned long)(hits - first), allocated, sum);
    graft_stop();
    return hits - first == (silent ? 0 : calls) && allocated == 0 ? 0 : 1;
}
