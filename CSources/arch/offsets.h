/* offsets.h: where C structs have what assembly reads, the same for every instruction set. Checked by static assertions
 * beside the structs. */
#ifndef GR_ARCH_OFFSETS_H
#define GR_ARCH_OFFSETS_H

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
#define GR_FRAME_KEPT 8
#define GR_FRAME_CALL 16
#define GR_FRAME_STACK 24
#define GR_FRAME_SITE 32
#define GR_FRAME_BELOW 40
#define GR_FRAME_CLOSED 48
#define GR_FRAME_COUNT 52
#define GR_FRAME_START 56
#define GR_FRAME_PROBE 64
#define GR_FRAME_COOKIE 72

#endif
