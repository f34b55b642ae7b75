/* xsave.h: makes room on the stack for all that XSAVE keeps, and keeps it. Assembly, not C: the formatter must leave it. */
/* clang-format off */
#ifndef GR_XSAVE_H
#define GR_XSAVE_H

/* rsp: where it is, from here on. Clobbers rax and rdx. */
        .macro  push_xsave
        subq    gr_xsave_size(%rip), %rsp
        andq    $-64, %rsp
        xorl    %eax, %eax              /* the header must be clean before a compact save */
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
        .endm

#endif
