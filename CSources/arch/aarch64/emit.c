/* emit.c: writes the code of one stub.
 *
 *   hop:        [autiasp]; ldr x16, slot.active; br x16    where a patched entry arrives, directly or from its place
 *   count:      add one to the slot's count
 *   relocated:  [paciasp]; the instruction that moved; b back
 *   entry:      x16 = slot; x17 = entry thunk; br x17      goes on at `relocated` by itself
 *   exit:       x16 = slot; x17 = exit thunk; br x17       calls `relocated`
 *
 * At a function's entry x16 and x17 are anybody's: linkers put veneers there that use them, so that compilers take them
 * for lost across any call, also of a local function. No other register is touched. In brackets: only where the function
 * has signed its return address before the patch (decode.c).
 * Nothing here knows about processes or memory management: it fills a buffer for a given address. */
#ifdef __aarch64__
#include "arch/aarch64/insn.h"
#include "arch/aarch64/machine.h"
#include "arch/arch.h"
#include "counters.h"
#include <string.h>

enum { X15 = 15, X16 = 16, X17 = 17, X30 = 30, ZR = 31, SP = 31 };
enum { WORD = sizeof(uint32_t) };

/* A bounded writer: once something did not fit or reach, it stays failed. */
struct writer {
    uint8_t *code;
    uint64_t address; /* run-time address of code[0] */
    size_t at, room;
    enum graft_status status;
};

static uint64_t here(const struct writer *w) {
    return w->address + w->at;
}

static void put(struct writer *w, uint32_t word) {
    if (w->at + WORD > w->room) {
        w->status = GRAFT_NOT_RELOCATABLE;
        return;
    }
    memcpy(w->code + w->at, &word, WORD);
    w->at += WORD;
}

/* `value` as a signed number of `count` bits, in bits from `from` on. */
static uint32_t in_field(int64_t value, unsigned from, unsigned count) {
    return ((uint32_t)value & ((UINT32_C(1) << count) - 1)) << from;
}

static bool fits(int64_t value, unsigned count) {
    return value >= -(INT64_C(1) << (count - 1)) && value < INT64_C(1) << (count - 1);
}

static uint32_t branch(int64_t distance) { /* b */
    return 0x14000000 | in_field(distance / WORD, 0, 26);
}

static bool branch_reaches(uint64_t from, uint64_t to) {
    int64_t distance = (int64_t)(to - from);
    return distance % WORD == 0 && fits(distance / WORD, 26);
}

/* adr rd, target: within 1 MiB. */
static void address_near(struct writer *w, unsigned rd, uint64_t target) {
    int64_t distance = (int64_t)(target - here(w));
    if (!fits(distance, 21))
        w->status = GRAFT_NO_SPACE_NEAR;
    put(w, 0x10000000 | in_field(distance, 29, 2) | in_field(distance >> 2, 5, 19) | rd);
}

/* ldr rt, [rn, #offset] */
static void load(struct writer *w, unsigned rt, unsigned rn, unsigned offset) {
    put(w, 0xf9400000 | offset / 8 << 10 | rn << 5 | rt);
}

/* adrp rt, pointer; ldr rt, [rt, #…]: what stands at `pointer`, within 4 GiB. */
static void load_from(struct writer *w, unsigned rt, const void *pointer) {
    enum { PAGE_BITS = 12 };
    uint64_t address = (uint64_t)(uintptr_t)pointer;
    int64_t pages = (int64_t)(address >> PAGE_BITS) - (int64_t)(here(w) >> PAGE_BITS);
    if (!fits(pages, 21))
        w->status = GRAFT_NO_SPACE_NEAR;
    put(w, 0x90000000 | in_field(pages, 29, 2) | in_field(pages >> 2, 5, 19) | rt);
    load(w, rt, rt, (unsigned)(address & ((1u << PAGE_BITS) - 1)));
}

/* movz rd, then movk for each further part that is not zero. */
static void constant(struct writer *w, unsigned rd, uint64_t value) {
    enum { PART = 16, PARTS = 4 };
    put(w, 0xd2800000 | (uint32_t)(value & 0xffff) << 5 | rd);
    for (unsigned part = 1; part < PARTS; part++) {
        uint32_t bits = value >> part * PART & 0xffff;
        if (bits != 0)
            put(w, 0xf2800000 | part << 21 | bits << 5 | rd);
    }
}

static void branch_register(struct writer *w, unsigned rn) { /* br rn */
    put(w, 0xd61f0000 | rn << 5);
}

/* To an address in the program. Where a branch does not reach, a return to it: unlike br it may lead anywhere, also where
 * the program's pages are guarded by landing pads (BTI). */
static void go_to(struct writer *w, uint64_t target) {
    if (branch_reaches(here(w), target)) {
        put(w, branch((int64_t)(target - here(w))));
        return;
    }
    constant(w, X16, target);
    put(w, 0xd65f0000 | X16 << 5); /* ret x16 */
}

static void authenticate(struct writer *w, enum gr_key key) { /* autiasp, autibsp */
    put(w, key == GR_KEY_A ? 0xd50323bf : 0xd50323ff);
}

static void sign(struct writer *w, enum gr_key key) { /* paciasp, pacibsp */
    put(w, key == GR_KEY_A ? 0xd503233f : 0xd503237f);
}

/* A load of a literal, as a load from a register that holds its address: the one that is loaded, or x16. */
static void load_literal(struct writer *w, uint32_t word, uint64_t target) {
    static const uint32_t general[] = {0xb9400000, 0xf9400000, 0xb9800000, 0xf9800000}, /* ldr w, x; ldrsw; prfm */
        vector[] = {0xbd400000, 0xfd400000, 0x3dc00000};                                /* ldr s, d, q */
    enum { PREFETCH = 3, VECTORS = 3 };
    unsigned size = word >> 30, rt = word & 31;
    bool vectors = (word >> 26 & 1) != 0;
    if (vectors && size >= VECTORS) {
        w->status = GRAFT_NOT_RELOCATABLE;
        return;
    }
    unsigned base = vectors || size == PREFETCH || rt == ZR ? X16 : rt;
    constant(w, base, target);
    put(w, (vectors ? vector[size] : general[size]) | base << 5 | rt);
}

/* The same condition, over a jump; the other way leads behind that. */
static void conditional(struct writer *w, uint32_t word, unsigned bits, uint64_t target) {
    put(w, (word & ~in_field(-1, 5, bits)) | in_field(2, 5, bits));
    size_t over = w->at;
    put(w, 0);
    go_to(w, target);
    uint32_t skip = branch((int64_t)(w->at - over));
    memcpy(w->code + over, &skip, WORD);
}

/* The return address of a moved call has to be the original one, so that the function goes on in its own code and unwinders
 * find it. */
static void call(struct writer *w, const struct gr_instruction *in, uint64_t back) {
    if (in->kind == GR_INSN_CALL_REGISTER && in->detail == X30)
        put(w, 0xaa0003e0 | X30 << 16 | X16); /* mov x16, x30 */
    constant(w, X30, back);
    if (in->kind == GR_INSN_CALL) {
        go_to(w, in->target);
        return;
    }
    if (in->detail != X30 && in->detail != X16 && in->detail != X17)
        put(w, 0xaa0003e0 | (uint32_t)in->detail << 16 | X16);
    /* br of x16 and x17 may lead where calls may (BTI); of others it may not */
    branch_register(w, in->detail == X17 ? X17 : X16);
}

static void instruction(struct writer *w, const struct gr_plan *plan, const struct gr_instruction *in) {
    uint32_t word;
    memcpy(&word, plan->bytes + in->offset, WORD);
    switch ((enum gr_insn_kind)in->kind) {
    case GR_INSN_COPY:
        put(w, word);
        break;
    case GR_INSN_SIGN:
        sign(w, in->detail);
        break;
    case GR_INSN_ADDRESS:
        constant(w, in->detail, in->target);
        break;
    case GR_INSN_LOAD:
        load_literal(w, word, in->target);
        break;
    case GR_INSN_BRANCH:
        go_to(w, in->target);
        break;
    case GR_INSN_CALL:
    case GR_INSN_CALL_REGISTER:
        call(w, in, plan->address + WORD);
        break;
    case GR_INSN_CONDITIONAL:
        conditional(w, word, 19, in->target);
        break;
    case GR_INSN_TEST:
        conditional(w, word, 14, in->target);
        break;
    }
}

static void relocated(struct writer *w, const struct gr_plan *plan, struct gr_site *site) {
    site->slot->relocated = here(w);
    for (unsigned i = 0; i < plan->count; i++)
        instruction(w, plan, &plan->instruction[i]);
    go_to(w, plan->address + plan->size);
}

/* With x16 and x17 alone: one instruction where the processor has it, else a loop that borrows x15. */
static void count(struct writer *w, const struct gr_slot *slot) {
    address_near(w, X16, (uint64_t)(uintptr_t)&slot->shared_count);
    if (gr_has_atomics) {
        constant(w, X17, 1);
        put(w, 0xf8200000 | X17 << 16 | X16 << 5 | ZR); /* stadd x17, [x16] */
        return;
    }
    put(w, 0xf81f0c00 | SP << 5 | X15);              /* str x15, [sp, #-16]! */
    put(w, 0xc85f7c00 | X16 << 5 | X17);             /* 1: ldxr x17, [x16] */
    put(w, 0x91000400 | X17 << 5 | X17);             /* add x17, x17, #1 */
    put(w, 0xc8007c00 | X15 << 16 | X16 << 5 | X17); /* stxr w15, x17, [x16] */
    put(w, 0x35000000 | in_field(-3, 5, 19) | X15);  /* cbnz w15, 1b */
    put(w, 0xf8410400 | SP << 5 | X15);              /* ldr x15, [sp], #16 */
}

static void to_thunk(struct writer *w, const struct gr_stub_place *place, unsigned thunk) {
    address_near(w, X16, (uint64_t)(uintptr_t)place->slot);
    load_from(w, X17, &place->thunks[thunk]);
    branch_register(w, X17);
}

/* The most bytes that an instruction of the block becomes: moves of an address take four words, a jump five. */
static size_t moved_size(const struct gr_instruction *in) {
    enum { ADDRESS = 4 * WORD, JUMP = ADDRESS + WORD };
    switch ((enum gr_insn_kind)in->kind) {
    case GR_INSN_COPY:
    case GR_INSN_SIGN:
        break;
    case GR_INSN_ADDRESS:
        return ADDRESS;
    case GR_INSN_LOAD:
        return ADDRESS + WORD;
    case GR_INSN_BRANCH:
        return JUMP;
    case GR_INSN_CALL:
        return ADDRESS + JUMP;
    case GR_INSN_CALL_REGISTER:
        return 2 * WORD + ADDRESS + WORD;
    case GR_INSN_CONDITIONAL:
    case GR_INSN_TEST:
        return 2 * WORD + JUMP;
    }
    return WORD;
}

size_t gr_arch_stub_size(const struct gr_plan *plan) {
    enum { HOP = 4 * WORD, COUNT_PLAINLY = 3 * WORD, COUNT = 7 * WORD, BACK = 5 * WORD, TO_THUNKS = 8 * WORD };
    size_t size = HOP + (gr_has_atomics ? COUNT_PLAINLY : COUNT) + BACK + TO_THUNKS;
    for (unsigned i = 0; i < plan->count; i++)
        size += moved_size(&plan->instruction[i]);
    return size;
}

enum graft_status gr_arch_emit(
    const struct gr_plan *plan, const struct gr_stub_place *place, struct gr_site *site, uint8_t *code) {
    struct writer w = {.code = code, .address = place->code, .room = place->size, .status = GRAFT_OK};
    memset(code, 0, place->size); /* udf */
    site->slot = place->slot;
    if (plan->instruction[0].kind == GR_INSN_SIGN)
        authenticate(&w, plan->instruction[0].detail);
    load_from(&w, X16, place->slot->active);
    branch_register(&w, X16);
    site->count_at = (uint8_t)w.at;
    count(&w, place->slot);
    relocated(&w, plan, site);
    site->entry_at = (uint8_t)w.at;
    to_thunk(&w, place, site->keep);
    site->exit_at = (uint8_t)w.at;
    to_thunk(&w, place, GR_KEEP_KINDS + site->keep);
    return w.status;
}

/* To the stub's own hop, which takes a signature off. */
enum graft_status gr_arch_emit_hop(uint64_t address, const struct gr_slot *slot, uint8_t *code) {
    struct writer w = {.code = code, .address = address, .room = GR_HOP_SIZE, .status = GRAFT_OK};
    const struct gr_site *site = atomic_load_explicit(&slot->site, memory_order_relaxed); /* our own store */
    constant(&w, X16, site->stub_code);
    branch_register(&w, X16);
    return w.status;
}

bool gr_arch_emit_jump(uint64_t from, uint64_t to, uint8_t jump[GR_PATCH_SIZE]) {
    if (!branch_reaches(from, to))
        return false;
    uint32_t word = branch((int64_t)(to - from));
    memcpy(jump, &word, WORD);
    return true;
}

void gr_arch_emit_answer(uint16_t answer, uint8_t code[GR_ANSWER_SIZE]) {
    struct writer w = {.code = code, .room = GR_ANSWER_SIZE, .status = GRAFT_OK};
    constant(&w, 0, answer);
    put(&w, 0xd65f0000 | X30 << 5); /* ret */
}

void gr_arch_emit_trampoline(uint8_t *code, const void *completion, const uint64_t *thunk) {
    struct writer w = {
        .code = code, .address = (uint64_t)(uintptr_t)code, .room = GR_TRAMPOLINE_SIZE, .status = GRAFT_OK};
    memset(code, 0, GR_TRAMPOLINE_SIZE);
    address_near(&w, X16, (uint64_t)(uintptr_t)completion);
    load_from(&w, X17, thunk);
    branch_register(&w, X17);
}

uint64_t gr_arch_completion_thunk(void) {
    extern void gr_thunk_completion_all(void);
    return (uint64_t)(uintptr_t)gr_thunk_completion_all;
}
#endif
