/* entries.S: functions that begin with each kind of instruction that says where it is. Each returns 7 * argument + 3 for
 * arguments of 0 and more; see entries.h. */
        .text
        .macro  entry name
        .globl  \name
        .type   \name, %function
        .p2align 4
\name:
        .cfi_startproc
        .endm
        .macro  end name
        .cfi_endproc
        .size   \name, . - \name
        .endm
        .macro  answer                  /* 7 * w0 + 3 */
        lsl     w1, w0, #3
        sub     w0, w1, w0
        add     w0, w0, #3
        ret
        .endm

        entry   e_copy
        mov     w2, w0
        answer
        end     e_copy

        entry   e_frame
        stp     x29, x30, [sp, #-16]!
        .cfi_def_cfa_offset 16
        .cfi_offset 29, -16
        .cfi_offset 30, -8
        mov     x29, sp
        bl      e_copy
        ldp     x29, x30, [sp], #16
        .cfi_def_cfa_offset 0
        ret
        end     e_frame

        entry   e_adr
        adr     x3, three
        ldr     w3, [x3]
        lsl     w1, w0, #3
        sub     w0, w1, w0
        add     w0, w0, w3
        ret
        .p2align 3
three:  .word   3, 0
        end     e_adr

        entry   e_adrp
        adrp    x3, three_elsewhere
        ldr     w3, [x3, :lo12:three_elsewhere]
        lsl     w1, w0, #3
        sub     w0, w1, w0
        add     w0, w0, w3
        ret
        end     e_adrp

        .macro  literal name, load, use:vararg
        entry   \name
        \load
        \use
        lsl     w1, w0, #3
        sub     w0, w1, w0
        add     w0, w0, w3
        ret
        end     \name
        .endm
        literal e_load32, "ldr w3, three", nop
        literal e_load64, "ldr x3, three", nop
        literal e_load_signed, "ldrsw x3, three", nop
        literal e_load_s, "ldr s3, three", fmov w3, s3
        literal e_load_d, "ldr d3, three", fmov w3, s3
        literal e_load_q, "ldr q3, three", fmov w3, s3
        literal e_prefetch, "prfm pldl1keep, three", mov w3, #3

        entry   e_branch
        b       e_copy
        end     e_branch

        entry   e_call                  /* x30 is in x9: a call at the entry returns behind it */
        bl      1f
        mov     w2, #1
        mov     x30, x9
        answer
1:      mov     x9, x10
        ret
        end     e_call

        entry   e_call_register
        blr     x8
        mov     x30, x9
        answer
        end     e_call_register

        .macro  conditional name, branch:vararg
        entry   \name
        \branch
        cbnz    w0, 2f
        mov     w0, #3
        ret
2:      answer
        nop
1:      answer
        end     \name
        .endm
        conditional e_cbz, cbz w0, 1f
        conditional e_cbnz, cbnz w0, 1f
        conditional e_cbz64, cbz x0, 1f
        conditional e_tbz, tbz w0, #0, 1f
        conditional e_tbnz, tbnz w0, #0, 1f
        conditional e_tbnz63, tbnz x0, #63, 1f
        conditional e_equal, b.eq 1f
        conditional e_not_equal, b.ne 1f

        entry   e_landing
        hint    #34                     /* bti c */
        cbz     w0, 1f
1:      answer
        end     e_landing

        entry   e_signed
        hint    #25                     /* paciasp */
        stp     x29, x30, [sp, #-16]!
        .cfi_def_cfa_offset 16
        .cfi_offset 29, -16
        .cfi_offset 30, -8
        bl      e_copy
        ldp     x29, x30, [sp], #16
        .cfi_def_cfa_offset 0
        hint    #29                     /* autiasp */
        ret
        end     e_signed

        entry   e_signed_b
        hint    #27                     /* pacibsp */
        mov     w2, w0
        hint    #31                     /* autibsp */
        answer
        end     e_signed_b

/* ---- refused ---- */

        entry   f_loop                  /* jumps to its own entry */
        sub     w0, w0, #1
        cbnz    w0, f_loop
        ret
        end     f_loop

        entry   f_break
        brk     #0
        ret
        end     f_break

        entry   f_undefined
        udf     #0
        ret
        end     f_undefined

        entry   f_short                 /* a landing pad, and nothing that could move */
        hint    #34
        end     f_short

/* Calls e_call and e_call_register as they want it. int call_odd(int argument, int (*function)(int)) */
        entry   call_odd
        stp     x29, x30, [sp, #-16]!
        .cfi_def_cfa_offset 16
        .cfi_offset 29, -16
        .cfi_offset 30, -8
        adr     x10, 1f
        adr     x8, 2f
        br      x1
2:      mov     x9, x10
        ret
1:      ldp     x29, x30, [sp], #16
        .cfi_def_cfa_offset 0
        ret
        end     call_odd

        .data
        .p2align 3
three_elsewhere:
        .word   3, 0
        .section .note.GNU-stack, "", %progbits
