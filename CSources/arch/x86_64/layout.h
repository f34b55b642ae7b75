/* layout.h: numbers that C and assembly share. Checked against the C structs by static assertions. */
#ifndef GR_LAYOUT_H
#define GR_LAYOUT_H

#include "arch/offsets.h"

/* struct graft_registers */
#define GR_REG_XMM 0
#define GR_REG_RDI 256
#define GR_REG_RSI 264
#define GR_REG_RDX 272
#define GR_REG_RCX 280
#define GR_REG_R8 288
#define GR_REG_R9 296
#define GR_REG_R10 304
#define GR_REG_R11 312
#define GR_REG_RBX 320
#define GR_REG_RBP 328
#define GR_REG_R12 336
#define GR_REG_R13 344
#define GR_REG_R14 352
#define GR_REG_R15 360
#define GR_REG_RAX 376 /* 16 bytes below the entry's stack pointer: where the stubs leave it, and it stays */
#define GR_REG_SIZE 384

/* Behind the registers in an exit thunk's area: where gr_hit_enter_frame leaves the relocated block's address when it
 * has no frame to give. After a return, the slot of the return address is there. */
#define GR_REG_PADDING 384
#define GR_LEAVE_RETURN 392

#define GR_FRAME_RBX GR_FRAME_KEPT

/* The word in front of an rseq abort handler, as glibc registers it (linux/rseq.h: the kernel compares it). */
#define GR_RSEQ_SIGNATURE 0x53053053

/* Offsets in struct rseq (linux/rseq.h). */
#define GR_RSEQ_CPU_ID 4
#define GR_RSEQ_CS 8

#endif
