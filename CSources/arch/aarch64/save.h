/* save.h: a thunk's area on the stack, and how registers get there and back. Assembly, not C: the formatter must leave it.
 *
 *   E        stack pointer at the function's entry, which is the CFA
 *   E-8      padding
 *   E-16     where to go when there is no frame (GR_REG_PADDING)
 *   E-784    graft_registers, and the stack pointer while C runs
 *
 * x29 and x30 are neighbours in the area, which makes a frame record of them: who follows frame pointers from a handler
 * comes to the caller. Kinds: abi keeps what a caller may rely on and what arguments come in; all keeps every register. */
/* clang-format off */
#ifndef GR_SAVE_H
#define GR_SAVE_H

#include "layout.h"

#define X(n) GR_REG_X + 8 * n
#define V(n) GR_REG_V + 16 * n

        .macro  save_pairs from, to
        .altmacro
        .set    i, \from
        .rept   (\to - \from) / 2
        save_pair %i, %(i + 1)
        .set    i, i + 2
        .endr
        .noaltmacro
        .endm
        .macro  save_pair a, b
        stp     x\a, x\b, [sp, #X(\a)]
        .endm
        .macro  restore_pairs from, to
        .altmacro
        .set    i, \from
        .rept   (\to - \from) / 2
        restore_pair %i, %(i + 1)
        .set    i, i + 2
        .endr
        .noaltmacro
        .endm
        .macro  restore_pair a, b
        ldp     x\a, x\b, [sp, #X(\a)]
        .endm

        .macro  save_vectors to
        .altmacro
        .set    i, 0
        .rept   \to / 2
        save_vector_pair %i, %(i + 1)
        .set    i, i + 2
        .endr
        .noaltmacro
        .endm
        .macro  save_vector_pair a, b
        stp     q\a, q\b, [sp, #V(\a)]
        .endm
        .macro  restore_vectors to
        .altmacro
        .set    i, 0
        .rept   \to / 2
        restore_vector_pair %i, %(i + 1)
        .set    i, i + 2
        .endr
        .noaltmacro
        .endm
        .macro  restore_vector_pair a, b
        ldp     q\a, q\b, [sp, #V(\a)]
        .endm

        .macro  save_vectors_of kind
        .ifc \kind,abi
        save_vectors 8
        .else
        save_vectors 32
        .endif
        .endm
        .macro  restore_vectors_of kind
        .ifc \kind,abi
        restore_vectors 8
        .else
        restore_vectors 32
        .endif
        .endm

/* Begins a thunk's area, with everything in it. x16 is what the stub has brought. */
        .macro  save_all kind
        sub     sp, sp, #GR_AREA_SIZE
        .cfi_def_cfa_offset GR_AREA_SIZE
        save_pairs 0, 30
        stp     x30, x16, [sp, #X(30)]
        .cfi_offset 29, X(29) - GR_AREA_SIZE
        .cfi_offset 30, X(30) - GR_AREA_SIZE
        save_vectors_of \kind
        add     x29, sp, #X(29)
        .endm

/* Gives the area back. x16 and x17 are free at a function's entry (emit.c), the others below x19 are not; those from x19 to
 * x28 the C function has kept. */
        .macro  restore_all kind
        restore_vectors_of \kind
        restore_pairs 0, 16
        ldr     x18, [sp, #X(18)]
        ldp     x29, x30, [sp, #X(29)]
        .cfi_same_value 29
        .cfi_same_value 30
        .endm

#endif
