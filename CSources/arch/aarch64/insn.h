/* insn.h: what decode.c tells emit.c about one instruction of a relocated block. */
#ifndef GR_INSN_H
#define GR_INSN_H

enum gr_insn_kind {
    GR_INSN_COPY, /* the same anywhere */
    GR_INSN_SIGN, /* stays where it is: the function signs its return address before the patch. detail: enum gr_key */
    GR_INSN_ADDRESS,       /* adr, adrp: register `detail` becomes `target` */
    GR_INSN_LOAD,          /* a load, or a prefetch, from `target` */
    GR_INSN_BRANCH,        /* b to `target` */
    GR_INSN_CALL,          /* bl to `target` */
    GR_INSN_CALL_REGISTER, /* blr through register `detail` */
    GR_INSN_CONDITIONAL,   /* b.cond, cbz, cbnz to `target` */
    GR_INSN_TEST,          /* tbz, tbnz to `target` */
};

enum gr_key { GR_KEY_A, GR_KEY_B };

enum {
    GR_SCAN_MAX = 16 << 20, /* bytes of one function that are searched for branches */
    GR_SCAN_UNKNOWN = 4096, /* bytes searched when the size is unknown */
};

#endif
