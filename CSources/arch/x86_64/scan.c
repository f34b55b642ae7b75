/* scan.c: does anything jump back into the bytes that a patch takes, and may they stay? Which vectors are in use?
 *
 * Two passes. The first looks at every byte position as if a branch began there: where no position could be a branch
 * into the entry, none is, whatever the true instruction boundaries are; this settles nearly every function at about a
 * nanosecond a byte. Only otherwise, or when the function has an indirect jump, instructions are decoded. */
#ifdef __x86_64__
#include "arch/x86_64/scan.h"
#include "arch/x86_64/insn.h"
#include <stdlib.h>
#include <string.h>

enum { STACK_BUFFER = 8192 };

/* A branch to the entry itself is refused too: it is a loop, and would be counted as calls. */
static bool hits_patch(const struct gr_plan *plan, uint64_t target) {
    return target - plan->address < plan->claimed;
}

static bool inside_patch(const struct gr_plan *plan, uint64_t target) {
    return hits_patch(plan, target) && target != plan->address;
}

static int32_t read32(const uint8_t *bytes) {
    int32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

/* Could a branch that begins at `at` lead into the patch? */
static bool candidate(const struct gr_plan *plan, const uint8_t *bytes, size_t size, size_t at, uint64_t address) {
    uint8_t op = bytes[at];
    if (at + 2 <= size && (op == 0xeb || (op & 0xf0) == 0x70 || (op & 0xfc) == 0xe0))
        return hits_patch(plan, address + 2 + (uint64_t)(int64_t)(int8_t)bytes[at + 1]);
    if (at + 5 <= size && (op == 0xe9 || op == 0xe8))
        return hits_patch(plan, address + 5 + (uint64_t)(int64_t)read32(bytes + at + 1));
    if (at + 6 <= size && op == 0x0f && (bytes[at + 1] & 0xf0) == 0x80)
        return hits_patch(plan, address + 6 + (uint64_t)(int64_t)read32(bytes + at + 2));
    return false;
}

/* Could an indirect jump begin at `at`? */
static bool indirect(const uint8_t *bytes, size_t size, size_t at) {
    return at + 2 <= size && bytes[at] == 0xff && (bytes[at + 1] & 0x38) == 0x20;
}

/* What an instruction that begins with a byte could be. Every byte of every function is looked up here. */
enum { BRANCH = 1, INDIRECT = 2, WIDE = 4 };
static const uint8_t could_be[256] = {
    [0x0f] = BRANCH,
    [0x62] = WIDE, /* EVEX */
    [0x70 ... 0x7f] = BRANCH,
    [0xc4 ... 0xc5] = WIDE, /* VEX */
    [0xe0 ... 0xe3] = BRANCH,
    [0xe8 ... 0xe9] = BRANCH,
    [0xeb] = BRANCH,
    [0xff] = INDIRECT,
};

static void note_vectors(const ZydisDecodedInstruction *in, bool *ymm, bool *zmm) {
    if (in->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX && in->raw.vex.L)
        *ymm = true;
    if (in->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX)
        *ymm = *zmm = true;
}

/* A jump table of 32-bit offsets from its own start, as GCC and LLVM write them. */
static bool table_hits_patch(const struct gr_function *function, const struct gr_plan *plan, uint64_t table) {
    for (unsigned i = 0; i < GR_TABLE_ENTRIES; i++) {
        int32_t offset;
        if (function->read(function->context, table + 4u * i, &offset, sizeof offset) != sizeof offset)
            return false;
        uint64_t target = table + (uint64_t)(int64_t)offset;
        if (target - function->address >= function->size)
            return false; /* past the table's end, or not a table */
        if (hits_patch(plan, target))
            return true;
    }
    return false;
}

/* A loop back to an instruction inside the patch does no harm when that and all behind it stays as it is: the jump's displacement
 * may be what it was there (tactic.c). Only where the jump stands at the entry, and not for what is told by suspicion. */
static bool may_be_kept(struct gr_plan *plan, uint64_t target) {
    uint64_t offset = target - plan->address;
    if (plan->claimed != GR_PATCH_SIZE || offset >= plan->claimed || (plan->boundaries >> offset & 1) == 0)
        return false;
    if (plan->kept == 0 || offset < plan->kept)
        plan->kept = (uint8_t)offset;
    return true;
}

/* One decoded instruction of the careful pass. */
static bool stands_in_the_way(const struct gr_function *function, struct gr_plan *plan,
    const ZydisDecodedInstruction *in, uint64_t address, bool tables) {
    uint64_t target;
    note_vectors(in, &plan->uses_ymm, &plan->uses_zmm);
    if (gr_insn_branch(in, address, &target)) /* a call of the entry itself is recursion, and a call all the same */
        return in->mnemonic == ZYDIS_MNEMONIC_CALL ? inside_patch(plan, target)
                                                   : hits_patch(plan, target) && !may_be_kept(plan, target);
    if (tables && in->mnemonic == ZYDIS_MNEMONIC_LEA && gr_insn_rip_operand(in, address, &target))
        return table_hits_patch(function, plan, target);
    return false;
}

static enum graft_status careful(const struct gr_function *function, struct gr_plan *plan, const uint8_t *bytes,
    size_t size, bool tables, uint64_t *offender) {
    ZydisDecoder decoder;
    gr_decoder_open(&decoder);
    size_t at = 0;
    while (at < size) {
        ZydisDecodedInstruction in;
        uint64_t address = function->address + at;
        if (!gr_decode(&decoder, bytes + at, size - at, &in))
            break;
        if (stands_in_the_way(function, plan, &in, address, tables)) {
            *offender = address;
            return GRAFT_BRANCH_INTO_PATCH;
        }
        at += in.length;
    }
    for (; at < size; at++) /* data between instructions: without boundaries only the suspicion is left */
        if (candidate(plan, bytes, size, at, function->address + at)) {
            *offender = function->address + at;
            return GRAFT_BRANCH_INTO_PATCH;
        }
    return GRAFT_OK;
}

static enum graft_status scan(
    const struct gr_function *function, struct gr_plan *plan, const uint8_t *bytes, size_t size, uint64_t *offender) {
    bool suspicious = false, tables = false;
    for (size_t at = 0; at < size; at++) {
        unsigned what = could_be[bytes[at]];
        if (what == 0)
            continue;
        suspicious =
            suspicious || what == WIDE || (what == BRANCH && candidate(plan, bytes, size, at, function->address + at));
        tables = tables || (what == INDIRECT && function->size != 0 && indirect(bytes, size, at));
    }
    *offender = function->address;
    return suspicious || tables ? careful(function, plan, bytes, size, tables, offender) : GRAFT_OK;
}

enum graft_status gr_scan_function(const struct gr_function *function, struct gr_plan *plan, uint64_t *offender) {
    size_t size = function->size != 0 ? (size_t)function->size : GR_SCAN_UNKNOWN;
    *offender = function->address;
    if (size > GR_SCAN_MAX)
        return GRAFT_NOT_RELOCATABLE;
    uint8_t small[STACK_BUFFER], *bytes = size <= sizeof small ? small : malloc(size);
    if (bytes == NULL)
        return GRAFT_NO_MEMORY;
    size_t readable = function->read(function->context, function->address, bytes, size);
    enum graft_status status = scan(function, plan, bytes, readable, offender);
    if (bytes != small)
        free(bytes);
    return status;
}

/* Could an instruction on wide vectors begin at `at`? Its own bits say so, not only its first byte. */
static bool wide_vectors(const uint8_t *bytes, size_t size, size_t at) {
    if (bytes[at] == 0xc5)
        return at + 2 <= size && (bytes[at + 1] & 4) != 0;
    if (at + 3 > size)
        return false;
    if (bytes[at] == 0xc4) /* opcode maps 1 to 3 */
        return (bytes[at + 1] & 0x1f) - 1u < 3 && (bytes[at + 2] & 4) != 0;
    return bytes[at] == 0x62 && (bytes[at + 1] & 8) == 0 && (bytes[at + 2] & 4) != 0;
}

/* Notes the vectors of code that begins with an instruction; decodes only up to the last one that could be wide. */
static void note_code(const ZydisDecoder *decoder, const uint8_t *bytes, size_t size, bool *ymm, bool *zmm) {
    size_t end = 0;
    for (size_t at = 0; at < size; at++)
        if (wide_vectors(bytes, size, at))
            end = at + 1;
    for (size_t at = 0; at < end && !*zmm;) {
        ZydisDecodedInstruction in;
        bool decoded = gr_decode(decoder, bytes + at, size - at, &in);
        if (decoded)
            note_vectors(&in, ymm, zmm);
        at += decoded ? in.length : 1;
    }
}

enum gr_keep gr_arch_vectors(const struct gr_function *range, const uint64_t *starts, size_t count) {
    if (range->size > GR_SCAN_IMAGE)
        return GR_KEEP_AVX;
    uint8_t *bytes = malloc(range->size != 0 ? (size_t)range->size : 1);
    if (bytes == NULL)
        return GR_KEEP_AVX; /* the safe side */
    size_t size = range->read(range->context, range->address, bytes, (size_t)range->size);
    ZydisDecoder decoder;
    gr_decoder_open(&decoder);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE); /* lengths and prefixes are all we need */
    bool ymm = false, zmm = false;
    for (size_t at = 0, i = 0; at < size && !zmm;) {
        while (i < count && starts[i] <= range->address + at)
            i++;
        uint64_t left = i < count ? starts[i] - (range->address + at) : size - at;
        size_t part = left < size - at ? (size_t)left : size - at;
        note_code(&decoder, bytes + at, part, &ymm, &zmm);
        at += part;
    }
    free(bytes);
    return zmm ? GR_KEEP_XSAVE : ymm ? GR_KEEP_AVX : GR_KEEP_ALL;
}
#endif
