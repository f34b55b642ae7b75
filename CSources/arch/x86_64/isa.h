/* isa.h: what the portable files have to know of x86-64 (System V ABI, and Swift's convention). */
#ifndef GR_X86_64_ISA_H
#define GR_X86_64_ISA_H

#include "arch/x86_64/layout.h"
#include "arch/x86_64/port.h"
#include <graft/hit.h>
#include <stddef.h>

enum {
    GR_PATCH_SIZE = 5,         /* a jump with a 32-bit displacement */
    GR_PATCH_MAX = 6,          /* and with a prefix */
    GR_BLOCK_MAX = 32,         /* original bytes that a relocated block may cover */
    GR_STUB_SIZE = 192,        /* most bytes of code for one site, at most 256; few need more than 128 */
    GR_HOP_SIZE = 6,           /* an indirect jump through the slot */
    GR_PORT_CODE_SIZE = 17,    /* what leads to an around-probe */
    GR_INSTRUCTIONS_MAX = 6,   /* instructions in a relocated block, with a leading endbr64 left out */
    GR_BRANCH_MIB = 1900,      /* how far a branch reaches, with some room */
    GR_STORES_WORDS = 0,       /* a change of text is of bytes, in phases */
    GR_MOVED_REACH = 1,        /* an instruction that was moved refers to what it did by a displacement */
    GR_COUNTS_PER_CPU = 1,     /* stubs know restartable sequences */
    GR_REGISTER_ARGUMENTS = 6, /* integer arguments in registers */
    GR_STACK_ARGUMENTS = 8,    /* the first on the stack, from the stack pointer at the entry on */
    GR_CALLER_STACK = 8,       /* the stack pointer of the caller, behind the return address */
    GR_CODE_NEEDS_BARRIER = 0, /* new code is seen by every processor that is led to it */
};

/* Where the program's addresses end. */
#define GR_ADDRESS_END UINT64_C(0x7ffffffff000)

/* The program's loader, whose debugger hook tells of new images. */
#define GR_LOADER "ld-linux-x86-64.so.2"

/* What a callee leaves to its caller: a stack is unwound from these. */
#define GR_KEPT_REGISTERS(each) each(rbx) each(rbp) each(r12) each(r13) each(r14) each(r15)
#define GR_KEPT_IN(registers, name) ((registers)->name)

_Static_assert(offsetof(struct graft_registers, rdi) == GR_REG_RDI, "layout.h");
_Static_assert(offsetof(struct graft_registers, rax) == GR_REG_RAX, "layout.h");
_Static_assert(offsetof(struct graft_registers, r11) == GR_REG_R11, "layout.h");
_Static_assert(offsetof(struct graft_registers, rbx) == GR_REG_RBX, "layout.h");
_Static_assert(offsetof(struct graft_registers, r15) == GR_REG_R15, "layout.h");
_Static_assert(offsetof(struct graft_registers, xmm) == GR_REG_XMM, "layout.h");
_Static_assert(sizeof(struct graft_registers) == GR_REG_SIZE, "layout.h");

/* Where a thunk's area lies: the stack pointer at the function's entry. */
static inline uint64_t gr_entry_stack(const struct graft_registers *registers) {
    return (uint64_t)(uintptr_t)registers + GR_LEAVE_RETURN;
}

/* Where the function will return to, or the thunk of its exit. */
static inline uint64_t gr_return_address(const struct graft_registers *registers) {
    return *(const uint64_t *)(uintptr_t)gr_entry_stack(registers);
}

static inline void gr_set_return_address(struct graft_registers *registers, uint64_t address) {
    *(uint64_t *)(uintptr_t)gr_entry_stack(registers) = address;
}

/* The register in which an exit thunk holds its frame while the function runs. */
static inline uint64_t *gr_frame_register(struct graft_registers *registers) {
    return &registers->rbx;
}

static inline uint64_t *gr_argument(struct graft_registers *registers, unsigned index) {
    uint64_t *const in[GR_REGISTER_ARGUMENTS] = {
        &registers->rdi, &registers->rsi, &registers->rdx, &registers->rcx, &registers->r8, &registers->r9};
    return in[index];
}

static inline uint64_t *gr_result(struct graft_registers *registers) {
    return &registers->rax;
}

/* Floating argument or result `index`, 0 to 7. */
static inline double *gr_float(struct graft_registers *registers, unsigned index) {
    return &registers->xmm[index][0];
}

/* Swift: the error that a function returns, and the one that it hands to its continuation; an async function's context. */
static inline uint64_t gr_swift_error(const struct graft_registers *registers) {
    return registers->r12;
}

static inline uint64_t gr_swift_async_error(const struct graft_registers *registers) {
    return registers->r13;
}

static inline uint64_t gr_async_context(const struct graft_registers *registers) {
    return registers->r14;
}

/* Makes the exit thunk go on with an exception: gr_arch_resume is where it returns to. */
static inline void gr_hand_on(
    struct graft_registers *registers, const void *exception, uint64_t return_address, uint64_t resume) {
    registers->rax = resume;
    registers->rdi = (uint64_t)(uintptr_t)exception;
    registers->rsi = return_address;
}

#endif
