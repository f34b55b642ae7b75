/* explore.h: runs a few threads through every order of their atomic operations, within a bound.
 *
 * A program includes this file and then the source under test (the .c file), whose atomic operations thereby become
 * steps of coroutines: before each one a scheduler chooses who goes on. Stores wait in a buffer of their thread, as on
 * x86 (TSO): the thread itself sees them, others see them after a flush, which is a choice of its own; locked
 * operations, full fences and explore_barrier (membarrier) flush. A scenario is run again and again with different
 * choices, depth first, until all are done that deviate from "go on with the same thread, flush late" at most `bound`
 * times. A failed check shows the choices that led to it. An operation on a place where it cannot meet another thread's
 * is no step; which places those are is learnt while running, and the search begins anew when more is known.
 * Not modelled: reorderings beyond TSO, spurious failures of compare-and-swap. */
#ifndef EXPLORE_H
#define EXPLORE_H

#include "check.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

enum {
    EXPLORE_THREADS = 4,
    EXPLORE_BUFFER = 16,   /* stores of one thread that may be under way */
    EXPLORE_DEPTH = 512,   /* choices in one run */
    EXPLORE_PLACES = 64,   /* addresses with atomic operations */
    EXPLORE_STACK = 65536, /* bytes of a coroutine's stack */
};

/* What is explored. `reset` makes the state before a run, `check` looks at it when all threads have ended. */
struct explore_scenario {
    const char *name;
    void (*reset)(void);
    void (*threads[EXPLORE_THREADS])(void);
    void (*check)(void);
    unsigned bound;
};

static struct {
    ucontext_t scheduler;
    struct explore_thread {
        ucontext_t context;
        void (*body)(void);
        bool exists, ended;
        struct {
            void *address;
            size_t size;
            uint64_t value;
        } buffer[EXPLORE_BUFFER];
        size_t buffered;
        char stack[EXPLORE_STACK];
    } threads[EXPLORE_THREADS];
    int current;                          /* the thread that runs; -1: outside a run */
    unsigned char choice[EXPLORE_DEPTH];  /* this run's choices: which of the options below */
    unsigned char options[EXPLORE_DEPTH]; /* how many there were */
    unsigned char free[EXPLORE_DEPTH];    /* how many of them are no deviation */
    size_t depth, prefix;                 /* choices made; choices given by the search */
    unsigned long runs;
    /* Set by a test: called in the midst of thread 0, as a signal handler would be, before its operation `signal_at` (0 is
     * the first), if there are so many; whether it ever was is in `signalled`. */
    void (*signal)(void);
    unsigned signal_at;
    bool signalled;
    unsigned operations; /* of thread 0 in this run, until the signal */
    struct {
        const void *address;
        unsigned char readers, writers; /* threads, one bit each */
    } places[EXPLORE_PLACES];
    bool learnt; /* in this run, that a place is shared */
} explore = {.current = -1};

/* Shows how a failed check came about; registered with atexit. */
static void explore_report(void) {
    if (explore.current < 0)
        return;
    fprintf(stderr, "run %lu, thread %d, choices:", explore.runs, explore.current);
    for (size_t i = 0; i < explore.depth; i++)
        fprintf(stderr, " %d/%d", explore.choice[i], explore.options[i]);
    fprintf(stderr, "\n");
}

/* ThreadSanitizer loses track of coroutines; there is nothing for it to see here either. */
#if defined(__SANITIZE_THREAD__)
#define EXPLORE_POSSIBLE false
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EXPLORE_POSSIBLE false
#endif
#endif
#ifndef EXPLORE_POSSIBLE
#define EXPLORE_POSSIBLE true
#endif

/* To be called first; false when exploring is not possible in this build. */
static bool explore_begin(void) {
    if (!EXPLORE_POSSIBLE)
        printf("   not explored: coroutines are not for ThreadSanitizer\n");
    return EXPLORE_POSSIBLE && atexit(explore_report) == 0;
}

/* Gives the scheduler a choice. */
static void explore_step(void) {
    if (explore.current >= 0)
        CHECK(swapcontext(&explore.threads[explore.current].context, &explore.scheduler) == 0);
}

/* Before each operation: the signal, when it is time for it. */
static void explore_interrupt(void) {
    if (explore.current == 0 && explore.signal && explore.operations <= explore.signal_at &&
        explore.operations++ == explore.signal_at) {
        explore.signalled = true;
        explore.signal();
    }
}

/* Notes an operation and tells whether it can meet another thread's: two of which at least one stores. */
static bool explore_meets(const void *address, bool stores) {
    size_t at = 0;
    unsigned char self = (unsigned char)(1u << explore.current);
    while (explore.places[at].address && explore.places[at].address != address)
        CHECK(++at < EXPLORE_PLACES);
    explore.places[at].address = address;
    unsigned char *known = stores ? &explore.places[at].writers : &explore.places[at].readers;
    explore.learnt |= !(*known & self);
    *known |= self;
    return ((explore.places[at].writers | (stores ? explore.places[at].readers : 0)) & ~self) != 0;
}

/* Before an operation on one place. */
static void explore_operation(const void *address, bool stores) {
    explore_interrupt();
    if (explore.current >= 0 && explore_meets(address, stores))
        explore_step();
}

static void explore_flush_one(struct explore_thread *thread) {
    CHECK(thread->buffered > 0);
    memcpy(thread->buffer[0].address, &thread->buffer[0].value, thread->buffer[0].size);
    memmove(&thread->buffer[0], &thread->buffer[1], --thread->buffered * sizeof thread->buffer[0]);
}

static void explore_flush(struct explore_thread *thread) {
    while (thread->buffered)
        explore_flush_one(thread);
}

static struct explore_thread *explore_self(void) {
    return explore.current < 0 ? NULL : &explore.threads[explore.current];
}

static inline uint64_t explore_load(const void *address, size_t size) {
    uint64_t value = 0;
    explore_operation(address, false);
    struct explore_thread *self = explore_self();
    for (size_t i = self ? self->buffered : 0; i-- > 0;)
        if (self->buffer[i].address == address)
            return self->buffer[i].value;
    memcpy(&value, address, size);
    return value;
}

static inline void explore_store(void *address, size_t size, uint64_t value) {
    explore_operation(address, true);
    struct explore_thread *self = explore_self();
    if (!self) {
        memcpy(address, &value, size);
        return;
    }
    CHECK(self->buffered < EXPLORE_BUFFER);
    self->buffer[self->buffered].address = address;
    self->buffer[self->buffered].size = size;
    self->buffer[self->buffered++].value = value;
}

/* A full fence: nothing of this thread is under way. */
static inline void explore_fence(void) {
    struct explore_thread *self = explore_self();
    if (self && self->buffered) {
        explore_step();
        explore_flush(self);
    }
}

/* Before a locked operation, which loads, stores and fences. */
static inline void explore_locked(const void *address) {
    explore_fence();
    if (explore.current >= 0)
        explore_meets(address, false);
    explore_operation(address, true);
}

/* What membarrier does: every thread's stores have arrived. */
static inline void explore_barrier(void) {
    explore_step();
    for (size_t i = 0; i < EXPLORE_THREADS; i++)
        explore_flush(&explore.threads[i]);
}

static void explore_enter(void) {
    struct explore_thread *self = explore_self();
    self->body();
    self->ended = true;
    CHECK(swapcontext(&self->context, &explore.scheduler) == 0); /* never comes back */
}

/* Takes the next choice: from the prefix, or else the first. */
static size_t explore_choose(size_t options, size_t without_cost) {
    CHECK(explore.depth < EXPLORE_DEPTH);
    size_t at = explore.depth++;
    if (at >= explore.prefix || explore.learnt)
        explore.choice[at] = 0;
    explore.options[at] = (unsigned char)options;
    explore.free[at] = (unsigned char)without_cost;
    CHECK(explore.choice[at] < options);
    return explore.choice[at];
}

static void explore_resume(int thread) {
    explore.current = thread;
    CHECK(swapcontext(&explore.scheduler, &explore.threads[thread].context) == 0);
}

/* One run: options are the threads, the present one first, and then the flushes. */
static void explore_run(const struct explore_scenario *scenario) {
    explore.current = -1;
    explore.depth = 0;
    explore.operations = 0;
    scenario->reset();
    for (int i = 0; i < EXPLORE_THREADS; i++) {
        struct explore_thread *thread = &explore.threads[i];
        thread->exists = scenario->threads[i] != NULL;
        thread->ended = !thread->exists;
        thread->buffered = 0;
        thread->body = scenario->threads[i];
        CHECK(getcontext(&thread->context) == 0);
        thread->context.uc_stack.ss_sp = thread->stack;
        thread->context.uc_stack.ss_size = sizeof thread->stack;
        makecontext(&thread->context, explore_enter, 0);
        if (thread->exists)
            explore_resume(i); /* up to its first operation */
    }
    for (int last = 0;;) {
        int option[2 * EXPLORE_THREADS];
        size_t count = 0, without_cost = 1;
        for (int k = 0; k < EXPLORE_THREADS; k++)
            if (!explore.threads[(last + k) % EXPLORE_THREADS].ended)
                option[count++] = (last + k) % EXPLORE_THREADS;
        if (explore.threads[last].ended) /* whom to go on with is no deviation when someone has to be chosen */
            without_cost = count;
        for (int k = 0; k < EXPLORE_THREADS; k++)
            if (explore.threads[k].buffered)
                option[count++] = EXPLORE_THREADS + k;
        if (!count)
            break;
        int chosen = option[count > 1 ? explore_choose(count, without_cost) : 0];
        if (chosen >= EXPLORE_THREADS)
            explore_flush_one(&explore.threads[chosen - EXPLORE_THREADS]);
        else
            explore_resume(last = chosen);
    }
    explore.current = -1;
    scenario->check();
    explore.runs++;
}

/* Moves on to the next run within the bound; false when there is none. */
static bool explore_next(unsigned bound) {
    if (explore.learnt) {
        explore.learnt = false;
        explore.prefix = 0;
        return true;
    }
    for (size_t at = explore.depth; at-- > 0;) {
        unsigned deviations = 0;
        if (explore.choice[at] + 1 >= explore.options[at])
            continue;
        explore.choice[at]++;
        for (size_t i = 0; i <= at; i++)
            deviations += explore.choice[i] >= explore.free[i] && explore.choice[i] > 0;
        if (deviations <= bound) {
            explore.prefix = at + 1;
            return true;
        }
    }
    return false;
}

static void explore_all(const struct explore_scenario *scenario) {
    explore.prefix = 0;
    explore.runs = 0;
    explore.signalled = false;
    memset(explore.places, 0, sizeof explore.places);
    do
        explore_run(scenario);
    while (explore_next(scenario->bound));
    printf("   %s: %lu runs with at most %u deviations\n", scenario->name, explore.runs, scenario->bound);
}

/* The atomic operations of the source under test. An object's plain type is that of an expression with its value. */
#define EXPLORE_TYPE(object) __typeof__(((void)0, *(object)))
#define EXPLORE_WORD(type, expression) \
    (((union {                         \
        type plain;                    \
        uint64_t word;                 \
    }){.plain = (expression)})         \
            .word)

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_thread_fence
#define atomic_load_explicit(object, order)                             \
    (((union {                                                          \
        uint64_t word;                                                  \
        EXPLORE_TYPE(object) plain;                                     \
    }){.word = explore_load((const void *)(object), sizeof *(object))}) \
            .plain)
#define atomic_store_explicit(object, value, order) \
    explore_store((void *)(object), sizeof *(object), EXPLORE_WORD(EXPLORE_TYPE(object), value))
#define atomic_exchange_explicit(object, value, order) \
    (explore_locked((const void *)(object)),           \
        __atomic_exchange_n((EXPLORE_TYPE(object) *)(object), value, __ATOMIC_SEQ_CST))
#define atomic_compare_exchange_weak_explicit(object, expected, value, success, failure)                             \
    (explore_locked((const void *)(object)), __atomic_compare_exchange_n((EXPLORE_TYPE(object) *)(object), expected, \
                                                 value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
#define atomic_compare_exchange_strong_explicit atomic_compare_exchange_weak_explicit
#define atomic_fetch_add_explicit(object, value, order) \
    (explore_locked((const void *)(object)),            \
        __atomic_fetch_add((EXPLORE_TYPE(object) *)(object), value, __ATOMIC_SEQ_CST))
#define atomic_fetch_sub_explicit(object, value, order) \
    (explore_locked((const void *)(object)),            \
        __atomic_fetch_sub((EXPLORE_TYPE(object) *)(object), value, __ATOMIC_SEQ_CST))
#define atomic_thread_fence(order) explore_fence()

#endif
