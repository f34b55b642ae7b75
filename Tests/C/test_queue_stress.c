/* test_queue_stress.c: eight writers and one drainer. Every accepted item is handed out once and in order, or dropped
 * once for the right reason. Items are plain memory, so ThreadSanitizer sees whether the queue passes them on properly. */
#include "check.h"
#include "queue.h"
#include "random.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { WRITERS = 8, SEQUENCES = 150000, WINDOW = 64, TRIES = 30000, STRIDE = 8 };

enum fate { UNUSED, SUBMITTED, REFUSED, HANDED_OUT, DROPPED };

/* Written by its writer until it is submitted, then by the drainer. */
struct tracked {
    struct gr_queue_item link; /* first: found back from the item */
    uint64_t number;           /* position among its writer's items */
    size_t writer;
    enum fate fate;
    enum graft_status why;
};

static struct {
    struct gr_queue *queue;
    struct tracked *items; /* those of the script, or TRIES for each writer */
    size_t count;
    uint64_t seed;
    atomic_size_t taken; /* how far the writers have come in the script */
    atomic_int writing;  /* writers that are not done */
    /* the drainer's */
    uint64_t last, superseded_up_to, next_number[WRITERS];
    size_t handed_out, dropped;
    size_t limit;           /* no sequence is so large */
    unsigned char *settled; /* by sequence: one of its items was handed out or superseded */
    unsigned char *doubled; /* by sequence: one was dropped as a duplicate */
} run;

static void note_drop(struct gr_queue_item *item, enum graft_status why, void *context) {
    struct tracked *seen = (struct tracked *)item;
    CHECK(context == &run && seen->fate == SUBMITTED);
    seen->fate = DROPPED;
    seen->why = why;
    run.dropped++;
    if (why == GRAFT_STALE) {
        CHECK(item->sequence <= run.last);
    } else if (why == GRAFT_DUPLICATE) {
        CHECK(item->sequence > run.last);
        run.doubled[item->sequence] = 1;
    } else {
        CHECK_EQUAL(why, GRAFT_SUPERSEDED);
        CHECK(item->sequence > run.last);
        run.settled[item->sequence] = 1;
        if (item->sequence > run.superseded_up_to)
            run.superseded_up_to = item->sequence;
    }
}

static void take(struct gr_queue_item *item) {
    struct tracked *seen = (struct tracked *)item;
    CHECK(seen->fate == SUBMITTED);
    seen->fate = HANDED_OUT;
    run.handed_out++;
    CHECK(item->snapshot ? item->sequence > run.last : item->sequence == run.last + 1);
    CHECK(!run.superseded_up_to || (item->snapshot && item->sequence >= run.superseded_up_to));
    run.superseded_up_to = 0;
    run.settled[item->sequence] = 1;
    run.last = item->sequence;
}

/* Drains until the writers are done and nothing is due. */
static void drain(void (*also)(struct tracked *)) {
    for (bool done = false;;) {
        struct gr_queue_item *item = gr_queue_next(run.queue, note_drop, &run);
        if (item) {
            take(item);
            if (also)
                also((struct tracked *)item);
        } else if (done) {
            return;
        } else {
            done = atomic_load(&run.writing) == 0;
            sched_yield();
        }
    }
}

/* Submits and keeps the item's own account of it. */
static enum graft_status submit(struct tracked *item) {
    item->fate = SUBMITTED;
    enum graft_status status = gr_queue_submit(run.queue, &item->link);
    if (status != GRAFT_OK)
        item->fate = REFUSED;
    return status;
}

static void start(size_t capacity, size_t items) {
    uint64_t seed = run.seed;
    memset(&run, 0, sizeof run);
    run.seed = seed;
    run.count = items;
    run.limit = (items + 1) * STRIDE; /* each submission is at most STRIDE further than those before it */
    run.items = calloc(items + 1, sizeof *run.items);
    run.settled = calloc(run.limit, 1);
    run.doubled = calloc(run.limit, 1);
    CHECK(run.items && run.settled && run.doubled);
    atomic_store(&run.writing, WRITERS);
    CHECK_EQUAL(gr_queue_create(capacity, &run.queue), GRAFT_OK);
}

static void with_writers(void *(*write)(void *), void (*also)(struct tracked *)) {
    static size_t numbers[WRITERS];
    pthread_t threads[WRITERS];
    for (size_t i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, write, &numbers[i]) == 0);
    }
    drain(also);
    for (size_t i = 0; i < WRITERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

/* Every item has one fate, and the queue's own counters say the same. */
static void settle(void) {
    size_t fates[DROPPED + 1] = {0}, refused_stale = 0, reasons[GRAFT_STATUS_COUNT] = {0};
    struct gr_queue_stats stats = gr_queue_stats(run.queue);
    for (size_t i = 0; i < run.count; i++) {
        fates[run.items[i].fate]++;
        if (run.items[i].fate == DROPPED)
            reasons[run.items[i].why]++;
        if (run.items[i].fate == REFUSED)
            refused_stale += run.items[i].why == GRAFT_STALE;
    }
    CHECK_EQUAL(fates[SUBMITTED], 0);
    CHECK_EQUAL(fates[HANDED_OUT], run.handed_out);
    CHECK_EQUAL(fates[DROPPED], run.dropped);
    CHECK_EQUAL(stats.applied, run.handed_out);
    CHECK_EQUAL(stats.stale, reasons[GRAFT_STALE] + refused_stale);
    CHECK_EQUAL(stats.duplicate, reasons[GRAFT_DUPLICATE]);
    CHECK_EQUAL(stats.superseded, reasons[GRAFT_SUPERSEDED]);
    CHECK_EQUAL(stats.submitted, stats.applied + stats.stale + stats.duplicate + stats.superseded + stats.refused_full);
    CHECK_EQUAL(stats.waiting, 0);
    CHECK_EQUAL(stats.last, run.last);
    for (size_t i = 0; i < run.limit; i++)
        CHECK(run.settled[i] || !run.doubled[i]); /* a duplicate of something */
    printf("   %zu handed out, %zu dropped: %" PRIu64 " stale, %" PRIu64 " duplicate, %" PRIu64 " superseded; %" PRIu64
           " refused; %" PRIu64 " gaps\n",
        run.handed_out, run.dropped, stats.stale, stats.duplicate, stats.superseded, stats.refused_full, stats.gaps);
    gr_queue_destroy(run.queue, note_drop, &run);
    free(run.items);
    free(run.settled);
    free(run.doubled);
}

/* A script of sequences 1 to SEQUENCES, some of them twice, each window of WINDOW entries shuffled. */
static void write_script(unsigned duplicates_percent, unsigned snapshots_per_thousand) {
    uint64_t random = run.seed, sequence = 1;
    for (size_t i = 0; i < run.count; i++) {
        bool again = i % WINDOW && random_below(&random, 100) < duplicates_percent;
        run.items[i].link.sequence = again ? sequence - 1 : sequence++;
        run.items[i].link.snapshot = random_below(&random, 1000) < snapshots_per_thousand;
    }
    for (size_t i = 0; i < run.count; i++) {
        size_t window = i / WINDOW * WINDOW;
        size_t other = window + random_below(&random, run.count - window < WINDOW ? run.count - window : WINDOW);
        struct gr_queue_item link = run.items[i].link;
        run.items[i].link = run.items[other].link;
        run.items[other].link = link;
    }
}

/* Takes the script's items in turn; submits each until it is accepted or stale. */
static void *follow_script(void *unused) {
    (void)unused;
    for (;;) {
        size_t i = atomic_fetch_add_explicit(&run.taken, 1, memory_order_relaxed);
        if (i >= run.count)
            break;
        enum graft_status status;
        while ((status = submit(&run.items[i])) == GRAFT_LIMIT_QUEUE)
            sched_yield();
        /* an accepted item is the queue's: only a refused one may be touched */
        if (status != GRAFT_OK)
            run.items[i].why = status;
    }
    atomic_fetch_sub(&run.writing, 1);
    return NULL;
}

static uint64_t largest_of_script(void) {
    uint64_t largest = 0;
    for (size_t i = 0; i < run.count; i++)
        if (run.items[i].link.sequence > largest)
            largest = run.items[i].link.sequence;
    return largest;
}

static void shuffled_sequences_come_out_once_and_in_order(void) {
    start(4 * WINDOW, SEQUENCES);
    write_script(0, 0);
    with_writers(follow_script, NULL);
    CHECK_EQUAL(run.handed_out, SEQUENCES);
    CHECK_EQUAL(run.last, SEQUENCES);
    settle();
}

static void duplicates_and_snapshots_leave_the_order_whole(void) {
    start(2 * WINDOW, SEQUENCES);
    write_script(15, 5);
    uint64_t largest = largest_of_script();
    with_writers(follow_script, NULL);
    CHECK_EQUAL(run.last, largest); /* every sequence was applied, or replaced by a snapshot */
    settle();
}

/* Automatic items into a small queue, each tried once. */
static void *write_automatic(void *argument) {
    size_t writer = *(size_t *)argument;
    for (size_t i = 0; i < TRIES; i++) {
        struct tracked *item = &run.items[writer * TRIES + i];
        item->writer = writer;
        item->number = i + 1;
        if (submit(item) != GRAFT_OK) {
            item->why = GRAFT_LIMIT_QUEUE;
            sched_yield();
        }
    }
    atomic_fetch_sub(&run.writing, 1);
    return NULL;
}

/* One writer's automatic items are numbered in the order in which it submitted them. */
static void check_turn(struct tracked *item) {
    CHECK(item->number > run.next_number[item->writer]);
    run.next_number[item->writer] = item->number;
}

static void automatic_sequences_have_no_gap_although_some_are_refused(void) {
    start(16, WRITERS * TRIES);
    with_writers(write_automatic, check_turn);
    CHECK_EQUAL(gr_queue_stats(run.queue).gaps, 0);
    CHECK_EQUAL(run.dropped, 0);
    CHECK_EQUAL(run.last, run.handed_out);
    CHECK(gr_queue_stats(run.queue).refused_full > 0);
    settle();
}

/* Everything at once, without care: gaps stay until a snapshot ends them. */
static void *write_anything(void *argument) {
    size_t writer = *(size_t *)argument;
    uint64_t random = run.seed + writer;
    for (size_t i = 0; i < TRIES; i++) {
        struct tracked *item = &run.items[writer * TRIES + i];
        uint64_t last = gr_queue_stats(run.queue).last;
        item->link.sequence = random_below(&random, 4) ? last + random_below(&random, STRIDE) : 0;
        item->link.snapshot = random_below(&random, 50) == 0;
        enum graft_status status = submit(item);
        if (status != GRAFT_OK)
            item->why = status;
        if (status == GRAFT_LIMIT_QUEUE)
            sched_yield();
    }
    atomic_fetch_sub(&run.writing, 1);
    return NULL;
}

static void any_mixture_is_accounted_for(void) {
    start(24, WRITERS * TRIES);
    with_writers(write_anything, NULL);
    struct tracked *last = &run.items[run.count++]; /* start has left room for it */
    last->link.snapshot = true;
    CHECK_EQUAL(submit(last), GRAFT_OK); /* replaces whatever waits beyond a gap */
    struct gr_queue_item *item = gr_queue_next(run.queue, note_drop, &run);
    CHECK(item == &last->link);
    take(item);
    settle();
}

int main(void) {
    run.seed = random_seed("stress");
    RUN(shuffled_sequences_come_out_once_and_in_order);
    RUN(duplicates_and_snapshots_leave_the_order_whole);
    RUN(automatic_sequences_have_no_gap_although_some_are_refused);
    RUN(any_mixture_is_accounted_for);
    return 0;
}
