/* unwinder.h: libunwind for x86-64. */
#ifndef GR_X86_64_UNWINDER_H
#define GR_X86_64_UNWINDER_H

#include "unwinding.h"
#include <libunwind-x86_64.h>

/* Where the copy has a register; `pc` is the program counter. Null when it does not have it. */
static inline const uint64_t *gr_unwinder_register(const struct gr_stack_copy *copy, const uint64_t *pc, int number) {
    const uint64_t *const kept[] = {
        [UNW_X86_64_RIP] = pc,
        [UNW_X86_64_RSP] = &copy->stack_pointer,
        [UNW_X86_64_RBX] = &copy->rbx,
        [UNW_X86_64_RBP] = &copy->rbp,
        [UNW_X86_64_R12] = &copy->r12,
        [UNW_X86_64_R13] = &copy->r13,
        [UNW_X86_64_R14] = &copy->r14,
        [UNW_X86_64_R15] = &copy->r15,
    };
    return number >= 0 && (size_t)number < sizeof kept / sizeof *kept ? kept[number] : NULL;
}

#endif
