/* prologues.S: one function for each awkward beginning. Each computes 7 * argument + 3, whatever it begins with, and
 * keeps to the ABI. The list of names and sizes is prologues.h's. */
        .text

        .macro  function name, align=16
        .globl  \name
        .type   \name, @function
        .p2align 4
        .if \align == 1
        nop
        .endif
        .if \align == 3
        nop
        nop
        nop
        .endif
        .if \align == 7
        .skip   7, 0x90
        .endif
\name:
        .cfi_startproc
        .endm
        .macro  done name
        .cfi_endproc
        .size   \name, . - \name
        .p2align 4
        .endm

        .macro  seven_and_three
        movl    %edi, %eax
        imull   $7, %eax, %eax
        addl    $3, %eax
        .endm

/* boundaries +1 and +4: what swiftc and clang write */
        function p_swift
        pushq   %rbp
        movq    %rsp, %rbp
        pushq   %rbx
        subq    $24, %rsp
        seven_and_three
        addq    $24, %rsp
        popq    %rbx
        popq    %rbp
        ret
        done    p_swift

/* the same, unaligned: the jump crosses words */
        function p_unaligned, 7
        pushq   %rbp
        movq    %rsp, %rbp
        pushq   %rbx
        seven_and_three
        popq    %rbx
        popq    %rbp
        ret
        done    p_unaligned

        function p_odd, 3
        pushq   %rbp
        movq    %rsp, %rbp
        pushq   %r12
        seven_and_three
        popq    %r12
        popq    %rbp
        ret
        done    p_odd

/* no boundary: one instruction covers the jump */
        function p_none
        movl    $3, %eax
        imull   $7, %edi, %ecx
        addl    %ecx, %eax
        ret
        done    p_none

/* boundary +2, +4 */
        function p_push2
        pushq   %r12
        pushq   %r13
        pushq   %r14
        seven_and_three
        popq    %r14
        popq    %r13
        popq    %r12
        ret
        done    p_push2

/* boundary +3 */
        function p_three
        movl    %edi, %eax
        nop
        imull   $7, %eax, %eax
        addl    $3, %eax
        ret
        done    p_three

/* boundary +4 */
        function p_four
        subq    $8, %rsp
        movl    %edi, %eax
        imull   $7, %eax, %eax
        addl    $3, %eax
        addq    $8, %rsp
        ret
        done    p_four

/* boundaries +1 +2 +3 +4: every byte */
        function p_bytes
        pushq   %rbx
        pushq   %rbp
        popq    %rbp
        popq    %rbx
        nop
        seven_and_three
        ret
        done    p_bytes

/* boundaries +1 +3 */
        function p_one_three
        pushq   %rbx
        movl    %edi, %eax
        imull   $7, %eax, %eax
        addl    $3, %eax
        popq    %rbx
        ret
        done    p_one_three

/* a conditional branch in the first bytes */
        function p_jcc
        testl   %edi, %edi
        js      1f
        movl    %edi, %eax
        imull   $7, %eax, %eax
        addl    $3, %eax
        ret
1:      seven_and_three
        ret
        done    p_jcc

        function p_jcc_near
        testl   %edi, %edi
        js      p_swift
        seven_and_three
        ret
        done    p_jcc_near

/* RIP-relative operands */
        .data
        .globl  p_rip_word
p_rip_word: .long 7
        .text
        function p_rip
        movl    p_rip_word(%rip), %eax
        imull   %edi, %eax
        addl    $3, %eax
        ret
        done    p_rip

        function p_rip_immediate
        cmpl    $7, p_rip_word(%rip)
        jne     1f
        seven_and_three
1:      ret
        done    p_rip_immediate

/* a jump to elsewhere */
        function p_jump
        jmp     p_swift
        done    p_jump

        function p_jump_short
        jmp     1f
        nop
        nop
        nop
        nop
1:      seven_and_three
        ret
        done    p_jump_short

/* calls in the first bytes */
        function p_call
        call    p_add_nothing
        seven_and_three
        ret
        done    p_call

        function p_push_call
        pushq   %rbx
        call    p_add_nothing
        seven_and_three
        popq    %rbx
        ret
        done    p_push_call

        .data
p_pointer: .quad p_add_nothing
        .text
        function p_call_memory
        subq    $8, %rsp
        call    *p_pointer(%rip)
        seven_and_three
        addq    $8, %rsp
        ret
        done    p_call_memory

/* as the thunks of Swift's protocols begin: argument 0 is a table, whose fourth entry is called */
        function p_call_table
        pushq   %rbp
        movq    %rsp, %rbp
        call    *24(%rdi)
        incl    %eax
        popq    %rbp
        ret
        done    p_call_table

/* the same through a table on the stack: refused, since the call's return address moves it */
        function p_call_stack
        pushq   %rdi
        call    *24(%rsp)
        popq    %rdi
        ret
        done    p_call_stack

        function p_call_register
        leaq    p_add_nothing(%rip), %rax
        call    *%rax
        seven_and_three
        ret
        done    p_call_register

        function p_add_nothing
        ret
        done    p_add_nothing

/* counted branches */
        function p_jrcxz
        xchgl   %ecx, %ecx
        jrcxz   1f
        nop
1:      seven_and_three
        ret
        done    p_jrcxz

/* a landing pad, then a prologue */
        function p_endbr
        endbr64
        pushq   %rbp
        movq    %rsp, %rbp
        seven_and_three
        popq    %rbp
        ret
        done    p_endbr

/* patchable NOPs */
        function p_nops
        nop
        nop
        nop
        nop
        nop
        seven_and_three
        ret
        done    p_nops

        function p_nop5
        nopl    0(%rax,%rax,1)
        seven_and_three
        ret
        done    p_nop5

/* shorter than a jump, with padding behind */
        function p_short
        .byte   0x8d, 0x47, 0x01        /* lea 1(%rdi),%eax */
        ret
        done    p_short

/* more of the commonest kind, at every alignment that a byte offset can have */
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8
        .p2align 4
        .if     \n
        .skip   \n, 0x90
        .endif
        .globl  p_copy\n
        .type   p_copy\n, @function
p_copy\n:
        .cfi_startproc
        pushq   %rbp
        movq    %rsp, %rbp
        pushq   %rbx
        seven_and_three
        popq    %rbx
        popq    %rbp
        ret
        .cfi_endproc
        .size   p_copy\n, . - p_copy\n
        .endr
        .p2align 4

/* loops back to an instruction inside the patch, at +1, +2, +3 and +4: what stands from there on stays as it is */
        function k_one
        nop
1:      addl    $0x4000c000, %ecx
        jnc     1b
        seven_and_three
        ret
        done    k_one

        function k_two
        xorl    %ecx, %ecx
1:      incl    %ecx
        cmpl    $3, %ecx
        jne     1b
        seven_and_three
        ret
        done    k_two

        function k_three
        xorq    %rcx, %rcx
1:      incl    %ecx
        cmpl    $3, %ecx
        jne     1b
        seven_and_three
        ret
        done    k_three

        function k_four
        andq    $0, %rcx
1:      incl    %ecx
        cmpl    $3, %ecx
        jne     1b
        seven_and_three
        ret
        done    k_four

/* two of them: what is behind the first one stays */
        function k_both
        xorl    %ecx, %ecx
1:      incl    %ecx
2:      cmpl    $3, %ecx
        ja      3f
        jne     1b
        incl    %ecx
        jmp     2b
3:      seven_and_three
        ret
        done    k_both

/* a call of its own inside: refused, for it would be no call of the function */
        function r_back_call
        movl    %edi, %eax
1:      decl    %eax
        testb   $7, %al
        je      2f
        call    1b
2:      ret
        done    r_back_call

/* a loop to the entry itself: refused, since its turns are not calls */
        function r_loop_entry
1:      subl    $1, %edi
        jg      1b
        movl    %edi, %eax
        ret
        done    r_loop_entry

/* shorter than a jump, with another function right behind: refused */
        .globl  r_crowded
        .type   r_crowded, @function
        .p2align 4
        .skip   12, 0x90
r_crowded:
        .cfi_startproc
        leal    1(%rdi), %eax
        ret
        .cfi_endproc
        .size   r_crowded, . - r_crowded
        .globl  r_neighbour
        .type   r_neighbour, @function
r_neighbour:
        nop
        leal    2(%rdi), %eax
        ret
        .size   r_neighbour, . - r_neighbour

/* a breakpoint stands there: refused */
        function r_breakpoint
        int3
        seven_and_three
        ret
        done    r_breakpoint

/* a jump table entry leads into the first bytes: refused */
        function r_table
        movl    %edi, %eax
        cmpl    $1, %eax
        ja      2f
        leaq    r_table_offsets(%rip), %rcx
        movslq  (%rcx,%rax,4), %rdx
        addq    %rcx, %rdx
        jmp     *%rdx
2:      ret
        done    r_table
        .section .rodata
        .p2align 2
r_table_offsets:
        .long   r_table + 2 - r_table_offsets
        .long   2b - r_table_offsets

        .section .note.GNU-stack, "", @progbits
