/* emit.c: writes the code of one stub.
 *
 *   hop:        jmp *slot.active                      where a patched entry arrives, directly or from its place
 *   count:      add one to this CPU's counter         a restartable sequence (rseq); uses rax and the red zone only
 *   relocated:  the block that moved, then jmp back
 *   entry:      call the entry thunk, then jmp relocated
 *   exit:       jmp to the exit thunk, which calls `relocated` itself
 *   slow:       lock-prefixed count for threads without rseq
 *   abort:      where the kernel restarts a preempted count
 *
 * A thunk is told the slot in rax; the caller's rax is left in the red zone (layout.h, GR_REG_STASH). Nothing here
 * knows about processes or memory management: it fills a buffer for a given address. */
#ifdef __x86_64__
#include "arch/arch.h"
#include "arch/x86_64/insn.h"
#include "counters.h"
#include <string.h>

/* A bounded writer: once something did not fit or reach, it stays failed. */
struct writer {
    uint8_t *code;
    uint64_t address; /* run-time address of code[0] */
    size_t at, size;
    enum graft_status status;
};

static uint64_t here(const struct writer *w) {
    return w->address + w->at;
}

static void bytes(struct writer *w, const void *data, size_t size) {
    if (w->at + size > w->size) {
        w->status = GRAFT_NOT_RELOCATABLE;
        return;
    }
    memcpy(w->code + w->at, data, size);
    w->at += size;
}

#define BYTES(w, ...) bytes((w), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void word32(struct writer *w, uint32_t value) {
    bytes(w, &value, sizeof value);
}

/* A 32-bit displacement to `target`, where `tail` more bytes of the instruction follow. */
static void relative32(struct writer *w, uint64_t target, size_t tail, enum graft_status failure) {
    int64_t distance = (int64_t)(target - (here(w) + 4 + tail));
    if (distance != (int32_t)distance)
        w->status = failure;
    word32(w, (uint32_t)(int32_t)distance);
}

static void jump(struct writer *w, uint64_t target) { /* jmp rel32 */
    BYTES(w, 0xe9);
    relative32(w, target, 0, GRAFT_NO_SPACE_NEAR);
}

static void jump_back(struct writer *w, uint64_t target) { /* to what is written already: jmp rel8 where that reaches */
    enum { SHORT = 2, SHORT_REACH = 128 };
    uint64_t distance = here(w) + SHORT - target;
    if (distance <= SHORT_REACH)
        BYTES(w, 0xeb, (uint8_t)(0 - distance));
    else
        jump(w, target);
}

static void jump_through(struct writer *w, const void *pointer) { /* jmp *pointer(%rip) */
    BYTES(w, 0xff, 0x25);
    relative32(w, (uint64_t)(uintptr_t)pointer, 0, GRAFT_NO_SPACE_NEAR);
}

static void stash_rax(struct writer *w, int8_t offset) { /* mov %rax,offset(%rsp) */
    BYTES(w, 0x48, 0x89, 0x44, 0x24, (uint8_t)offset);
}

static void unstash_rax(struct writer *w, int8_t offset) { /* mov offset(%rsp),%rax */
    BYTES(w, 0x48, 0x8b, 0x44, 0x24, (uint8_t)offset);
}

static void load_slot(struct writer *w, const struct gr_slot *slot) { /* lea slot(%rip),%rax */
    BYTES(w, 0x48, 0x8d, 0x05);
    relative32(w, (uint64_t)(uintptr_t)slot, 0, GRAFT_NO_SPACE_NEAR);
}

/* The return address of a moved call has to be the original one, so that the function goes on in its own code and
 * unwinders find it: push it and jump. `address` is a user address, so its upper half is 0 to 0x7fff. */
static void push_address(struct writer *w, uint64_t address) {
    BYTES(w, 0x68); /* push imm32, sign-extended */
    word32(w, (uint32_t)address);
    BYTES(w, 0xc7, 0x44, 0x24, 0x04); /* movl imm32,4(%rsp) */
    word32(w, (uint32_t)(address >> 32));
}

static void rip_operand(struct writer *w, const struct gr_instruction *in, const uint8_t *original) {
    size_t tail = in->length - in->detail - 4u;
    bytes(w, original, in->detail);
    relative32(w, in->target, tail, GRAFT_NOT_RELOCATABLE);
    bytes(w, original + in->detail + 4, tail);
}

/* The call's own bytes, as a jump: ModRM's middle field says 4 instead of 2. */
static void jump_as_called(struct writer *w, const struct gr_instruction *in, const uint8_t *original) {
    bytes(w, original, in->detail);
    BYTES(w, (uint8_t)((original[in->detail] & ~0x38) | 0x20));
    bytes(w, original + in->detail + 1, in->length - in->detail - 1u);
}

static void call(struct writer *w, const struct gr_instruction *in, const uint8_t *original, uint64_t back) {
    push_address(w, back);
    if (in->kind == GR_INSN_CALL_MEMORY)
        jump_as_called(w, in, original);
    else if (in->kind == GR_INSN_CALL)
        jump(w, in->target);
    else if (in->kind == GR_INSN_CALL_RIP)
        jump_through(w, (const void *)(uintptr_t)in->target);
    else if (in->detail < 8) /* jmp *%reg */
        BYTES(w, 0xff, (uint8_t)(0xe0 + in->detail));
    else
        BYTES(w, 0x41, 0xff, (uint8_t)(0xe0 + in->detail - 8));
}

static void instruction(struct writer *w, const struct gr_plan *plan, const struct gr_instruction *in) {
    const uint8_t *original = plan->bytes + in->offset;
    switch ((enum gr_insn_kind)in->kind) {
    case GR_INSN_COPY:
        bytes(w, original, in->length);
        break;
    case GR_INSN_RIP:
        rip_operand(w, in, original);
        break;
    case GR_INSN_JMP:
        jump(w, in->target);
        break;
    case GR_INSN_JCC:
        BYTES(w, 0x0f, (uint8_t)(0x80 | in->detail));
        relative32(w, in->target, 0, GRAFT_NOT_RELOCATABLE);
        break;
    case GR_INSN_COUNTED: /* over a short jump, since these reach 127 bytes only */
        BYTES(w, in->detail, 0x02, 0xeb, 0x05);
        jump(w, in->target);
        break;
    case GR_INSN_CALL:
    case GR_INSN_CALL_RIP:
    case GR_INSN_CALL_REGISTER:
    case GR_INSN_CALL_MEMORY:
        call(w, in, original, plan->address + in->offset + in->length);
        break;
    }
}

static void relocated(struct writer *w, const struct gr_plan *plan, struct gr_site *site) {
    uint64_t start = here(w);
    for (unsigned i = 0; i < plan->count; i++) {
        const struct gr_instruction *in = &plan->instruction[i];
        if (in->offset >= plan->stays && in->offset < plan->stays + GR_PATCH_MAX)
            site->moved[in->offset - plan->stays] = (uint8_t)(here(w) - start);
        instruction(w, plan, in);
    }
    jump(w, plan->address + plan->size);
    site->slot->relocated = start;
}

/* What count() leaves to be written behind the hot code. */
struct count_tail {
    size_t slow_from; /* offset behind the displacement of the jump to the slow path */
    bool slow_short;  /* that jump has a displacement of one byte */
    uint64_t restart; /* where an aborted count begins again */
    uint64_t counted; /* where one goes on that was counted elsewhere */
};

/* The rseq area is at a constant distance from the thread pointer, so %fs reaches it without a register. */
static struct count_tail count(
    struct writer *w, const struct gr_stub_place *place, const struct gr_counters *counters, bool near) {
    struct gr_rseq_cs *cs = &place->slot->rseq_cs;
    uint32_t rseq = (uint32_t)counters->rseq_offset;
    stash_rax(w, -8);
    struct count_tail tail = {.restart = here(w), .slow_short = near};
    BYTES(w, 0x48, 0x8d, 0x05); /* lea cs(%rip),%rax */
    relative32(w, (uint64_t)(uintptr_t)cs, 0, GRAFT_NO_SPACE_NEAR);
    BYTES(w, 0x64, 0x48, 0x89, 0x04, 0x25); /* mov %rax,%fs:rseq_cs */
    word32(w, rseq + GR_RSEQ_CS);
    cs->start = here(w);
    BYTES(w, 0x64, 0x8b, 0x04, 0x25); /* mov %fs:cpu_id,%eax */
    word32(w, rseq + GR_RSEQ_CPU_ID);
    BYTES(w, 0x3d); /* cmp $cpus,%eax: not registered reads as a huge number */
    word32(w, counters->cpus);
    if (near) {
        BYTES(w, 0x73, 0); /* jae slow */
    } else {
        BYTES(w, 0x0f, 0x83);
        word32(w, 0);
    }
    tail.slow_from = w->at;
    BYTES(w, 0xc1, 0xe0, (uint8_t)counters->cpu_shift); /* shl $shift,%eax */
    BYTES(w, 0x48, 0xff, 0x80);                         /* incq counter(%rax): the commit */
    word32(w, (uint32_t)(uintptr_t)place->counter);
    tail.counted = here(w);
    cs->post_commit_offset = tail.counted - cs->start;
    unstash_rax(w, -8);
    return tail;
}

/* The slow path of a count, and where the kernel sends an aborted one. */
static void finish_count(struct writer *w, const struct gr_stub_place *place, struct count_tail tail) {
    int32_t distance = (int32_t)(w->at - tail.slow_from);
    size_t size = tail.slow_short ? 1 : sizeof distance; /* little-endian: the first byte is the lowest */
    memcpy(w->code + tail.slow_from - size, &distance, size);
    BYTES(w, 0xf0, 0x48, 0xff, 0x05); /* lock incq shared(%rip) */
    relative32(w, (uint64_t)(uintptr_t)&place->slot->shared_count, 0, GRAFT_NO_SPACE_NEAR);
    jump_back(w, tail.counted);
    BYTES(w, 0x0f, 0xb9, 0x3d); /* ud1 signature(%rip): never executed, keeps disassemblers in step */
    word32(w, GR_RSEQ_SIGNATURE);
    place->slot->rseq_cs.abort = here(w);
    jump_back(w, tail.restart);
}

/* Where the kernel gives no per-CPU sequence: one atomic addition. */
static void count_shared(struct writer *w, const struct gr_stub_place *place) {
    BYTES(w, 0xf0, 0x48, 0xff, 0x05); /* lock incq shared(%rip) */
    relative32(w, (uint64_t)(uintptr_t)&place->slot->shared_count, 0, GRAFT_NO_SPACE_NEAR);
}

/* The most bytes that an instruction of the block becomes. */
static size_t moved_size(const struct gr_instruction *in) {
    enum { JUMP = 5, JUMP_IF = 6, COUNTED = 9, PUSH_ADDRESS = 13, JUMP_THROUGH = 6 };
    switch ((enum gr_insn_kind)in->kind) {
    case GR_INSN_COPY:
    case GR_INSN_RIP:
        break;
    case GR_INSN_JMP:
        return JUMP;
    case GR_INSN_JCC:
        return JUMP_IF;
    case GR_INSN_COUNTED:
        return COUNTED;
    case GR_INSN_CALL:
    case GR_INSN_CALL_RIP:
    case GR_INSN_CALL_REGISTER:
        return PUSH_ADDRESS + JUMP_THROUGH;
    case GR_INSN_CALL_MEMORY:
        return PUSH_ADDRESS + in->length;
    }
    return in->length;
}

static size_t moved_block(const struct gr_plan *plan) {
    size_t size = 0;
    for (unsigned i = 0; i < plan->count; i++)
        size += moved_size(&plan->instruction[i]);
    return size;
}

/* All but the moved block; and the longest block over which the jumps inside a stub are short ones. */
enum { STUB_SHORT = 119, STUB_LONG = 132, BLOCK_SHORT = 20 };

size_t gr_arch_stub_size(const struct gr_plan *plan) {
    size_t block = moved_block(plan), size = block + (block <= BLOCK_SHORT ? STUB_SHORT : STUB_LONG);
    return size < GR_STUB_SIZE ? size : GR_STUB_SIZE;
}

enum graft_status gr_arch_emit(
    const struct gr_plan *plan, const struct gr_stub_place *place, struct gr_site *site, uint8_t *code) {
    struct writer w = {.code = code, .address = place->code, .size = place->size, .status = GRAFT_OK};
    const struct gr_counters *counters = gr_counters();
    memset(code, 0xcc, place->size);
    site->slot = place->slot;
    jump_through(&w, place->slot->active);
    site->count_at = (uint8_t)w.at;
    struct count_tail tail = {0};
    if (counters->per_cpu)
        tail = count(&w, place, counters, moved_block(plan) <= BLOCK_SHORT);
    else
        count_shared(&w, place);
    relocated(&w, plan, site);
    site->entry_at = (uint8_t)w.at;
    stash_rax(&w, -16);
    load_slot(&w, place->slot);
    BYTES(&w, 0xff, 0x15); /* call *thunk(%rip) */
    relative32(&w, (uint64_t)(uintptr_t)&place->thunks[site->keep], 0, GRAFT_NO_SPACE_NEAR);
    jump_back(&w, site->slot->relocated);
    site->exit_at = (uint8_t)w.at;
    stash_rax(&w, -16);
    load_slot(&w, place->slot);
    jump_through(&w, &place->thunks[GR_KEEP_KINDS + site->keep]);
    if (counters->per_cpu)
        finish_count(&w, place, tail);
    return w.status;
}

enum graft_status gr_arch_emit_hop(uint64_t address, const struct gr_slot *slot, uint8_t *code) {
    struct writer w = {.code = code, .address = address, .size = GR_HOP_SIZE, .status = GRAFT_OK};
    jump_through(&w, slot->active);
    return w.status;
}

enum graft_status gr_arch_emit_hop_after_push(
    uint64_t address, uint8_t instruction, uint64_t stub, uint8_t code[GR_HOP_SIZE]) {
    enum { PUSH = 0x50, POP = 0x58 };
    int stack;
    if (!gr_arch_undoes(instruction, &stack))
        return GRAFT_NOT_RELOCATABLE;
    code[0] = stack != 0 ? (uint8_t)(instruction - PUSH + POP) : instruction;
    return gr_arch_emit_jump(address + 1, stub, code + 1) ? GRAFT_OK : GRAFT_NO_SPACE_NEAR;
}

_Static_assert(GR_HOP_SIZE == 1 + GR_PATCH_SIZE, "a pop and a jump fill a hop");

void gr_arch_emit_trampoline(uint8_t *code, const void *completion, const uint64_t *thunk) {
    struct writer w = {
        .code = code, .address = (uint64_t)(uintptr_t)code, .size = GR_TRAMPOLINE_SIZE, .status = GRAFT_OK};
    memset(code, 0xcc, GR_TRAMPOLINE_SIZE);
    BYTES(&w, 0x48, 0x8d, 0x05); /* lea completion(%rip),%rax: the register that the jump here has used up */
    relative32(&w, (uint64_t)(uintptr_t)completion, 0, GRAFT_NO_SPACE_NEAR);
    BYTES(&w, 0xff, 0x25); /* jmp *thunk(%rip) */
    relative32(&w, (uint64_t)(uintptr_t)thunk, 0, GRAFT_NO_SPACE_NEAR);
}

uint64_t gr_arch_completion_thunk(void) {
    extern const uint64_t gr_arch_completions[GR_KEEP_KINDS];
    return gr_arch_completions[gr_arch_keep_limit()];
}

void gr_arch_emit_answer(uint16_t answer, uint8_t code[GR_ANSWER_SIZE]) {
    struct writer w = {.code = code, .size = GR_ANSWER_SIZE, .status = GRAFT_OK};
    memset(code, 0xcc, GR_ANSWER_SIZE);
    BYTES(&w, 0xb8); /* mov $answer,%eax */
    word32(&w, answer);
    BYTES(&w, 0xc3); /* ret */
}

bool gr_arch_emit_jump(uint64_t from, uint64_t to, uint8_t jump[GR_PATCH_SIZE]) {
    int64_t distance = (int64_t)(to - (from + GR_PATCH_SIZE));
    if (distance != (int32_t)distance)
        return false;
    int32_t displacement = (int32_t)distance;
    jump[0] = 0xe9;
    memcpy(jump + 1, &displacement, sizeof displacement);
    return true;
}

bool gr_arch_emit_prefixed_jump(uint64_t from, uint64_t to, uint8_t jump[GR_PATCH_MAX]) {
    enum { REX_W = 0x48 }; /* near branches have 64-bit operands whatever it says */
    jump[0] = REX_W;
    return gr_arch_emit_jump(from + 1, to, jump + 1);
}
#endif
