/* machine.c: what thunks need to know of this machine; written once by gr_arch_start, read by thunk.S. */
#ifdef __x86_64__
#include "arch/x86_64/machine.h"
#include "arch/arch.h"
#include "counters.h"
#include "log.h"
#include <cpuid.h>
#include <stddef.h>

uint64_t gr_xsave_mask; /* the vector components of XSAVE beyond SSE that this machine has */
uint64_t gr_xsave_size; /* bytes of a standard-format save of them */
int32_t gr_rseq_offset;
uint32_t gr_count_cpus;
uint64_t gr_count_stride;

/* Stands for the kernel's area (struct rseq, linux/rseq.h) where there is none: its CPU is a huge number, at which thunks
 * count with locked additions. */
static __thread uint32_t no_rseq[8] GR_TLS_MODEL = {[GR_RSEQ_CPU_ID / sizeof(uint32_t)] = UINT32_MAX};

enum {
    XSAVE_AVX = 1 << 2,
    XSAVE_AVX512 = 7 << 5, /* opmask, upper halves of zmm0-15, zmm16-31 */
    XSAVE_HEADER_END = 576,
};

static uint64_t enabled_components(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0)
        return 0;
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32 | low) & (XSAVE_AVX | XSAVE_AVX512);
}

enum graft_status gr_arch_start(void) {
    const struct gr_counters *counters = gr_counters();
    char *instead = (char *)no_rseq;
    __asm__("" : "+r"(instead)); /* or GCC folds the subtraction into a relocation that the linker does not know */
    gr_rseq_offset = counters->per_cpu
                         ? counters->rseq_offset
                         : (int32_t)(instead - (char *)__builtin_thread_pointer()); /* the same in every thread */
    gr_count_cpus = counters->cpus;
    gr_count_stride = UINT64_C(1) << counters->cpu_shift;
    gr_xsave_mask = enabled_components();
    gr_xsave_size = XSAVE_HEADER_END;
    for (unsigned component = 2; component < 8; component++) {
        unsigned size, offset, c, d;
        if ((gr_xsave_mask >> component & 1) != 0 && __get_cpuid_count(0xd, component, &size, &offset, &c, &d) &&
            offset + size > gr_xsave_size)
            gr_xsave_size = offset + size;
    }
    return GRAFT_OK;
}

enum gr_keep gr_arch_keep_limit(void) {
    return (gr_xsave_mask & XSAVE_AVX512) != 0 ? GR_KEEP_XSAVE
           : (gr_xsave_mask & XSAVE_AVX) != 0  ? GR_KEEP_AVX
                                               : GR_KEEP_ALL;
}
#endif
