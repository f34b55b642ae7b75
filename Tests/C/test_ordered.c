/* test_ordered.c: the queue for values of a program's own: that values, sequences and reasons come out as they went in, the
 * limits, and who owns a value when. The rules of order are tested with queue.c. */
#include "check.h"
#include "starve.h"
#include <graft/queue.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/* What was dropped since the last look, in order. */
static struct {
    void *value;
    uint64_t sequence;
    enum graft_status why;
} drops[64];
static size_t drop_count;
static int listener;

static void note(void *value, uint64_t sequence, enum graft_status why, void *context) {
    CHECK(context == &listener && drop_count < sizeof drops / sizeof *drops);
    drops[drop_count].value = value;
    drops[drop_count].sequence = sequence;
    drops[drop_count++].why = why;
}

static int values[32]; /* which value is which: addresses */

static struct graft_queue *new_queue(size_t capacity) {
    struct graft_queue *queue = NULL;
    drop_count = 0;
    CHECK_EQUAL(graft_queue_create(capacity, &queue), GRAFT_OK);
    return queue;
}

static enum graft_status submit(struct graft_queue *queue, uint64_t sequence) {
    return graft_queue_submit(queue, sequence, false, &values[sequence]);
}

/* Takes the next value, which has to be this sequence's. */
static void take(struct graft_queue *queue, uint64_t expected) {
    void *value = NULL;
    uint64_t sequence = 0;
    CHECK(graft_queue_next(queue, &value, &sequence, note, &listener));
    CHECK_EQUAL(sequence, expected);
    CHECK(value == &values[expected]);
}

static void take_nothing(struct graft_queue *queue) {
    void *value = &listener;
    uint64_t sequence = 77;
    CHECK(!graft_queue_next(queue, &value, &sequence, note, &listener));
    CHECK(value == &listener && sequence == 77);
}

static void check_drop(size_t at, uint64_t sequence, enum graft_status why) {
    CHECK(at < drop_count && drops[at].value == &values[sequence]);
    CHECK_EQUAL(drops[at].sequence, sequence);
    CHECK_EQUAL(drops[at].why, why);
}

static void values_come_in_the_order_of_their_sequences(void) {
    struct graft_queue *queue = new_queue(8);
    take_nothing(queue);
    CHECK_EQUAL(submit(queue, 3), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 1), GRAFT_OK);
    take(queue, 1);
    take_nothing(queue);
    CHECK_EQUAL(submit(queue, 2), GRAFT_OK);
    take(queue, 2);
    take(queue, 3);
    take_nothing(queue);
    CHECK_EQUAL(drop_count, 0);
    CHECK_EQUAL(graft_queue_stats(queue).gaps, 1);
    graft_queue_destroy(queue, note, &listener);
    CHECK_EQUAL(drop_count, 0);
}

static void a_value_may_be_null_and_its_sequence_unasked(void) {
    struct graft_queue *queue = new_queue(1);
    void *value = &listener;
    CHECK_EQUAL(graft_queue_submit(queue, 0, false, NULL), GRAFT_OK);
    CHECK(graft_queue_next(queue, &value, NULL, NULL, NULL));
    CHECK(value == NULL);
    CHECK_EQUAL(graft_queue_stats(queue).last, 1);
    graft_queue_destroy(queue, NULL, NULL);
}

static void each_reason_reaches_the_listener(void) {
    struct graft_queue *queue = new_queue(16);
    CHECK_EQUAL(graft_queue_submit(queue, 4, true, &values[4]), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 3), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 9), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 9), GRAFT_OK);
    take(queue, 4);
    CHECK_EQUAL(drop_count, 2);
    check_drop(0, 3, GRAFT_SUPERSEDED);
    check_drop(1, 9, GRAFT_DUPLICATE);
    CHECK_EQUAL(submit(queue, 4), GRAFT_STALE);
    CHECK_EQUAL(drop_count, 2); /* refused: it stayed ours */
    graft_queue_restart(queue, 6, note, &listener);
    CHECK_EQUAL(drop_count, 3);
    check_drop(2, 9, GRAFT_SUPERSEDED);
    CHECK_EQUAL(submit(queue, 6), GRAFT_OK);
    take(queue, 6);
    CHECK_EQUAL(submit(queue, 8), GRAFT_OK);
    graft_queue_destroy(queue, note, &listener);
    CHECK_EQUAL(drop_count, 4);
    check_drop(3, 8, GRAFT_CANCELLED);
}

static void after_a_restart_sequences_come_again(void) {
    struct graft_queue *queue = new_queue(16);
    CHECK_EQUAL(graft_queue_submit(queue, 5, true, &values[5]), GRAFT_OK);
    take(queue, 5);
    graft_queue_restart(queue, 1, note, &listener);
    CHECK_EQUAL(submit(queue, 2), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 1), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 1), GRAFT_OK);
    take(queue, 1);
    CHECK_EQUAL(drop_count, 1);
    check_drop(0, 1, GRAFT_DUPLICATE);
    take(queue, 2);
    graft_queue_destroy(queue, note, &listener);
}

static void no_sequence_is_left_after_the_last(void) {
    struct graft_queue *queue = new_queue(4);
    CHECK_EQUAL(graft_queue_submit(queue, UINT64_MAX, true, &values[1]), GRAFT_OK);
    CHECK_EQUAL(graft_queue_submit(queue, 0, false, &values[0]), GRAFT_OK);
    void *value = NULL;
    uint64_t sequence = 0;
    CHECK(graft_queue_next(queue, &value, &sequence, note, &listener));
    CHECK(sequence == UINT64_MAX && value == &values[1]);
    CHECK_EQUAL(drop_count, 1);
    check_drop(0, 0, GRAFT_LIMIT_QUEUE);
    graft_queue_destroy(queue, note, &listener);
}

static void drops_without_a_listener_are_forgotten(void) {
    struct graft_queue *queue = new_queue(4);
    void *value = NULL;
    CHECK_EQUAL(submit(queue, 2), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 2), GRAFT_OK);
    CHECK(!graft_queue_next(queue, &value, NULL, NULL, NULL));
    graft_queue_restart(queue, 1, NULL, NULL);
    CHECK_EQUAL(submit(queue, 3), GRAFT_OK);
    graft_queue_destroy(queue, NULL, NULL);
    graft_queue_destroy(NULL, NULL, NULL);
}

static void capacities_have_limits(void) {
    struct graft_queue *queue = NULL;
    CHECK_EQUAL(graft_queue_create(0, &queue), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(graft_queue_create((size_t)GRAFT_QUEUE_CAPACITY_MAX + 1, &queue), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(graft_queue_create(SIZE_MAX, &queue), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(graft_queue_create(1, NULL), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(graft_queue_submit(NULL, 1, false, NULL), GRAFT_INVALID_ARGUMENT);
    CHECK(queue == NULL);
    CHECK_EQUAL(graft_queue_create(GRAFT_QUEUE_CAPACITY_MAX, &queue), GRAFT_OK);
    graft_queue_destroy(queue, NULL, NULL);
}

static void a_full_queue_takes_what_lets_it_move_on(void) {
    struct graft_queue *queue = new_queue(2);
    CHECK_EQUAL(submit(queue, 2), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 3), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 4), GRAFT_LIMIT_QUEUE);
    for (int i = 0; i < GRAFT_QUEUE_RESERVE; i++)
        CHECK_EQUAL(submit(queue, 1), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 1), GRAFT_LIMIT_QUEUE);
    CHECK_EQUAL(graft_queue_stats(queue).waiting, 2 + GRAFT_QUEUE_RESERVE);
    take(queue, 1);
    take(queue, 2);
    take(queue, 3);
    CHECK_EQUAL(drop_count, GRAFT_QUEUE_RESERVE - 1);
    graft_queue_destroy(queue, note, &listener);
}

static void every_submission_is_counted_once(void) {
    struct graft_queue *queue = new_queue(2);
    submit(queue, 1);
    submit(queue, 1);
    take(queue, 1);
    submit(queue, 1);
    submit(queue, 5);
    submit(queue, 6);
    submit(queue, 7);
    graft_queue_submit(queue, 4, true, &values[4]);
    take(queue, 4);
    graft_queue_restart(queue, 9, note, &listener);
    submit(queue, 10);
    take_nothing(queue);
    struct graft_queue_counts counts = graft_queue_stats(queue);
    CHECK_EQUAL(counts.submitted, 8);
    CHECK_EQUAL(counts.taken, 2);
    CHECK_EQUAL(counts.stale, 1);
    CHECK_EQUAL(counts.duplicate, 1);
    CHECK_EQUAL(counts.superseded, 2);
    CHECK_EQUAL(counts.refused_full, 1);
    CHECK_EQUAL(counts.waiting, 1);
    CHECK_EQUAL(counts.gaps, 1);
    CHECK_EQUAL(counts.last, 8);
    graft_queue_destroy(queue, note, &listener);
}

/* Submits the value that was dropped once more, under the next sequence. */
static void submit_again(void *value, uint64_t sequence, enum graft_status why, void *queue) {
    CHECK_EQUAL(why, GRAFT_DUPLICATE);
    CHECK_EQUAL(graft_queue_submit(queue, sequence + 1, false, (int *)value + 1), GRAFT_OK);
}

static void a_listener_may_submit(void) {
    struct graft_queue *queue = new_queue(4);
    void *value = NULL;
    CHECK_EQUAL(submit(queue, 1), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 1), GRAFT_OK);
    CHECK(graft_queue_next(queue, &value, NULL, submit_again, queue));
    take(queue, 2);
    graft_queue_destroy(queue, note, &listener);
}

static void submit_starved(void) {
    struct graft_queue *queue = new_queue(4), *another = NULL;
    starve();
    CHECK_EQUAL(submit(queue, 1), GRAFT_NO_MEMORY);
    CHECK_EQUAL(graft_queue_create(4, &another), GRAFT_NO_MEMORY);
    CHECK(another == NULL);
    take_nothing(queue);
    CHECK_EQUAL(graft_queue_stats(queue).submitted, 0);
    graft_queue_destroy(queue, note, &listener);
}

static void without_memory_nothing_is_submitted(void) {
    if (STARVE_POSSIBLE)
        in_child(submit_starved);
}

/* ---- threads ---- */

enum { WRITERS = 4, EACH = 20000 };

static struct {
    struct graft_queue *queue;
    _Atomic int writing;
} run;

/* Its share of 1 … WRITERS * EACH; a value tells its sequence. */
static void *write_share(void *argument) {
    size_t number = (size_t)argument;
    for (size_t i = 0; i < EACH; i++) {
        uint64_t *value = malloc(sizeof *value);
        CHECK(value != NULL);
        *value = i * WRITERS + number + 1;
        while (graft_queue_submit(run.queue, *value, false, value) != GRAFT_OK)
            sched_yield();
    }
    atomic_fetch_sub(&run.writing, 1);
    return NULL;
}

static void many_threads_submit_and_one_takes(void) {
    pthread_t threads[WRITERS];
    run.queue = new_queue(1000);
    atomic_store(&run.writing, WRITERS);
    for (size_t i = 0; i < WRITERS; i++)
        CHECK(pthread_create(&threads[i], NULL, write_share, (void *)i) == 0);
    for (uint64_t expected = 1; expected <= (uint64_t)WRITERS * EACH;) {
        void *value = NULL;
        uint64_t sequence = 0;
        if (!graft_queue_next(run.queue, &value, &sequence, note, &listener)) {
            sched_yield();
            continue;
        }
        CHECK_EQUAL(sequence, expected);
        CHECK_EQUAL(*(uint64_t *)value, expected);
        free(value);
        expected++;
    }
    for (size_t i = 0; i < WRITERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_EQUAL(drop_count, 0);
    graft_queue_destroy(run.queue, note, &listener);
}

int main(void) {
    RUN(values_come_in_the_order_of_their_sequences);
    RUN(a_value_may_be_null_and_its_sequence_unasked);
    RUN(each_reason_reaches_the_listener);
    RUN(after_a_restart_sequences_come_again);
    RUN(no_sequence_is_left_after_the_last);
    RUN(drops_without_a_listener_are_forgotten);
    RUN(capacities_have_limits);
    RUN(a_full_queue_takes_what_lets_it_move_on);
    RUN(every_submission_is_counted_once);
    RUN(a_listener_may_submit);
    RUN(without_memory_nothing_is_submitted);
    RUN(many_threads_submit_and_one_takes);
    return 0;
}
