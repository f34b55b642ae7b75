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
 *     E-456  graft_hit            E-456  graft_hit
 *
 * The caller's rax stays where the stub put it: that is its place in graft_registers.
 *
 * The entry thunk's CFI steps over the stub's return address, so unwinders go straight to the caller. The exit thunk
 * takes R off the stack into a frame cell (thread.h), whose address lives in rbx while the function runs, and calls the
 * relocated block from the same stack slot: stack arguments stay where the function looks for them, calls and returns
 * stay paired for the processor, and static CFI can say where R and the caller's rbx are. A personality routine sees
 * exceptions pass. No flags are saved: no ABI keeps them across a call, and GCC's -fipa-ra counts them as used. */
#ifdef __x86_64__
#include "function.h"
#include "save.h"

        .text

/* ---- the end of an async call, and of an access ----
 *
 * Jumped to by a trampoline (completion.c) with the completion in rax, as the continuation that it stands for: arguments
 * are the function's results, r13 its error, r14 its context; E holds the address that the executor's call returns to.
 * Or called, in place of the function that ends an access of a modify or read accessor. */
        .macro  completion_thunk kind
        begin   gr_thunk_completion_\kind
        subq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset TO_CFA
        save_argument_registers
        save_callee_saved
        save_vectors \kind, 16
        movq    %rax, REG(RAX)(%rsp)
        movq    %rax, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_complete         /* leaves the continuation's address in the padding */
        movq    %rax, %rbx              /* has been saved; the wide kinds need rax */
        end_wide \kind
        testq   %rbx, %rbx
        jnz     gr_thunk_call_\kind    /* a coroutine's second function, with a frame */
        movq    REG(RBX)(%rsp), %rbx
        .cfi_same_value %rbx
        .cfi_same_value %r12
        .cfi_same_value %r13
        restore_vectors \kind, 16
        restore_argument_registers
        addq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset 8
        jmp     *-8(%rsp)               /* in the red zone: no signal handler touches it */
        finish  gr_thunk_completion_\kind
        .endm

        completion_thunk all
        completion_thunk avx
        completion_thunk xsave

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

        .section .data.rel.ro.gr_arch_thunks, "aw", @progbits
        .p2align 3
        .globl  gr_arch_thunks
        .hidden gr_arch_thunks
        .type   gr_arch_thunks, @object
gr_arch_thunks:
        .quad   gr_thunk_entry_abi, gr_thunk_entry_all, gr_thunk_entry_avx, gr_thunk_entry_xsave
        .quad   gr_thunk_exit_abi, gr_thunk_exit_all, gr_thunk_exit_avx, gr_thunk_exit_xsave
        .size   gr_arch_thunks, . - gr_arch_thunks
        .globl  gr_arch_completions
        .hidden gr_arch_completions
        .type   gr_arch_completions, @object
gr_arch_completions:
        .quad   gr_thunk_completion_all, gr_thunk_completion_all, gr_thunk_completion_avx, gr_thunk_completion_xsave
        .size   gr_arch_completions, . - gr_arch_completions
        .globl  gr_arch_returns
        .hidden gr_arch_returns
        .type   gr_arch_returns, @object
gr_arch_returns:
        .quad   gr_thunk_return_abi, gr_thunk_return_all, gr_thunk_return_avx, gr_thunk_return_xsave
        .size   gr_arch_returns, . - gr_arch_returns
#endif
        .section .note.GNU-stack, "", @progbits
