/* unwinding.h: the stack of a first hit: copied on the hit path, unwound later on the control plane.
 *
 * Capture is async-signal-safe: no lock, no allocation, one system call. Unwinding runs libunwind over the copy, with
 * the unwind tables of the images that are loaded then. Neighbours: os. */
#ifndef GR_UNWINDING_H
#define GR_UNWINDING_H

#include <graft/status.h>
#include <stddef.h>
#include <stdint.h>

enum { GR_STACK_COPY_MAX = 32 * 1024 }; /* bytes of stack kept: deeper frames are not seen */

/* The caller's state as it was at the call: the stack pointer above the return address, callee-saved registers. */
struct gr_stack_copy {
    uint64_t return_address;
    uint64_t stack_pointer; /* address of stack[0] */
    uint64_t rbx, rbp, r12, r13, r14, r15;
    size_t size;
    uint8_t stack[GR_STACK_COPY_MAX];
};

/* Fills in `stack` and `size` from the live stack at `stack_pointer`; the other fields are the caller's to set.
 * Hit plane. Never fails: an unreadable stack gives size 0. */
void gr_stack_capture(struct gr_stack_copy *copy);

/* Return addresses from `return_address` outwards, at most `max`; returns how many (at least 1). Control plane. */
size_t gr_unwind(const struct gr_stack_copy *copy, uint64_t *frames, size_t max);

#endif
