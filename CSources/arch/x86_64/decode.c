/* decode.c: which bytes at an entry have to move, what they are, and whether anything stands in the way.
 *
 * Decoding is Zydis's; the rules are ours (patching.md §2). Reads through the caller's reader, so that the same code
 * judges a running function and one in a file. Never writes. Neighbours: scan.c (branches back into the entry), emit.c. */
#ifdef __x86_64__
#include "arch/arch.h"
#include "arch/x86_64/insn.h"
#include "arch/x86_64/prologue.h"
#include "arch/x86_64/scan.h"
#include <Zydis/Zydis.h>
#include <string.h>

enum { RSP = 4 }; /* its number in an instruction */

static const uint8_t endbr64[4] = {0xf3, 0x0f, 0x1e, 0xfa};

void gr_decoder_open(ZydisDecoder *decoder) {
    ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

bool gr_decode(const ZydisDecoder *decoder, const uint8_t *bytes, size_t size, ZydisDecodedInstruction *instruction) {
    return ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder, ZYAN_NULL, bytes, size, instruction));
}

static bool is_padding(const ZydisDecodedInstruction *in) {
    return in->mnemonic == ZYDIS_MNEMONIC_NOP || in->mnemonic == ZYDIS_MNEMONIC_INT3;
}

/* Nothing runs on to what stands behind this instruction, and so nothing rests there: what jumps there is scan.c's. The
 * sleds of XRay begin so, and short functions end so. */
static bool leaves(const ZydisDecodedInstruction *in) {
    return in->mnemonic == ZYDIS_MNEMONIC_JMP || in->mnemonic == ZYDIS_MNEMONIC_RET;
}

/* Control never runs on past this instruction. */
static bool ends_flow(const ZydisDecodedInstruction *in) {
    return in->mnemonic == ZYDIS_MNEMONIC_JMP || in->mnemonic == ZYDIS_MNEMONIC_RET ||
           in->mnemonic == ZYDIS_MNEMONIC_UD2 || in->mnemonic == ZYDIS_MNEMONIC_HLT;
}

bool gr_insn_rip_operand(const ZydisDecodedInstruction *in, uint64_t address, uint64_t *target) {
    bool relative = (in->attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0 && in->raw.modrm.mod == 0 && in->raw.modrm.rm == 5;
    if (relative)
        *target = address + in->length + (uint64_t)in->raw.disp.value;
    return relative;
}

bool gr_insn_branch(const ZydisDecodedInstruction *in, uint64_t address, uint64_t *target) {
    bool relative = in->raw.imm[0].is_relative != 0;
    if (relative)
        *target = address + in->length + (uint64_t)in->raw.imm[0].value.s;
    return relative;
}

/* Means the same on every processor. With the prefix 66 and nothing that overrules it, some cut the target to 16 bits;
 * branches in VEX's space were those of one withdrawn extension. */
static bool is_usual(const ZydisDecodedInstruction *in) {
    bool cut = (in->attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) != 0 && in->raw.rex.W == 0;
    return !cut && in->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY;
}

/* A relative branch as one of our kinds. */
static enum graft_status classify_branch(const ZydisDecodedInstruction *in, struct gr_instruction *out) {
    if (!is_usual(in))
        return GRAFT_NOT_RELOCATABLE;
    switch (in->mnemonic) {
    case ZYDIS_MNEMONIC_JMP:
        out->kind = GR_INSN_JMP;
        return GRAFT_OK;
    case ZYDIS_MNEMONIC_CALL:
        out->kind = GR_INSN_CALL;
        return GRAFT_OK;
    case ZYDIS_MNEMONIC_LOOP:
    case ZYDIS_MNEMONIC_LOOPE:
    case ZYDIS_MNEMONIC_LOOPNE:
    case ZYDIS_MNEMONIC_JRCXZ:
        if (in->raw.prefix_count != 0) /* 67 counts in ecx; f2 and f3 exchange the conditions on some processors */
            return GRAFT_NOT_RELOCATABLE;
        out->kind = GR_INSN_COUNTED;
        out->detail = in->opcode;
        return GRAFT_OK;
    default:
        if (in->meta.category != ZYDIS_CATEGORY_COND_BR || in->mnemonic == ZYDIS_MNEMONIC_JECXZ)
            return GRAFT_NOT_RELOCATABLE;
        out->kind = GR_INSN_JCC;
        out->detail = in->opcode & 0x0f;
        return GRAFT_OK;
    }
}

/* An indirect call at the entry: its return address must stay in the original code. */
static enum graft_status classify_call(const ZydisDecodedInstruction *in, struct gr_instruction *out) {
    if (!is_usual(in))
        return GRAFT_NOT_RELOCATABLE;
    if (gr_insn_rip_operand(in, 0, &out->target)) {
        out->kind = GR_INSN_CALL_RIP;
        return GRAFT_OK;
    }
    if (in->raw.modrm.mod != 3) {
        bool near = in->opcode == 0xff && in->raw.modrm.reg == 2;
        bool by_stack = in->raw.modrm.rm == 4 && in->raw.sib.base == RSP && in->raw.rex.B == 0;
        if (!near || by_stack) /* the pushed return address would move what is below it */
            return GRAFT_NOT_RELOCATABLE;
        out->kind = GR_INSN_CALL_MEMORY;
        out->detail = in->raw.modrm.offset;
        return GRAFT_OK;
    }
    out->kind = GR_INSN_CALL_REGISTER;
    out->detail = (uint8_t)(in->raw.modrm.rm + (in->raw.rex.B ? 8 : 0));
    return out->detail == RSP ? GRAFT_NOT_RELOCATABLE : GRAFT_OK; /* pushed before it is read */
}

static enum graft_status classify(const ZydisDecodedInstruction *in, uint64_t address, struct gr_instruction *out) {
    if (in->mnemonic == ZYDIS_MNEMONIC_XBEGIN)
        return GRAFT_NOT_RELOCATABLE;
    if (in->mnemonic == ZYDIS_MNEMONIC_INT3)
        return GRAFT_FOREIGN_PATCH; /* a debugger's breakpoint, or somebody's probe */
    if (gr_insn_branch(in, address, &out->target))
        return classify_branch(in, out);
    if (in->mnemonic == ZYDIS_MNEMONIC_CALL) {
        enum graft_status status = classify_call(in, out);
        if (out->kind == GR_INSN_CALL_RIP)
            gr_insn_rip_operand(in, address, &out->target);
        return status;
    }
    if (gr_insn_rip_operand(in, address, &out->target)) {
        out->kind = GR_INSN_RIP;
        out->detail = in->raw.disp.offset;
        return GRAFT_OK;
    }
    out->kind = GR_INSN_COPY;
    return GRAFT_OK;
}

/* Where bytes behind the function's end stop being its padding. */
static uint64_t padding_end(const struct gr_function *function) {
    return (function->address + function->size + 15) & ~(uint64_t)15;
}

/* Adds one instruction to the block; `begins`: a thread may rest in front of it. */
static struct gr_instruction *add(struct gr_plan *plan, unsigned length, bool begins) {
    struct gr_instruction *added = &plan->instruction[plan->count++];
    *added = (struct gr_instruction){.offset = plan->size, .length = (uint8_t)length, .kind = GR_INSN_COPY};
    if (plan->size > 0 && begins)
        plan->boundaries |= (uint8_t)(1u << plan->size);
    plan->size = (uint8_t)(plan->size + length);
    return added;
}

/* Collects the instructions that are known by their first bytes, while they are the function's. */
static void collect_prologue(const struct gr_function *function, size_t readable, struct gr_plan *plan) {
    const uint64_t end = function->size != 0 ? function->address + function->size : plan->address + readable;
    unsigned length = 1;
    while (plan->size < plan->claimed && plan->address + plan->size < end && length != 0) {
        length = gr_prologue_insn(plan->bytes + plan->size, readable - plan->size);
        if (length != 0)
            add(plan, length, true);
    }
}

/* Collects whole instructions until the patch fits. */
static enum graft_status collect(
    const struct gr_function *function, size_t readable, struct gr_plan *plan, uint64_t *offender) {
    ZydisDecoder decoder;
    bool ended = false, left = false;
    collect_prologue(function, readable, plan);
    if (plan->size < plan->claimed)
        gr_decoder_open(&decoder);
    while (plan->size < plan->claimed) {
        uint64_t address = plan->address + plan->size;
        ZydisDecodedInstruction in;
        *offender = address;
        if (!gr_decode(&decoder, plan->bytes + plan->size, readable - plan->size, &in))
            return GRAFT_NOT_CODE;
        bool outside = function->size != 0 && address >= function->address + function->size;
        if (outside || (ended && function->size == 0)) {
            if (!is_padding(&in) || (function->size != 0 && address + in.length > padding_end(function)))
                return GRAFT_TOO_SHORT;
        }
        struct gr_instruction *added = add(plan, in.length, !left);
        enum graft_status status = outside ? GRAFT_OK : classify(&in, address, added);
        if (status != GRAFT_OK)
            return status;
        ended = ended || ends_flow(&in);
        left = left || leaves(&in);
    }
    return GRAFT_OK;
}

bool gr_arch_undoes(uint8_t instruction, int *stack) {
    enum { PUSH = 0x50, REGISTERS = 8, RSP = 4, NOP = 0x90 };
    uint8_t number = (uint8_t)(instruction - PUSH);
    bool push = number < REGISTERS && number != RSP; /* pop %rsp would not take a push back */
    *stack = push ? (int)sizeof(uint64_t) : 0;
    return push || instruction == NOP; /* the sleds of -fpatchable-function-entry */
}

/* Which bytes a patch of this shape takes. */
static void claim(struct gr_plan *plan, enum gr_shape shape) {
    int stack;
    plan->stays = shape == GR_SHAPE_LATE && gr_arch_undoes(plan->bytes[0], &stack);
    plan->claimed = shape == GR_SHAPE_TRAP ? 1 : shape == GR_SHAPE_LATE ? GR_PATCH_MAX : GR_PATCH_SIZE;
}

static bool is_call(const struct gr_instruction *in) {
    return in->kind >= GR_INSN_CALL && in->kind <= GR_INSN_CALL_MEMORY;
}

/* A prefix and the jump behind it are one instruction, so that nothing may begin between them. And each return to the
 * sixth byte from a call in front of it would meet a trap. */
static bool fits_late(const struct gr_plan *plan) {
    for (unsigned i = 0; i < plan->count; i++)
        if (is_call(&plan->instruction[i]) && plan->instruction[i].offset + plan->instruction[i].length < plan->claimed)
            return false;
    return plan->stays != 0 || (plan->boundaries >> 1 & 1) == 0;
}

enum graft_status gr_arch_plan(
    const struct gr_function *function, enum gr_shape shape, struct gr_plan *plan, uint64_t *offender) {
    memset(plan, 0, sizeof *plan);
    *offender = function->address;
    uint8_t head[GR_BLOCK_MAX + sizeof endbr64];
    size_t readable = function->read(function->context, function->address, head, sizeof head);
    size_t skip = readable >= sizeof endbr64 && memcmp(head, endbr64, sizeof endbr64) == 0 ? sizeof endbr64 : 0;
    plan->address = function->address + skip;
    size_t usable = readable - skip < GR_BLOCK_MAX ? readable - skip : GR_BLOCK_MAX;
    memcpy(plan->bytes, head + skip, usable);
    claim(plan, shape);
    if (usable < plan->claimed)
        return GRAFT_NOT_CODE;
    enum graft_status status = collect(function, usable, plan, offender);
    if (status == GRAFT_OK && shape == GR_SHAPE_LATE && !fits_late(plan))
        status = GRAFT_NOT_RELOCATABLE;
    return status == GRAFT_OK ? gr_scan_function(function, plan, offender) : status;
}
#endif
