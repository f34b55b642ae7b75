/* site.h: one instrumented entry point: the only state that the control plane and the hit plane both see.
 *
 * A site is made by patch.c when a function is first instrumented and lives until its image is unloaded: it is
 * type-stable, so that a thread that is late in a stub or asleep on a boundary always finds it whole. The control plane
 * writes it under its lock; the hit plane reads the atomics and claims first hits. */
#ifndef GR_SITE_H
#define GR_SITE_H

#include "arch/isa.h"
#include "compiler.h"
#include "registry.h"
#include <graft/graft.h>
#include <stdatomic.h>

/* struct rseq_cs (linux/rseq.h), one for each stub, never reused for anything else: a thread's stale pointer to it is
 * read by the kernel at its next preemption. */
struct gr_rseq_cs {
    uint32_t version, flags;
    uint64_t start, post_commit_offset, abort;
};

/* The data half of a stub: writable, beside executable code that is not. A counted call reads nothing of it: what it does
 * read, the word where `active` points, lies among those of its neighbours, eight to a cache line. */
struct gr_slot {
    struct gr_rseq_cs rseq_cs; /* written before publication, constant afterwards */
    _Atomic uint64_t *active;  /* holds where the hop leads: relocated block, counting, entry or exit stub; constant */
    _Atomic uint64_t shared_count; /* hits on threads without rseq */
    struct gr_site *_Atomic site;  /* null until the first publication */
    uint64_t relocated;            /* address of the relocated block */
};
_Static_assert(sizeof(struct gr_slot) == GR_SLOT_SIZE, "layout.h");
_Static_assert(offsetof(struct gr_slot, shared_count) == GR_SLOT_SHARED_COUNT, "layout.h");
_Static_assert(offsetof(struct gr_slot, site) == GR_SLOT_SITE, "layout.h");
_Static_assert(offsetof(struct gr_slot, relocated) == GR_SLOT_RELOCATED, "layout.h");

/* A step that leaves out all but one call in 2^32, which hit.c leaves out: while a budget is shut. */
enum { GR_SAMPLE_NONE = 1 };

struct gr_meter;  /* meter.h */
struct gr_around; /* around.h */
struct gr_around_port;

/* The probes on a site, published as a whole; readers hold an epoch section. */
struct gr_attachments {
    uint32_t count;
    struct gr_attachment *item[GRAFT_ATTACHMENTS_MAX];
};

/* One probe, as its sites know it: all of them share it in most modes (join.c). Immutable but for the
 * atomics; replaced, never changed, by the control plane. */
struct gr_attachment {
    graft_probe_id probe;
    graft_handler handler;
    void *context;
    enum graft_mode mode;
    uint32_t flags;         /* GRAFT_PROBE_* */
    bool internal;          /* one of ours: called also while a handler is running */
    bool plain;             /* reports each entry, with a handler, and no flag asks for more: the thunks' short ways */
    uint32_t sample_step;   /* 2^32 / N, for one call in N; 0: each */
    struct gr_meter *meter; /* of a probe that is sampled or limited, in the modes that tell; null else. Lives longer */
    _Atomic uint32_t seen;  /* calls so far, modulo 2^32, where the thunk does not sample */
    _Atomic bool fired;     /* mode once: has reported. Set by the hit plane (exchange), read by both */
    uint32_t users;         /* control plane: the sites that it is on, and the probe while it may put it on others */
    struct gr_attachments alone; /* the list of a site that has no other */
    struct gr_around *around;    /* mode around: the handler; null else */
    struct gr_around_port *port;
};

/* Which registers a thunk keeps (patching.md §2.4). */
enum gr_keep {
    GR_KEEP_ABI = 0,   /* what a callee is given: its caller knows no more than the ABI */
    GR_KEEP_ALL = 1,   /* every general and SSE register */
    GR_KEEP_AVX = 2,   /* and the upper halves of ymm0 to ymm15 */
    GR_KEEP_XSAVE = 3, /* and all that XSAVE keeps: AVX-512 */
    GR_KEEP_KINDS = 4,
};

/* How the entry's bytes are changed. */
enum gr_tactic {
    GR_TACTIC_ONE_BYTE,  /* the jump's displacement is what the function's own bytes say: one store */
    GR_TACTIC_ONE_STORE, /* so it is but for one instruction, the first or second, changed by one store of eight bytes */
    GR_TACTIC_ONE_WORD,  /* the jump is one aligned word */
    GR_TACTIC_TRAPS,     /* each boundary inside the jump holds a trap; stores in phases */
    GR_TACTIC_TRAP,      /* no jump: a trap, which leads each call to the stub; one store */
};

struct gr_site {
    /* read by the hit plane on each hit */
    struct gr_attachment
        *_Atomic direct; /* the only one, if it is plain and no caller is wanted: the thunks' short ways */
    uint64_t *counter;   /* of CPU 0; see counters.h */
    struct gr_attachment *_Atomic direct_exit;  /* the same one, if it also wants to know of the exit */
    struct gr_attachments *_Atomic attachments; /* null: none. Release by attach.c, acquire by hit.c */
    struct gr_slot *slot;
    _Atomic bool caller_wanted;       /* exchanged to false by the first hit */
    _Atomic uint32_t sample_step;     /* of the only probe, if it samples: the thunk does it; else 0 */
    _Atomic uint64_t caller_fallback; /* the first return address; written by that hit */
    _Atomic uint64_t around;          /* where calls go instead of to the relocated block; 0: nowhere else */

    /* control plane only, but for `entry`, which is constant; smaller fields come last, for there may be many sites */
    GR_ALIGNED(GR_CACHE_LINE) struct graft_entry_point entry; /* its strings live as long as the image */
    struct gr_registry_node by_address;
    uint64_t symbol_hash; /* of its linker name: what identifiers say of it besides image and offset */
    struct gr_site *next; /* while it waits for another function; while it is dirty; while its image is taken out */
    uint64_t image_serial;
    uint64_t place;               /* of the hop that the tactic of traps or of one word leads to; 0: none, or no need */
    uint64_t store_place;         /* of the hop for the tactic of one store; 0: none, or no need */
    uint64_t stub_code;           /* the stub, and its hop */
    uint64_t patch_address;       /* entry, or behind its endbr64, or behind the push that follows */
    struct gr_frames *frames;     /* of the first hit; null before */
    struct gr_around_port *ports; /* one for each signature that it has had */
    uint32_t users;               /* links of probes that refer to it */
    uint8_t original[GR_PATCH_MAX];
    uint8_t jump[GR_PATCH_MAX];
    uint8_t moved[GR_PATCH_MAX];         /* offset in the relocated block of the instruction at each boundary */
    uint8_t boundaries;                  /* bit i: an instruction begins at patch_address + i (1 to 5) */
    uint8_t push;                        /* the push or nop in front of the patch, which hops take back; 0: none */
    uint8_t block_size;                  /* original bytes that were relocated, from the patch on */
    uint8_t count_at, entry_at, exit_at; /* where in the stub its parts begin */
    enum gr_keep keep : 3;
    enum gr_tactic tactic : 3;
    enum graft_status no_jump : 8; /* why only a trap fits; else GRAFT_OK */
    enum graft_status reason : 8;  /* why it is not as its probes want it; GRAFT_OK when it is */
    unsigned kept : 3; /* the jump leaves the bytes from here on as they were: the function jumps there; 0: none */
    bool in_place : 1; /* the entry's bytes are our jump */
    bool dirty : 1;    /* on the list of sites to settle */
    bool prefixed : 1; /* the jump stands behind a prefix */
    bool own : 1;      /* only probes of ours have used it: outside the application's limit */
    bool waits : 1;    /* settle.c: for threads that block SIGTRAP, and that has been told */
    bool one_byte_place : 1; /* there is a hop where the function's own bytes lead as a displacement */
    bool for_now : 1; /* commit.c: one store took the place of its first choice, while a thread blocked SIGTRAP */
};

enum { GR_SITE_SIZE_MAX = 256 };
_Static_assert(sizeof(struct gr_site) <= GR_SITE_SIZE_MAX, "fifty thousand of them are held");
_Static_assert(GRAFT_STATUS_COUNT < 1 << 7, "a status fits its field");

/* The stack of a first hit. */
struct gr_frames {
    size_t count;
    uint64_t address[GRAFT_FRAMES_MAX];
};

/* The bytes that the patch takes. */
static inline unsigned gr_site_size(const struct gr_site *site) {
    return site->tactic == GR_TACTIC_TRAP ? 1 : site->prefixed ? GR_PATCH_MAX : GR_PATCH_SIZE;
}

/* The tactic, as the outside is told. */
static inline enum graft_tactic gr_site_tactic(const struct gr_site *site) {
    return site->tactic == GR_TACTIC_TRAP ? GRAFT_TACTIC_TRAP
           : site->boundaries == 0        ? GRAFT_TACTIC_JUMP
                                          : GRAFT_TACTIC_PUNNED;
}

/* The run-time address of a part of the stub. */
static inline uint64_t gr_site_stub(const struct gr_site *site, uint8_t at) {
    return site->stub_code + at;
}

_Static_assert(offsetof(struct gr_site, direct) == GR_SITE_DIRECT, "layout.h");
_Static_assert(offsetof(struct gr_site, counter) == GR_SITE_COUNTER, "layout.h");
_Static_assert(offsetof(struct gr_site, direct_exit) == GR_SITE_DIRECT_EXIT, "layout.h");
_Static_assert(offsetof(struct gr_site, sample_step) == GR_SITE_SAMPLE, "layout.h");
_Static_assert(offsetof(struct gr_site, entry) == GR_SITE_ENTRY, "layout.h");
_Static_assert(offsetof(struct gr_attachment, probe) == GR_ATTACHMENT_PROBE, "layout.h");
_Static_assert(offsetof(struct gr_attachment, handler) == GR_ATTACHMENT_HANDLER, "layout.h");
_Static_assert(offsetof(struct gr_attachment, context) == GR_ATTACHMENT_CONTEXT, "layout.h");
_Static_assert(offsetof(struct graft_hit, probe) == GR_HIT_PROBE, "layout.h");
_Static_assert(offsetof(struct graft_hit, phase) == GR_HIT_PHASE, "layout.h");
_Static_assert(offsetof(struct graft_hit, thread) == GR_HIT_PHASE + 4, "layout.h");
_Static_assert(offsetof(struct graft_hit, entry) == GR_HIT_ENTRY, "layout.h");
_Static_assert(offsetof(struct graft_hit, registers) == GR_HIT_REGISTERS, "layout.h");
_Static_assert(offsetof(struct graft_hit, return_address) == GR_HIT_RETURN, "layout.h");
_Static_assert(offsetof(struct graft_hit, stack_pointer) == GR_HIT_STACK, "layout.h");
_Static_assert(offsetof(struct graft_hit, nanoseconds) == GR_HIT_NANOSECONDS, "layout.h");
_Static_assert(offsetof(struct graft_hit, cookie) == GR_HIT_COOKIE, "layout.h");
_Static_assert(sizeof(struct graft_hit) == GR_HIT_SIZE, "layout.h");
_Static_assert(GRAFT_PHASE_ENTER == GR_PHASE_ENTER && GRAFT_PHASE_LEAVE == GR_PHASE_LEAVE, "layout.h");

#endif
