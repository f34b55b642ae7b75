/* around.S: between a port's trampoline and its libffi closure: keeps what the function's callers may rely on.
 *
 * In: the arguments as the function gets them, R on top of the stack, the port in rax, the caller's rax at -16(%rsp).
 * The closure (libffi, reached with its own address in r10) may change every register that the ABI lets it change.
 * Where callers keep to the ABI (kind abi) that is all right and the thunk only jumps. Elsewhere (patching.md, registers
 * that the ABI would let us clobber) it calls the closure on an aligned stack of its own, with the stack arguments
 * copied, and puts back everything but the registers of the result:
 *
 *   rbp+8    R                        rbp-48   r8      rbp-96   xmm0 of the result
 *   rbp      caller's rbp             rbp-56   r9      rbp-112  xmm1 of the result
 *   rbp-8    rax                      rbp-64   r10     rbp-368  xmm0 to xmm15 (or to rbp-624 ymm0 to ymm15)
 *   rbp-16   rdi                      rbp-72   r11     below    XSAVE area (kind xsave)
 *   rbp-24   rsi                      rbp-80   port    below    stack arguments, copied; rbp-88 MXCSR
 *   rbp-32   rdx
 *   rbp-40   rcx
 *
 * No flags are saved, as in the thunks. Unwinders see a plain frame with rbp. */
#ifdef __x86_64__
#include "function.h"
#include "port.h"
#include "xsave.h"

#define RAX -8
#define RDI -16
#define RSI -24
#define RDX -32
#define RCX -40
#define R8 -48
#define R9 -56
#define R10 -64
#define R11 -72
#define PORT -80
#define MXCSR -88
#define RESULT_XMM0 -96
#define RESULT_XMM1 -112
#define XMM -368
#define YMM -624

        .text

        .macro  each_vector operation
        .altmacro
        .set    i, 0
        .rept   16
        vector_\operation %i
        .set    i, i + 1
        .endr
        .noaltmacro
        .endm
        .macro  vector_save n
        movups  %xmm\n, XMM + 16 * \n (%rbp)
        .endm
        .macro  vector_restore n
        movups  XMM + 16 * \n (%rbp), %xmm\n
        .endm
        .macro  vector_save_wide n
        vmovups %ymm\n, YMM + 32 * \n (%rbp)
        .endm
        .macro  vector_restore_wide n
        vmovups YMM + 32 * \n (%rbp), %ymm\n
        .endm

/* The arguments' vectors stay in their registers, low halves: no type of a signature is wider. */
        .macro  save_vectors kind
        .ifc \kind,all
        each_vector save
        .else
        each_vector save_wide
        .endif
        .ifc \kind,xsave
        push_xsave
        .endif
        .ifnc \kind,all
        vzeroupper
        .endif
        .endm

/* rsp is where save_vectors left it. XRSTOR would take back a rounding mode that the function has set. */
        .macro  restore_vectors kind
        .ifc \kind,all
        each_vector restore
        .else
        each_vector restore_wide
        .endif
        .ifc \kind,xsave
        stmxcsr MXCSR(%rbp)
        movl    gr_xsave_mask(%rip), %eax
        movl    gr_xsave_mask+4(%rip), %edx
        xrstor64 (%rsp)
        ldmxcsr MXCSR(%rbp)
        .endif
        .endm

        .macro  around_thunk kind
        begin   gr_around_\kind
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp              /* the caller's rax is at RAX now */
        .cfi_def_cfa_register %rbp
        .ifc \kind,all
        subq    $-XMM, %rsp
        .else
        subq    $-YMM, %rsp
        .endif
        movq    %rdi, RDI(%rbp)
        movq    %rsi, RSI(%rbp)
        movq    %rdx, RDX(%rbp)
        movq    %rcx, RCX(%rbp)
        movq    %r8, R8(%rbp)
        movq    %r9, R9(%rbp)
        movq    %r10, R10(%rbp)
        movq    %r11, R11(%rbp)
        movq    %rax, PORT(%rbp)
        save_vectors \kind
        movq    PORT(%rbp), %rax
        andq    $-16, %rsp
        movl    GR_PORT_STACK(%rax), %ecx
        leaq    15(%rcx), %rdx
        andq    $-16, %rdx
        subq    %rdx, %rsp
        movq    %rsp, %rdi
        leaq    16(%rbp), %rsi
        shrl    $3, %ecx
        rep movsq
        leaq    GR_PORT_CLOSURE(%rax), %r10
        movq    RAX(%rbp), %rax
        movq    RDI(%rbp), %rdi
        movq    RSI(%rbp), %rsi
        movq    RDX(%rbp), %rdx
        movq    RCX(%rbp), %rcx
        call    *(%r10)
        movq    PORT(%rbp), %rcx
        movl    GR_PORT_STACK(%rcx), %esi
        addq    $15, %rsi
        andq    $-16, %rsi
        addq    %rsi, %rsp
        movl    GR_PORT_RESULTS(%rcx), %ecx
        movups  %xmm0, RESULT_XMM0(%rbp)
        movups  %xmm1, RESULT_XMM1(%rbp)
        testb   $GR_RESULT_RAX, %cl
        jz      1f
        movq    %rax, RAX(%rbp)
1:      testb   $GR_RESULT_RDX, %cl
        jz      1f
        movq    %rdx, RDX(%rbp)
1:      restore_vectors \kind
        testb   $GR_RESULT_XMM0, %cl
        jz      1f
        movups  RESULT_XMM0(%rbp), %xmm0
1:      testb   $GR_RESULT_XMM1, %cl
        jz      1f
        movups  RESULT_XMM1(%rbp), %xmm1
1:      movq    RAX(%rbp), %rax
        movq    RDI(%rbp), %rdi
        movq    RSI(%rbp), %rsi
        movq    RDX(%rbp), %rdx
        movq    RCX(%rbp), %rcx
        movq    R8(%rbp), %r8
        movq    R9(%rbp), %r9
        movq    R10(%rbp), %r10
        movq    R11(%rbp), %r11
        leave
        .cfi_def_cfa %rsp, 8
        .cfi_same_value %rbp
        ret
        finish  gr_around_\kind
        .endm

        begin   gr_around_abi
        leaq    GR_PORT_CLOSURE(%rax), %r10
        movq    -16(%rsp), %rax
        jmp     *(%r10)
        finish  gr_around_abi

        around_thunk all
        around_thunk avx
        around_thunk xsave

        .section .data.rel.ro.gr_arch_around_thunks, "aw", @progbits
        .p2align 3
        .globl  gr_arch_around_thunks
        .hidden gr_arch_around_thunks
        .type   gr_arch_around_thunks, @object
gr_arch_around_thunks:
        .quad   gr_around_abi, gr_around_all, gr_around_avx, gr_around_xsave
        .size   gr_arch_around_thunks, . - gr_arch_around_thunks
#endif
        .section .note.GNU-stack, "", @progbits
