/* structures.c: Graft's epoch, registry and queue beside liburcu and Concurrency Kit, on one thread; see bench-peers.
 *
 * Prints "NAME OURS LIBURCU CK" in nanoseconds of one operation, the least of several repetitions in thread CPU time:
 * a read section; a section with a look-up among 10,000 addresses in random order; an item through the queue, 64 at a
 * time. The queues are not the same thing (ours orders by sequence, the others by arrival), so theirs are a floor.
 * Includes the sources, since the library shows none of their functions. */
#include "os/barrier.c"

#include "domain.c"
#include "epoch.c"
#include "queue.c"
#include "registry.c"
#define RCU_MEMBARRIER
#define _LGPL_SOURCE /* its read side inline, as fast as it can be */
#include <ck_epoch.h>
#include <ck_fifo.h>
#include <ck_ht.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <urcu.h>
#include <urcu/rculfhash.h>
#include <urcu/wfcqueue.h>

enum { REPETITIONS = 15, OPERATIONS = 200000, NODES = 10000, LOOKUPS = 1 << 16, BATCH = 64 };

/* What domain.c, epoch.c and barrier.c need of the system. */
uint64_t gr_os_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
void gr_os_wait(const uint32_t *word, uint32_t expected, int milliseconds) {
    (void)word, (void)expected;
    usleep((useconds_t)milliseconds * 1000);
}

static void require(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "structures: %s\n", what);
    exit(1);
}

static double cpu_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double measure(void (*work)(void)) {
    double best = 1e9;
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
        double start = cpu_nanoseconds();
        work();
        double each = (cpu_nanoseconds() - start) / OPERATIONS;
        best = each < best ? each : best;
    }
    return best;
}

/* ---- sections ---- */

static struct gr_epoch_record record;
static ck_epoch_t ck_epochs;
static ck_epoch_record_t ck_record;

static void our_sections(void) {
    for (int i = 0; i < OPERATIONS; i++) {
        gr_epoch_enter(&record);
        gr_epoch_leave(&record);
    }
}
static void urcu_sections(void) {
    for (int i = 0; i < OPERATIONS; i++) {
        rcu_read_lock();
        rcu_read_unlock();
    }
}
static void ck_sections(void) {
    for (int i = 0; i < OPERATIONS; i++) {
        ck_epoch_begin(&ck_record, NULL);
        ck_epoch_end(&ck_record, NULL);
    }
}

/* ---- look-ups ---- */

static struct {
    struct gr_registry_node ours;
    struct cds_lfht_node urcus;
    uint64_t key;
} nodes[NODES];
static uint64_t wanted[LOOKUPS];
static struct gr_registry *registry;
static struct cds_lfht *urcu_table;
static ck_ht_t ck_table;
static size_t found;

static int matches(struct cds_lfht_node *node, const void *key) {
    return caa_container_of(node, __typeof__(nodes[0]), urcus)->key == *(const uint64_t *)key;
}
static unsigned long hash_of_peers(uint64_t key) {
    return (unsigned long)(key * 0x9E3779B97F4A7C15u >> 20);
}
static void *ck_take(size_t size) {
    return malloc(size);
}
static void ck_give(void *memory, size_t size, bool deferred) {
    (void)size, (void)deferred;
    free(memory);
}
static void ck_spread(struct ck_ht_hash *hash, const void *key, size_t size, uint64_t seed) {
    (void)size, (void)seed;
    hash->value = hash_of_peers(*(const uintptr_t *)key);
}

static void fill(void) {
    static struct ck_malloc allocator = {.malloc = ck_take, .free = ck_give};
    uint64_t random = 1;
    require(gr_registry_create(NODES, &registry) == GRAFT_OK, "registry");
    urcu_table = cds_lfht_new(1 << 14, 1 << 14, 0, 0, NULL);
    require(urcu_table != NULL, "liburcu's table");
    require(ck_ht_init(&ck_table, CK_HT_MODE_DIRECT, ck_spread, &allocator, 2 * NODES, 1), "CK's table");
    for (size_t i = 0; i < NODES; i++) {
        uint64_t key = nodes[i].key = nodes[i].ours.key = 0x7f0000000000u + i * 48;
        require(gr_registry_insert(registry, &nodes[i].ours) == GRAFT_OK, "insert");
        cds_lfht_node_init(&nodes[i].urcus);
        rcu_read_lock();
        cds_lfht_add(urcu_table, hash_of_peers(key), &nodes[i].urcus);
        rcu_read_unlock();
        ck_ht_entry_t entry;
        ck_ht_hash_t hash;
        ck_ht_hash_direct(&hash, &ck_table, key);
        ck_ht_entry_set_direct(&entry, hash, key, (uintptr_t)&nodes[i]);
        require(ck_ht_put_spmc(&ck_table, hash, &entry), "CK's insert");
    }
    for (size_t i = 0; i < LOOKUPS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        wanted[i] = nodes[(random >> 33) % NODES].key;
    }
}

static void our_lookups(void) {
    for (size_t i = 0; i < OPERATIONS; i++) {
        gr_epoch_enter(&record);
        found += gr_registry_find(registry, wanted[i % LOOKUPS]) != NULL;
        gr_epoch_leave(&record);
    }
}
static void urcu_lookups(void) {
    for (size_t i = 0; i < OPERATIONS; i++) {
        struct cds_lfht_iter at;
        uint64_t key = wanted[i % LOOKUPS];
        rcu_read_lock();
        cds_lfht_lookup(urcu_table, hash_of_peers(key), matches, &key, &at);
        found += cds_lfht_iter_get_node(&at) != NULL;
        rcu_read_unlock();
    }
}
static void ck_lookups(void) {
    for (size_t i = 0; i < OPERATIONS; i++) {
        ck_ht_entry_t entry;
        ck_ht_hash_t hash;
        uint64_t key = wanted[i % LOOKUPS];
        ck_epoch_begin(&ck_record, NULL);
        ck_ht_hash_direct(&hash, &ck_table, key);
        ck_ht_entry_key_set_direct(&entry, key);
        found += ck_ht_get_spmc(&ck_table, hash, &entry);
        ck_epoch_end(&ck_record, NULL);
    }
}

/* ---- queues ---- */

static struct gr_queue_item items[BATCH];
static struct gr_queue *queue;
static struct cds_wfcq_head urcu_head;
static struct cds_wfcq_tail urcu_tail;
static struct cds_wfcq_node urcu_items[BATCH];
static ck_fifo_mpmc_t ck_queue;
static ck_fifo_mpmc_entry_t ck_entries[BATCH + 1];

static void no_drop(struct gr_queue_item *item, enum graft_status why, void *context) {
    (void)item, (void)context, (void)why;
    require(false, "an item was dropped");
}

static void our_queue(void) {
    for (int done = 0; done < OPERATIONS; done += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            items[i].sequence = 0;
            require(gr_queue_submit(queue, &items[i]) == GRAFT_OK, "submit");
        }
        for (int i = 0; i < BATCH; i++)
            require(gr_queue_next(queue, no_drop, NULL) != NULL, "next");
    }
}
static void urcu_queue(void) {
    for (int done = 0; done < OPERATIONS; done += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            cds_wfcq_node_init(&urcu_items[i]);
            cds_wfcq_enqueue(&urcu_head, &urcu_tail, &urcu_items[i]);
        }
        for (int i = 0; i < BATCH; i++)
            require(__cds_wfcq_dequeue_blocking(&urcu_head, &urcu_tail) != NULL, "dequeue");
    }
}
static void ck_fifo(void) {
    static ck_fifo_mpmc_entry_t *spare[BATCH];
    static bool began;
    if (!began) {
        for (int i = 0; i < BATCH; i++)
            spare[i] = &ck_entries[i + 1];
        ck_fifo_mpmc_init(&ck_queue, &ck_entries[0]);
        began = true;
    }
    for (int done = 0; done < OPERATIONS; done += BATCH) {
        void *value;
        for (int i = 0; i < BATCH; i++)
            ck_fifo_mpmc_enqueue(&ck_queue, spare[i], &items[i]);
        for (int i = 0; i < BATCH; i++)
            require(ck_fifo_mpmc_dequeue(&ck_queue, &value, &spare[i]), "CK's dequeue");
    }
}

int main(void) {
    require(gr_os_membarrier_prepare() == GRAFT_OK, "membarrier");
    gr_epoch_prepare();
    gr_epoch_register(&record);
    rcu_register_thread();
    ck_epoch_init(&ck_epochs);
    ck_epoch_register(&ck_epochs, &ck_record, NULL);
    fill();
    require(gr_queue_create(4096, &queue) == GRAFT_OK, "queue");
    cds_wfcq_init(&urcu_head, &urcu_tail);
    printf("read section|%.2f|%.2f|%.2f\n", measure(our_sections), measure(urcu_sections), measure(ck_sections));
    printf("section and look-up in 10,000|%.2f|%.2f|%.2f\n", measure(our_lookups), measure(urcu_lookups),
        measure(ck_lookups));
    require(found == 3u * REPETITIONS * OPERATIONS, "a look-up found nothing");
    printf("item through a queue|%.2f|%.2f|%.2f\n", measure(our_queue), measure(urcu_queue), measure(ck_fifo));
    rcu_unregister_thread();
    return 0;
}
