/* test_queue_interleavings.c: small scenarios of the queue in every order of their atomic operations (explore.h). */
#include "explore.h"

/* The queue under test lies in the same place in every run, so that the places it uses stay the same. */
static _Alignas(64) char room[1024];
static void *take_room(size_t size) {
    CHECK(size <= sizeof room);
    return room;
}
#define aligned_alloc(alignment, size) take_room(size)
#define free(memory) ((void)(memory))
#include "queue.c" /* after explore.h, so that its atomic operations are explored */

static struct gr_queue *queue;

/* The items of a scenario and what became of them. */
static struct gr_queue_item items[4];
static enum graft_status submitted[4]; /* GRAFT_STATUS_COUNT: not submitted */
static int outcomes[4];                /* how often handed out or dropped */
static enum graft_status dropped_as[4];
static uint64_t order[8]; /* sequences handed out */
static size_t order_count;
static bool drained;

static void note_drop(struct gr_queue_item *item, enum graft_status why, void *context) {
    (void)context;
    outcomes[item - items]++;
    dropped_as[item - items] = why;
}

static struct gr_queue_item *take(void) {
    struct gr_queue_item *item = gr_queue_next(queue, note_drop, NULL);
    if (item) {
        outcomes[item - items]++;
        order[order_count++] = item->sequence;
    }
    return item;
}

static void begin(size_t capacity) {
    CHECK_EQUAL(gr_queue_create(capacity, &queue), GRAFT_OK);
    memset(items, 0, sizeof items);
    memset(outcomes, 0, sizeof outcomes);
    for (size_t i = 0; i < 4; i++)
        submitted[i] = dropped_as[i] = GRAFT_STATUS_COUNT;
    order_count = 0;
    drained = false;
}

static void submit(size_t item, uint64_t sequence, bool snapshot) {
    items[item].sequence = sequence;
    items[item].snapshot = snapshot;
    submitted[item] = gr_queue_submit(queue, &items[item]);
}

/* Drains what is left. Each accepted item then has one outcome, and what was handed out is in order, without gaps but
 * for those that a snapshot closes. */
static void finish(void) {
    while (take()) {
    }
    struct gr_queue_stats stats = gr_queue_stats(queue);
    for (size_t i = 0; i < 4; i++)
        CHECK_EQUAL(outcomes[i], submitted[i] == GRAFT_OK);
    for (size_t i = 1; i < order_count; i++)
        CHECK(order[i] > order[i - 1]);
    CHECK_EQUAL(stats.waiting, 0);
    CHECK_EQUAL(stats.applied, order_count);
    CHECK_EQUAL(stats.submitted, stats.applied + stats.stale + stats.duplicate + stats.superseded + stats.refused_full);
    gr_queue_destroy(queue, note_drop, NULL);
}

static void begin_with_one_place(void) {
    begin(1);
}
static void begin_with_two_places(void) {
    begin(2);
}
static void begin_with_room(void) {
    begin(4);
}

static void submit_0_automatic(void) {
    submit(0, 0, false);
}
static void submit_1_automatic(void) {
    submit(1, 0, false);
}
static void submit_2_automatic(void) {
    submit(2, 0, false);
}
static void take_twice(void) {
    take();
    take();
}

static void check_no_gap(void) {
    finish();
    CHECK(order_count > 0);
    for (size_t i = 0; i < order_count; i++)
        CHECK_EQUAL(order[i], i + 1);
}

static void automatic_items_have_no_gap(void) {
    explore_all(&(struct explore_scenario){"two writers, one place", begin_with_one_place,
        {take_twice, submit_0_automatic, submit_1_automatic}, check_no_gap, 3});
}

static void check_two_accepted(void) {
    CHECK_EQUAL(gr_queue_stats(queue).waiting, 2);
    CHECK_EQUAL((submitted[0] == GRAFT_OK) + (submitted[1] == GRAFT_OK) + (submitted[2] == GRAFT_OK), 2);
    check_no_gap();
}

static void no_more_is_accepted_than_there_is_room_and_no_less(void) {
    explore_all(&(struct explore_scenario){"three writers, two places", begin_with_two_places,
        {submit_0_automatic, submit_1_automatic, submit_2_automatic}, check_two_accepted, 4});
}

static void begin_full(void) {
    begin(1);
    submit(0, 0, false);
}
static void take_once(void) {
    CHECK(take() == &items[0]);
    drained = true;
}
/* After the hand-out only the other writer's item can be in the way. */
static void submit_after_draining(void) {
    explore_step();
    bool free = drained;
    submit(2, 0, false);
    if (free && submitted[2] == GRAFT_LIMIT_QUEUE)
        CHECK(submitted[1] != GRAFT_LIMIT_QUEUE);
}

static void a_refused_writer_is_not_in_another_ones_way(void) {
    explore_all(&(struct explore_scenario){"full queue, drainer, two writers", begin_full,
        {take_once, submit_1_automatic, submit_after_draining}, check_no_gap, 4});
}

static void submit_0_as_1(void) {
    submit(0, 1, false);
}
static void submit_1_as_1(void) {
    submit(1, 1, false);
}
static void check_one_of_two(void) {
    finish();
    CHECK_EQUAL(order_count, 1);
    for (size_t i = 0; i < 2; i++)
        CHECK(submitted[i] == GRAFT_STALE || dropped_as[i] == GRAFT_STALE || dropped_as[i] == GRAFT_DUPLICATE ||
              outcomes[i] == 1);
    CHECK(submitted[0] == GRAFT_OK || submitted[1] == GRAFT_OK);
}

static void one_of_two_equal_sequences_is_handed_out(void) {
    explore_all(&(struct explore_scenario){
        "the same sequence twice", begin_with_room, {take_twice, submit_0_as_1, submit_1_as_1}, check_one_of_two, 4});
}

static void submit_plain_1_2(void) {
    submit(0, 1, false);
    submit(1, 2, false);
}
static void submit_snapshot_2_then_3(void) {
    submit(2, 2, true);
    submit(3, 3, false);
}
/* Whatever the order: 2 is handed out once, by a plain item or by the snapshot, then 3. */
static void check_snapshot(void) {
    finish();
    CHECK(order_count == 2 || order_count == 3);
    CHECK_EQUAL(order[order_count - 2], 2);
    CHECK_EQUAL(order[order_count - 1], 3);
    CHECK(order_count == 2 || order[0] == 1);
    for (size_t i = 0; i < 4; i++)
        CHECK(dropped_as[i] != GRAFT_LIMIT_QUEUE && dropped_as[i] != GRAFT_CANCELLED);
}

static void a_snapshot_may_come_at_any_moment(void) {
    explore_all(&(struct explore_scenario){"snapshot among plain items", begin_with_room,
        {take_twice, submit_plain_1_2, submit_snapshot_2_then_3}, check_snapshot, 3});
}

/* Takes an item and submits the same one again, while another writer may hold its address as the head. */
static void take_and_submit_again(void) {
    struct gr_queue_item *item = take();
    if (item) {
        outcomes[item - items] = 0;
        submit((size_t)(item - items), 0, false);
    }
}

static void an_item_may_come_back_under_a_writers_push(void) {
    explore_all(&(struct explore_scenario){"the same item again", begin_with_room,
        {submit_0_automatic, take_and_submit_again, submit_1_automatic}, check_no_gap, 4});
}

int main(void) {
    if (!explore_begin())
        return 0;
    RUN(automatic_items_have_no_gap);
    RUN(no_more_is_accepted_than_there_is_room_and_no_less);
    RUN(a_refused_writer_is_not_in_another_ones_way);
    RUN(one_of_two_equal_sequences_is_handed_out);
    RUN(a_snapshot_may_come_at_any_moment);
    RUN(an_item_may_come_back_under_a_writers_push);
    return 0;
}
