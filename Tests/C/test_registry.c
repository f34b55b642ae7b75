/* test_registry.c: behaviours of the registry, its limits, a comparison with a plain array, and readers that check what
 * they find while a writer inserts, removes and frees. */
#include "check.h"
#include "os/os.h"
#include "random.h"
#include "registry.h"
#include "starve.h"
#include <pthread.h>

struct entry {
    struct gr_registry_node node;
    uint64_t check; /* ~key while the entry is alive */
};

static struct gr_registry *new_registry(size_t capacity) {
    struct gr_registry *registry = NULL;
    CHECK_EQUAL(gr_registry_create(capacity, &registry), GRAFT_OK);
    return registry;
}

static void a_node_is_found_until_it_is_removed(void) {
    struct gr_registry *registry = new_registry(8);
    struct gr_registry_node one = {.key = 1}, two = {.key = 2};
    CHECK_EQUAL(gr_registry_insert(registry, &one), GRAFT_OK);
    CHECK_EQUAL(gr_registry_insert(registry, &two), GRAFT_OK);
    CHECK(gr_registry_find(registry, 1) == &one && gr_registry_find(registry, 2) == &two);
    CHECK(!gr_registry_find(registry, 3));
    CHECK(gr_registry_remove(registry, 1) == &one);
    CHECK(!gr_registry_find(registry, 1) && gr_registry_find(registry, 2) == &two);
    CHECK(!gr_registry_remove(registry, 1));
    CHECK_EQUAL(gr_registry_count(registry), 1);
    gr_registry_destroy(registry);
}

static void every_key_is_a_key(void) {
    struct gr_registry *registry = new_registry(4);
    struct gr_registry_node zero = {.key = 0}, all = {.key = UINT64_MAX}, high = {.key = 1ull << 63};
    CHECK(!gr_registry_find(registry, 0));
    CHECK_EQUAL(gr_registry_insert(registry, &zero), GRAFT_OK);
    CHECK_EQUAL(gr_registry_insert(registry, &all), GRAFT_OK);
    CHECK_EQUAL(gr_registry_insert(registry, &high), GRAFT_OK);
    CHECK(gr_registry_find(registry, 0) == &zero);
    CHECK(gr_registry_find(registry, UINT64_MAX) == &all);
    CHECK(gr_registry_find(registry, 1ull << 63) == &high);
    gr_registry_destroy(registry);
}

static void a_key_is_registered_once(void) {
    struct gr_registry *registry = new_registry(1);
    struct gr_registry_node first = {.key = 7}, second = {.key = 7};
    CHECK_EQUAL(gr_registry_insert(registry, &first), GRAFT_OK);
    CHECK_EQUAL(gr_registry_insert(registry, &second), GRAFT_DUPLICATE); /* also when the registry is full */
    CHECK(gr_registry_find(registry, 7) == &first);
    CHECK_EQUAL(gr_registry_count(registry), 1);
    gr_registry_destroy(registry);
}

static void fill(size_t capacity) {
    struct gr_registry *registry = new_registry(capacity);
    struct gr_registry_node *nodes = calloc(capacity + 1, sizeof *nodes);
    CHECK(nodes);
    for (size_t i = 0; i <= capacity; i++)
        nodes[i].key = i * 16;
    for (size_t i = 0; i < capacity; i++)
        CHECK_EQUAL(gr_registry_insert(registry, &nodes[i]), GRAFT_OK);
    CHECK_EQUAL(gr_registry_insert(registry, &nodes[capacity]), GRAFT_LIMIT_PROBES);
    CHECK_EQUAL(gr_registry_count(registry), capacity);
    CHECK(!gr_registry_find(registry, nodes[capacity].key));
    CHECK(gr_registry_remove(registry, nodes[capacity / 2].key) == &nodes[capacity / 2]);
    CHECK_EQUAL(gr_registry_insert(registry, &nodes[capacity]), GRAFT_OK);
    CHECK_EQUAL(gr_registry_insert(registry, &nodes[capacity / 2]), GRAFT_LIMIT_PROBES);
    gr_registry_destroy(registry);
    free(nodes);
}

static void the_capacity_is_exact(void) {
    fill(1);
    fill(2);
    fill(5); /* not a power of two */
    fill(64);
    fill(65536);
}

static void a_capacity_outside_its_range_is_refused(void) {
    struct gr_registry *registry = (struct gr_registry *)&registry;
    CHECK_EQUAL(gr_registry_create(0, &registry), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(gr_registry_create(GR_REGISTRY_CAPACITY_MAX + 1, &registry), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(gr_registry_create(SIZE_MAX, &registry), GRAFT_INVALID_ARGUMENT);
    CHECK(registry == (struct gr_registry *)&registry); /* outputs stay as they were */
    CHECK_EQUAL(gr_registry_create(GR_REGISTRY_CAPACITY_MAX, &registry), GRAFT_OK);
    gr_registry_destroy(registry);
    gr_registry_destroy(NULL);
}

static void create_starved(void) {
    struct gr_registry *registry = NULL;
    starve();
    CHECK_EQUAL(gr_registry_create(1, &registry), GRAFT_NO_MEMORY);
    CHECK_EQUAL(gr_registry_create(GR_REGISTRY_CAPACITY_MAX, &registry), GRAFT_NO_MEMORY);
    CHECK(!registry);
}

static void without_memory_nothing_is_created(void) {
    if (STARVE_POSSIBLE)
        in_child(create_starved);
}

struct visit {
    struct gr_registry *registry;
    uint64_t seen[16];
    size_t count, stop_after; /* visits so far; where to stop, 0: nowhere */
    bool remove;
};

static bool visit_node(struct gr_registry_node *node, void *context) {
    struct visit *visit = context;
    CHECK(node->key < 16);
    visit->seen[node->key]++;
    if (visit->remove)
        CHECK(gr_registry_remove(visit->registry, node->key) == node);
    return ++visit->count != visit->stop_after;
}

static void each_shows_every_node_once(void) {
    struct gr_registry *registry = new_registry(16);
    struct gr_registry_node nodes[16];
    struct visit all = {.registry = registry}, some = {.registry = registry, .stop_after = 5};
    struct visit removing = {.registry = registry, .remove = true}, none = {.registry = registry};
    for (size_t i = 0; i < 16; i++) {
        nodes[i] = (struct gr_registry_node){.key = i};
        CHECK_EQUAL(gr_registry_insert(registry, &nodes[i]), GRAFT_OK);
    }
    gr_registry_each(registry, visit_node, &all);
    for (size_t i = 0; i < 16; i++)
        CHECK_EQUAL(all.seen[i], 1);
    gr_registry_each(registry, visit_node, &some);
    CHECK_EQUAL(some.count, 5);
    gr_registry_each(registry, visit_node, &removing);
    CHECK_EQUAL(removing.count, 16);
    gr_registry_each(registry, visit_node, &none);
    CHECK_EQUAL(none.count, 0);
    CHECK_EQUAL(gr_registry_count(registry), 0);
    gr_registry_destroy(registry);
}

static bool free_entry(struct gr_registry_node *node, void *context) {
    (void)context;
    free(node); /* the first member of its entry */
    return true;
}

static void each_may_free_the_nodes_of_a_registry_without_readers(void) {
    struct gr_registry *registry = new_registry(64);
    for (uint64_t key = 0; key < 64; key++) {
        struct entry *entry = calloc(1, sizeof *entry);
        CHECK(entry);
        entry->node.key = key;
        CHECK_EQUAL(gr_registry_insert(registry, &entry->node), GRAFT_OK);
    }
    gr_registry_each(registry, free_entry, NULL);
    gr_registry_destroy(registry);
}

enum { APART = 20 }; /* bits: keys that are near to each other share no bucket */

/* On the first visit, removes every node, as a writer may while a reader stands on one. */
static bool remove_all(struct gr_registry_node *node, void *context) {
    struct visit *visit = context;
    uint64_t number = node->key >> APART;
    CHECK_EQUAL(visit->seen[number % 16]++, 0);
    if (visit->count++ == 0) {
        struct gr_registry_node *below = atomic_load(&node->next);
        for (; below; below = atomic_load(&below->next))
            visit->stop_after++; /* how many the reader has yet to pass in this bucket */
        for (uint64_t i = 0; i < 16; i++)
            CHECK(gr_registry_remove(visit->registry, (number / 16 * 16 + (visit->remove ? 15 - i : i)) << APART));
    }
    return true;
}

/* The most nodes that the reader still had before it when all were removed. */
static size_t read_while_all_are_removed(bool newest_first) {
    size_t longest = 0;
    for (uint64_t set = 0; set < 64; set++) { /* different keys, so that some first bucket has several nodes */
        struct gr_registry *registry = new_registry(16);
        struct gr_registry_node nodes[16];
        struct visit visit = {.registry = registry, .remove = newest_first};
        for (uint64_t i = 0; i < 16; i++) {
            nodes[i] = (struct gr_registry_node){.key = (set * 16 + i) << APART};
            CHECK_EQUAL(gr_registry_insert(registry, &nodes[i]), GRAFT_OK);
        }
        gr_registry_each(registry, remove_all, &visit);
        CHECK(visit.count <= visit.stop_after + 1);
        CHECK(!newest_first || visit.count == visit.stop_after + 1); /* then each node leads on as it did */
        longest = visit.stop_after > longest ? visit.stop_after : longest;
        gr_registry_destroy(registry);
    }
    return longest;
}

static void a_reader_on_a_removed_node_reaches_the_end(void) {
    CHECK(read_while_all_are_removed(true) > 1);
    CHECK(read_while_all_are_removed(false) > 1);
}

static void hashes_have_their_known_values(void) {
    /* FNV-1a of the text by its published test vectors, then fmix64, computed apart from this code */
    CHECK(gr_registry_hash("", 0) == 0xefd01f60ba992926u);
    CHECK(gr_registry_hash("a", 1) == 0x82a2a958a9bece5bu);
    CHECK(gr_registry_hash("foobar", 6) == 0x2c22194922d1672bu);
    CHECK(gr_registry_hash("\0", 1) == 0xb9034ad37056f5fbu);
    CHECK(gr_registry_hash("foobar", 5) != gr_registry_hash("foobar", 6));
}

/* Compares the registry with a plain array of flags under random operations. */
static void random_operations_agree_with_an_array(void) {
    enum { KEYS = 300, CAPACITY = 100, OPERATIONS = 200000 };
    uint64_t random = random_seed(__func__);
    static struct gr_registry_node nodes[KEYS];
    bool present[KEYS] = {false};
    size_t count = 0;
    struct gr_registry *registry = new_registry(CAPACITY);
    for (size_t i = 0; i < KEYS; i++)
        nodes[i].key = i % 2 ? i << 40 : i << 4;
    for (size_t step = 0; step < OPERATIONS; step++) {
        size_t i = random_below(&random, KEYS);
        struct gr_registry_node *expected = present[i] ? &nodes[i] : NULL;
        switch (random_below(&random, 3)) {
        case 0: {
            enum graft_status status = expected ? GRAFT_DUPLICATE : count == CAPACITY ? GRAFT_LIMIT_PROBES : GRAFT_OK;
            CHECK_EQUAL(gr_registry_insert(registry, &nodes[i]), status);
            count += status == GRAFT_OK;
            present[i] |= status == GRAFT_OK;
            break;
        }
        case 1:
            CHECK(gr_registry_remove(registry, nodes[i].key) == expected);
            count -= present[i];
            present[i] = false;
            break;
        default:
            CHECK(gr_registry_find(registry, nodes[i].key) == expected);
        }
        CHECK_EQUAL(gr_registry_count(registry), count);
    }
    gr_registry_destroy(registry);
}

enum { STRESS_READERS = 4, STRESS_KEYS = 64 };
static const uint64_t stress_nanoseconds = 1000000000;

static struct {
    struct gr_registry *registry;
    atomic_bool done;
    atomic_ullong found, missed;
} stress;

/* Even keys are never removed, so they must always be found; odd ones come and go. */
static void *stress_reader(void *argument) {
    struct gr_epoch_record *record = argument;
    uint64_t random = (uint64_t)(uintptr_t)argument, found = 0, missed = 0;
    gr_epoch_register(record);
    while (!atomic_load_explicit(&stress.done, memory_order_relaxed)) {
        uint64_t key = random_below(&random, STRESS_KEYS);
        gr_epoch_enter(record);
        struct entry *entry = (struct entry *)gr_registry_find(stress.registry, key);
        CHECK(entry || key % 2);
        if (entry) {
            CHECK(entry->node.key == key);
            CHECK(entry->check == ~key);
            found++;
        } else {
            missed++;
        }
        gr_epoch_leave(record);
    }
    atomic_fetch_add(&stress.found, found);
    atomic_fetch_add(&stress.missed, missed);
    return NULL;
}

static bool count_node(struct gr_registry_node *node, void *context) {
    const struct entry *entry = (const struct entry *)node;
    CHECK(entry->check == ~node->key);
    *(size_t *)context += node->key % 2 == 0;
    return true;
}

/* Walks the whole table all the time: every node that is never removed is seen, once. */
static void *stress_walker(void *argument) {
    struct gr_epoch_record *record = argument;
    gr_epoch_register(record);
    while (!atomic_load_explicit(&stress.done, memory_order_relaxed)) {
        size_t even = 0;
        gr_epoch_enter(record);
        gr_registry_each(stress.registry, count_node, &even);
        gr_epoch_leave(record);
        CHECK_EQUAL(even, STRESS_KEYS / 2);
    }
    return NULL;
}

static void poison(void *object) {
    struct entry *entry = object;
    entry->check = 0xdeaddeaddeaddead;
    entry->node.key = 0xdeaddeaddeaddead;
    free(entry);
}

static struct entry *new_entry(uint64_t key) {
    struct entry *entry = calloc(1, sizeof *entry);
    CHECK(entry);
    entry->node.key = key;
    entry->check = ~key;
    return entry;
}

static void stress_write(void) {
    uint64_t random = random_seed("stress"), end = gr_os_nanoseconds() + stress_nanoseconds;
    for (size_t i = 0; i % 64 || gr_os_nanoseconds() < end; i++) {
        uint64_t key = random_below(&random, STRESS_KEYS / 2) * 2 + 1;
        struct gr_registry_node *removed = gr_registry_remove(stress.registry, key);
        if (removed)
            gr_epoch_retire(removed, poison);
        else
            CHECK_EQUAL(gr_registry_insert(stress.registry, &new_entry(key)->node), GRAFT_OK);
        if (i % 16 == 0)
            gr_epoch_reclaim();
    }
}

static bool retire_node(struct gr_registry_node *node, void *context) {
    gr_registry_remove(context, node->key);
    gr_epoch_retire(node, poison);
    return true;
}

static void readers_see_whole_nodes_while_a_writer_changes_them(void) {
    static struct gr_epoch_record records[STRESS_READERS];
    pthread_t threads[STRESS_READERS];
    gr_epoch_prepare();
    stress.registry = new_registry(2 * STRESS_KEYS);
    for (uint64_t key = 0; key < STRESS_KEYS; key++)
        CHECK_EQUAL(gr_registry_insert(stress.registry, &new_entry(key)->node), GRAFT_OK);
    for (size_t i = 0; i < STRESS_READERS; i++)
        CHECK(pthread_create(&threads[i], NULL, i ? stress_reader : stress_walker, &records[i]) == 0);
    stress_write();
    atomic_store(&stress.done, true);
    for (size_t i = 0; i < STRESS_READERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(atomic_load(&stress.found) > 0 && atomic_load(&stress.missed) > 0);
    gr_registry_each(stress.registry, retire_node, stress.registry);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    CHECK_EQUAL(gr_registry_count(stress.registry), 0);
    gr_registry_destroy(stress.registry);
}

int main(void) {
    RUN(a_node_is_found_until_it_is_removed);
    RUN(every_key_is_a_key);
    RUN(a_key_is_registered_once);
    RUN(the_capacity_is_exact);
    RUN(a_capacity_outside_its_range_is_refused);
    RUN(without_memory_nothing_is_created);
    RUN(each_shows_every_node_once);
    RUN(each_may_free_the_nodes_of_a_registry_without_readers);
    RUN(a_reader_on_a_removed_node_reaches_the_end);
    RUN(hashes_have_their_known_values);
    RUN(random_operations_agree_with_an_array);
    RUN(readers_see_whole_nodes_while_a_writer_changes_them);
    return 0;
}
