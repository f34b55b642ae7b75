/* thunk.S: what the stubs jump to: save, enter, leave, restore. Entry and exit have a file each; here are the end of an
 * async call, the way on of an exception, and the tables.
 *
 * A stub has put the slot's address into x16; x30 is the return address R, and E the stack pointer at the entry:
 *
 *   caller:   bl f             f: b stub -> br *active
 *
 *   entry stub                               exit stub
 *     x16 = slot                               x16 = slot
 *     br  entry_thunk                          br  exit_thunk
 *
 *   entry thunk                              exit thunk, before, around and after the call
 *     x0-x30, vectors -> area                  x0-x30, vectors -> area
 *     gr_hit_enter                             x19 = gr_hit_enter_frame
 *     area -> x0-x18, vectors                  area -> x0-x18, vectors
 *     br  relocated                            blr relocated         R and the caller's x19 are in the frame
 *                                              results -> area
 *                                              gr_hit_leave          puts R and the caller's x19 into the area
 *                                              area -> results
 *                                              ret
 *
 * The exit thunk takes R into a frame cell (thread.h), whose address lives in x19 while the function runs, and calls the
 * relocated block with the stack pointer at E: stack arguments stay where the function looks for them, calls and returns
 * stay paired for the processor, a return address that the function signs with its stack pointer is the thunk's own, and
 * static CFI can say where R and the caller's x19 are. A personality routine sees exceptions pass. No flags are saved: no
 * ABI keeps them across a call. Arenas' pages carry no landing pads and are not guarded by them. */
#ifdef __aarch64__
#include "function.h"
#include "save.h"

        .text

/* ---- the end of an async call ----
 *
 * Jumped to by a trampoline (completion.c) with the completion in x16, as the continuation that it stands for: arguments
 * are the function's results, x20 its error, x22 its context.
 * Or called, in place of the function that ends an access of a modify or read accessor. */
        begin   gr_thunk_completion_all
        save_all all
        mov     x0, x16
        mov     x1, sp
        bl      gr_hit_complete         /* leaves the continuation's address in the padding */
        cbnz    x0, gr_thunk_call_all   /* a coroutine's second function, with a frame */
        ldr     x16, [sp, #GR_REG_PADDING]
        restore_all all
        add     sp, sp, #GR_AREA_SIZE
        .cfi_def_cfa_offset 0
        br      x16
        finish  gr_thunk_completion_all

/* gr_arch_resume: calls the unwinder's resuming function (x2) with the exception (x0) as if the caller had called it at
 * x1, where it would have been returned to. */
        begin   gr_arch_resume
        .cfi_register 30, 1
        mov     x30, x1
        .cfi_same_value 30
        br      x2
        finish  gr_arch_resume

        .section .data.rel.ro.gr_arch_thunks, "aw", %progbits
        .p2align 3
        .globl  gr_arch_thunks
        .hidden gr_arch_thunks
        .type   gr_arch_thunks, %object
gr_arch_thunks: /* the two last kinds are never asked for: gr_arch_keep_limit */
        .xword  gr_thunk_entry_abi, gr_thunk_entry_all, gr_thunk_entry_all, gr_thunk_entry_all
        .xword  gr_thunk_exit_abi, gr_thunk_exit_all, gr_thunk_exit_all, gr_thunk_exit_all
        .size   gr_arch_thunks, . - gr_arch_thunks
        .globl  gr_arch_returns
        .hidden gr_arch_returns
        .type   gr_arch_returns, %object
gr_arch_returns:
        .xword  gr_thunk_return_abi, gr_thunk_return_all, gr_thunk_return_all, gr_thunk_return_all
        .size   gr_arch_returns, . - gr_arch_returns
#endif
        .section .note.GNU-stack, "", %progbits
