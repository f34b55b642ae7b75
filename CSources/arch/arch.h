/* arch.h: what the portable core asks of an instruction set. One folder for each, with the same file names.
 *
 * decode.c: what stands at an entry. emit.c: the code of a stub. thunk*.S: what stubs call. layout.h: shared numbers. */
#ifndef GR_ARCH_H
#define GR_ARCH_H

#include "site.h"

/* Reads program bytes at an address: returns how many of `size` could be read. */
typedef size_t (*gr_reader)(void *context, uint64_t address, void *bytes, size_t size);

/* A function as the decoder sees it. */
struct gr_function {
    uint64_t address;
    uint64_t size; /* 0: unknown; then as far as the next symbol, at most GR_SCAN_UNKNOWN bytes */
    gr_reader read;
    void *context;
};

/* Which bytes of an entry a patch takes. */
enum gr_shape {
    GR_SHAPE_JUMP, /* those of a jump, at the entry */
    GR_SHAPE_LATE, /* those of a jump one byte later: behind a push or nop of one byte, which stays, or behind a prefix */
    GR_SHAPE_TRAP, /* the first byte */
};

/* One instruction of the block that has to move. */
struct gr_instruction {
    uint8_t offset, length; /* from the block's address */
    uint8_t kind;           /* decode.c's and emit.c's own */
    uint8_t detail;
    uint64_t target; /* absolute, for branches and RIP-relative operands */
};

/* What decode finds: which bytes move, and what they are. */
struct gr_plan {
    uint64_t address;            /* of the block: the entry, or behind its endbr64 */
    uint8_t bytes[GR_BLOCK_MAX]; /* the original bytes from there on; `size` of them are valid */
    uint8_t size;                /* of the block, >= claimed */
    uint8_t claimed;             /* bytes, from the block's first on, that nothing may jump to, but for `kept` */
    uint8_t stays;               /* bytes of the block in front of the patch: the push, or 0 */
    uint8_t count;
    uint8_t boundaries; /* bit i: an instruction begins at +i, 1 <= i < claimed */
    uint8_t kept;       /* the first boundary that the function jumps back to: from there on the bytes stay; 0: none */
    bool uses_ymm, uses_zmm; /* the function itself touches wide vectors */
    struct gr_instruction instruction[GR_INSTRUCTIONS_MAX];
};

/* Decides whether the entry can be changed. On refusal `*offender` is the address of the instruction that stands in
 * the way. GRAFT_TOO_SHORT, GRAFT_BRANCH_INTO_PATCH, GRAFT_NOT_CODE, GRAFT_NOT_RELOCATABLE (also: not of that shape),
 * GRAFT_FOREIGN_PATCH. */
enum graft_status gr_arch_plan(
    const struct gr_function *function, enum gr_shape shape, struct gr_plan *plan, uint64_t *offender);

/* Widest vectors that code between two addresses uses: GR_KEEP_ALL, GR_KEEP_AVX or GR_KEEP_XSAVE. Stops at the first
 * proof of the widest; reads at most GR_SCAN_IMAGE bytes and assumes AVX beyond. `starts`, in ascending order, are
 * addresses where an instruction is known to begin; the more there are, the less has to be decoded. */
enum gr_keep gr_arch_vectors(const struct gr_function *range, const uint64_t *starts, size_t count);

/* Where a stub's code and data will be. */
struct gr_stub_place {
    uint64_t code;          /* run-time address of `size` bytes */
    size_t size;            /* at most GR_STUB_SIZE */
    struct gr_slot *slot;   /* its data; within a 32-bit displacement of `code` */
    const uint64_t *thunks; /* table of thunk addresses (gr_arch_thunks), near as well */
    uint64_t *counter;      /* of CPU 0 */
};

/* The bytes that a stub for this plan takes at most. */
size_t gr_arch_stub_size(const struct gr_plan *plan);
/* Writes a stub's code into `code` (place->size bytes) and fills in the slot's constant fields and the site's stub
 * addresses and `moved`. GRAFT_NOT_RELOCATABLE when an operand does not reach, GRAFT_NO_SPACE_NEAR when a branch
 * does not. */
enum graft_status gr_arch_emit(
    const struct gr_plan *plan, const struct gr_stub_place *place, struct gr_site *site, uint8_t *code);

/* Writes the hop of a site, to stand at `address`: GR_HOP_SIZE bytes that jump to where the slot says. */
enum graft_status gr_arch_emit_hop(uint64_t address, const struct gr_slot *slot, uint8_t *code);

/* True when the instruction of this one byte is a push that such a hop takes back, or does nothing. `*stack` is what it
 * took from the stack, in bytes. */
bool gr_arch_undoes(uint8_t instruction, int *stack);

/* Writes the hop of a site whose jump stands behind its first instruction, a push of one byte: takes the push back and
 * jumps to the stub, which begins as a hop does. GRAFT_NOT_RELOCATABLE: the instruction is another; GRAFT_NO_SPACE_NEAR. */
enum graft_status gr_arch_emit_hop_after_push(
    uint64_t address, uint8_t instruction, uint64_t stub, uint8_t code[GR_HOP_SIZE]);

/* The jump from `from` to `to`. False when it does not reach. */
bool gr_arch_emit_jump(uint64_t from, uint64_t to, uint8_t jump[GR_PATCH_SIZE]);
/* The same, behind a prefix without meaning: its displacement lies one byte further. */
bool gr_arch_emit_prefixed_jump(uint64_t from, uint64_t to, uint8_t jump[GR_PATCH_MAX]);

/* Writes the code that an async call's end is led to (completion.h), GR_TRAMPOLINE_SIZE bytes within 2 GiB of both: jumps
 * through *thunk with the completion's address. */
enum { GR_TRAMPOLINE_SIZE = 16 };
void gr_arch_emit_trampoline(uint8_t *code, const void *completion, const uint64_t *thunk);
/* The thunk that it jumps to: keeps all that a continuation of this machine may be given. After gr_arch_start. */
uint64_t gr_arch_completion_thunk(void);

/* Writes a function, `int (void)`, that returns this number: GR_ANSWER_SIZE bytes. */
enum { GR_ANSWER_SIZE = 8 };
void gr_arch_emit_answer(uint16_t answer, uint8_t code[GR_ANSWER_SIZE]);

/* The thunks, entry then exit, each by enum gr_keep: copied into each arena's header. */
enum { GR_THUNKS = 2 * GR_KEEP_KINDS };
extern const uint64_t gr_arch_thunks[GR_THUNKS];

/* The most that a thunk on this machine can have to keep. After gr_arch_start. */
enum gr_keep gr_arch_keep_limit(void);

/* Prepares what thunks need to know of this machine. GRAFT_UNSUPPORTED names a missing feature in the log. */
enum graft_status gr_arch_start(void);

/* Adds one to a site's count, exactly: per CPU when the kernel has registered this thread's rseq. Hit plane. */
void gr_arch_count(uint64_t *counter, struct gr_slot *slot);

/* Where an exit thunk returns to when an exception goes on in the caller: never called (leave.c). */
void gr_arch_resume(void);

#endif
