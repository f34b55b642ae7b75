/* insn.h: what decode.c tells emit.c about one instruction of a relocated block. */
#ifndef GR_INSN_H
#define GR_INSN_H

enum gr_insn_kind {
    GR_INSN_COPY,          /* the same anywhere */
    GR_INSN_RIP,           /* has a RIP-relative operand; detail: offset of its displacement; target: the operand */
    GR_INSN_JMP,           /* relative jump to `target` */
    GR_INSN_JCC,           /* detail: condition code 0 to 15 */
    GR_INSN_CALL,          /* relative call; the last of its block */
    GR_INSN_CALL_RIP,      /* call through memory at `target` */
    GR_INSN_CALL_REGISTER, /* call through a register; detail: 0 to 15 */
    GR_INSN_CALL_MEMORY,   /* call through memory that registers but %rsp lead to; detail: offset of its ModRM byte */
    GR_INSN_COUNTED,       /* loop, loope, loopne, jrcxz: detail is the opcode */
};

enum {
    GR_SCAN_MAX = 16 << 20,  /* bytes of one function that are searched for branches */
    GR_SCAN_UNKNOWN = 4096,  /* bytes searched when the size is unknown */
    GR_SCAN_IMAGE = 8 << 20, /* bytes of an image that are searched for wide vectors */
    GR_TABLE_ENTRIES = 1024, /* entries of one jump table that are followed */
};

#endif
