/* many.S: COUNT functions many_0, many_1, ... that begin as Swift's do; many_N(x) is x + N. `many` is the table of them.
 *
 * SPACING bytes apart: a jump whose displacement is what stands there already needs a page of its own for each page of
 * functions, so widely spaced ones use up what the library allows itself for that, and the rest needs traps. */
        .altmacro

        .macro  one n
        .p2align 4
        .globl  many_\n
        .type   many_\n, @function
many_\n:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        pushq   %r13
        .cfi_offset %r13, -24
        pushq   %rax
        leaq    \n(%rdi), %rax
        popq    %rcx
        popq    %r13
        popq    %rbp
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size   many_\n, . - many_\n
        .org    many_\n + SPACING, 0xcc
        .pushsection .data.rel.ro, "aw", @progbits
        .quad   many_\n
        .popsection
        .endm

        .section .data.rel.ro, "aw", @progbits
        .p2align 3
        .globl  many
        .type   many, @object
        .size   many, 8 * COUNT
many:
        .text
        .set    number, 0
        .rept   COUNT
        one     %number
        .set    number, number + 1
        .endr

        .section .note.GNU-stack, "", @progbits
