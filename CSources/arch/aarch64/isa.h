/* isa.h: what the portable files have to know of aarch64 (AAPCS64, and Swift's convention). */
#ifndef GR_AARCH64_ISA_H
#define GR_AARCH64_ISA_H

#include "arch/aarch64/layout.h"
#include "arch/aarch64/port.h"
#include <graft/hit.h>
#include <stddef.h>

enum {
    GR_PATCH_SIZE = 4,         /* one instruction */
    GR_PATCH_MAX = 4,          /* as large as any */
    GR_BLOCK_MAX = 4,          /* original bytes that a relocated block may cover */
    GR_STUB_SIZE = 192,        /* most bytes of code for one site, at most 256; few need more than 128 */
    GR_HOP_SIZE = 16,          /* a jump through the slot, behind what authenticates the return address */
    GR_PORT_CODE_SIZE = 24,    /* what leads to an around-probe */
    GR_INSTRUCTIONS_MAX = 2,   /* the one that moves, behind one that signs the return address */
    GR_BRANCH_MIB = 127,       /* how far a branch reaches, with some room */
    GR_STORES_WORDS = 1,       /* a change of text is of aligned words, each by one store */
    GR_MOVED_REACH = 0,        /* an instruction that was moved has the addresses that it refers to made anew */
    GR_COUNTS_PER_CPU = 0,     /* stubs count in their slot */
    GR_REGISTER_ARGUMENTS = 8, /* integer arguments in registers */
    GR_STACK_ARGUMENTS = 0,    /* the first on the stack, from the stack pointer at the entry on */
    GR_CALLER_STACK = 0,       /* the stack pointer of the caller */
    GR_CODE_NEEDS_BARRIER = 1, /* a processor may have fetched what stood where new code is: it has to fetch anew */
};

/* Where the program's addresses end, with pages of 4 KiB and the widest tables that are not asked for by name. */
#define GR_ADDRESS_END UINT64_C(0xfffffffff000)

/* The program's loader, whose debugger hook tells of new images. */
#define GR_LOADER "ld-linux-aarch64.so.1"

/* What a callee leaves to its caller: a stack is unwound from these. */
#define GR_KEPT_REGISTERS(each) \
    each(x19) each(x20) each(x21) each(x22) each(x23) each(x24) each(x25) each(x26) each(x27) each(x28) each(x29)
enum {
    GR_X_x19 = 19,
    GR_X_x20,
    GR_X_x21,
    GR_X_x22,
    GR_X_x23,
    GR_X_x24,
    GR_X_x25,
    GR_X_x26,
    GR_X_x27,
    GR_X_x28,
    GR_X_x29
};
#define GR_KEPT_IN(registers, name) ((registers)->x[GR_X_##name])

enum {
    GR_X_RESULT = 0,
    GR_X_FRAME = 19, /* holds an exit thunk's frame while the function runs */
    GR_X_SELF = 20,  /* also the error that an async function hands on */
    GR_X_ERROR = 21,
    GR_X_CONTEXT = 22,
    GR_X_RETURN = 30,
};

_Static_assert(offsetof(struct graft_registers, x) == GR_REG_X, "layout.h");
_Static_assert(offsetof(struct graft_registers, reserved) == GR_REG_SLOT, "layout.h");
_Static_assert(offsetof(struct graft_registers, v) == GR_REG_V, "layout.h");
_Static_assert(sizeof(struct graft_registers) == GR_REG_SIZE, "layout.h");

/* Where a thunk's area lies: the stack pointer at the function's entry. */
static inline uint64_t gr_entry_stack(const struct graft_registers *registers) {
    return (uint64_t)(uintptr_t)registers + GR_AREA_SIZE;
}

/* Where the function will return to, or the thunk of its exit. A stub has taken a signature off. */
static inline uint64_t gr_return_address(const struct graft_registers *registers) {
    return registers->x[GR_X_RETURN];
}

static inline void gr_set_return_address(struct graft_registers *registers, uint64_t address) {
    registers->x[GR_X_RETURN] = address;
}

/* The register in which an exit thunk holds its frame while the function runs. */
static inline uint64_t *gr_frame_register(struct graft_registers *registers) {
    return &registers->x[GR_X_FRAME];
}

static inline uint64_t *gr_argument(struct graft_registers *registers, unsigned index) {
    return &registers->x[index];
}

static inline uint64_t *gr_result(struct graft_registers *registers) {
    return &registers->x[GR_X_RESULT];
}

/* Floating argument or result `index`, 0 to 7. */
static inline double *gr_float(struct graft_registers *registers, unsigned index) {
    return &registers->v[index][0];
}

/* Swift: the error that a function returns, and the one that it hands to its continuation; an async function's context. */
static inline uint64_t gr_swift_error(const struct graft_registers *registers) {
    return registers->x[GR_X_ERROR];
}

static inline uint64_t gr_swift_async_error(const struct graft_registers *registers) {
    return registers->x[GR_X_SELF];
}

static inline uint64_t gr_async_context(const struct graft_registers *registers) {
    return registers->x[GR_X_CONTEXT];
}

/* Makes the exit thunk go on with an exception: gr_arch_resume is where it returns to. */
static inline void gr_hand_on(
    struct graft_registers *registers, const void *exception, uint64_t return_address, uint64_t resume) {
    registers->x[0] = (uint64_t)(uintptr_t)exception;
    registers->x[1] = return_address;
    registers->x[2] = resume;
}

#endif
