/* thunk_exit.S: what an exit stub jumps to, with its slot in x16: tells of the call, calls the relocated block, and tells
 * of the return. See thunk.S. */
#ifdef __aarch64__
#include "function.h"
#include "save.h"

        .text

/* From the moment that x19 leads to the frame: where it has the caller's x19, and the return address. */
        .macro  x19_is_in_frame
        .cfi_escape 0x10, 19, 2, 0x83, GR_FRAME_KEPT
        .endm
        .macro  return_is_in_frame
        .cfi_escape 0x10, 30, 2, 0x83, GR_FRAME_RETURN
        .endm

        .macro  exit_thunk kind
        begin   gr_thunk_exit_\kind
        .cfi_personality 0x9b, DW.ref.gr_personality
        save_all \kind
        mov     x0, x16
        mov     x1, sp
        bl      gr_hit_enter_frame
        cbz     x0, 1f
        .globl  gr_thunk_call_\kind
        .hidden gr_thunk_call_\kind
gr_thunk_call_\kind:                     /* also from the end of an access (thunk.S), with the frame in x0 */
        mov     x19, x0
        x19_is_in_frame
        return_is_in_frame
        restore_vectors_of \kind
        restore_pairs 0, 16
        ldr     x18, [sp, #X(18)]
        ldr     x29, [sp, #X(29)]
        .cfi_same_value 29
        add     sp, sp, #GR_AREA_SIZE
        .cfi_def_cfa_offset 0
        ldr     x16, [x19, #GR_FRAME_CALL]
        blr     x16
        .globl  gr_thunk_return_\kind
        .hidden gr_thunk_return_\kind
gr_thunk_return_\kind:
        sub     sp, sp, #GR_AREA_SIZE
        .cfi_def_cfa_offset GR_AREA_SIZE
        save_pairs 0, 30
        save_vectors_of \kind
        ldp     x16, x17, [x19, #GR_FRAME_RETURN]
        str     x16, [sp, #X(30)]
        str     x17, [sp, #X(19)]
        .cfi_offset 29, X(29) - GR_AREA_SIZE
        add     x29, sp, #X(29)
        mov     x0, x19
        mov     x1, sp
        bl      gr_hit_leave            /* frees the frame; may change where to return to */
        .cfi_offset 19, X(19) - GR_AREA_SIZE
        .cfi_offset 30, X(30) - GR_AREA_SIZE
        ldr     x19, [sp, #X(19)]
        .cfi_same_value 19
        restore_all \kind
        .ifc \kind,all                  /* a callee may not use these as it likes when its caller knows it */
        ldp     x16, x17, [sp, #X(16)]
        .endif
        add     sp, sp, #GR_AREA_SIZE
        .cfi_def_cfa_offset 0
        ret
        /* no frame was to be had: run the function as if only its entry were instrumented */
        .cfi_def_cfa_offset GR_AREA_SIZE
        .cfi_offset 29, X(29) - GR_AREA_SIZE
        .cfi_offset 30, X(30) - GR_AREA_SIZE
1:      ldr     x16, [sp, #GR_REG_PADDING]
        restore_all \kind
        add     sp, sp, #GR_AREA_SIZE
        .cfi_def_cfa_offset 0
        br      x16
        finish  gr_thunk_exit_\kind
        .endm

        exit_thunk abi
        exit_thunk all

        .section .data.rel.local.DW.ref.gr_personality, "awG", %progbits, DW.ref.gr_personality, comdat
        .hidden DW.ref.gr_personality
        .weak   DW.ref.gr_personality
        .p2align 3
        .type   DW.ref.gr_personality, %object
        .size   DW.ref.gr_personality, 8
DW.ref.gr_personality:
        .xword  gr_personality
#endif
        .section .note.GNU-stack, "", %progbits
