/* around.S: between a port's trampoline and its libffi closure: keeps what the function's callers may rely on.
 *
 * In: the arguments as the function gets them, the port in x17. The closure (libffi, reached with its own address in x18)
 * may change every register that the ABI lets it change. Where callers keep to the ABI (kind abi) that is all right and the
 * thunk only jumps. Elsewhere it calls the closure on a stack of its own, with the stack arguments copied, and puts back
 * everything but the registers of the result. The area is that of save.h, with the port where a slot would be. */
#ifdef __aarch64__
#include "function.h"
#include "port.h"
#include "save.h"

        .text

        begin   gr_around_abi
        add     x18, x17, #GR_PORT_CLOSURE
        ldr     x16, [x18]
        br      x16
        finish  gr_around_abi

/* The registers of a result go into the area, and come back with all others. */
        .macro  keep_result bit, register, at
        tbz     w9, #\bit, .Lnot_\register
        str     \register, [sp, #\at]
.Lnot_\register:
        .endm

        begin   gr_around_all
        mov     x16, x17
        save_all all
        .cfi_def_cfa 29, GR_AREA_SIZE - (X(29))
        add     x9, x29, #GR_AREA_SIZE - (X(29))
        ldr     w10, [x17, #GR_PORT_STACK]
        add     x11, x10, #15
        and     x11, x11, #-16
        sub     sp, sp, x11
1:      cbz     x10, 2f
        sub     x10, x10, #8
        ldr     x12, [x9, x10]
        str     x12, [sp, x10]
        b       1b
2:      add     x18, x17, #GR_PORT_CLOSURE
        ldr     x16, [x18]
        blr     x16
        sub     sp, x29, #X(29)
        .cfi_def_cfa 31, GR_AREA_SIZE
        ldr     x9, [sp, #GR_REG_SLOT]
        ldr     w9, [x9, #GR_PORT_RESULTS]
        keep_result GR_RESULT_X0_BIT, x0, X(0)
        keep_result GR_RESULT_X1_BIT, x1, X(1)
        keep_result GR_RESULT_V0_BIT, q0, V(0)
        keep_result GR_RESULT_V1_BIT, q1, V(1)
        keep_result GR_RESULT_V2_BIT, q2, V(2)
        keep_result GR_RESULT_V3_BIT, q3, V(3)
        restore_all all
        ldp     x16, x17, [sp, #X(16)]
        add     sp, sp, #GR_AREA_SIZE
        .cfi_def_cfa_offset 0
        ret
        finish  gr_around_all

        .section .data.rel.ro.gr_arch_around_thunks, "aw", %progbits
        .p2align 3
        .globl  gr_arch_around_thunks
        .hidden gr_arch_around_thunks
        .type   gr_arch_around_thunks, %object
gr_arch_around_thunks:
        .xword  gr_around_abi, gr_around_all, gr_around_all, gr_around_all
        .size   gr_arch_around_thunks, . - gr_arch_around_thunks
#endif
        .section .note.GNU-stack, "", %progbits
