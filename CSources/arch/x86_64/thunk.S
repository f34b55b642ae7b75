/* thunk.S: what the stubs call: save, enter, leave, restore.
 *
 * A stub has put the slot's address into rax and the caller's rax below the entry's stack pointer. With E the stack
 * pointer at the function's entry (E points to the return address R):
 *
 *   caller:   call f             f: jmp hop -> jmp *active -> stub
 *
 *   entry stub                               exit stub
 *     mov  %rax,-16(%rsp)                      mov %rax,-16(%rsp)
 *     lea  slot(%rip),%rax                     lea slot(%rip),%rax
 *     call *entry_thunk                        jmp *exit_thunk
 *     jmp  relocated
 *
 *   in the entry thunk          in the exit thunk, before       around the call, after
 *     E      R                    E      R                        E      address in this file
 *     E-8    into the stub        E-8    (padding)                E-8…   the function's own frame
 *     E-392  graft_registers      E-392  graft_registers
 *     E-456  graft_hit            E-456  graft_hit
 *
 * The caller's rax stays where the stub put it: that is its place in graft_registers.
 *
 * The entry thunk's CFI steps over the stub's return address, so unwinders go straight to the caller. The exit thunk
 * takes R off the stack into a frame cell (thread.h), whose address lives in rbx while the function runs, and calls the
 * relocated block from the same stack slot: stack arguments stay where the function looks for them, calls and returns
 * stay paired for the processor, and static CFI can say where R and the caller's rbx are. A personality routine sees
 * exceptions pass. No flags are saved: no ABI keeps them across a call, and GCC's -fipa-ra counts them as used. */
#ifdef __x86_64__
#include "function.h"
#include "layout.h"

#define REG(name) GR_HIT_SIZE + GR_REG_##name
#define AREA (GR_HIT_SIZE + GR_REG_SIZE)        /* graft_hit, then graft_registers */
#define TO_ENTRY (GR_HIT_SIZE + GR_LEAVE_RETURN) /* from the area to E, in each thunk */
#define TO_CFA (TO_ENTRY + 8)
#define UPPER_SIZE 256

        .text

/* ---- saving and restoring what each kind keeps: abi, all, avx, xsave ---- */

        .macro  save_argument_registers
        movq    %rdx, REG(RDX)(%rsp)
        save_working_registers
        save_other_registers
        .endm
        /* those that sampling needs, besides rdx */
        .macro  save_working_registers
        movq    %rdi, REG(RDI)(%rsp)
        movq    %rsi, REG(RSI)(%rsp)
        movq    %rcx, REG(RCX)(%rsp)
        .endm
        .macro  restore_working_registers
        movq    REG(RDI)(%rsp), %rdi
        movq    REG(RSI)(%rsp), %rsi
        movq    REG(RCX)(%rsp), %rcx
        .endm
        .macro  save_other_registers
        movq    %r8, REG(R8)(%rsp)
        movq    %r9, REG(R9)(%rsp)
        movq    %r10, REG(R10)(%rsp)
        movq    %r11, REG(R11)(%rsp)
        .endm

        /* and says so to unwinders: the short ways work with rbx, r12 and r13 */
        .macro  save_callee_saved
        movq    %rbx, REG(RBX)(%rsp)
        movq    %rbp, REG(RBP)(%rsp)
        movq    %r12, REG(R12)(%rsp)
        movq    %r13, REG(R13)(%rsp)
        movq    %r14, REG(R14)(%rsp)
        movq    %r15, REG(R15)(%rsp)
        .cfi_offset %rbx, REG(RBX) - TO_CFA
        .cfi_offset %r12, REG(R12) - TO_CFA
        .cfi_offset %r13, REG(R13) - TO_CFA
        .endm

        .macro  restore_argument_registers
        movq    REG(RDI)(%rsp), %rdi
        movq    REG(RSI)(%rsp), %rsi
        movq    REG(RDX)(%rsp), %rdx
        movq    REG(RCX)(%rsp), %rcx
        movq    REG(R8)(%rsp), %r8
        movq    REG(R9)(%rsp), %r9
        movq    REG(R10)(%rsp), %r10
        movq    REG(R11)(%rsp), %r11
        movq    REG(RAX)(%rsp), %rax
        .endm

        .macro  vectors operation, from, to
        .altmacro
        .set    i, \from
        .rept   \to - \from
        vector_\operation %i
        .set    i, i + 1
        .endr
        .noaltmacro
        .endm
        .macro  vector_save n
        movups  %xmm\n, REG(XMM) + 16 * \n (%rsp)
        .endm
        .macro  vector_restore n
        movups  REG(XMM) + 16 * \n (%rsp), %xmm\n
        .endm
        .macro  vector_restore_avx n
        vmovups REG(XMM) + 16 * \n (%rbp), %xmm\n
        .endm
        .macro  vector_save_avx n
        vmovups %xmm\n, REG(XMM) + 16 * \n (%rsp)
        .endm
        .macro  vector_save_upper n
        vextractf128 $1, %ymm\n, 16 * \n (%rsp)
        .endm
        .macro  vector_restore_upper n
        vmovups REG(XMM) + 16 * \n (%rbp), %xmm\n
        vinsertf128 $1, 16 * \n (%rsp), %ymm\n, %ymm\n
        .endm

/* The wide kinds keep the rest of the vectors below the area; rbp, which has been saved, points to the area then. All
 * kinds but abi also align the stack: a caller that knows the function may have called it with any alignment (GCC does,
 * for local functions that do not mind), and C code must not be. */
        .macro  save_wide kind
        .ifc \kind,all
        movq    %rsp, %rbp
        andq    $-16, %rsp
        .endif
        .ifc \kind,avx
        movq    %rsp, %rbp
        subq    $UPPER_SIZE, %rsp
        andq    $-16, %rsp
        vectors save_upper, 0, 16
        vzeroupper
        .endif
        .ifc \kind,xsave
        movq    %rsp, %rbp
        subq    gr_xsave_size(%rip), %rsp
        andq    $-64, %rsp
        /* the header must be clean before a compact save */
        xorl    %eax, %eax
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
        vzeroupper
        .endif
        .endm

        .macro  restore_wide kind
        .ifc \kind,all
        movq    %rbp, %rsp
        .endif
        .ifc \kind,xsave
        vectors restore_avx, 0, 16      /* clears the upper parts, which the next instruction brings back */
        movl    gr_xsave_mask(%rip), %eax
        movl    gr_xsave_mask+4(%rip), %edx
        xrstor64 (%rsp)
        movq    %rbp, %rsp
        .endif
        .ifc \kind,avx
        vectors restore_upper, 0, 16
        movq    %rbp, %rsp
        .endif
        .endm

/* Calls `function` with rdi and rsi set, on an aligned stack, everything saved. rbp is callee-saved: the wide kinds
 * use it to find the area again. */
        .macro  save_vectors kind, abi_count
        .ifc \kind,abi
        vectors save, 0, \abi_count
        .endif
        .ifc \kind,all
        vectors save, 0, 16
        .endif
        .ifc \kind,avx                  /* old and new encodings are never mixed while upper halves are in use: slow */
        vectors save_avx, 0, 16
        .endif
        .ifc \kind,xsave
        vectors save_avx, 0, 16
        .endif
        .endm
        .macro  restore_vectors kind, abi_count
        .ifc \kind,abi
        vectors restore, 0, \abi_count
        .endif
        .ifc \kind,all
        vectors restore, 0, 16
        .endif
        .endm

/* rbp holds the area's address while the stack is extended by a wide kind: say so to unwinders. */
        .macro  begin_wide kind
        save_wide \kind
        .ifnc \kind,abi
        .cfi_def_cfa %rbp, TO_CFA
        .cfi_offset %rbp, REG(RBP) - TO_CFA
        .endif
        .endm
        .macro  end_wide kind
        restore_wide \kind
        .ifnc \kind,abi
        .cfi_def_cfa %rsp, TO_CFA
        movq    REG(RBP)(%rsp), %rbp
        .cfi_same_value %rbp
        .endif
        .endm

/* ---- the short ways ----
 *
 * What gr_hit_enter, gr_hit_enter_frame and gr_hit_leave do in their plain case (a single probe that asks for nothing
 * special, on a thread that has a block), in less than half of the instructions. Whatever is not plain goes on in C,
 * before anything has been done. */

/* Where the area is after begin_wide. */
        .macro  area_in register, kind
        .ifc \kind,abi
        movq    %rsp, \register
        .else
        movq    %rbp, \register
        .endif
        .endm

/* rbx: the thread's block, its section opened: the guard, and the epoch. Clobbers rcx, rsi. */
        .macro  open_section plain_not, undo
        movq    gr_plain@gottpoff(%rip), %rcx
        movq    %fs:(%rcx), %rbx
        cmpq    $0, GR_THREAD_PINNED(%rbx)
        jne     \plain_not
        movq    gr_epoch_clock + GR_CLOCK_NOW(%rip), %rsi
        movq    %rsi, GR_THREAD_PINNED(%rbx)
        cmpb    $0, gr_epoch_clock + GR_CLOCK_FENCE(%rip)
        jne     \undo
        .endm

/* One more hit of the site rdx, on this CPU; emit.c writes the same into stubs. A preempted count begins again, when
 * nothing has been done yet. A thread that the kernel does not know reads a huge number for its CPU, and counts in the
 * slot, rax, with a locked addition. With `value`, ecx is the new count's low half. Clobbers rcx, rsi, rdi. */
        .macro  count_hit value
        movslq  gr_rseq_offset(%rip), %rcx
        movq    GR_SITE_COUNTER(%rdx), %rdi
.Lrestart\@:
        leaq    .Lcs\@(%rip), %rsi
        movq    %rsi, %fs:GR_RSEQ_CS(%rcx)
.Lstart\@:
        movl    %fs:GR_RSEQ_CPU_ID(%rcx), %esi
        cmpl    gr_count_cpus(%rip), %esi
        jae     .Lshared\@
        imulq   gr_count_stride(%rip), %rsi
        incq    (%rdi, %rsi)
.Lcommitted\@:
        .ifnb \value
        movl    (%rdi, %rsi), %ecx
        .endif
.Lcounted\@:
        .pushsection .text.gr_count_aside, "ax", @progbits
        .byte   0x0f, 0xb9, 0x3d
        .long   GR_RSEQ_SIGNATURE
.Labort\@:
        jmp     .Lrestart\@
.Lshared\@:
        lock incq GR_SLOT_SHARED_COUNT(%rax)
        movl    GR_SLOT_SHARED_COUNT(%rax), %ecx
        jmp     .Lcounted\@
        .popsection
        .pushsection .data.rel.ro.gr_count_cs, "aw", @progbits
        .p2align 5
.Lcs\@:
        .long   0, 0
        .quad   .Lstart\@, .Lcommitted\@ - .Lstart\@, .Labort\@
        .popsection
        .endm

/* Begins a hit: rdx is the site, the argument registers are saved. A site that samples is asked first, aside. */
        .macro  begin_hit name
        movq    %rdx, REG(RDX)(%rsp)
        movq    GR_SLOT_SITE(%rax), %rdx
        cmpl    $0, GR_SITE_SAMPLE(%rdx)
        jne     .Lsample_\name
.Lall_\name:
        save_working_registers
        save_other_registers
        .endm

/* Counts, and goes on behind this for one call in so many; for the others, `leave_out` undoes what has been done. A thread
 * that is not plain goes the long way, where hit.c counts and samples. rdx: site. */
        .macro  sample_hit name
.Lsample_\name:
        .cfi_same_value %rbx
        .cfi_same_value %r12
        .cfi_same_value %r13
        save_working_registers
        movq    gr_plain@gottpoff(%rip), %rcx
        movq    %fs:(%rcx), %rcx
        cmpq    $0, GR_THREAD_PINNED(%rcx)
        jne     2f
        count_hit value
        imull   GR_SITE_SAMPLE(%rdx), %ecx
        cmpl    GR_SITE_SAMPLE(%rdx), %ecx
        jae     .Lleave_out_\name
        save_other_registers
        save_callee_saved
        jmp     3f
2:      restore_working_registers
        jmp     .Lall_\name
3:
        .endm

/* errno is the program's: r13d keeps it while the handler runs. Clobber rcx. */
        .macro  keep_errno thread=%rbx
        movq    GR_THREAD_ERRNO(\thread), %rcx
        movl    (%rcx), %r13d
        .endm
        .macro  restore_errno thread=%rbx
        movq    GR_THREAD_ERRNO(\thread), %rcx
        movl    %r13d, (%rcx)
        .endm

/* Fills in what every phase's hit, at rdi, has: of the probe in rsi and the site rdx. Clobbers rcx, rdx. */
        .macro  describe_hit phase
        movq    %rsi, GR_HIT_PROBE(%rdi)
        movq    $\phase, GR_HIT_PHASE(%rdi)
        addq    $GR_SITE_ENTRY, %rdx
        movq    %rdx, GR_HIT_ENTRY(%rdi)
        leaq    GR_HIT_SIZE(%rdi), %rcx
        movq    %rcx, GR_HIT_REGISTERS(%rdi)
        .endm

/* Calls the handler of the attachment r9 with the hit at rdi. */
        .macro  call_handler
        movq    GR_ATTACHMENT_CONTEXT(%r9), %rsi
        call    *GR_ATTACHMENT_HANDLER(%r9)
        .endm

        .macro  close_section thread=%rbx
        movq    $0, GR_THREAD_PINNED(\thread)
        .endm

/* ---- entry ---- */

        .macro  enter_plainly kind
        open_section .Lenter_\kind, .Lundo_enter_\kind
        movq    GR_SITE_DIRECT(%rdx), %r9
        testq   %r9, %r9
        jz      .Lundo_enter_\kind
        count_hit
        keep_errno
        begin_wide \kind
        area_in %rdi, \kind
        leaq    TO_ENTRY(%rdi), %rsi
        movq    (%rsi), %rcx
        movq    %rcx, GR_HIT_RETURN(%rdi)
        movq    %rsi, GR_HIT_STACK(%rdi)
        pxor    %xmm0, %xmm0
        movups  %xmm0, GR_HIT_NANOSECONDS(%rdi) /* and the cookie behind it */
        movq    GR_ATTACHMENT_PROBE(%r9), %rsi
        describe_hit GR_PHASE_ENTER
        call_handler
        restore_errno
        close_section
        end_wide \kind
        movq    REG(RBX)(%rsp), %rbx
        movq    REG(R13)(%rsp), %r13
        .endm

        .macro  entry_thunk kind
        begin   gr_thunk_entry_\kind
        /* rsp = E-8: the stub's return address; the caller's is at E, which is where unwinders go */
        .cfi_def_cfa_offset 16
        subq    $AREA, %rsp
        .cfi_def_cfa_offset TO_CFA
        begin_hit entry_\kind
        save_callee_saved
        save_vectors \kind, 8
        .cfi_remember_state
        .ifnc \kind,xsave
        enter_plainly \kind
        .else
        jmp     .Lenter_\kind
        .endif
.Lleave_entry_\kind:
        .cfi_same_value %rbx
        .cfi_same_value %r12
        .cfi_same_value %r13
        restore_vectors \kind, 8
        restore_argument_registers
        addq    $AREA, %rsp
        .cfi_def_cfa_offset 16
        ret
        .cfi_restore_state
.Lundo_enter_\kind:
        close_section
.Lenter_\kind:
        movq    REG(RBX)(%rsp), %rbx
        movq    %rax, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_enter
        end_wide \kind
        jmp     .Lleave_entry_\kind
        sample_hit entry_\kind
        save_vectors \kind, 8
        movq    %rax, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_enter_chosen
        end_wide \kind
        jmp     .Lleave_entry_\kind
.Lleave_out_entry_\kind:
        .cfi_same_value %rbx
        .cfi_same_value %r12
        .cfi_same_value %r13
        restore_working_registers
        movq    REG(RDX)(%rsp), %rdx
        movq    REG(RAX)(%rsp), %rax
        addq    $AREA, %rsp
        .cfi_def_cfa_offset 16
        ret
        finish  gr_thunk_entry_\kind
        .endm

/* ---- entry and exit ---- */

#define EXIT_AREA (AREA + 8)       /* before the call: R stays above the area */
#define LEAVE_AREA (AREA + 16)     /* after it: the slot where R was belongs to us */

/* A frame for this call: the first free one, if the call is deeper on the stack than the latest open one (thread.h,
 * gr_frame_open). Leaves it in r12. */
        .macro  enter_frame_plainly kind
        open_section .Lenter_frame_\kind, .Lundo_enter_frame_\kind
        movq    GR_SITE_DIRECT_EXIT(%rdx), %r9
        movq    GR_THREAD_FREE(%rbx), %r12
        movq    GR_THREAD_OPEN(%rbx), %r10
        leaq    TO_ENTRY(%rsp), %r8
        testq   %r9, %r9
        jz      .Lundo_enter_frame_\kind
        testq   %r12, %r12
        jz      .Lundo_enter_frame_\kind
        testq   %r10, %r10
        jz      1f
        cmpq    %r8, GR_FRAME_STACK(%r10)
        jbe     .Lundo_enter_frame_\kind
        cmpb    $0, GR_FRAME_CLOSED(%r10)
        jne     .Lundo_enter_frame_\kind
1:      count_hit
        movq    GR_FRAME_BELOW(%r12), %rcx
        movq    %rcx, GR_THREAD_FREE(%rbx)
        movq    %r10, GR_FRAME_BELOW(%r12)
        movq    %r12, GR_THREAD_OPEN(%rbx)
        movq    %r8, GR_FRAME_STACK(%r12)
        movq    (%r8), %r10
        movq    %r10, GR_FRAME_RETURN(%r12)
        movq    REG(RBX)(%rsp), %rcx
        movq    %rcx, GR_FRAME_RBX(%r12)
        movq    GR_SLOT_RELOCATED(%rax), %rcx
        movq    %rcx, GR_FRAME_CALL(%r12)
        movq    %rdx, GR_FRAME_SITE(%r12)
        movq    $0, GR_FRAME_START(%r12)
        movl    $1, GR_FRAME_COUNT(%r12)
        keep_errno
        begin_wide \kind
        area_in %rdi, \kind
        movq    %r10, GR_HIT_RETURN(%rdi)
        movq    %r8, GR_HIT_STACK(%rdi)
        pxor    %xmm0, %xmm0
        movups  %xmm0, GR_HIT_NANOSECONDS(%rdi)
        movq    GR_ATTACHMENT_PROBE(%r9), %rsi
        movq    %rsi, GR_FRAME_PROBE(%r12)
        describe_hit GR_PHASE_ENTER
        call_handler
        restore_errno
        close_section
        .ifc \kind,abi
        movq    GR_HIT_COOKIE(%rsp), %rcx
        .else
        movq    GR_HIT_COOKIE(%rbp), %rcx
        .endif
        movq    %rcx, GR_FRAME_COOKIE(%r12)
        end_wide \kind
        movq    %r12, %rbx
        .cfi_escape 0x10, 3, 2, 0x73, GR_FRAME_RBX
        movq    REG(R12)(%rsp), %r12
        movq    REG(R13)(%rsp), %r13
        .cfi_same_value %r12
        .cfi_same_value %r13
        .endm

/* rbx: the frame, which is this thread's latest open one in the plain case. */
        .macro  leave_plainly kind
        movq    gr_plain@gottpoff(%rip), %rcx
        movq    %fs:(%rcx), %r12
        cmpq    $0, GR_THREAD_PINNED(%r12)
        jne     .Lleave_\kind
        cmpq    %rbx, GR_THREAD_OPEN(%r12)
        jne     .Lleave_\kind
        cmpl    $1, GR_FRAME_COUNT(%rbx)
        jne     .Lleave_\kind
        movq    gr_epoch_clock + GR_CLOCK_NOW(%rip), %rsi
        movq    %rsi, GR_THREAD_PINNED(%r12)
        cmpb    $0, gr_epoch_clock + GR_CLOCK_FENCE(%rip)
        jne     .Lundo_leave_\kind
        movq    GR_FRAME_SITE(%rbx), %rdx
        movq    GR_SITE_DIRECT_EXIT(%rdx), %r9
        testq   %r9, %r9
        jz      .Lundo_leave_\kind
        movq    GR_FRAME_PROBE(%rbx), %rsi
        cmpq    GR_ATTACHMENT_PROBE(%r9), %rsi
        jne     .Lundo_leave_\kind
        keep_errno %r12
        begin_wide \kind
        area_in %rdi, \kind
        movq    GR_FRAME_RETURN(%rbx), %rcx
        movq    %rcx, GR_HIT_RETURN(%rdi)
        movq    GR_FRAME_STACK(%rbx), %rcx
        movq    %rcx, GR_HIT_STACK(%rdi)
        movq    $0, GR_HIT_NANOSECONDS(%rdi)
        movq    GR_FRAME_COOKIE(%rbx), %rcx
        movq    %rcx, GR_HIT_COOKIE(%rdi)
        describe_hit GR_PHASE_LEAVE
        call_handler
        restore_errno %r12
        end_wide \kind
        movq    GR_FRAME_RETURN(%rbx), %rcx     /* R back at E, where CFI finds it from here */
        movq    %rcx, TO_ENTRY(%rsp)
        .cfi_offset 16, -8
        .cfi_offset %rbx, REG(RBX) - TO_CFA
        movq    GR_FRAME_BELOW(%rbx), %rcx
        movq    %rcx, GR_THREAD_OPEN(%r12)
        movq    GR_THREAD_FREE(%r12), %rcx
        movq    %rcx, GR_FRAME_BELOW(%rbx)
        movq    %rbx, GR_THREAD_FREE(%r12)
        close_section %r12
        movq    REG(R12)(%rsp), %r12
        movq    REG(R13)(%rsp), %r13
        .cfi_same_value %r12
        .cfi_same_value %r13
        .endm

/* What a function may return in, by any convention; the rest is saved only where a caller may rely on it. */
        .macro  save_results kind
        movq    %rax, REG(RAX)(%rsp)
        movq    %rdx, REG(RDX)(%rsp)
        movq    %rcx, REG(RCX)(%rsp)
        movq    %r8, REG(R8)(%rsp)
        .ifnc \kind,abi
        movq    %rdi, REG(RDI)(%rsp)
        movq    %rsi, REG(RSI)(%rsp)
        movq    %r9, REG(R9)(%rsp)
        movq    %r10, REG(R10)(%rsp)
        movq    %r11, REG(R11)(%rsp)
        .endif
        .endm
        .macro  restore_results kind
        .ifc \kind,abi
        movq    REG(RAX)(%rsp), %rax
        movq    REG(RDX)(%rsp), %rdx
        movq    REG(RCX)(%rsp), %rcx
        movq    REG(R8)(%rsp), %r8
        .else
        restore_argument_registers
        .endif
        .endm

        .macro  exit_thunk kind
        begin   gr_thunk_exit_\kind
        .cfi_personality 0x9b, DW.ref.gr_personality
        subq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset TO_CFA
        begin_hit exit_\kind
        save_callee_saved
        save_vectors \kind, 8
        .cfi_remember_state
        .ifnc \kind,xsave
        enter_frame_plainly \kind
        .else
        jmp     .Lenter_frame_\kind
        .endif
.Lcall_\kind:
        .cfi_escape 0x10, 3, 2, 0x73, GR_FRAME_RBX      /* rbx at [rbx + GR_FRAME_RBX] */
        .cfi_same_value %r12
        .cfi_same_value %r13
        restore_vectors \kind, 8
        restore_argument_registers
        addq    $EXIT_AREA + 8, %rsp
        .cfi_def_cfa_offset 0
        .cfi_escape 0x10, 16, 2, 0x73, GR_FRAME_RETURN  /* the return address at [rbx] */
        call    *GR_FRAME_CALL(%rbx)
        .globl  gr_thunk_return_\kind
        .hidden gr_thunk_return_\kind
gr_thunk_return_\kind:
        subq    $LEAVE_AREA, %rsp
        .cfi_def_cfa_offset LEAVE_AREA
        save_results \kind
        movq    GR_FRAME_RBX(%rbx), %rcx
        movq    %rcx, REG(RBX)(%rsp)
        movq    %rbp, REG(RBP)(%rsp)
        movq    %r12, REG(R12)(%rsp)
        movq    %r13, REG(R13)(%rsp)
        movq    %r14, REG(R14)(%rsp)
        movq    %r15, REG(R15)(%rsp)
        save_vectors \kind, 4
        .cfi_offset %r12, REG(R12) - TO_CFA
        .cfi_offset %r13, REG(R13) - TO_CFA
        .cfi_remember_state
        .ifnc \kind,xsave
        leave_plainly \kind
        .else
        jmp     .Lleave_\kind
        .endif
.Lreturn_\kind:
        .cfi_offset 16, -8
        .cfi_offset %rbx, REG(RBX) - TO_CFA
        .cfi_same_value %r12
        .cfi_same_value %r13
        restore_vectors \kind, 4
        movq    REG(RBX)(%rsp), %rbx
        .cfi_same_value %rbx
        restore_results \kind
        addq    $LEAVE_AREA - 8, %rsp
        .cfi_def_cfa_offset 8
        ret
        .cfi_restore_state
.Lundo_leave_\kind:
        close_section %r12
.Lleave_\kind:
        movq    REG(R12)(%rsp), %r12
        movq    %rbx, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_leave            /* puts R back at E and the caller's rbx into the area; frees the frame */
        .cfi_offset 16, -8
        .cfi_offset %rbx, REG(RBX) - TO_CFA
        end_wide \kind
        .ifc \kind,abi
        movq    REG(RDI)(%rsp), %rdi    /* an exception's way on, see hit.c; the other kinds restore all anyway */
        movq    REG(RSI)(%rsp), %rsi
        .endif
        jmp     .Lreturn_\kind
        .cfi_restore_state
.Lundo_enter_frame_\kind:
        close_section
.Lenter_frame_\kind:
        movq    REG(R12)(%rsp), %r12
        movq    %rax, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_enter_frame
.Lframed_\kind:
        movq    %rax, %rbx              /* has been saved; the wide kinds need rax */
        end_wide \kind
        testq   %rbx, %rbx
        jnz     .Lcall_\kind
        /* no frame was to be had: run the function as if only its entry were instrumented */
        restore_vectors \kind, 8
        movq    REG(RBX)(%rsp), %rbx
        restore_argument_registers      /* gr_hit_enter_frame left the relocated block's address in the padding */
        addq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset 8
        jmp     *-8(%rsp)               /* in the red zone: no signal handler touches it */
        .cfi_def_cfa %rsp, TO_CFA
        sample_hit exit_\kind
        save_vectors \kind, 8
        movq    %rax, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_enter_frame_chosen
        jmp     .Lframed_\kind
        .ifnc \kind,abi
        .cfi_def_cfa %rsp, TO_CFA
        .cfi_same_value %rbp
        .endif
.Lleave_out_exit_\kind:
        .cfi_same_value %rbx
        .cfi_same_value %r12
        .cfi_same_value %r13
        movq    GR_SLOT_RELOCATED(%rax), %rcx
        movq    %rcx, GR_HIT_SIZE + GR_REG_PADDING(%rsp)
        restore_working_registers
        movq    REG(RDX)(%rsp), %rdx
        movq    REG(RAX)(%rsp), %rax
        addq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset 8
        jmp     *-8(%rsp)
        finish  gr_thunk_exit_\kind
        .endm

        entry_thunk abi
        entry_thunk all
        entry_thunk avx
        entry_thunk xsave
        exit_thunk abi
        exit_thunk all
        exit_thunk avx
        exit_thunk xsave

/* ---- the end of an async call ----
 *
 * Jumped to by a trampoline (completion.c) with the completion in rax, as the continuation that it stands for: arguments
 * are the function's results, r13 its error, r14 its context; E holds the address that the executor's call returns to. */
        .macro  completion_thunk kind
        begin   gr_thunk_completion_\kind
        subq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset TO_CFA
        save_argument_registers
        save_callee_saved
        save_vectors \kind, 16
        movq    %rax, REG(RAX)(%rsp)
        movq    %rax, %rdi
        leaq    GR_HIT_SIZE(%rsp), %rsi
        begin_wide \kind
        call    gr_hit_complete         /* leaves the continuation's address in the padding */
        end_wide \kind
        .cfi_same_value %rbx
        .cfi_same_value %r12
        .cfi_same_value %r13
        restore_vectors \kind, 16
        restore_argument_registers
        addq    $EXIT_AREA, %rsp
        .cfi_def_cfa_offset 8
        jmp     *-8(%rsp)               /* in the red zone: no signal handler touches it */
        finish  gr_thunk_completion_\kind
        .endm

        completion_thunk all
        completion_thunk avx
        completion_thunk xsave

/* gr_arch_resume: calls the unwinder's resuming function (rax) with the exception (rdi) as if the caller had called it
 * at rsi, where it would have been returned to. */
        begin   gr_arch_resume
        .cfi_def_cfa_offset 0
        .cfi_register 16, 4
        pushq   %rsi
        .cfi_def_cfa_offset 8
        .cfi_offset 16, -8
        jmp     *%rax
        finish  gr_arch_resume

/* ---- counting ---- */

/* void gr_arch_count(uint64_t *counter, struct gr_slot *slot): adds one on this CPU; see emit.c for the same thing
 * inside a stub. rdi: counter of CPU 0; rsi: slot. */
        begin   gr_arch_count
        movslq  gr_rseq_offset(%rip), %rcx
1:      leaq    count_cs(%rip), %rax
        movq    %rax, %fs:GR_RSEQ_CS(%rcx)
10:     movl    %fs:GR_RSEQ_CPU_ID(%rcx), %eax
        cmpl    gr_count_cpus(%rip), %eax
        jae     3f
        imulq   gr_count_stride(%rip), %rax
        incq    (%rdi, %rax)
20:     ret
3:      lock incq GR_SLOT_SHARED_COUNT(%rsi)
        ret
        .byte   0x0f, 0xb9, 0x3d
        .long   GR_RSEQ_SIGNATURE
4:      jmp     1b
        finish  gr_arch_count

        .section .data.rel.ro.gr_count_cs, "aw", @progbits
        .p2align 5
count_cs:
        .long   0, 0
        .quad   10b, 20b - 10b, 4b

        .section .data.rel.local.DW.ref.gr_personality, "awG", @progbits, DW.ref.gr_personality, comdat
        .hidden DW.ref.gr_personality
        .weak   DW.ref.gr_personality
        .p2align 3
        .type   DW.ref.gr_personality, @object
        .size   DW.ref.gr_personality, 8
DW.ref.gr_personality:
        .quad   gr_personality

        .section .data.rel.ro.gr_arch_thunks, "aw", @progbits
        .p2align 3
        .globl  gr_arch_thunks
        .hidden gr_arch_thunks
        .type   gr_arch_thunks, @object
gr_arch_thunks:
        .quad   gr_thunk_entry_abi, gr_thunk_entry_all, gr_thunk_entry_avx, gr_thunk_entry_xsave
        .quad   gr_thunk_exit_abi, gr_thunk_exit_all, gr_thunk_exit_avx, gr_thunk_exit_xsave
        .size   gr_arch_thunks, . - gr_arch_thunks
        .globl  gr_arch_completions
        .hidden gr_arch_completions
        .type   gr_arch_completions, @object
gr_arch_completions:
        .quad   gr_thunk_completion_all, gr_thunk_completion_all, gr_thunk_completion_avx, gr_thunk_completion_xsave
        .size   gr_arch_completions, . - gr_arch_completions
        .globl  gr_arch_returns
        .hidden gr_arch_returns
        .type   gr_arch_returns, @object
gr_arch_returns:
        .quad   gr_thunk_return_abi, gr_thunk_return_all, gr_thunk_return_avx, gr_thunk_return_xsave
        .size   gr_arch_returns, . - gr_arch_returns
#endif
        .section .note.GNU-stack, "", @progbits
