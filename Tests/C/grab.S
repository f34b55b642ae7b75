/* grab.S: see grab.h. The offsets are those of struct gr_stack_copy; test_unwinding.c checks them. */

        .text
        .globl  grab
        .type   grab, @function
grab:                                   /* rdi: copy */
        movq    (%rsp), %rax
        movq    %rax, 0(%rdi)           /* return_address */
        leaq    8(%rsp), %rax
        movq    %rax, 8(%rdi)           /* stack_pointer */
        movq    %rbx, 16(%rdi)
        movq    %rbp, 24(%rdi)
        movq    %r12, 32(%rdi)
        movq    %r13, 40(%rdi)
        movq    %r14, 48(%rdi)
        movq    %r15, 56(%rdi)
        jmp     gr_stack_capture
        .size   grab, . - grab

        .globl  call_by_cell
        .type   call_by_cell, @function
call_by_cell:                           /* rdi: run, rsi: argument, rdx: cell */
        .cfi_startproc
        movq    %rbx, 8(%rdx)
        popq    (%rdx)
        .cfi_def_cfa_offset 0
        movq    %rdx, %rbx
        .cfi_escape 0x10, 3, 2, 0x73, 8         /* rbx at [rbx + 8] */
        .cfi_escape 0x10, 16, 2, 0x73, 0        /* the return address at [rbx] */
        movq    %rdi, %rax
        movq    %rsi, %rdi
        call    *%rax
        pushq   (%rbx)
        .cfi_def_cfa_offset 8
        .cfi_offset 16, -8
        movq    8(%rbx), %rbx
        .cfi_same_value 3
        ret
        .cfi_endproc
        .size   call_by_cell, . - call_by_cell

        .globl  call_without_table
        .type   call_without_table, @function
call_without_table:                     /* rdi: run, rsi: argument */
        pushq   %rbp
        movq    %rsp, %rbp
        movq    %rdi, %rax
        movq    %rsi, %rdi
        call    *%rax
        popq    %rbp
        ret
        .size   call_without_table, . - call_without_table

        .section .note.GNU-stack, "", @progbits
