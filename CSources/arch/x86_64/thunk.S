/* thunk.S: what the stubs call: save, enter, leave, restore.
 *
 * A stub has put the slot's address into rax and the caller's rax below the entry's stack pointer. With E the stack
 * pointer at the function's entry (E points to the return address R):
 *
 *   caller:   call f             f: jmp hop -> jmp *active -> stub
 *
 *   entry stub                               exit stub
 *     mov  %rax,-16(%rsp)                      mov %rax,-16(%rsp)
 *     lea  slot(%rip),%rax                     lea slot(%rip),%rax
 *     call *entry_thunk                        jmp *exit_thunk
 *     jmp  relocated
 *
 *   in the entry thunk          in the exit thunk, before       around the call, after
 *     E      R                    E      R                        E      address in this file
 *     E-8    into the stub        E-8    (padding)                E-8…   the function's own frame
 *     E-392  graft_registers      E-392  graft_registers
 *
 * The entry thunk's CFI steps over the stub's return address, so unwinders go straight to the caller. The exit thunk
 * takes R off the stack into a frame cell (thread.h), whose address lives in rbx while the function runs, and calls the
 * relocated block from the same stack slot: stack arguments stay where the function looks for them, calls and returns
 * stay paired for the processor, and static CFI can say where R and the caller's rbx are. A personality routine sees
 * exceptions pass. No flags are saved: no ABI keeps them across a call, and GCC's -fipa-ra counts them as used. */
#ifdef __x86_64__
#include "layout.h"

#define AREA GR_REG_SIZE
#define UPPER_SIZE 256

        .text

/* ---- saving and restoring what each kind keeps: abi, all, avx, xsave ---- */

        .macro  save_argument_registers
        movq    %rdi, GR_REG_RDI(%rsp)
        movq    %rsi, GR_REG_RSI(%rsp)
        movq    %rdx, GR_REG_RDX(%rsp)
        movq    %rcx, GR_REG_RCX(%rsp)
        movq    %r8, GR_REG_R8(%rsp)
        movq    %r9, GR_REG_R9(%rsp)
        movq    %r10, GR_REG_R10(%rsp)
        movq    %r11, GR_REG_R11(%rsp)
        movq    GR_REG_STASH(%rsp), %rdi
        movq    %rdi, GR_REG_RAX(%rsp)
        .endm

        .macro  save_callee_saved
        movq    %rbx, GR_REG_RBX(%rsp)
        movq    %rbp, GR_REG_RBP(%rsp)
        movq    %r12, GR_REG_R12(%rsp)
        movq    %r13, GR_REG_R13(%rsp)
        movq    %r14, GR_REG_R14(%rsp)
        movq    %r15, GR_REG_R15(%rsp)
        .endm

        .macro  restore_argument_registers
        movq    GR_REG_RDI(%rsp), %rdi
        movq    GR_REG_RSI(%rsp), %rsi
        movq    GR_REG_RDX(%rsp), %rdx
        movq    GR_REG_RCX(%rsp), %rcx
        movq    GR_REG_R8(%rsp), %r8
        movq    GR_REG_R9(%rsp), %r9
        movq    GR_REG_R10(%rsp), %r10
        movq    GR_REG_R11(%rsp), %r11
        movq    GR_REG_RAX(%rsp), %rax
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
        movups  %xmm\n, GR_REG_XMM + 16 * \n (%rsp)
        .endm
        .macro  vector_restore n
        movups  GR_REG_XMM + 16 * \n (%rsp), %xmm\n
        .endm
        .macro  vector_restore_avx n
        vmovups GR_REG_XMM + 16 * \n (%rbp), %xmm\n
        .endm
        .macro  vector_save_avx n
        vmovups %xmm\n, GR_REG_XMM + 16 * \n (%rsp)
        .endm
        .macro  vector_save_upper n
        vextractf128 $1, %ymm\n, 16 * \n (%rsp)
        .endm
        .macro  vector_restore_upper n
        vmovups GR_REG_XMM + 16 * \n (%rbp), %xmm\n
        vinsertf128 $1, 16 * \n (%rsp), %ymm\n, %ymm\n
        .endm

/* The wide kinds keep the rest of the vectors below the area; rbp, which has been saved, points to the area then. All
 * kinds but abi also align the stack: a caller that knows the function may have called it with any alignment (GCC does,
 * for local functions that do not mind), and C code must not be. */
        .macro  save_wide kind
        .ifc \kind,all
        movq    %rsp, %rbp
        andq    $-16, %rsp
        .endif
        .ifc \kind,avx
        movq    %rsp, %rbp
        subq    $UPPER_SIZE, %rsp
        andq    $-16, %rsp
        vectors save_upper, 0, 16
        vzeroupper
        .endif
        .ifc \kind,xsave
        movq    %rsp, %rbp
        subq    gr_xsave_size(%rip), %rsp
        andq    $-64, %rsp
        /* the header must be clean before a compact save */
        xorl    %eax, %eax
        movq    %rax, 512(%rsp)
        movq    %rax, 520(%rsp)
        movq    %rax, 528(%rsp)
        movq    %rax, 536(%rsp)
        movq    %rax, 544(%rsp)
        movq    %rax, 552(%rsp)
        movq    %rax, 560(%rsp)
        movq    %rax, 568(%rsp)
        movl    gr_xsave_mask(%rip), %eax
        movl    gr_xsave_mask+4(%rip), %edx
        xsave64 (%rsp)
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

        .macro  begin name
        .hidden \name
        .globl  \name
        .type   \name, @function
        .p2align 5
\name:
        .cfi_startproc
        .endm
        .macro  finish name
        .cfi_endproc
        .size   \name, . - \name
        .endm

/* rbp holds the area's address while the stack is extended by a wide kind: say so to unwinders. */
        .macro  wide_cfa_begin kind, offset
        .ifc \kind,all
        .cfi_def_cfa %rbp, \offset
        .cfi_offset %rbp, GR_REG_RBP - \offset
        .endif
        .ifc \kind,avx
        .cfi_def_cfa %rbp, \offset
        .cfi_offset %rbp, GR_REG_RBP - \offset
        .endif
        .ifc \kind,xsave
        .cfi_def_cfa %rbp, \offset
        .cfi_offset %rbp, GR_REG_RBP - \offset
        .endif
        .endm
        .macro  wide_cfa_end kind, offset
        .ifc \kind,all
        .cfi_def_cfa %rsp, \offset
        .endif
        .ifc \kind,avx
        .cfi_def_cfa %rsp, \offset
        .endif
        .ifc \kind,xsave
        .cfi_def_cfa %rsp, \offset
        .endif
        .endm
        .macro  restore_rbp kind
        .ifc \kind,all
        movq    GR_REG_RBP(%rsp), %rbp
        .cfi_same_value %rbp
        .endif
        .ifc \kind,avx
        movq    GR_REG_RBP(%rsp), %rbp
        .cfi_same_value %rbp
        .endif
        .ifc \kind,xsave
        movq    GR_REG_RBP(%rsp), %rbp
        .cfi_same_value %rbp
        .endif
        .endm

/* ---- entry ---- */

/* The short way: counts, raises the guard and calls the handler of the only probe here, without C in between: what
 * gr_hit_enter does in its plain case, in half the instructions. Anything else goes on at `general`, before anything
 * has been done. rax: slot. A preempted count begins again at its label 1, where nothing has been done either. */
        .macro  short_way kind
        movq    GR_SLOT_SITE(%rax), %rdx
        movq    gr_self@gottpoff(%rip), %r8
        movq    %fs:(%r8), %r8
        movslq  gr_rseq_offset(%rip), %rcx
        movq    GR_SITE_DIRECT(%rdx), %r9
        testq   %r8, %r8
        jz      .Lgeneral_\kind
        testq   %rcx, %rcx
        jz      .Lgeneral_\kind
        cmpq    $0, GR_THREAD_PINNED(%r8)
        jne     .Lgeneral_\kind
        cmpb    $0, gr_epoch_clock + GR_CLOCK_FENCE(%rip)
        jne     .Lgeneral_\kind
        testq   %r9, %r9
        jz      .Lgeneral_\kind
        movq    GR_SITE_COUNTER(%rdx), %rdi
.Lrestart_\kind:
        leaq    .Lcs_\kind(%rip), %rsi
        movq    %rsi, %fs:GR_RSEQ_CS(%rcx)
.Lstart_\kind:
        movl    %fs:GR_RSEQ_CPU_ID(%rcx), %esi
        cmpl    gr_count_cpus(%rip), %esi
        jae     .Lgeneral_\kind
        imulq   gr_count_stride(%rip), %rsi
        incq    (%rdi, %rsi)
.Lcommitted_\kind:
        movq    gr_epoch_clock + GR_CLOCK_NOW(%rip), %rsi
        movq    %rsi, GR_THREAD_PINNED(%r8)
        movq    GR_SITE_DIRECT(%rdx), %r9       /* inside the section now; it may have changed */
        testq   %r9, %r9
        jz      .Lchanged_\kind
        movq    GR_THREAD_ERRNO(%r8), %rcx
        movl    (%rcx), %ecx
        movl    %ecx, GR_REG_RESERVED(%rsp)
        leaq    GR_SITE_ENTRY(%rdx), %rdx
        movq    %rsp, %rcx
        leaq    AREA + 8(%rsp), %rsi
        save_wide \kind
        wide_cfa_begin \kind, (AREA + 16)
        subq    $GR_HIT_SIZE, %rsp
        .ifc \kind,abi
        .cfi_adjust_cfa_offset GR_HIT_SIZE
        .endif
        movq    GR_ATTACHMENT_PROBE(%r9), %rdi
        movq    %rdi, GR_HIT_PROBE(%rsp)
        movq    $GR_PHASE_ENTER, GR_HIT_PHASE(%rsp)
        movq    %rdx, GR_HIT_ENTRY(%rsp)
        movq    %rcx, GR_HIT_REGISTERS(%rsp)
        movq    (%rsi), %rdi
        movq    %rdi, GR_HIT_RETURN(%rsp)
        movq    %rsi, GR_HIT_STACK(%rsp)
        movq    $0, GR_HIT_NANOSECONDS(%rsp)
        movq    $0, GR_HIT_COOKIE(%rsp)
        movq    %rsp, %rdi
        movq    GR_ATTACHMENT_CONTEXT(%r9), %rsi
        call    *GR_ATTACHMENT_HANDLER(%r9)
        .ifc \kind,abi
        addq    $GR_HIT_SIZE, %rsp
        .cfi_adjust_cfa_offset -GR_HIT_SIZE
        .endif
        restore_wide \kind
        wide_cfa_end \kind, (AREA + 16)
        restore_rbp \kind
        movq    gr_self@gottpoff(%rip), %r8
        movq    %fs:(%r8), %r8
        movq    GR_THREAD_ERRNO(%r8), %rcx
        movl    GR_REG_RESERVED(%rsp), %esi
        movl    %esi, (%rcx)
        movq    $0, GR_THREAD_PINNED(%r8)
        jmp     .Lrestore_\kind
        .byte   0x0f, 0xb9, 0x3d
        .long   GR_RSEQ_SIGNATURE
.Labort_\kind:
        jmp     .Lrestart_\kind
.Lchanged_\kind:                        /* counted already: tell whoever is there now */
        movq    $0, GR_THREAD_PINNED(%r8)
        movq    %rax, %rdi
        movq    %rsp, %rsi
        save_wide \kind
        wide_cfa_begin \kind, (AREA + 16)
        call    gr_hit_tell_entry
        restore_wide \kind
        wide_cfa_end \kind, (AREA + 16)
        restore_rbp \kind
        jmp     .Lrestore_\kind
.Lgeneral_\kind:
        .pushsection .data.rel.ro.gr_count_cs, "aw", @progbits
        .p2align 5
.Lcs_\kind:
        .long   0, 0
        .quad   .Lstart_\kind, .Lcommitted_\kind - .Lstart_\kind, .Labort_\kind
        .popsection
        .endm

        .macro  entry_thunk kind
        begin   gr_thunk_entry_\kind
        /* rsp = E-8: the stub's return address; the caller's is at E, which is where unwinders go */
        .cfi_def_cfa_offset 16
        subq    $AREA, %rsp
        .cfi_def_cfa_offset AREA + 16
        save_argument_registers
        save_callee_saved
        save_vectors \kind, 8
        .ifc \kind,abi
        short_way \kind
        .endif
        .ifc \kind,all
        short_way \kind
        .endif
        movq    %rax, %rdi
        movq    %rsp, %rsi
        save_wide \kind
        wide_cfa_begin \kind, (AREA + 16)
        call    gr_hit_enter
        restore_wide \kind
        wide_cfa_end \kind, (AREA + 16)
        restore_rbp \kind
.Lrestore_\kind:
        restore_vectors \kind, 8
        restore_argument_registers
        addq    $AREA, %rsp
        .cfi_def_cfa_offset 16
        ret
        finish  gr_thunk_entry_\kind
        .endm

/* ---- entry and exit ---- */

#define EXIT_AREA (AREA + 8)       /* before the call: R stays above the area */
#define LEAVE_AREA (AREA + 16)     /* after it: the slot where R was belongs to us */

        .macro  exit_thunk kind
        begin   gr_thunk_exit_\kind
        .cfi_personality 0x9b, DW.ref.gr_personality
        subq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset EXIT_AREA + 8
        save_argument_registers
        save_callee_saved
        save_vectors \kind, 8
        movq    %rax, %rdi
        movq    %rsp, %rsi
        save_wide \kind
        wide_cfa_begin \kind, (EXIT_AREA + 8)
        call    gr_hit_enter_frame
        .ifc \kind,xsave
        .cfi_offset 3, GR_REG_RBX - (EXIT_AREA + 8)
        movq    %rax, %rbx              /* xrstor needs rax; rbx has been saved */
        .endif
        restore_wide \kind
        wide_cfa_end \kind, (EXIT_AREA + 8)
        restore_rbp \kind
        .ifc \kind,xsave
        movq    %rbx, %rax
        movq    GR_REG_RBX(%rsp), %rbx
        .cfi_same_value 3
        .endif
        restore_vectors \kind, 8
        testq   %rax, %rax
        jz      1f
        movq    %rax, %rbx
        .cfi_escape 0x10, 3, 2, 0x73, GR_FRAME_RBX      /* rbx at [rbx + GR_FRAME_RBX] */
        restore_argument_registers
        addq    $EXIT_AREA + 8, %rsp
        .cfi_def_cfa_offset 0
        .cfi_escape 0x10, 16, 2, 0x73, GR_FRAME_RETURN  /* the return address at [rbx] */
        call    *GR_FRAME_CALL(%rbx)
        .globl  gr_thunk_return_\kind
        .hidden gr_thunk_return_\kind
gr_thunk_return_\kind:
        subq    $LEAVE_AREA, %rsp
        .cfi_def_cfa_offset LEAVE_AREA
        movq    %rax, GR_REG_RAX(%rsp)
        movq    %rdx, GR_REG_RDX(%rsp)
        movq    %rcx, GR_REG_RCX(%rsp)
        movq    %r8, GR_REG_R8(%rsp)
        movq    %rdi, GR_REG_RDI(%rsp)
        movq    %rsi, GR_REG_RSI(%rsp)
        movq    %r9, GR_REG_R9(%rsp)
        movq    %r10, GR_REG_R10(%rsp)
        movq    %r11, GR_REG_R11(%rsp)
        save_callee_saved
        save_vectors \kind, 4
        movq    %rbx, %rdi
        movq    %rsp, %rsi
        save_wide \kind
        wide_cfa_begin \kind, LEAVE_AREA
        call    gr_hit_leave            /* puts R back at E and the caller's rbx into the area; frees the frame */
        .cfi_offset 16, -8
        .cfi_offset 3, GR_REG_RBX - LEAVE_AREA
        restore_wide \kind
        wide_cfa_end \kind, LEAVE_AREA
        restore_rbp \kind
        restore_vectors \kind, 4
        movq    GR_REG_RBX(%rsp), %rbx
        .cfi_same_value 3
        restore_argument_registers
        addq    $LEAVE_AREA - 8, %rsp
        .cfi_def_cfa_offset 8
        ret
        /* no frame was to be had: run the function as if only its entry were instrumented */
1:      .cfi_def_cfa_offset EXIT_AREA + 8
        .cfi_restore 16
        .cfi_offset 16, -8
        .cfi_same_value 3
        restore_argument_registers      /* gr_hit_enter_frame left the relocated block's address in the padding */
        addq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset 8
        jmp     *-8(%rsp)               /* in the red zone: no signal handler touches it */
        finish  gr_thunk_exit_\kind
        .endm

        entry_thunk abi
        entry_thunk all
        entry_thunk avx
        entry_thunk xsave
        exit_thunk abi
        exit_thunk all
        exit_thunk avx
        exit_thunk xsave

/* gr_arch_resume: calls the unwinder's resuming function (rax) with the exception (rdi) as if the caller had called it
 * at rsi, where it would have been returned to. */
        begin   gr_arch_resume
        .cfi_def_cfa_offset 0
        .cfi_register 16, 4
        pushq   %rsi
        .cfi_def_cfa_offset 8
        .cfi_offset 16, -8
        jmp     *%rax
        finish  gr_arch_resume

/* ---- counting ---- */

/* void gr_arch_count(uint64_t *counter, struct gr_slot *slot): adds one on this CPU; see emit.c for the same thing
 * inside a stub. rdi: counter of CPU 0; rsi: slot. */
        begin   gr_arch_count
        movslq  gr_rseq_offset(%rip), %rcx
        testq   %rcx, %rcx
        jz      3f
1:      leaq    count_cs(%rip), %rax
        movq    %rax, %fs:GR_RSEQ_CS(%rcx)
10:     movl    %fs:GR_RSEQ_CPU_ID(%rcx), %eax
        cmpl    gr_count_cpus(%rip), %eax
        jae     3f
        imulq   gr_count_stride(%rip), %rax
        incq    (%rdi, %rax)
20:     ret
3:      lock incq GR_SLOT_SHARED_COUNT(%rsi)
        ret
        .byte   0x0f, 0xb9, 0x3d
        .long   GR_RSEQ_SIGNATURE
4:      jmp     1b
        finish  gr_arch_count

        .section .data.rel.ro.gr_count_cs, "aw", @progbits
        .p2align 5
count_cs:
        .long   0, 0
        .quad   10b, 20b - 10b, 4b

        .section .data.rel.local.DW.ref.gr_personality, "awG", @progbits, DW.ref.gr_personality, comdat
        .hidden DW.ref.gr_personality
        .weak   DW.ref.gr_personality
        .p2align 3
        .type   DW.ref.gr_personality, @object
        .size   DW.ref.gr_personality, 8
DW.ref.gr_personality:
        .quad   gr_personality

        .section .data.rel.ro.gr_arch_thunks, "aw", @progbits
        .p2align 3
        .globl  gr_arch_thunks
        .hidden gr_arch_thunks
        .type   gr_arch_thunks, @object
gr_arch_thunks:
        .quad   gr_thunk_entry_abi, gr_thunk_entry_all, gr_thunk_entry_avx, gr_thunk_entry_xsave
        .quad   gr_thunk_exit_abi, gr_thunk_exit_all, gr_thunk_exit_avx, gr_thunk_exit_xsave
        .size   gr_arch_thunks, . - gr_arch_thunks
        .globl  gr_arch_returns
        .hidden gr_arch_returns
        .type   gr_arch_returns, @object
gr_arch_returns:
        .quad   gr_thunk_return_abi, gr_thunk_return_all, gr_thunk_return_avx, gr_thunk_return_xsave
        .size   gr_arch_returns, . - gr_arch_returns
#endif
        .section .note.GNU-stack, "", @progbits
