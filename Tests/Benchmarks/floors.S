/* floors.S: the least that each kind of instrumentation can cost, written by hand around a call of bench_bare. Nothing of
 * the library is used here. */
        .text
        .macro  begin name
        .globl  \name
        .type   \name, @function
        .p2align 5
\name:
        .endm

/* jump + count */
        begin   floor_count
        incq    floor_counter(%rip)
        jmp     bench_bare

        .macro  save_general
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %r8
        pushq   %r9
        pushq   %rax
        pushq   %r10
        pushq   %r11
        .endm
        .macro  restore_general
        popq    %r11
        popq    %r10
        popq    %rax
        popq    %r9
        popq    %r8
        popq    %rcx
        popq    %rdx
        popq    %rsi
        popq    %rdi
        .endm
        .macro  save_vectors count
        subq    $16 * \count, %rsp
        .altmacro
        .set    i, 0
        .rept   \count
        save_vector %i
        .set    i, i + 1
        .endr
        .noaltmacro
        .endm
        .macro  save_vector n
        movups  %xmm\n, 16 * \n (%rsp)
        .endm
        .macro  restore_vector n
        movups  16 * \n (%rsp), %xmm\n
        .endm
        .macro  restore_vectors count
        .altmacro
        .set    i, 0
        .rept   \count
        restore_vector %i
        .set    i, i + 1
        .endr
        .noaltmacro
        addq    $16 * \count, %rsp
        .endm

/* argument registers saved, an empty handler called, restored; with 8 and with 16 vectors */
        .macro  floor_entry name, vectors
        begin   \name
        save_general
        save_vectors \vectors
        movq    %rsp, %rdi
        call    *floor_handler(%rip)
        restore_vectors \vectors
        restore_general
        jmp     bench_bare
        .endm
        floor_entry floor_entry_abi, 8
        floor_entry floor_entry_all, 16

/* the same, then the return address taken into a frame, the function called, and an empty handler once more */
        .macro  floor_exit name, vectors, results
        begin   \name
        save_general
        save_vectors \vectors
        movq    %rsp, %rdi
        call    *floor_handler(%rip)
        restore_vectors \vectors
        restore_general
        movq    %rbx, floor_frame+8(%rip)
        popq    floor_frame(%rip)
        leaq    floor_frame(%rip), %rbx
        call    bench_bare
        pushq   %rax
        pushq   %rdx
        save_vectors \results
        movq    %rsp, %rdi
        call    *floor_handler(%rip)
        restore_vectors \results
        popq    %rdx
        popq    %rax
        pushq   (%rbx)
        movq    8(%rbx), %rbx
        ret
        .endm
        floor_exit floor_exit_abi, 8, 2
        floor_exit floor_exit_all, 16, 16

        begin   floor_empty
        ret

        .data
        .p2align 6
floor_counter: .quad 0
        .p2align 6
floor_frame: .quad 0, 0
        .p2align 6
        .globl  floor_handler
floor_handler: .quad floor_empty
        .section .note.GNU-stack, "", @progbits
