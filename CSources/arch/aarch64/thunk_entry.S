/* thunk_entry.S: what an entry stub jumps to, with its slot in x16: tells of the call, and goes on at the relocated
 * block as if nothing had been. See thunk.S. */
#ifdef __aarch64__
#include "function.h"
#include "save.h"

        .text

        .macro  entry_thunk kind
        begin   gr_thunk_entry_\kind
        save_all \kind
        mov     x0, x16
        mov     x1, sp
        bl      gr_hit_enter
        ldr     x16, [sp, #GR_REG_SLOT]
        ldr     x16, [x16, #GR_SLOT_RELOCATED]
        restore_all \kind
        add     sp, sp, #GR_AREA_SIZE
        .cfi_def_cfa_offset 0
        br      x16
        finish  gr_thunk_entry_\kind
        .endm

        entry_thunk abi
        entry_thunk all
#endif
        .section .note.GNU-stack, "", %progbits
