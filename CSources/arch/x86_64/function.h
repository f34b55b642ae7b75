/* function.h: macros that begin and end a private function of an assembly file, with its unwind information. */
/* clang-format off: what follows is assembly, not C */
#ifndef GR_FUNCTION_H
#define GR_FUNCTION_H

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

#endif
