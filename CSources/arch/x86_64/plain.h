/* plain.h: the pieces of the short ways, macros of the thunk files.
 *
 * A short way is what gr_hit_enter, gr_hit_enter_frame and gr_hit_leave do in their plain case (a single probe that asks
 * for nothing special, on a thread that has a block), in less than half of the instructions. Whatever is not plain goes
 * on in C, before anything has been done. Assembly, not C: the formatter must leave it. */
/* clang-format off */
#ifndef GR_PLAIN_H
#define GR_PLAIN_H

#include "layout.h"
#include "save.h"

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

#endif
