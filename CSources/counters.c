/* counters.c: per-CPU counts; see counters.h. */
#include "counters.h"
#include "log.h"
#include "os/os.h"
#include <stdlib.h>

/* Defined by glibc >= 2.35; weak, so that an older or another C library means "no rseq". */
extern const ptrdiff_t __rseq_offset GR_WEAK;
extern const unsigned int __rseq_size GR_WEAK;

static struct gr_counters counters;
static size_t taken;        /* indices below this have been taken once */
static uint64_t **returned; /* stack of counters given back */
static size_t returned_count;

const struct gr_counters *gr_counters(void) {
    return &counters;
}

static bool rseq_registered(void) {
    return &__rseq_size != NULL && &__rseq_offset != NULL && __rseq_size != 0;
}

/* One block for each CPU, below 2 GiB. */
static bool reserve_per_cpu(size_t capacity) {
    uint32_t shift = 12;
    while (((size_t)1 << shift) < capacity * sizeof(uint64_t))
        shift++;
    uint32_t cpus = gr_os_cpu_count();
    void *memory;
    if (!GR_COUNTS_PER_CPU || !rseq_registered() || ((uint64_t)cpus << shift) > UINT32_C(0x40000000) ||
        gr_os_reserve_low((size_t)cpus << shift, &memory) != GRAFT_OK)
        return false;
    counters.cpus = cpus;
    counters.cpu_shift = shift;
    counters.rseq_offset = (int32_t)__rseq_offset;
    counters.base = memory;
    return true;
}

enum graft_status gr_counters_start(size_t capacity) {
    if (counters.base != NULL)
        return capacity <= counters.capacity ? GRAFT_OK : GRAFT_LIMIT_PROBES;
    returned = malloc(capacity * sizeof *returned);
    if (returned == NULL)
        return GRAFT_NO_MEMORY;
    counters.per_cpu = reserve_per_cpu(capacity);
    if (!counters.per_cpu) {
        gr_log("counters: no restartable sequences here; counting with locked additions");
        counters.cpus = 0;
        void *memory;
        size_t page = gr_os_page_size(), size = (capacity * sizeof(uint64_t) + page - 1) & ~(page - 1);
        if (gr_os_allocate(size, &memory) != GRAFT_OK) {
            free(returned);
            return GRAFT_NO_MEMORY;
        }
        counters.base = memory;
    }
    counters.capacity = capacity;
    return GRAFT_OK;
}

uint64_t *gr_counter_take(void) {
    if (returned_count > 0)
        return returned[--returned_count];
    return taken < counters.capacity ? counters.base + taken++ : NULL;
}

void gr_counter_give(uint64_t *counter) {
    returned[returned_count++] = counter;
}

uint64_t gr_counter_read(const struct gr_site *site) {
    uint64_t sum = atomic_load_explicit(&site->slot->shared_count, memory_order_relaxed);
    for (uint32_t cpu = 0; cpu < counters.cpus; cpu++) {
        const uint64_t *word = (const uint64_t *)((const char *)site->counter + ((size_t)cpu << counters.cpu_shift));
        sum += __atomic_load_n(word, __ATOMIC_RELAXED); /* written by stubs; no order is promised between CPUs */
    }
    return sum;
}
