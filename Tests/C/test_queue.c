/* test_queue.c: behaviours of the queue one by one: order, gaps, stale and duplicate items, snapshots, automatic
 * sequences, limits. Random operations are in test_queue_model.c, threads in test_queue_stress.c. */
#include "check.h"
#include "queue.h"
#include "starve.h"

/* What was dropped since the last look, in order. */
static struct {
    uint64_t sequence;
    enum graft_status why;
} drops[64];
static size_t drop_count;

static void note_drop(struct gr_queue_item *item, enum graft_status why, void *context) {
    (void)context;
    CHECK(drop_count < sizeof drops / sizeof *drops);
    drops[drop_count].sequence = item->sequence;
    drops[drop_count++].why = why;
}

/* Items of one test; taken in turn, never given back. */
static struct gr_queue_item items[256];
static size_t item_count;

static struct gr_queue_item *new_item(uint64_t sequence, bool snapshot) {
    CHECK(item_count < sizeof items / sizeof *items);
    items[item_count] = (struct gr_queue_item){.sequence = sequence, .snapshot = snapshot};
    return &items[item_count++];
}

static struct gr_queue *new_queue(size_t capacity) {
    struct gr_queue *queue = NULL;
    item_count = drop_count = 0;
    CHECK_EQUAL(gr_queue_create(capacity, &queue), GRAFT_OK);
    return queue;
}

static enum graft_status submit(struct gr_queue *queue, uint64_t sequence) {
    return gr_queue_submit(queue, new_item(sequence, false));
}

static enum graft_status submit_snapshot(struct gr_queue *queue, uint64_t sequence) {
    return gr_queue_submit(queue, new_item(sequence, true));
}

static void submit_all(struct gr_queue *queue, const uint64_t *sequences, size_t count) {
    for (size_t i = 0; i < count; i++)
        CHECK_EQUAL(submit(queue, sequences[i]), GRAFT_OK);
}
#define SUBMIT(queue, ...) \
    submit_all(queue, (const uint64_t[]){__VA_ARGS__}, sizeof(uint64_t[]){__VA_ARGS__} / sizeof(uint64_t))

/* The sequence of the next item, 0 when none is due. */
static uint64_t next(struct gr_queue *queue) {
    struct gr_queue_item *item = gr_queue_next(queue, note_drop, NULL);
    return item ? item->sequence : 0;
}

/* Checks that the next items are these, and then none is due. */
static void expect_all(struct gr_queue *queue, const uint64_t *sequences, size_t count) {
    for (size_t i = 0; i < count; i++)
        CHECK_EQUAL(next(queue), sequences[i]);
    CHECK_EQUAL(next(queue), 0);
}
#define EXPECT(queue, ...) \
    expect_all(queue, (const uint64_t[]){__VA_ARGS__}, sizeof(uint64_t[]){__VA_ARGS__} / sizeof(uint64_t))

/* Checks the oldest drop that was not checked yet. */
static void expect_drop(uint64_t sequence, enum graft_status why) {
    CHECK(drop_count > 0);
    CHECK_EQUAL(drops[0].sequence, sequence);
    CHECK_TEXT(graft_status_slug(drops[0].why), graft_status_slug(why));
    drop_count--;
    memmove(&drops[0], &drops[1], drop_count * sizeof *drops);
}

/* Checks that every submission is accounted for, then destroys the queue, in which nothing may wait any more. */
static void finish(struct gr_queue *queue) {
    struct gr_queue_stats stats = gr_queue_stats(queue);
    CHECK_EQUAL(stats.submitted, stats.applied + stats.stale + stats.duplicate + stats.superseded + stats.refused_full);
    CHECK_EQUAL(stats.submitted, item_count);
    CHECK_EQUAL(stats.waiting, 0);
    CHECK_EQUAL(drop_count, 0);
    gr_queue_destroy(queue, note_drop, NULL);
    CHECK_EQUAL(drop_count, 0);
}

static void items_come_out_in_the_order_of_their_sequences(void) {
    struct gr_queue *queue = new_queue(8);
    CHECK_EQUAL(next(queue), 0);
    SUBMIT(queue, 3, 1, 4, 2);
    EXPECT(queue, 1, 2, 3, 4);
    CHECK_EQUAL(gr_queue_stats(queue).last, 4);
    CHECK_EQUAL(gr_queue_stats(queue).gaps, 0);
    finish(queue);
}

static void an_item_beyond_a_gap_waits_until_it_is_filled(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 1, 3, 5);
    EXPECT(queue, 1);
    CHECK_EQUAL(gr_queue_stats(queue).waiting, 2);
    SUBMIT(queue, 2);
    EXPECT(queue, 2, 3);
    SUBMIT(queue, 4);
    EXPECT(queue, 4, 5);
    finish(queue);
}

static void a_gap_is_counted_once_however_often_it_is_met(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 2, 4);
    CHECK_EQUAL(next(queue), 0);
    CHECK_EQUAL(next(queue), 0);
    CHECK_EQUAL(gr_queue_stats(queue).gaps, 1);
    SUBMIT(queue, 1);
    EXPECT(queue, 1, 2);
    CHECK_EQUAL(gr_queue_stats(queue).gaps, 2);
    SUBMIT(queue, 3);
    EXPECT(queue, 3, 4);
    CHECK_EQUAL(gr_queue_stats(queue).gaps, 2); /* nothing waits: no gap */
    finish(queue);
}

static void a_sequence_that_has_passed_is_stale_at_submission(void) {
    struct gr_queue *queue = new_queue(1);
    SUBMIT(queue, 1);
    EXPECT(queue, 1);
    CHECK_EQUAL(submit(queue, 1), GRAFT_STALE);
    CHECK_EQUAL(submit_snapshot(queue, 1), GRAFT_STALE);
    SUBMIT(queue, 3);
    CHECK_EQUAL(submit(queue, 1), GRAFT_STALE); /* also when the queue is full */
    SUBMIT(queue, 2);
    EXPECT(queue, 2, 3);
    CHECK_EQUAL(gr_queue_stats(queue).stale, 3);
    finish(queue);
}

static void a_second_item_with_a_waiting_sequence_is_a_duplicate(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 2, 2);
    struct gr_queue_item *kept = &items[0];
    CHECK_EQUAL(next(queue), 0);
    expect_drop(2, GRAFT_DUPLICATE);
    SUBMIT(queue, 2, 1, 1);
    CHECK_EQUAL(next(queue), 1);
    expect_drop(2, GRAFT_DUPLICATE);
    expect_drop(1, GRAFT_DUPLICATE);
    CHECK(gr_queue_next(queue, note_drop, NULL) == kept); /* the first one stays */
    CHECK_EQUAL(gr_queue_stats(queue).duplicate, 3);
    finish(queue);
}

static void a_snapshot_replaces_what_is_before_it_and_is_due_at_once(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 1, 3, 6, 7);
    CHECK_EQUAL(submit_snapshot(queue, 5), GRAFT_OK);
    EXPECT(queue, 5, 6, 7); /* 1 was due, but the snapshot contains it */
    expect_drop(1, GRAFT_SUPERSEDED);
    expect_drop(3, GRAFT_SUPERSEDED);
    CHECK_EQUAL(submit(queue, 4), GRAFT_STALE);
    finish(queue);
}

static void what_waits_above_a_snapshot_follows_it(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 12);
    CHECK_EQUAL(submit_snapshot(queue, 10), GRAFT_OK);
    EXPECT(queue, 10);
    SUBMIT(queue, 11);
    EXPECT(queue, 11, 12);
    finish(queue);
}

static void the_newest_waiting_snapshot_wins(void) {
    struct gr_queue *queue = new_queue(8);
    CHECK_EQUAL(submit_snapshot(queue, 5), GRAFT_OK);
    SUBMIT(queue, 6, 9);
    CHECK_EQUAL(submit_snapshot(queue, 8), GRAFT_OK);
    CHECK_EQUAL(submit_snapshot(queue, 7), GRAFT_OK);
    EXPECT(queue, 8, 9);
    expect_drop(5, GRAFT_SUPERSEDED);
    expect_drop(6, GRAFT_SUPERSEDED);
    expect_drop(7, GRAFT_SUPERSEDED);
    CHECK_EQUAL(submit_snapshot(queue, 8), GRAFT_STALE);
    finish(queue);
}

static void a_snapshot_wins_against_a_plain_item_of_its_sequence(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 5);
    CHECK_EQUAL(submit_snapshot(queue, 5), GRAFT_OK);
    SUBMIT(queue, 5);
    CHECK_EQUAL(submit_snapshot(queue, 5), GRAFT_OK);
    struct gr_queue_item *item = gr_queue_next(queue, note_drop, NULL);
    CHECK(item == &items[1] && item->snapshot);
    expect_drop(5, GRAFT_SUPERSEDED);
    expect_drop(5, GRAFT_DUPLICATE);
    expect_drop(5, GRAFT_DUPLICATE);
    finish(queue);
}

static void automatic_sequences_follow_the_largest_submitted(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 0, 0);
    EXPECT(queue, 1, 2);
    SUBMIT(queue, 5, 0, 0); /* 6 and 7 wait for the gap before 5 */
    CHECK_EQUAL(next(queue), 0);
    SUBMIT(queue, 3, 0, 4);
    EXPECT(queue, 3, 4, 5, 6, 7, 8);
    CHECK_EQUAL(submit_snapshot(queue, 0), GRAFT_OK);
    EXPECT(queue, 9);
    finish(queue);
}

static void an_explicit_item_with_an_automatic_ones_sequence_is_dropped(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 0, 1);
    CHECK(gr_queue_next(queue, note_drop, NULL) == &items[0]);
    expect_drop(1, GRAFT_DUPLICATE);
    SUBMIT(queue, 2, 0); /* the other way round both have a place */
    EXPECT(queue, 2, 3);
    finish(queue);
}

static void refusals_use_up_no_automatic_sequence(void) {
    struct gr_queue *queue = new_queue(2);
    SUBMIT(queue, 0, 0);
    CHECK_EQUAL(submit(queue, 0), GRAFT_LIMIT_QUEUE);
    CHECK_EQUAL(items[2].sequence, 0); /* left as it was, and can be submitted again */
    EXPECT(queue, 1, 2);
    SUBMIT(queue, 0);
    EXPECT(queue, 3);
    finish(queue);
}

static void fill(size_t capacity) {
    struct gr_queue *queue = new_queue(capacity);
    for (size_t i = 0; i < capacity; i++)
        CHECK_EQUAL(submit(queue, i + 2), GRAFT_OK);
    CHECK_EQUAL(submit(queue, capacity + 2), GRAFT_LIMIT_QUEUE);
    CHECK_EQUAL(submit(queue, 0), GRAFT_LIMIT_QUEUE);
    CHECK_EQUAL(next(queue), 0);
    CHECK_EQUAL(submit(queue, capacity + 2), GRAFT_LIMIT_QUEUE); /* what the drainer has sorted counts too */
    CHECK_EQUAL(gr_queue_stats(queue).waiting, capacity);
    CHECK_EQUAL(submit(queue, 1), GRAFT_OK);
    CHECK_EQUAL(next(queue), 1);
    CHECK_EQUAL(submit(queue, capacity + 2), GRAFT_LIMIT_QUEUE);
    CHECK_EQUAL(next(queue), 2); /* handing out makes room */
    CHECK_EQUAL(submit(queue, capacity + 2), GRAFT_OK);
    CHECK_EQUAL(submit(queue, capacity + 3), GRAFT_LIMIT_QUEUE);
    for (size_t i = 3; i <= capacity + 2; i++)
        CHECK_EQUAL(next(queue), i);
    CHECK_EQUAL(gr_queue_stats(queue).refused_full, 5);
    finish(queue);
}

static void the_capacity_is_exact(void) {
    fill(1);
    fill(2);
    fill(5);
    fill(64);
}

static void a_drop_makes_room(void) {
    struct gr_queue *queue = new_queue(2);
    SUBMIT(queue, 2, 2);
    CHECK_EQUAL(submit(queue, 3), GRAFT_LIMIT_QUEUE);
    CHECK_EQUAL(next(queue), 0);
    expect_drop(2, GRAFT_DUPLICATE);
    SUBMIT(queue, 3, 1);
    EXPECT(queue, 1, 2, 3);
    finish(queue);
}

static void a_full_queue_takes_what_ends_its_gap(void) {
    struct gr_queue *queue = new_queue(2);
    SUBMIT(queue, 2, 3);
    for (size_t i = 0; i < GR_QUEUE_RESERVE; i++)
        CHECK_EQUAL(submit(queue, 1), GRAFT_OK);
    CHECK_EQUAL(submit(queue, 1), GRAFT_LIMIT_QUEUE); /* the reserve is exact too */
    CHECK_EQUAL(submit_snapshot(queue, 9), GRAFT_LIMIT_QUEUE);
    CHECK_EQUAL(gr_queue_stats(queue).waiting, 2 + GR_QUEUE_RESERVE);
    CHECK_EQUAL(next(queue), 1);
    CHECK_EQUAL(gr_queue_stats(queue).waiting, 2);
    for (size_t i = 1; i < GR_QUEUE_RESERVE; i++)
        expect_drop(1, GRAFT_DUPLICATE);
    CHECK_EQUAL(submit(queue, 4), GRAFT_LIMIT_QUEUE);
    CHECK_EQUAL(submit_snapshot(queue, 0), GRAFT_OK);
    EXPECT(queue, 4);
    expect_drop(2, GRAFT_SUPERSEDED);
    expect_drop(3, GRAFT_SUPERSEDED);
    finish(queue);
}

static void restart_begins_at_the_given_sequence(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 1, 2, 9);
    CHECK_EQUAL(next(queue), 1);
    SUBMIT(queue, 7, 0); /* these two are still in the inbox, the automatic one without a sequence */
    gr_queue_restart(queue, 100, note_drop, NULL);
    expect_drop(2, GRAFT_SUPERSEDED);
    expect_drop(9, GRAFT_SUPERSEDED);
    expect_drop(7, GRAFT_SUPERSEDED);
    expect_drop(0, GRAFT_SUPERSEDED);
    CHECK_EQUAL(gr_queue_stats(queue).last, 99);
    CHECK_EQUAL(submit(queue, 99), GRAFT_STALE);
    SUBMIT(queue, 0, 0);
    EXPECT(queue, 100, 101);
    gr_queue_restart(queue, 1, note_drop, NULL); /* backwards: the numbering begins anew */
    SUBMIT(queue, 1, 0);
    EXPECT(queue, 1, 2);
    gr_queue_restart(queue, 0, note_drop, NULL);
    SUBMIT(queue, 0);
    EXPECT(queue, 1);
    finish(queue);
}

static void a_gap_after_a_restart_is_a_new_one(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 2);
    CHECK_EQUAL(next(queue), 0);
    gr_queue_restart(queue, 1, note_drop, NULL);
    expect_drop(2, GRAFT_SUPERSEDED);
    SUBMIT(queue, 2);
    CHECK_EQUAL(next(queue), 0);
    CHECK_EQUAL(gr_queue_stats(queue).gaps, 2);
    SUBMIT(queue, 1);
    EXPECT(queue, 1, 2);
    finish(queue);
}

static void nothing_follows_the_last_sequence_of_all(void) {
    struct gr_queue *queue = new_queue(8);
    gr_queue_restart(queue, UINT64_MAX - 1, note_drop, NULL);
    SUBMIT(queue, 0, 0, 0); /* two sequences are left */
    CHECK_EQUAL(next(queue), UINT64_MAX - 1);
    expect_drop(0, GRAFT_LIMIT_QUEUE);
    CHECK_EQUAL(gr_queue_stats(queue).last, UINT64_MAX - 1);
    EXPECT(queue, UINT64_MAX);
    CHECK_EQUAL(submit(queue, UINT64_MAX), GRAFT_STALE);
    CHECK_EQUAL(submit(queue, 1), GRAFT_STALE);
    SUBMIT(queue, 0);
    CHECK_EQUAL(next(queue), 0);
    expect_drop(0, GRAFT_LIMIT_QUEUE);
    CHECK_EQUAL(gr_queue_stats(queue).gaps, 0);
    gr_queue_restart(queue, 1, note_drop, NULL);
    CHECK_EQUAL(submit_snapshot(queue, UINT64_MAX), GRAFT_OK);
    EXPECT(queue, UINT64_MAX);
    gr_queue_restart(queue, 1, note_drop, NULL);
    finish(queue);
}

static void destroy_cancels_what_waits(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 3, 2);
    CHECK_EQUAL(next(queue), 0);
    SUBMIT(queue, 9, 0);
    gr_queue_destroy(queue, note_drop, NULL);
    expect_drop(2, GRAFT_CANCELLED);
    expect_drop(3, GRAFT_CANCELLED);
    expect_drop(9, GRAFT_CANCELLED);
    expect_drop(0, GRAFT_CANCELLED);
    gr_queue_destroy(NULL, note_drop, NULL);
}

/* Submits again what was dropped, with the next sequence; in a full queue, whose place the drop has just freed. */
static void submit_again(struct gr_queue_item *item, enum graft_status why, void *context) {
    note_drop(item, why, context);
    item->sequence = item->sequence ? item->sequence + 1 : 0;
    CHECK_EQUAL(gr_queue_submit(context, item), GRAFT_OK);
}

static void a_dropped_item_may_be_submitted_again_at_once(void) {
    struct gr_queue *queue = new_queue(2);
    SUBMIT(queue, 2, 2);
    CHECK(!gr_queue_next(queue, submit_again, queue)); /* what is submitted meanwhile is for the next call */
    expect_drop(2, GRAFT_DUPLICATE);
    SUBMIT(queue, 1);
    EXPECT(queue, 1, 2, 3);
    SUBMIT(queue, 9, 0);
    gr_queue_restart(queue, 10, submit_again, queue);
    expect_drop(9, GRAFT_SUPERSEDED);
    expect_drop(0, GRAFT_SUPERSEDED);
    EXPECT(queue, 10, 11);
    struct gr_queue_stats stats = gr_queue_stats(queue);
    CHECK_EQUAL(stats.submitted, 8);
    CHECK_EQUAL(stats.applied, 5);
    CHECK_EQUAL(stats.superseded, 2);
    gr_queue_destroy(queue, note_drop, NULL);
}

/* Snapshot 5 is about to be handed out; submits two items that it covers while that is not yet visible. */
static void submit_covered(struct gr_queue_item *item, enum graft_status why, void *context) {
    (void)item, (void)why;
    SUBMIT(context, 4, 5);
}

static void an_item_that_was_accepted_too_early_to_be_refused_is_dropped_as_stale(void) {
    struct gr_queue *queue = new_queue(8);
    SUBMIT(queue, 3);
    CHECK_EQUAL(submit_snapshot(queue, 5), GRAFT_OK);
    CHECK_EQUAL(gr_queue_next(queue, submit_covered, queue)->sequence, 5);
    CHECK_EQUAL(next(queue), 0);
    expect_drop(4, GRAFT_STALE);
    expect_drop(5, GRAFT_STALE);
    finish(queue);
}

static void a_capacity_outside_its_range_is_refused(void) {
    struct gr_queue *queue = (struct gr_queue *)&queue;
    CHECK_EQUAL(gr_queue_create(0, &queue), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(gr_queue_create(GR_QUEUE_CAPACITY_MAX + 1, &queue), GRAFT_INVALID_ARGUMENT);
    CHECK(queue == (struct gr_queue *)&queue);
    CHECK_EQUAL(gr_queue_create(GR_QUEUE_CAPACITY_MAX, &queue), GRAFT_OK);
    gr_queue_destroy(queue, note_drop, NULL);
}

static void create_starved(void) {
    struct gr_queue *queue = NULL;
    starve();
    CHECK_EQUAL(gr_queue_create(1, &queue), GRAFT_NO_MEMORY);
    CHECK(!queue);
}

static void without_memory_nothing_is_created(void) {
    if (STARVE_POSSIBLE)
        in_child(create_starved);
}

enum { MANY = 200000 };

/* Submits 2 to MANY + 1 in the order of `rank`, sorted in one by one, then takes them all out. Milliseconds; with a
 * linear step for each item it would be minutes. */
static void order_many(uint64_t (*rank)(uint64_t)) {
    struct gr_queue *queue = NULL;
    struct gr_queue_item *many = calloc(MANY, sizeof *many);
    CHECK(many);
    CHECK_EQUAL(gr_queue_create(MANY, &queue), GRAFT_OK);
    for (uint64_t i = 0; i < MANY; i++) {
        many[i].sequence = rank(i) + 2; /* 1 is missing */
        CHECK_EQUAL(gr_queue_submit(queue, &many[i]), GRAFT_OK);
        CHECK(!gr_queue_next(queue, note_drop, NULL));
    }
    struct gr_queue_item first = {.sequence = 1};
    CHECK_EQUAL(gr_queue_submit(queue, &first), GRAFT_OK);
    for (uint64_t sequence = 1; sequence <= MANY + 1; sequence++)
        CHECK_EQUAL(next(queue), sequence);
    gr_queue_destroy(queue, note_drop, NULL);
    free(many);
}

static uint64_t ascending(uint64_t i) {
    return i;
}
static uint64_t descending(uint64_t i) {
    return MANY - 1 - i;
}
static uint64_t from_both_ends(uint64_t i) {
    return i % 2 ? MANY - 1 - i / 2 : i / 2;
}
static uint64_t strided(uint64_t i) {
    return i * 7919 % MANY; /* a prime that does not divide MANY */
}

static void no_order_of_submission_is_slow(void) {
    order_many(ascending);
    order_many(descending);
    order_many(from_both_ends);
    order_many(strided);
}

int main(void) {
    RUN(items_come_out_in_the_order_of_their_sequences);
    RUN(an_item_beyond_a_gap_waits_until_it_is_filled);
    RUN(a_gap_is_counted_once_however_often_it_is_met);
    RUN(a_sequence_that_has_passed_is_stale_at_submission);
    RUN(a_second_item_with_a_waiting_sequence_is_a_duplicate);
    RUN(a_snapshot_replaces_what_is_before_it_and_is_due_at_once);
    RUN(what_waits_above_a_snapshot_follows_it);
    RUN(the_newest_waiting_snapshot_wins);
    RUN(a_snapshot_wins_against_a_plain_item_of_its_sequence);
    RUN(automatic_sequences_follow_the_largest_submitted);
    RUN(an_explicit_item_with_an_automatic_ones_sequence_is_dropped);
    RUN(refusals_use_up_no_automatic_sequence);
    RUN(the_capacity_is_exact);
    RUN(a_drop_makes_room);
    RUN(a_full_queue_takes_what_ends_its_gap);
    RUN(restart_begins_at_the_given_sequence);
    RUN(a_gap_after_a_restart_is_a_new_one);
    RUN(nothing_follows_the_last_sequence_of_all);
    RUN(destroy_cancels_what_waits);
    RUN(a_dropped_item_may_be_submitted_again_at_once);
    RUN(an_item_that_was_accepted_too_early_to_be_refused_is_dropped_as_stale);
    RUN(a_capacity_outside_its_range_is_refused);
    RUN(without_memory_nothing_is_created);
    RUN(no_order_of_submission_is_slow);
    return 0;
}
