/* layout.h: numbers that C and assembly share. Checked against the C structs in site.h by static assertions. */
#ifndef GR_LAYOUT_H
#define GR_LAYOUT_H

/* struct graft_registers */
#define GR_REG_RDI 0
#define GR_REG_RSI 8
#define GR_REG_RDX 16
#define GR_REG_RCX 24
#define GR_REG_R8 32
#define GR_REG_R9 40
#define GR_REG_RAX 48
#define GR_REG_R10 56
#define GR_REG_R11 64
#define GR_REG_RBX 72
#define GR_REG_RBP 80
#define GR_REG_R12 88
#define GR_REG_R13 96
#define GR_REG_R14 104
#define GR_REG_R15 112
#define GR_REG_XMM 128
#define GR_REG_SIZE 384

/* Where the stubs leave the caller's rax: the upper half of xmm15's place, below the entry's stack pointer. */
#define GR_REG_STASH 376

/* Behind the registers in an exit thunk's area: where gr_hit_enter_frame leaves the relocated block's address when it
 * has no frame to give. After a return, the slot of the return address is there. */
#define GR_REG_PADDING 384
#define GR_LEAVE_RETURN 392

/* struct gr_slot: what a stub can see of its site. */
#define GR_SLOT_RSEQ_CS 0
#define GR_SLOT_ACTIVE 32
#define GR_SLOT_SHARED_COUNT 40
#define GR_SLOT_SITE 48
#define GR_SLOT_RELOCATED 56
#define GR_SLOT_SIZE 64

/* struct gr_site, struct gr_attachment, struct gr_thread: what the short way of an entry thunk reads. */
#define GR_SITE_DIRECT 0
#define GR_SITE_COUNTER 8
#define GR_SITE_ENTRY 64
#define GR_ATTACHMENT_PROBE 0
#define GR_ATTACHMENT_HANDLER 8
#define GR_ATTACHMENT_CONTEXT 16
#define GR_THREAD_PINNED 0
#define GR_THREAD_ERRNO 16
#define GR_CLOCK_NOW 0
#define GR_CLOCK_FENCE 8

/* struct graft_hit (graft/hit.h), as the short way fills it in. */
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

/* struct graft_registers: where the short way keeps errno meanwhile. */
#define GR_REG_RESERVED 120

/* struct gr_frame: what an exit thunk needs after the function has returned. */
#define GR_FRAME_RETURN 0
#define GR_FRAME_RBX 8
#define GR_FRAME_CALL 16

/* The word in front of an rseq abort handler, as glibc registers it (linux/rseq.h: the kernel compares it). */
#define GR_RSEQ_SIGNATURE 0x53053053

/* Offsets in struct rseq (linux/rseq.h). */
#define GR_RSEQ_CPU_ID 4
#define GR_RSEQ_CS 8

#endif
