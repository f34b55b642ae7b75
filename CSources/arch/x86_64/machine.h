/* machine.h: variables of machine.c that the thunks read. */
#ifndef GR_MACHINE_H
#define GR_MACHINE_H

#include <stdint.h>

extern uint64_t gr_xsave_mask, gr_xsave_size, gr_count_stride;
extern int32_t gr_rseq_offset; /* from the thread pointer to the thread's struct rseq, or to one that says "no CPU" */
extern uint32_t gr_count_cpus;

#endif
