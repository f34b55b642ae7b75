/* unwinder.h: libunwind for aarch64. */
#ifndef GR_AARCH64_UNWINDER_H
#define GR_AARCH64_UNWINDER_H

#include "unwinding.h"
#include <libunwind-aarch64.h>

/* Where the copy has a register; `pc` is the program counter. Null when it does not have it. */
static inline const uint64_t *gr_unwinder_register(const struct gr_stack_copy *copy, const uint64_t *pc, int number) {
    const uint64_t *const kept[] = {
        [UNW_AARCH64_X19] = &copy->x19,
        [UNW_AARCH64_X20] = &copy->x20,
        [UNW_AARCH64_X21] = &copy->x21,
        [UNW_AARCH64_X22] = &copy->x22,
        [UNW_AARCH64_X23] = &copy->x23,
        [UNW_AARCH64_X24] = &copy->x24,
        [UNW_AARCH64_X25] = &copy->x25,
        [UNW_AARCH64_X26] = &copy->x26,
        [UNW_AARCH64_X27] = &copy->x27,
        [UNW_AARCH64_X28] = &copy->x28,
        [UNW_AARCH64_X29] = &copy->x29,
        [UNW_AARCH64_X30] = &copy->return_address,
        [UNW_AARCH64_SP] = &copy->stack_pointer,
        [UNW_AARCH64_PC] = pc,
    };
    return number >= 0 && (size_t)number < sizeof kept / sizeof *kept ? kept[number] : NULL;
}

#endif
