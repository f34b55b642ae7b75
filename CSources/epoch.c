/* epoch.c: the clock, the list of records and the objects that wait; why none is freed early.
 *
 * Readers touch only the clock, the list of records (to register) and their own record; all else is the writer's.
 * Never frees anything but through its `release`. Neighbours: epoch.h, os. */
#include "epoch.h"
#include "os/os.h"
#include <stdlib.h>

/* The proof. Object X is unlinked, then retired with the tag r, the epoch at that time. Reclaiming (1) advances the
 * epoch past r, (2) orders itself against all readers, (3) looks at every record, (4) frees X if no open section is
 * pinned at r or before. Let S be a section that loads X. Then S is open in (3) and pinned at r or before, or it ended
 * before (3):
 *  - S is not pinned later than r: its epoch would come from the release store in (1), or a later one; by acquire S
 *    would then see the unlinking, which is before (1), and could not load X.
 *  - (2) runs a full barrier inside S's thread, at some point of its program (with fences: the fence of S and ours are
 *    totally ordered). If S's store to `pinned` comes after that point, so do its loads, and they see the unlinking. So
 *    it comes before, and (3) sees it, or a later value of that record.
 *  - A later value (0, or the next section's) was stored with release after S's last load; our acquire makes S's loads
 *    happen before the free. The same argument covers a record that is registered meanwhile.
 * Tests/C/test_epoch_interleavings.c tries it out. */

struct gr_epoch_clock gr_epoch_clock GR_ALIGNED(GR_CACHE_LINE) = {1, true};

/* Push only, so a compare-and-swap that succeeds has the right `next` whatever happened in between (no ABA). */
static struct gr_epoch_record *_Atomic records;

/* One object that waits. */
struct retired {
    struct retired *next;
    void *object;
    void (*release)(void *object);
    uint64_t epoch; /* the tag r of the proof */
};

/* The objects that wait, oldest first, so tags do not decrease; and unused entries. The writer's alone. */
static struct {
    struct retired *first, *last, *spare;
    size_t count;
} waiting;

static _Atomic uint64_t leaked; /* written by the writer */

enum { SETTLE = 100 * 1000 * 1000 }; /* nanoseconds: a million times what a store buffer needs */
static uint64_t settled; /* when fall_back_to_fences has taken effect; 0: it was not needed. The writer's. */

/* Entries come in blocks; the first is part of the program, so little use needs no memory and can run out of none. */
enum { BLOCK_ENTRIES = 128 };
static struct retired first_block[BLOCK_ENTRIES];
static bool first_block_used;

/* ThreadSanitizer does not know membarrier: in its builds readers keep the fence. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER true
#endif
#endif
#if !defined(UNDER_THREAD_SANITIZER) && defined(__SANITIZE_THREAD__)
#define UNDER_THREAD_SANITIZER true
#elif !defined(UNDER_THREAD_SANITIZER)
#define UNDER_THREAD_SANITIZER false
#endif

void gr_epoch_prepare(void) {
    bool fence = UNDER_THREAD_SANITIZER || gr_os_membarrier_prepare() != GRAFT_OK;
    /* release: pairs with the acquire in gr_epoch_order_entry */
    atomic_store_explicit(&gr_epoch_clock.readers_fence, fence, memory_order_release);
}

void gr_epoch_register(struct gr_epoch_record *record) {
    struct gr_epoch_record *head = atomic_load_explicit(&records, memory_order_relaxed);
    do
        atomic_store_explicit(&record->next, head, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        /* release: pairs with the acquire in oldest_section */
        &records, &head, record, memory_order_release, memory_order_relaxed));
}

/* Begins the next epoch. Who sees it sees every unlinking before it: pairs with the acquire in gr_epoch_enter. */
static void advance(void) {
    uint64_t now = atomic_load_explicit(&gr_epoch_clock.now, memory_order_relaxed);
    atomic_store_explicit(&gr_epoch_clock.now, now + 1, memory_order_release);
}

/* Readers have to fence again: something has forbidden membarrier since gr_epoch_prepare. A section that read
 * `readers_fence` too early has stored to `pinned` before that, and no processor keeps a store to itself for as long as
 * SETTLE: after it, each section is either visible or has a fence. */
static void fall_back_to_fences(void) {
    atomic_store_explicit(&gr_epoch_clock.readers_fence, true, memory_order_relaxed);
    settled = gr_os_nanoseconds() + SETTLE;
}

/* Step (2) of the proof: afterwards each section is either visible here, or will see what was stored before here.
 * False when that is not certain now. */
static bool order_against_readers(void) {
    if (!atomic_load_explicit(&gr_epoch_clock.readers_fence, memory_order_relaxed)) {
        if (gr_os_serialise() == GRAFT_OK) /* a full barrier in every running thread of the process, and in this one */
            return true;
        fall_back_to_fences();
    }
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the fence in gr_epoch_order_entry */
    return !settled || gr_os_nanoseconds() >= settled;
}

/* The epoch of the oldest open section; the present one when none is older. What a `release` retires while
 * gr_epoch_reclaim runs has the present one as its tag, and so is not taken for something that was looked at. */
static uint64_t oldest_section(void) {
    uint64_t oldest = atomic_load_explicit(&gr_epoch_clock.now, memory_order_relaxed);
    /* acquire: pairs with the release in gr_epoch_register */
    struct gr_epoch_record *record = atomic_load_explicit(&records, memory_order_acquire);
    for (; record; record = atomic_load_explicit(&record->next, memory_order_relaxed)) {
        /* acquire: pairs with the releases in gr_epoch_enter and gr_epoch_leave */
        uint64_t pinned = atomic_load_explicit(&record->pinned, memory_order_acquire);
        if (pinned && pinned < oldest)
            oldest = pinned;
    }
    return oldest;
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
        advance();
    uint64_t oldest = order_against_readers() ? oldest_section() : 0;
    while (waiting.first && waiting.first->epoch < oldest)
        release_first();
    return waiting.count;
}

bool gr_epoch_synchronise(int milliseconds) {
    const uint64_t million = 1000000;
    uint64_t began = atomic_load_explicit(&gr_epoch_clock.now, memory_order_relaxed);
    uint64_t limit = milliseconds > 0 ? (uint64_t)milliseconds * million : 0, start = gr_os_nanoseconds();
    const uint32_t nobody_wakes = 0;
    advance();
    for (int pause = 1; !order_against_readers() || oldest_section() <= began;
         pause = pause < GR_EPOCH_PAUSE_MAX ? pause * 2 : pause) {
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
    struct gr_epoch_record *record = atomic_load_explicit(&records, memory_order_relaxed);
    for (; record; record = atomic_load_explicit(&record->next, memory_order_relaxed))
        if (record != self) /* its thread does not exist here: nobody else stores */
            atomic_store_explicit(&record->pinned, 0, memory_order_relaxed);
    if (!atomic_load_explicit(&gr_epoch_clock.readers_fence, memory_order_relaxed))
        gr_epoch_prepare(); /* the kernel keeps the registration across fork; where it does not, readers fence again */
}
