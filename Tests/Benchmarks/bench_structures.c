/* bench_structures.c: what the epoch, the registry, the queue and published values cost, each beside the same work under
 * a mutex, and a read of a published value beside its floor, an atomic load and nothing else.
 *
 *   bench_structures [--json]
 *
 * A figure is the processor time of all threads for one operation, the least of several repetitions: other programs on
 * the machine add little to it. For the queue, that is one item from submission to hand-out, the drainer being one more
 * thread. Includes the sources, since the library shows none of their functions; published values are those of the
 * library, which are called as a program calls them. */
#include "os/barrier.c"

#include "domain.c"
#include "epoch.c"
#include "queue.c"
#include "registry.c"
#include <graft/published.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REPETITIONS = 7, THREADS_MAX = 4, OPERATIONS = 400000, NODES_MAX = 50000, LOOKUPS = 1 << 16, ITEMS = 200000 };
enum { CAPACITY = 4096, WINDOW = 64 };

static uint64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* What domain.c, epoch.c and barrier.c need of the system. */
uint64_t gr_os_nanoseconds(void) {
    return read_clock(CLOCK_MONOTONIC);
}
void gr_os_wait(const uint32_t *word, uint32_t expected, int milliseconds) {
    (void)word, (void)expected;
    usleep((useconds_t)milliseconds * 1000);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void require(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "bench_structures: %s\n", what);
    exit(1);
}

/* One thread of a measurement. */
struct worker {
    void (*work)(struct worker *);
    struct gr_epoch_record *record;
    size_t operations, number;
    uint64_t found;
};

static pthread_barrier_t line_up;

static void *run_worker(void *argument) {
    struct worker *worker = argument;
    pthread_barrier_wait(&line_up);
    worker->work(worker);
    return NULL;
}

/* One repetition: nanoseconds of one operation when `threads` do them; `also`, on this thread meanwhile, may be null. */
static double measure_once(void (*work)(struct worker *), size_t threads, size_t operations, void (*also)(size_t)) {
    static struct gr_epoch_record records[THREADS_MAX];
    static bool registered;
    pthread_t ids[THREADS_MAX];
    struct worker workers[THREADS_MAX];
    for (size_t i = 0; i < THREADS_MAX && !registered; i++)
        gr_epoch_register(&records[i]);
    registered = true;
    require(pthread_barrier_init(&line_up, NULL, (unsigned)threads + 1) == 0, "barrier");
    for (size_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){.work = work, .record = &records[i], .operations = operations, .number = i};
        require(pthread_create(&ids[i], NULL, run_worker, &workers[i]) == 0, "thread");
    }
    uint64_t start = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    pthread_barrier_wait(&line_up);
    if (also)
        also(threads * operations);
    for (size_t i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    pthread_barrier_destroy(&line_up);
    return (double)(read_clock(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)(threads * operations);
}

static double measure(void (*work)(struct worker *), size_t threads, size_t operations, void (*also)(size_t)) {
    double best = measure_once(work, threads, operations, also);
    for (int repetition = 1; repetition < REPETITIONS; repetition++) {
        double cost = measure_once(work, threads, operations, also);
        best = cost < best ? cost : best;
    }
    return best;
}

/* Epoch: an empty section, an empty critical section. */
static void sections(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++) {
        gr_epoch_enter(worker->record);
        gr_epoch_leave(worker->record);
    }
}
static void locked_sections(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
    }
}

/* Registry: nodes at the distance of what embeds them, looked up in random order. */
static struct {
    struct gr_registry_node node;
    char rest[GR_CACHE_LINE - sizeof(struct gr_registry_node)];
} nodes[NODES_MAX];
static uint64_t keys[LOOKUPS];
static struct gr_registry *registry;

static void fill_registry(size_t count) {
    uint64_t random = 1;
    require(gr_registry_create(count, &registry) == GRAFT_OK, "registry");
    for (size_t i = 0; i < count; i++) {
        nodes[i].node.key = 0x7f0000000000u + i * 48; /* like addresses of functions */
        require(gr_registry_insert(registry, &nodes[i].node) == GRAFT_OK, "insert");
    }
    for (size_t i = 0; i < LOOKUPS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        keys[i] = nodes[(random >> 33) % count].node.key;
    }
}

static GR_NOINLINE bool find(uint64_t key) {
    return gr_registry_find(registry, key) != NULL;
}
static void lookups(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++) {
        gr_epoch_enter(worker->record);
        worker->found += find(keys[(i + worker->number * 1000) % LOOKUPS]);
        gr_epoch_leave(worker->record);
    }
    require(worker->found == worker->operations, "find");
}
static void locked_lookups(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++) {
        pthread_mutex_lock(&mutex);
        worker->found += find(keys[(i + worker->number * 1000) % LOOKUPS]);
        pthread_mutex_unlock(&mutex);
    }
    require(worker->found == worker->operations, "find");
}

/* Queue: writers submit, this thread drains. */
static struct gr_queue_item items[ITEMS];
static struct gr_queue *queue;

/* The same under a mutex: a binary heap of items by sequence. */
static struct {
    struct gr_queue_item *slot[CAPACITY];
    size_t count;
    uint64_t largest, last;
} heap;

static bool locked_submit(struct gr_queue_item *item) {
    pthread_mutex_lock(&mutex);
    bool room = heap.count < CAPACITY;
    if (room) {
        size_t at = heap.count++;
        item->sequence = item->sequence ? item->sequence : heap.largest + 1;
        heap.largest = item->sequence > heap.largest ? item->sequence : heap.largest;
        for (; at && heap.slot[(at - 1) / 2]->sequence > item->sequence; at = (at - 1) / 2)
            heap.slot[at] = heap.slot[(at - 1) / 2];
        heap.slot[at] = item;
    }
    pthread_mutex_unlock(&mutex);
    return room;
}

static struct gr_queue_item *locked_next(void) {
    struct gr_queue_item *due = NULL;
    pthread_mutex_lock(&mutex);
    if (heap.count && heap.slot[0]->sequence == heap.last + 1) {
        struct gr_queue_item *moved = heap.slot[--heap.count];
        size_t at = 0, child;
        due = heap.slot[0];
        heap.last++;
        while ((child = 2 * at + 1) < heap.count) {
            child += child + 1 < heap.count && heap.slot[child + 1]->sequence < heap.slot[child]->sequence;
            if (heap.slot[child]->sequence >= moved->sequence)
                break;
            heap.slot[at] = heap.slot[child];
            at = child;
        }
        heap.slot[at] = moved;
    }
    pthread_mutex_unlock(&mutex);
    return due;
}

static void no_drop(struct gr_queue_item *item, enum graft_status why, void *context) {
    (void)item, (void)context;
    require(why == GRAFT_CANCELLED, "an item was dropped");
}

static bool shuffled; /* explicit sequences, shuffled within windows; else automatic ones */

/* Of the i-th item of a writer: with one writer, each window of sequences backwards. */
static uint64_t sequence_of(size_t i) {
    return shuffled ? i / WINDOW * WINDOW + (WINDOW - i % WINDOW) : 0;
}
static void submissions(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++) {
        struct gr_queue_item *item = &items[worker->number * worker->operations + i];
        item->sequence = sequence_of(i);
        while (gr_queue_submit(queue, item) != GRAFT_OK)
            sched_yield();
    }
}
static void locked_submissions(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++) {
        struct gr_queue_item *item = &items[worker->number * worker->operations + i];
        item->sequence = sequence_of(i);
        while (!locked_submit(item))
            sched_yield();
    }
}
static void drain(size_t count) {
    for (size_t taken = 0; taken < count;)
        if (gr_queue_next(queue, no_drop, NULL))
            taken++;
        else
            sched_yield();
    gr_queue_restart(queue, 1, no_drop, NULL);
}
static void locked_drain(size_t count) {
    for (size_t taken = 0; taken < count;)
        if (locked_next())
            taken++;
        else
            sched_yield();
    heap.largest = heap.last = 0;
}

/* Published values: reads, and replacements. */
static struct graft_published *published;
static uint64_t *_Atomic plain;

static void reads(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++) {
        worker->found += *(const volatile uint64_t *)graft_published_enter(published);
        graft_published_leave(published);
    }
}
static void plain_reads(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++)
        worker->found += *(const volatile uint64_t *)atomic_load_explicit(&plain, memory_order_acquire);
}
static void locked_reads(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++) {
        pthread_mutex_lock(&mutex);
        worker->found += *(const volatile uint64_t *)atomic_load_explicit(&plain, memory_order_relaxed);
        pthread_mutex_unlock(&mutex);
    }
}

static uint64_t *new_value(void) {
    uint64_t *value = calloc(1, sizeof *value);
    require(value != NULL, "memory");
    return value;
}
static void replacements(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++)
        require(graft_published_replace(published, new_value()) == GRAFT_OK, "replace");
}
static void locked_replacements(struct worker *worker) {
    for (size_t i = 0; i < worker->operations; i++) {
        uint64_t *value = new_value();
        pthread_mutex_lock(&mutex);
        value = atomic_exchange_explicit(&plain, value, memory_order_relaxed);
        pthread_mutex_unlock(&mutex);
        free(value);
    }
}

struct row {
    const char *name;
    size_t threads, size;
    double cost, locked;
    double floor; /* 0: none is measured */
};

static struct row registry_row(size_t threads, size_t count) {
    fill_registry(count);
    struct row row = {"registry find", threads, count, measure(lookups, threads, OPERATIONS, NULL),
        measure(locked_lookups, threads, OPERATIONS, NULL), 0};
    gr_registry_destroy(registry);
    return row;
}

static struct row queue_row(const char *name, size_t threads, bool shuffle) {
    shuffled = shuffle;
    require(gr_queue_create(CAPACITY, &queue) == GRAFT_OK, "queue");
    struct row row = {name, threads, CAPACITY, measure(submissions, threads, ITEMS / threads / WINDOW * WINDOW, drain),
        measure(locked_submissions, threads, ITEMS / threads / WINDOW * WINDOW, locked_drain), 0};
    gr_queue_destroy(queue, no_drop, NULL);
    return row;
}

static struct row epoch_row(const char *name, size_t threads) {
    return (struct row){name, threads, 0, measure(sections, threads, 4 * OPERATIONS, NULL),
        measure(locked_sections, threads, OPERATIONS, NULL), 0};
}

static struct row read_row(size_t threads) {
    return (struct row){"published read", threads, 0, measure(reads, threads, 4 * OPERATIONS, NULL),
        measure(locked_reads, threads, OPERATIONS, NULL), measure(plain_reads, threads, 4 * OPERATIONS, NULL)};
}

static struct row replace_row(void) {
    return (struct row){"published replace", 1, 0, measure(replacements, 1, OPERATIONS / 8, NULL),
        measure(locked_replacements, 1, OPERATIONS, NULL), 0};
}

static void print_table(const struct row *rows, size_t count) {
    printf("  %-34s %8s %8s %10s %10s %10s\n", "operation", "threads", "size", "ns", "mutex ns", "floor ns");
    for (size_t i = 0; i < count; i++) {
        printf("  %-34s %8zu %8zu %10.2f %10.2f", rows[i].name, rows[i].threads, rows[i].size, rows[i].cost,
            rows[i].locked);
        if (rows[i].floor > 0)
            printf(" %10.2f", rows[i].floor);
        printf("\n");
    }
}

static void print_json(const struct row *rows, size_t count) {
    printf("{\"structures\":[");
    for (size_t i = 0; i < count; i++) {
        printf("%s{\"operation\":\"%s\",\"threads\":%zu,\"size\":%zu,\"ns\":%.3f,\"mutex_ns\":%.3f", i ? "," : "",
            rows[i].name, rows[i].threads, rows[i].size, rows[i].cost, rows[i].locked);
        if (rows[i].floor > 0)
            printf(",\"floor_ns\":%.3f", rows[i].floor);
        printf("}");
    }
    printf("]}\n");
}

int main(int argc, char **argv) {
    struct row rows[13];
    size_t count = 0;
    rows[count++] = epoch_row("epoch enter + leave, with fence", 1);
    gr_epoch_prepare();
    rows[count++] = epoch_row("epoch enter + leave", 1);
    rows[count++] = epoch_row("epoch enter + leave", THREADS_MAX);
    rows[count++] = registry_row(1, 1);
    rows[count++] = registry_row(THREADS_MAX, 1);
    rows[count++] = registry_row(1, NODES_MAX);
    rows[count++] = registry_row(THREADS_MAX, NODES_MAX);
    rows[count++] = queue_row("queue submit + drain", 1, false);
    rows[count++] = queue_row("queue submit + drain", THREADS_MAX, false);
    rows[count++] = queue_row("queue submit + drain, out of order", 1, true);
    require(graft_published_create(new_value(), free, &published) == GRAFT_OK, "published");
    atomic_store_explicit(&plain, new_value(), memory_order_relaxed);
    rows[count++] = read_row(1);
    rows[count++] = read_row(THREADS_MAX);
    rows[count++] = replace_row();
    if (argc > 1 && strcmp(argv[1], "--json") == 0)
        print_json(rows, count);
    else
        print_table(rows, count);
    return 0;
}
