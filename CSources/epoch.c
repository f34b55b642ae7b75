/* epoch.c: the objects that wait to be freed, and the hit plane's domain.
 *
 * All is the writer's, but the domain. Never frees anything but through its `release`. Neighbours: epoch.h, domain, os. */
#include "epoch.h"
#include "os/os.h"
#include <stdlib.h>

struct gr_epoch_clock gr_epoch_clock GR_ALIGNED(GR_CACHE_LINE) = {1, true};

static struct gr_domain domain = {.clock = &gr_epoch_clock};

/* One object that waits. */
struct retired {
    struct retired *next;
    void *object;
    void (*release)(void *object);
    uint64_t epoch; /* the tag r of the proof in domain.c */
};

/* The objects that wait, oldest first, so tags do not decrease; and unused entries. The writer's alone. */
static struct {
    struct retired *first, *last, *spare;
    size_t count;
} waiting;

static _Atomic uint64_t leaked; /* written by the writer */

/* Entries come in blocks; the first is part of the program, so little use needs no memory and can run out of none. */
enum { BLOCK_ENTRIES = 128 };
static struct retired first_block[BLOCK_ENTRIES];
static bool first_block_used;

void gr_epoch_prepare(void) {
    gr_domain_prepare(&domain);
}

void gr_epoch_register(struct gr_epoch_record *record) {
    gr_domain_register(&domain, record);
}

static void give_entries(struct retired *block) {
    for (size_t i = 0; i < BLOCK_ENTRIES; i++) {
        block[i].next = waiting.spare;
        waiting.spare = &block[i];
    }
}

/* An unused entry, or null when there is no memory for one. */
static struct retired *take_entry(void) {
    if (!waiting.spare && !first_block_used) {
        first_block_used = true;
        give_entries(first_block);
    }
    if (!waiting.spare) {
        struct retired *block = malloc(BLOCK_ENTRIES * sizeof *block);
        if (block)
            give_entries(block);
        else
            gr_epoch_reclaim();
    }
    struct retired *entry = waiting.spare;
    if (entry)
        waiting.spare = entry->next;
    return entry;
}

void gr_epoch_retire(void *object, void (*release)(void *object)) {
    struct retired *entry = take_entry();
    if (!entry) {
        uint64_t before = atomic_load_explicit(&leaked, memory_order_relaxed);
        atomic_store_explicit(&leaked, before + 1, memory_order_relaxed); /* a count: orders nothing */
        return;
    }
    uint64_t now = atomic_load_explicit(&gr_epoch_clock.now, memory_order_relaxed); /* only this thread stores it */
    *entry = (struct retired){NULL, object, release, now};
    if (waiting.last)
        waiting.last->next = entry;
    else
        waiting.first = entry;
    waiting.last = entry;
    waiting.count++;
}

/* Takes the oldest object off the list and releases it. The list is whole again before `release` runs. */
static void release_first(void) {
    struct retired entry = *waiting.first, *unused = waiting.first;
    waiting.first = entry.next;
    if (!waiting.first)
        waiting.last = NULL;
    waiting.count--;
    unused->next = waiting.spare;
    waiting.spare = unused;
    entry.release(entry.object);
}

size_t gr_epoch_reclaim(void) {
    if (!waiting.first)
        return 0;
    /* The newest tag is this epoch unless it was advanced since: then the readers' cache line is left alone. */
    if (waiting.last->epoch == atomic_load_explicit(&gr_epoch_clock.now, memory_order_relaxed))
        gr_domain_advance(&domain);
    /* What a `release` retires meanwhile has the present epoch as its tag, and so is not taken for something looked at. */
    uint64_t oldest = gr_domain_look(&domain);
    while (waiting.first && waiting.first->epoch < oldest)
        release_first();
    return waiting.count;
}

bool gr_epoch_synchronise(int milliseconds) {
    const uint64_t million = 1000000;
    uint64_t began = atomic_load_explicit(&gr_epoch_clock.now, memory_order_relaxed);
    uint64_t limit = milliseconds > 0 ? (uint64_t)milliseconds * million : 0, start = gr_os_nanoseconds();
    const uint32_t nobody_wakes = 0;
    gr_domain_advance(&domain);
    for (int pause = 1; gr_domain_look(&domain) <= began; pause = pause < GR_EPOCH_PAUSE_MAX ? pause * 2 : pause) {
        uint64_t passed = gr_os_nanoseconds() - start;
        if (passed >= limit)
            return false;
        uint64_t left = (limit - passed + million - 1) / million;
        gr_os_wait(&nobody_wakes, 0, (uint64_t)pause < left ? pause : (int)left);
    }
    return true;
}

uint64_t gr_epoch_leaked(void) {
    return atomic_load_explicit(&leaked, memory_order_relaxed);
}

void gr_epoch_after_fork(struct gr_epoch_record *self) {
    gr_domain_after_fork(&domain, self);
}
