/* save.h: what each kind of thunk keeps of the caller's registers, and where: macros of the thunk files. Assembly, not C:
 * the formatter must leave it. */
/* clang-format off */
#ifndef GR_SAVE_H
#define GR_SAVE_H

#include "layout.h"
#include "xsave.h"

#define REG(name) GR_HIT_SIZE + GR_REG_##name
#define AREA (GR_HIT_SIZE + GR_REG_SIZE)        /* graft_hit, then graft_registers */
#define TO_ENTRY (GR_HIT_SIZE + GR_LEAVE_RETURN) /* from the area to E, in each thunk */
#define TO_CFA (TO_ENTRY + 8)
#define EXIT_AREA (AREA + 8)       /* before the call: R stays above the area */
#define LEAVE_AREA (AREA + 16)     /* after it: the slot where R was belongs to us */
#define UPPER_SIZE 256

        .macro  save_argument_registers
        movq    %rdx, REG(RDX)(%rsp)
        save_working_registers
        save_other_registers
        .endm
        /* those that sampling needs, besides rdx */
        .macro  save_working_registers
        movq    %rdi, REG(RDI)(%rsp)
        movq    %rsi, REG(RSI)(%rsp)
        movq    %rcx, REG(RCX)(%rsp)
        .endm
        .macro  restore_working_registers
        movq    REG(RDI)(%rsp), %rdi
        movq    REG(RSI)(%rsp), %rsi
        movq    REG(RCX)(%rsp), %rcx
        .endm
        .macro  save_other_registers
        movq    %r8, REG(R8)(%rsp)
        movq    %r9, REG(R9)(%rsp)
        movq    %r10, REG(R10)(%rsp)
        movq    %r11, REG(R11)(%rsp)
        .endm

        /* and says so to unwinders: the short ways work with rbx, r12 and r13 */
        .macro  save_callee_saved
        movq    %rbx, REG(RBX)(%rsp)
        movq    %rbp, REG(RBP)(%rsp)
        movq    %r12, REG(R12)(%rsp)
        movq    %r13, REG(R13)(%rsp)
        movq    %r14, REG(R14)(%rsp)
        movq    %r15, REG(R15)(%rsp)
        .cfi_offset %rbx, REG(RBX) - TO_CFA
        .cfi_offset %r12, REG(R12) - TO_CFA
        .cfi_offset %r13, REG(R13) - TO_CFA
        .endm

        .macro  restore_argument_registers
        movq    REG(RDI)(%rsp), %rdi
        movq    REG(RSI)(%rsp), %rsi
        movq    REG(RDX)(%rsp), %rdx
        movq    REG(RCX)(%rsp), %rcx
        movq    REG(R8)(%rsp), %r8
        movq    REG(R9)(%rsp), %r9
        movq    REG(R10)(%rsp), %r10
        movq    REG(R11)(%rsp), %r11
        movq    REG(RAX)(%rsp), %rax
        .endm

        .macro  vectors operation, from, to
        .altmacro
        .set    i, \from
        .rept   \to - \from
        vector_\operation %i
        .set    i, i + 1
        .endr
        .noaltmacro
        .endm
        .macro  vector_save n
        movups  %xmm\n, REG(XMM) + 16 * \n (%rsp)
        .endm
        .macro  vector_restore n
        movups  REG(XMM) + 16 * \n (%rsp), %xmm\n
        .endm
        .macro  vector_restore_avx n
        vmovups REG(XMM) + 16 * \n (%rbp), %xmm\n
        .endm
        .macro  vector_save_avx n
        vmovups %xmm\n, REG(XMM) + 16 * \n (%rsp)
        .endm
        .macro  vector_save_upper n
        vextractf128 $1, %ymm\n, 16 * \n (%rsp)
        .endm
        .macro  vector_restore_upper n
        vmovups REG(XMM) + 16 * \n (%rbp), %xmm\n
        vinsertf128 $1, 16 * \n (%rsp), %ymm\n, %ymm\n
        .endm

/* rbp takes over from rsp, and unwinders are told in the same moment: a signal may come at any instruction. */
        .macro  keep_area_in_rbp
        .cfi_offset %rbp, REG(RBP) - TO_CFA
        movq    %rsp, %rbp
        .cfi_def_cfa %rbp, TO_CFA
        .endm

/* The wide kinds keep the rest of the vectors below the area; rbp, which has been saved, points to the area then. All
 * kinds but abi also align the stack: a caller that knows the function may have called it with any alignment (GCC does,
 * for local functions that do not mind), and C code must not be. */
        .macro  save_wide kind
        .ifnc \kind,abi
        keep_area_in_rbp
        .endif
        .ifc \kind,all
        andq    $-16, %rsp
        .endif
        .ifc \kind,avx
        subq    $UPPER_SIZE, %rsp
        andq    $-16, %rsp
        vectors save_upper, 0, 16
        vzeroupper
        .endif
        .ifc \kind,xsave
        push_xsave
        vzeroupper
        .endif
        .endm

        .macro  restore_wide kind
        .ifc \kind,all
        movq    %rbp, %rsp
        .endif
        .ifc \kind,xsave
        vectors restore_avx, 0, 16      /* clears the upper parts, which the next instruction brings back */
        movl    gr_xsave_mask(%rip), %eax
        movl    gr_xsave_mask+4(%rip), %edx
        xrstor64 (%rsp)
        movq    %rbp, %rsp
        .endif
        .ifc \kind,avx
        vectors restore_upper, 0, 16
        movq    %rbp, %rsp
        .endif
        .endm

/* Calls `function` with rdi and rsi set, on an aligned stack, everything saved. rbp is callee-saved: the wide kinds
 * use it to find the area again. */
        .macro  save_vectors kind, abi_count
        .ifc \kind,abi
        vectors save, 0, \abi_count
        .endif
        .ifc \kind,all
        vectors save, 0, 16
        .endif
        .ifc \kind,avx                  /* old and new encodings are never mixed while upper halves are in use: slow */
        vectors save_avx, 0, 16
        .endif
        .ifc \kind,xsave
        vectors save_avx, 0, 16
        .endif
        .endm
        .macro  restore_vectors kind, abi_count
        .ifc \kind,abi
        vectors restore, 0, \abi_count
        .endif
        .ifc \kind,all
        vectors restore, 0, 16
        .endif
        .endm

/* rbp holds the area's address while the stack is extended by a wide kind: say so to unwinders. */
        .macro  begin_wide kind
        save_wide \kind
        .endm
        .macro  end_wide kind
        restore_wide \kind
        .ifnc \kind,abi
        .cfi_def_cfa %rsp, TO_CFA
        movq    REG(RBP)(%rsp), %rbp
        .cfi_same_value %rbp
        .endif
        .endm

#endif
