/* many.S: COUNT functions many_0, many_1, ..., SPACING bytes apart; many_N(x) is x + N. `many` is the table of them.
 *
 * They begin as Swift's do; or, with NEED_TRAPS, so that they cannot be patched by one store: an instruction begins inside
 * the five bytes of a jump, and the bytes of that one, taken as the upper part of a displacement, lead into the program
 * itself (which has ROOM bytes of nothing for that), where no hop can stand; also those of a jump one byte later. */
        .altmacro
        .set    ROOM, 256 * COUNT + 0x1000

        .macro  frame n
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
        .endm

        .macro  constant n
        .byte   0x66, 0x90              /* nop of two bytes */
        .byte   0x05, 0, 0, 0, 0        /* addl $0, %eax */
        movl    $\n, %eax
        addq    %rdi, %rax
        ret
        .endm

        .macro  one n
        .p2align 4
        .globl  many_\n
        .type   many_\n, @function
many_\n:
        .cfi_startproc
#ifdef NEED_TRAPS
        constant \n
#else
        frame   \n
#endif
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

#ifdef NEED_TRAPS
        .bss
        .globl  many_room
        .type   many_room, @object
        .size   many_room, ROOM
many_room:
        .zero   ROOM
#endif

        .section .note.GNU-stack, "", @progbits
