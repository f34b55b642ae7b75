/* thunk_exit.S: the thunks of an entry and its exit, one for each kind of caller; thunk.S has the picture.
 *
 * The short ways before and after the call tell a single plain probe themselves; whatever is not plain goes on in
 * gr_hit_enter_frame and gr_hit_leave, before anything has been done. */
#ifdef __x86_64__
#include "function.h"
#include "plain.h"
#include "save.h"

        .text

/* A frame for this call: the first free one, if the call is deeper on the stack than the latest open one (thread.h,
 * gr_frame_open). Leaves it in r12. */
        .macro  enter_frame_plainly kind
        open_section .Lenter_frame_\kind, .Lundo_enter_frame_\kind
        movq    GR_SITE_DIRECT_EXIT(%rdx), %r9
        movq    GR_THREAD_FREE(%rbx), %r12
        movq    GR_THREAD_OPEN(%rbx), %r10
        leaq    TO_ENTRY(%rsp), %r8
        testq   %r9, %r9
        jz      .Lundo_enter_frame_\kind
        testq   %r12, %r12
        jz      .Lundo_enter_frame_\kind
        testq   %r10, %r10
        jz      1f
        cmpq    %r8, GR_FRAME_STACK(%r10)
        jbe     .Lundo_enter_frame_\kind
        cmpb    $0, GR_FRAME_CLOSED(%r10)
        jne     .Lundo_enter_frame_\kind
1:      count_hit
        movq    GR_FRAME_BELOW(%r12), %rcx
        movq    %rcx, GR_THREAD_FREE(%rbx)
        movq    %r10, GR_FRAME_BELOW(%r12)
        movq    %r12, GR_THREAD_OPEN(%rbx)
        movq    %r8, GR_FRAME_STACK(%r12)
        movq    (%r8), %r10
        movq    %r10, GR_FRAME_RETURN(%r12)
        movq    REG(RBX)(%rsp), %rcx
        movq    %rcx, GR_FRAME_RBX(%r12)
        movq    GR_SLOT_RELOCATED(%rax), %rcx
        movq    %rcx, GR_FRAME_CALL(%r12)
        movq    %rdx, GR_FRAME_SITE(%r12)
        movq    $0, GR_FRAME_START(%r12)
        movl    $1, GR_FRAME_COUNT(%r12)
        keep_errno
        begin_wide \kind
        area_in %rdi, \kind
        movq    %r10, GR_HIT_RETURN(%rdi)
        movq    %r8, GR_HIT_STACK(%rdi)
        pxor    %xmm0, %xmm0
        movups  %xmm0, GR_HIT_NANOSECONDS(%rdi)
        movq    GR_ATTACHMENT_PROBE(%r9), %rsi
        movq    %rsi, GR_FRAME_PROBE(%r12)
        describe_hit GR_PHASE_ENTER
        call_handler
        restore_errno
        close_section
        .ifc \kind,abi
        movq    GR_HIT_COOKIE(%rsp), %rcx
        .else
        movq    GR_HIT_COOKIE(%rbp), %rcx
        .endif
        movq    %rcx, GR_FRAME_COOKIE(%r12)
        end_wide \kind
        movq    %r12, %rbx
        .cfi_escape 0x10, 3, 2, 0x73, GR_FRAME_RBX
        movq    REG(R12)(%rsp), %r12
        movq    REG(R13)(%rsp), %r13
        .cfi_same_value %r12
        .cfi_same_value %r13
        .endm

/* rbx: the frame, which is this thread's latest open one in the plain case. */
        .macro  leave_plainly kind
        movq    gr_plain@gottpoff(%rip), %rcx
        movq    %fs:(%rcx), %r12
        cmpq    $0, GR_THREAD_PINNED(%r12)
        jne     .Lleave_\kind
        cmpq    %rbx, GR_THREAD_OPEN(%r12)
        jne     .Lleave_\kind
        cmpl    $1, GR_FRAME_COUNT(%rbx)
        jne     .Lleave_\kind
        movq    gr_epoch_clock + GR_CLOCK_NOW(%rip), %rsi
        movq    %rsi, GR_THREAD_PINNED(%r12)
        cmpb    $0, gr_epoch_clock + GR_CLOCK_FENCE(%rip)
        jne     .Lundo_leave_\kind
        movq    GR_FRAME_SITE(%rbx), %rdx
        movq    GR_SITE_DIRECT_EXIT(%rdx), %r9
        testq   %r9, %r9
        jz      .Lundo_leave_\kind
        movq    GR_FRAME_PROBE(%rbx), %rsi
        cmpq    GR_ATTACHMENT_PROBE(%r9), %rsi
        jne     .Lundo_leave_\kind
        keep_errno %r12
        begin_wide \kind
        area_in %rdi, \kind
        movq    GR_FRAME_RETURN(%rbx), %rcx
        movq    %rcx, GR_HIT_RETURN(%rdi)
        movq    GR_FRAME_STACK(%rbx), %rcx
        movq    %rcx, GR_HIT_STACK(%rdi)
        movq    $0, GR_HIT_NANOSECONDS(%rdi)
        movq    GR_FRAME_COOKIE(%rbx), %rcx
        movq    %rcx, GR_HIT_COOKIE(%rdi)
        describe_hit GR_PHASE_LEAVE
        call_handler
        restore_errno %r12
        end_wide \kind
        movq    GR_FRAME_RETURN(%rbx), %rcx     /* R back at E, where CFI finds it from here */
        movq    %rcx, TO_ENTRY(%rsp)
        .cfi_offset 16, -8
        .cfi_offset %rbx, REG(RBX) - TO_CFA
        movq    GR_FRAME_BELOW(%rbx), %rcx
        movq    %rcx, GR_THREAD_OPEN(%r12)
        movq    GR_THREAD_FREE(%r12), %rcx
        movq    %rcx, GR_FRAME_BELOW(%rbx)
        movq    %rbx, GR_THREAD_FREE(%r12)
        close_section %r12
        movq    REG(R12)(%rsp), %r12
        movq    REG(R13)(%rsp), %r13
        .cfi_same_value %r12
        .cfi_same_value %r13
        .endm

/* What a function may return in, by any convention; the rest is saved only where a caller may rely on it. */
        .macro  save_results kind
        movq    %rax, REG(RAX)(%rsp)
        movq    %rdx, REG(RDX)(%rsp)
        movq    %rcx, REG(RCX)(%rsp)
        movq    %r8, REG(R8)(%rsp)
        .ifnc \kind,abi
        movq    %rdi, REG(RDI)(%rsp)
        movq    %rsi, REG(RSI)(%rsp)
        movq    %r9, REG(R9)(%rsp)
        movq    %r10, REG(R10)(%rsp)
        movq    %r11, REG(R11)(%rsp)
        .endif
        .endm
        .macro  restore_results kind
        .ifc \kind,abi
        movq    REG(RAX)(%rsp), %rax
        movq    REG(RDX)(%rsp), %rdx
        movq    REG(RCX)(%rsp), %rcx
        movq    REG(R8)(%rsp), %r8
        .else
        restore_argument_registers
        .endif
        .endm

        .macro  exit_thunk kind
        begin   gr_thunk_exit_\kind
        .cfi_personality 0x9b, DW.ref.gr_personality
        subq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset TO_CFA
        begin_hit exit_\kind
        save_callee_saved
        save_vectors \kind, 8
        .cfi_remember_state
        .ifnc \kind,xsave
        enter_frame_plainly \kind
        .else
        jmp     .Lenter_frame_\kind
        .endif
        .globl  gr_thunk_call_\kind
        .hidden gr_thunk_call_\kind
gr_thunk_call_\kind:
.Lcall_\kind:
        .cfi_escape 0x10, 3, 2, 0x73, GR_FRAME_RBX      /* rbx at [rbx + GR_FRAME_RBX] */
        .cfi_same_value %r12
        .cfi_same_value %r13
        restore_vectors \kind, 8
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
        save_results \kind
        movq    GR_FRAME_RBX(%rbx), %rcx
        movq    %rcx, REG(RBX)(%rsp)
        movq    %rbp, REG(RBP)(%rsp)
        movq    %r12, REG(R12)(%rsp)
        movq    %r13, REG(R13)(%rsp)
        movq    %r14, REG(R14)(%rsp)
        movq    %r15, REG(R15)(%rsp)
        save_vectors \kind, 4
        .cfi_offset %r12, REG(R12) - TO_CFA
        .cfi_offset %r13, REG(R13) - TO_CFA
        .cfi_remember_state
        .ifnc \kind,xsave
        leave_plainly \kind
        .else
        jmp     .Lleave_\kind
        .endif
.Lreturn_\kind:
        .cfi_offset 16, -8
        .cfi_offset %rbx, REG(RBX) - TO_CFA
        .cfi_same_value %r12
        .cfi_same_value %r13
        restore_vectors \kind, 4
        movq    REG(RBX)(%rsp), %rbx
        .cfi_same_value %rbx
        restore_results \kind
        addq    $LEAVE_AREA - 8, %rsp
        .cfi_def_cfa_offset 8
        ret
        .cfi_restore_state
.Lundo_leave_\kind:
        close_section %r12
.Lleave_\kind:
        movq    REG(R12)(%rsp), %r12
        movq    %rbx, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_leave            /* puts R back at E and the caller's rbx into the area; frees the frame */
        .cfi_offset 16, -8
        .cfi_offset %rbx, REG(RBX) - TO_CFA
        end_wide \kind
        .ifc \kind,abi
        movq    REG(RDI)(%rsp), %rdi    /* an exception's way on, see leave.c; the other kinds restore all anyway */
        movq    REG(RSI)(%rsp), %rsi
        .endif
        jmp     .Lreturn_\kind
        .cfi_restore_state
.Lundo_enter_frame_\kind:
        close_section
.Lenter_frame_\kind:
        movq    REG(R12)(%rsp), %r12
        movq    %rax, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_enter_frame
.Lframed_\kind:
        movq    %rax, %rbx              /* has been saved; the wide kinds need rax */
        end_wide \kind
        testq   %rbx, %rbx
        jnz     .Lcall_\kind
        /* no frame was to be had: run the function as if only its entry were instrumented */
        restore_vectors \kind, 8
        movq    REG(RBX)(%rsp), %rbx
        restore_argument_registers      /* gr_hit_enter_frame left the relocated block's address in the padding */
        addq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset 8
        jmp     *-8(%rsp)               /* in the red zone: no signal handler touches it */
        .cfi_def_cfa %rsp, TO_CFA
        sample_hit exit_\kind
        save_vectors \kind, 8
        movq    %rax, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_enter_frame_chosen
        jmp     .Lframed_\kind
        .ifnc \kind,abi
        .cfi_def_cfa %rsp, TO_CFA
        .cfi_same_value %rbp
        .endif
.Lleave_out_exit_\kind:
        .cfi_same_value %rbx
        .cfi_same_value %r12
        .cfi_same_value %r13
        movq    GR_SLOT_RELOCATED(%rax), %rcx
        movq    %rcx, GR_HIT_SIZE + GR_REG_PADDING(%rsp)
        restore_working_registers
        movq    REG(RDX)(%rsp), %rdx
        movq    REG(RAX)(%rsp), %rax
        addq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset 8
        jmp     *-8(%rsp)
        finish  gr_thunk_exit_\kind
        .endm

        exit_thunk abi
        exit_thunk all
        exit_thunk avx
        exit_thunk xsave

        .section .data.rel.local.DW.ref.gr_personality, "awG", @progbits, DW.ref.gr_personality, comdat
        .hidden DW.ref.gr_personality
        .weak   DW.ref.gr_personality
        .p2align 3
        .type   DW.ref.gr_personality, @object
        .size   DW.ref.gr_personality, 8
DW.ref.gr_personality:
        .quad   gr_personality
#endif
        .section .note.GNU-stack, "", @progbits
