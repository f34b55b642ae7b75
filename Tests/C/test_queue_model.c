/* test_queue_model.c: the queue against a plain model, under random operations: each return value, each verdict and
 * each counter after each step. The model keeps a sorted array and says the rules of queue.h as simply as possible. */
#include "check.h"
#include "queue.h"
#include "random.h"

enum { ROUNDS = 150, STEPS = 2000, CAPACITY_MAX = 48, ROOM = CAPACITY_MAX + GR_QUEUE_RESERVE };

/* What became of an item, and what should have. */
enum fate { WAITING, HANDED_OUT, DROPPED };
struct tracked {
    struct gr_queue_item link; /* first: found back from the item */
    uint64_t submitted;        /* its sequence at submission, 0 for an automatic one */
    enum fate fate, expected_fate;
    enum graft_status why, expected_why;
};

/* The model. `inbox` is in the order of submission, `sorted` by sequence. */
static struct model {
    struct tracked *inbox[ROOM], *sorted[ROOM];
    size_t inbox_count, sorted_count, capacity;
    uint64_t last, largest, gap;
    struct gr_queue_stats stats;
    size_t drops; /* expected, in the present step */
} model;

static struct tracked tracked[STEPS];
static size_t drops; /* seen, in the present step */

static size_t model_waiting(void) {
    return model.inbox_count + model.sorted_count;
}

static void model_drop(struct tracked *item, enum graft_status why) {
    item->expected_fate = DROPPED;
    item->expected_why = why;
    model.drops++;
    model.stats.stale += why == GRAFT_STALE;
    model.stats.duplicate += why == GRAFT_DUPLICATE;
    model.stats.superseded += why == GRAFT_SUPERSEDED;
    model.stats.refused_full += why == GRAFT_LIMIT_QUEUE;
}

/* Removes the first `count` items of the sorted array. */
static void model_forget(size_t count) {
    model.sorted_count -= count;
    memmove(&model.sorted[0], &model.sorted[count], model.sorted_count * sizeof model.sorted[0]);
}

static enum graft_status model_submit(struct tracked *item) {
    model.stats.submitted++;
    if (item->submitted && item->submitted <= model.last) {
        model.stats.stale++;
        return GRAFT_STALE;
    }
    bool urgent = item->link.snapshot || item->submitted == model.last + 1;
    if (model_waiting() >= model.capacity + (urgent ? GR_QUEUE_RESERVE : 0)) {
        model.stats.refused_full++;
        return GRAFT_LIMIT_QUEUE;
    }
    model.inbox[model.inbox_count++] = item;
    return GRAFT_OK;
}

/* Sorts one item in, after all with a smaller sequence; false when its sequence is there. */
static bool model_insert(struct tracked *item, uint64_t sequence) {
    size_t at = 0;
    while (at < model.sorted_count && model.sorted[at]->link.sequence < sequence)
        at++;
    if (at < model.sorted_count && model.sorted[at]->link.sequence == sequence)
        return false;
    memmove(&model.sorted[at + 1], &model.sorted[at], (model.sorted_count - at) * sizeof model.sorted[0]);
    model.sorted[at] = item;
    model.sorted_count++;
    return true;
}

/* Gives one item of the inbox its verdict. `snapshot` is the newest snapshot of this call so far. */
static void model_place(
    struct tracked *item, uint64_t sequence, struct tracked **snapshot, uint64_t *snapshot_sequence) {
    if (sequence <= model.last) {
        model_drop(item, GRAFT_STALE);
    } else if (*snapshot && sequence == *snapshot_sequence) {
        model_drop(item, GRAFT_DUPLICATE);
    } else if (*snapshot && sequence < *snapshot_sequence) {
        model_drop(item, GRAFT_SUPERSEDED);
    } else if (item->link.snapshot) {
        if (*snapshot)
            model_drop(*snapshot, GRAFT_SUPERSEDED);
        size_t covered = 0;
        while (covered < model.sorted_count && model.sorted[covered]->link.sequence <= sequence)
            model_drop(model.sorted[covered++], GRAFT_SUPERSEDED);
        model_forget(covered);
        *snapshot = item;
        *snapshot_sequence = sequence;
    } else if (!model_insert(item, sequence)) {
        model_drop(item, GRAFT_DUPLICATE);
    }
}

/* To be called after the queue's own step: the model reads sequences that the queue has given, and checks them. */
static struct tracked *model_next(void) {
    struct tracked *due = NULL;
    uint64_t due_sequence = 0;
    size_t count = model.inbox_count;
    model.inbox_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct tracked *item = model.inbox[i];
        uint64_t sequence = item->submitted;
        if (!sequence && model.largest == UINT64_MAX) {
            model_drop(item, GRAFT_LIMIT_QUEUE);
            continue;
        }
        sequence = sequence ? sequence : model.largest + 1;
        CHECK(item->link.sequence == sequence);
        model.largest = sequence > model.largest ? sequence : model.largest;
        model_place(item, sequence, &due, &due_sequence);
    }
    if (!due && model.sorted_count && model.sorted[0]->link.sequence == model.last + 1) {
        due = model.sorted[0];
        model_forget(1);
    }
    if (due) {
        model.last = due->link.sequence;
        model.stats.applied++;
        due->expected_fate = HANDED_OUT;
    } else if (model.sorted_count && model.gap != model.last + 1) {
        model.gap = model.last + 1;
        model.stats.gaps++;
    }
    return due;
}

static void model_restart(uint64_t next) {
    model.last = model.largest = next ? next - 1 : 0;
    model.gap = 0;
    for (size_t i = 0; i < model.sorted_count; i++)
        model_drop(model.sorted[i], GRAFT_SUPERSEDED);
    for (size_t i = 0; i < model.inbox_count; i++)
        model_drop(model.inbox[i], GRAFT_SUPERSEDED);
    model.sorted_count = model.inbox_count = 0;
}

static void note_drop(struct gr_queue_item *item, enum graft_status why, void *context) {
    struct tracked *seen = (struct tracked *)item;
    CHECK(context == &model && seen->fate == WAITING);
    seen->fate = DROPPED;
    seen->why = why;
    drops++;
}

/* A sequence of the kinds that matter: automatic, near the last one on both sides, further, anywhere. */
static uint64_t random_sequence(uint64_t *random) {
    switch (random_below(random, 16)) {
    case 0:
    case 1:
        return 0;
    case 2:
        return model.last + random_below(random, 1000);
    case 3:
        return random_below(random, 64) ? model.largest + 1 : random_next(random) | 1ull << 63;
    case 4:
        return model.last ? model.last - random_below(random, model.last > 4 ? 4 : model.last) : 1;
    default:
        return model.last + 1 + random_below(random, 24);
    }
}

static void step_submit(struct gr_queue *queue, struct tracked *item, uint64_t *random) {
    item->submitted = random_sequence(random);
    item->link = (struct gr_queue_item){.sequence = item->submitted, .snapshot = random_below(random, 24) == 0};
    enum graft_status expected = model_submit(item);
    CHECK_EQUAL(gr_queue_submit(queue, &item->link), expected);
    if (expected != GRAFT_OK) {
        CHECK(item->link.sequence == item->submitted);
        item->fate = item->expected_fate = DROPPED;
        item->why = item->expected_why = expected;
    }
}

static void step_next(struct gr_queue *queue) {
    struct tracked *item = (struct tracked *)gr_queue_next(queue, note_drop, &model);
    if (item) {
        CHECK(item->fate == WAITING);
        item->fate = HANDED_OUT;
    }
    CHECK(item == model_next());
}

static void step_restart(struct gr_queue *queue, uint64_t *random) {
    uint64_t next = model.last + random_below(random, 100);
    if (model.last > UINT64_MAX / 2 || random_below(random, 2))
        next = random_below(random, 8) ? random_below(random, 50) : UINT64_MAX - random_below(random, 8);
    gr_queue_restart(queue, next, note_drop, &model);
    model_restart(next);
}

static void check_step(const struct gr_queue *queue, size_t submitted) {
    struct gr_queue_stats stats = gr_queue_stats(queue);
    model.stats.waiting = model_waiting();
    model.stats.last = model.last;
    CHECK(memcmp(&stats, &model.stats, sizeof stats) == 0);
    CHECK_EQUAL(drops, model.drops);
    drops = model.drops = 0;
    for (size_t i = submitted > 2 * ROOM ? submitted - 2 * ROOM : 0; i < submitted; i++) {
        CHECK_EQUAL(tracked[i].fate, tracked[i].expected_fate);
        CHECK_EQUAL(tracked[i].why, tracked[i].expected_why);
    }
}

/* Adds up the counters of all rounds, to see that every rule was exercised. */
static struct gr_queue_stats total;

static void add_up(void) {
    total.applied += model.stats.applied;
    total.stale += model.stats.stale;
    total.duplicate += model.stats.duplicate;
    total.superseded += model.stats.superseded;
    total.refused_full += model.stats.refused_full;
    total.gaps += model.stats.gaps;
}

static void run_round(uint64_t *random) {
    struct gr_queue *queue = NULL;
    size_t submitted = 0, eagerness = 1 + random_below(random, 8); /* how often the drainer runs */
    memset(&model, 0, sizeof model);
    memset(tracked, 0, sizeof tracked);
    model.capacity = 1 + random_below(random, CAPACITY_MAX);
    CHECK_EQUAL(gr_queue_create(model.capacity, &queue), GRAFT_OK);
    for (size_t step = 0; step < STEPS; step++) {
        uint64_t kind = random_below(random, 200);
        if (kind == 0)
            step_restart(queue, random);
        else if (kind < eagerness * 20)
            step_next(queue);
        else
            step_submit(queue, &tracked[submitted++], random);
        check_step(queue, submitted);
    }
    gr_queue_destroy(queue, note_drop, &model);
    CHECK_EQUAL(drops, model_waiting());
    drops = 0;
    add_up();
    for (size_t i = 0; i < submitted; i++) {
        bool cancelled = tracked[i].expected_fate == WAITING;
        CHECK_EQUAL(tracked[i].fate, cancelled ? DROPPED : tracked[i].expected_fate);
        CHECK_EQUAL(tracked[i].why, cancelled ? GRAFT_CANCELLED : tracked[i].expected_why);
    }
}

static void random_operations_agree_with_the_model(void) {
    uint64_t random = random_seed(__func__);
    for (size_t round = 0; round < ROUNDS; round++)
        run_round(&random);
    printf("   %d operations: %" PRIu64 " applied, %" PRIu64 " stale, %" PRIu64 " duplicate, %" PRIu64
           " superseded, %" PRIu64 " refused, %" PRIu64 " gaps\n",
        ROUNDS * STEPS, total.applied, total.stale, total.duplicate, total.superseded, total.refused_full, total.gaps);
    CHECK(total.applied > 10000 && total.stale > 1000 && total.duplicate > 1000 && total.superseded > 1000);
    CHECK(total.refused_full > 1000 && total.gaps > 1000);
}

int main(void) {
    RUN(random_operations_agree_with_the_model);
    return 0;
}
