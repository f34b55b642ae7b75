/* function.h: macros that begin and end a private function of an assembly file, with its unwind information. Assembly,
 * not C: the formatter must leave it. */
/* clang-format off */
#ifndef GR_FUNCTION_H
#define GR_FUNCTION_H

        .macro  begin name
        .hidden \name
        .globl  \name
        .type   \name, %function
        .p2align 5
\name:
        .cfi_startproc
        .endm
        .macro  finish name
        .cfi_endproc
        .size   \name, . - \name
        .endm

#endif
