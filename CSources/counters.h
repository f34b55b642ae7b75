/* counters.h: one exact 64-bit count for each site, on each CPU.
 *
 * The memory is one block per CPU below 2 GiB, so that a stub reaches its counter with one register:
 * address = counter of CPU 0 + (cpu << cpu_shift). Written by stubs inside restartable sequences, so no two threads
 * write one word at once; read with relaxed loads. Where the kernel or the C library gives no rseq, or no such memory is
 * free, `per_cpu` is false and stubs count in their slot with a locked addition. Neighbours: status, os. */
#ifndef GR_COUNTERS_H
#define GR_COUNTERS_H

#include "site.h"
#include <graft/status.h>

struct gr_counters {
    bool per_cpu;
    uint32_t cpus; /* cpu numbers are below this */
    uint32_t cpu_shift;
    int32_t rseq_offset; /* of struct rseq from the thread pointer, the same in every thread (glibc >= 2.35) */
    uint64_t *base;
    size_t capacity; /* counters; index 0 to capacity - 1 */
};

/* Makes room for `capacity` counters, once in the life of the process. GRAFT_NO_MEMORY. */
enum graft_status gr_counters_start(size_t capacity);
const struct gr_counters *gr_counters(void);

/* Takes and gives back one counter; a counter keeps its value. Control plane. Null when all are taken. */
uint64_t *gr_counter_take(void);
void gr_counter_give(uint64_t *counter);

/* The site's hits on all CPUs. Any thread; async-signal-safe. */
uint64_t gr_counter_read(const struct gr_site *site);

#endif
