/* thunk_entry.S: an entry's thunks, one for each kind of caller; thunk.S has the picture.
 *
 * The short way tells a single plain probe itself; whatever is not plain goes on in gr_hit_enter, before anything has
 * been done. */
#ifdef __x86_64__
#include "function.h"
#include "plain.h"
#include "save.h"

        .text

        .macro  enter_plainly kind
        open_section .Lenter_\kind, .Lundo_enter_\kind
        movq    GR_SITE_DIRECT(%rdx), %r9
        testq   %r9, %r9
        jz      .Lundo_enter_\kind
        count_hit
        keep_errno
        begin_wide \kind
        area_in %rdi, \kind
        leaq    TO_ENTRY(%rdi), %rsi
        movq    (%rsi), %rcx
        movq    %rcx, GR_HIT_RETURN(%rdi)
        movq    %rsi, GR_HIT_STACK(%rdi)
        pxor    %xmm0, %xmm0
        movups  %xmm0, GR_HIT_NANOSECONDS(%rdi) /* and the cookie behind it */
        movq    GR_ATTACHMENT_PROBE(%r9), %rsi
        describe_hit GR_PHASE_ENTER
        call_handler
        restore_errno
        close_section
        end_wide \kind
        movq    REG(RBX)(%rsp), %rbx
        movq    REG(R13)(%rsp), %r13
        .endm

        .macro  entry_thunk kind
        begin   gr_thunk_entry_\kind
        /* rsp = E-8: the stub's return address; the caller's is at E, which is where unwinders go */
        .cfi_def_cfa_offset 16
        subq    $AREA, %rsp
        .cfi_def_cfa_offset TO_CFA
        begin_hit entry_\kind
        save_callee_saved
        save_vectors \kind, 8
        .cfi_remember_state
        .ifnc \kind,xsave
        enter_plainly \kind
        .else
        jmp     .Lenter_\kind
        .endif
.Lleave_entry_\kind:
        .cfi_same_value %rbx
        .cfi_same_value %r12
        .cfi_same_value %r13
        restore_vectors \kind, 8
        restore_argument_registers
        addq    $AREA, %rsp
        .cfi_def_cfa_offset 16
        ret
        .cfi_restore_state
.Lundo_enter_\kind:
        close_section
.Lenter_\kind:
        movq    REG(RBX)(%rsp), %rbx
        movq    %rax, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_enter
        end_wide \kind
        jmp     .Lleave_entry_\kind
        sample_hit entry_\kind
        save_vectors \kind, 8
        movq    %rax, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_enter_chosen
        end_wide \kind
        jmp     .Lleave_entry_\kind
.Lleave_out_entry_\kind:
        .cfi_same_value %rbx
        .cfi_same_value %r12
        .cfi_same_value %r13
        restore_working_registers
        movq    REG(RDX)(%rsp), %rdx
        movq    REG(RAX)(%rsp), %rax
        addq    $AREA, %rsp
        .cfi_def_cfa_offset 16
        ret
        finish  gr_thunk_entry_\kind
        .endm

        entry_thunk abi
        entry_thunk all
        entry_thunk avx
        entry_thunk xsave
#endif
        .section .note.GNU-stack, "", @progbits
