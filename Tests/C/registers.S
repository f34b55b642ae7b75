/* registers.S: see registers.h. */
#define STACK 72
#define YMM 88

        .macro  each operation
        .altmacro
        .set    i, 0
        .rept   16
        \operation %i
        .set    i, i + 1
        .endr
        .noaltmacro
        .endm
        .macro  load_wide n
        vmovups YMM + 32 * \n (%r12), %ymm\n
        .endm
        .macro  store_wide n
        vmovups %ymm\n, YMM + 32 * \n (%r13)
        .endm
        .macro  load n
        movups  YMM + 32 * \n (%r12), %xmm\n
        .endm
        .macro  store n
        movups  %xmm\n, YMM + 32 * \n (%r13)
        .endm

        .text
        .globl  registers_call
        .type   registers_call, @function
registers_call:                         /* rdi: function, rsi: before, rdx: after, ecx: wide */
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        .cfi_offset %rbx, -24
        .cfi_offset %r12, -32
        .cfi_offset %r13, -40
        .cfi_offset %r14, -48
        movq    %rdi, %rbx
        movq    %rsi, %r12
        movq    %rdx, %r13
        movl    %ecx, %r14d
        pushq   STACK+8(%r12)
        pushq   STACK(%r12)
        testl   %r14d, %r14d
        jz      1f
        each    load_wide
        jmp     2f
1:      each    load
2:      movq    0(%r12), %rax
        movq    8(%r12), %rcx
        movq    16(%r12), %rdx
        movq    24(%r12), %rsi
        movq    32(%r12), %rdi
        movq    40(%r12), %r8
        movq    48(%r12), %r9
        movq    56(%r12), %r10
        movq    64(%r12), %r11
        call    *%rbx
        movq    %rax, 0(%r13)
        movq    %rcx, 8(%r13)
        movq    %rdx, 16(%r13)
        movq    %rsi, 24(%r13)
        movq    %rdi, 32(%r13)
        movq    %r8, 40(%r13)
        movq    %r9, 48(%r13)
        movq    %r10, 56(%r13)
        movq    %r11, 64(%r13)
        testl   %r14d, %r14d
        jz      1f
        each    store_wide
        vzeroupper
        jmp     2f
1:      each    store
2:      addq    $16, %rsp
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size   registers_call, . - registers_call

        .globl  registers_sum
        .type   registers_sum, @function
registers_sum:
        .cfi_startproc
        movq    %rdi, %rax
        addq    %rsi, %rax
        addq    %rdx, %rax
        addq    %rcx, %rax
        addq    %r8, %rax
        addq    %r9, %rax
        addq    8(%rsp), %rax
        addq    16(%rsp), %rax
        ret
        .cfi_endproc
        .size   registers_sum, . - registers_sum

        .globl  registers_add
        .type   registers_add, @function
registers_add:
        .cfi_startproc
        nopw    0(%rax,%rax)
        addsd   %xmm1, %xmm0
        ret
        .cfi_endproc
        .size   registers_add, . - registers_add

        .section .note.GNU-stack, "", @progbits
