/* unwinding.h: the stack of a first hit: copied on the hit path, unwound later on the control plane.
 *
 * Capture is async-signal-safe: no lock, no allocation, a system call for each page of the stack. Unwinding runs libunwind over the copy, with
 * the unwind tables of the images that are loaded then. The thread has long gone on: nothing of its live stack is
 * read. Neighbours: os. */
#ifndef GR_UNWINDING_H
#define GR_UNWINDING_H

#include "arch/isa.h"
#include <graft/status.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GR_STACK_COPY_MAX = 32 * 1024, /* bytes of stack kept: deeper frames are not seen */
    GR_STACK_WORDS_MAX = 64,       /* words kept from elsewhere */
};

/* A word that unwinding needs and that is not on the stack: the return address or rbx in an open shadow frame. */
struct gr_stack_word {
    uint64_t address, value;
};

/* The caller's state as it was at the call: the stack pointer above the return address, callee-saved registers. */
struct gr_stack_copy {
    uint64_t return_address;
    uint64_t stack_pointer; /* address of stack[0] */
#define GR_FIELD(name) uint64_t name;
    GR_KEPT_REGISTERS(GR_FIELD)
#undef GR_FIELD
    size_t word_count; /* of `words`, at most GR_STACK_WORDS_MAX; without them, frames end at an open shadow frame */
    struct gr_stack_word words[GR_STACK_WORDS_MAX];
    size_t size;
    uint8_t stack[GR_STACK_COPY_MAX];
};

/* Fills in `stack` and `size` from the calling thread's stack at `stack_pointer`; the other fields are the caller's to set.
 * Hit plane. Never fails: an unreadable stack gives size 0. */
void gr_stack_capture(struct gr_stack_copy *copy);

/* Return addresses from `return_address` outwards, at most `max`; returns how many (at least 1, if `max` is). They end
 * early, and cleanly, where the copy ends, where code has no unwind information, where an image has been unloaded, on
 * another stack, and when memory is refused. The address after a signal's frame is that of the interrupted instruction
 * itself. Any contents of the copy are harmless. Control plane; any thread. */
size_t gr_unwind(const struct gr_stack_copy *copy, uint64_t *frames, size_t max);

#endif
