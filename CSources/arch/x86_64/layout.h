/* layout.h: numbers that C and assembly share. Checked against the C structs in site.h by static assertions. */
#ifndef GR_LAYOUT_H
#define GR_LAYOUT_H

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

/* struct gr_slot: what a stub can see of its site. */
#define GR_SLOT_RSEQ_CS 0
#define GR_SLOT_SHARED_COUNT 40
#define GR_SLOT_SITE 48
#define GR_SLOT_RELOCATED 56
#define GR_SLOT_SIZE 64

/* struct gr_site, struct gr_attachment, struct gr_thread: what the short ways read. */
#define GR_SITE_DIRECT 0
#define GR_SITE_COUNTER 8
#define GR_SITE_DIRECT_EXIT 16
#define GR_SITE_SAMPLE 44
#define GR_SITE_ENTRY 64
#define GR_ATTACHMENT_PROBE 0
#define GR_ATTACHMENT_HANDLER 8
#define GR_ATTACHMENT_CONTEXT 16
#define GR_THREAD_PINNED 0
#define GR_THREAD_ERRNO 16
#define GR_THREAD_OPEN 24
#define GR_THREAD_FREE 32
#define GR_CLOCK_NOW 0
#define GR_CLOCK_FENCE 8

/* struct graft_hit (graft/hit.h), as the short ways fill it in. */
#define GR_HIT_PROBE 0
#define GR_HIT_PHASE 8
#define GR_HIT_ENTRY 16
#define GR_HIT_REGISTERS 24
#define GR_HIT_RETURN 32
#define GR_HIT_STACK 40
#define GR_HIT_NANOSECONDS 48
#define GR_HIT_COOKIE 56
#define GR_HIT_SIZE 64
#define GR_PHASE_ENTER 1
#define GR_PHASE_LEAVE 2

/* struct gr_frame */
#define GR_FRAME_RETURN 0
#define GR_FRAME_RBX 8
#define GR_FRAME_CALL 16
#define GR_FRAME_STACK 24
#define GR_FRAME_SITE 32
#define GR_FRAME_BELOW 40
#define GR_FRAME_CLOSED 48
#define GR_FRAME_COUNT 52
#define GR_FRAME_START 56
#define GR_FRAME_PROBE 64
#define GR_FRAME_COOKIE 72

/* The word in front of an rseq abort handler, as glibc registers it (linux/rseq.h: the kernel compares it). */
#define GR_RSEQ_SIGNATURE 0x53053053

/* Offsets in struct rseq (linux/rseq.h). */
#define GR_RSEQ_CPU_ID 4
#define GR_RSEQ_CS 8

#endif
