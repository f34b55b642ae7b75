/* fuzz_relocate.c: libFuzzer target: any bytes as a function's beginning, which a stub's copy must do the same as.
 *
 * What gr_arch_plan accepts is run twice from one random state: where it stands, and as gr_arch_emit has moved it. Both
 * must end at one place, by one signal, with the same registers, flags and memory; at each instruction of the block,
 * since a thread may be led from there into the copy (trap.h). Instructions that the harness cannot survive (system
 * calls, segment bases) or repeat (clocks, random numbers) are left out, and so are entries that
 * jump into the bytes of their own block: nothing says what those mean. */
#include "arch/arch.h"
#include "arch/x86_64/insn.h"
#include "arch/x86_64/scan.h"
#include "compiler.h"
#include "run_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Far from everything else: random registers point here or nowhere, and displacements cannot lead away. */
#define BASE UINT64_C(0x200000000000)
enum {
    SPAN = 1 << 24,
    PAGE = 4096,
    CODE_SIZE = 3 * PAGE,
    DATA_SIZE = 4 * PAGE,
    AT = PAGE + 64,
    LANDING = 2 * PAGE,
    MIDDLE = 2 * PAGE
};

static struct code_memory code, stub, slots, data, stack;

/* What an input says, byte for byte; what it does not say is zero. */
struct input {
    uint8_t code[GR_BLOCK_MAX];
    uint8_t sized, start, flags; /* sized: bit 0, the size is known; the others, the shape */
    uint8_t general[CODE_REGISTERS];
    uint8_t fill;
};

static void prepare(void) {
    if (code.size != 0)
        return;
    code = code_map(BASE, CODE_SIZE, PROT_READ | PROT_EXEC);
    stub = code_map(BASE + SPAN, PAGE, PROT_READ | PROT_EXEC);
    slots = code_map(BASE + SPAN + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE);
    data = code_map(BASE + 2 * SPAN, DATA_SIZE, PROT_READ | PROT_WRITE);
    stack = code_map(BASE + 3 * SPAN, DATA_SIZE, PROT_READ | PROT_WRITE);
}

static size_t read_code(void *context, uint64_t address, void *bytes, size_t size) {
    (void)context;
    if (address < code.address || address >= code.address + code.size)
        return 0;
    size_t offset = address - code.address, rest = code.size - offset;
    memcpy(bytes, code.view + offset, size < rest ? size : rest);
    return size < rest ? size : rest;
}

/* A system call that hides inside other instructions: a jump might find it. */
static bool hides_system_call(const struct gr_plan *plan) {
    for (unsigned i = 0; i < plan->size; i++) {
        uint8_t here = plan->bytes[i], next = i + 1u < plan->size ? plan->bytes[i + 1] : 0;
        if ((here == 0x0f && (next == 0x05 || next == 0x34)) || here == 0xcd)
            return true;
    }
    return false;
}

/* Instructions of these kinds depend on nothing but what both runs are given. */
static bool of_repeatable_kind(const ZydisDecodedInstruction *in) {
    switch (in->meta.category) {
    case ZYDIS_CATEGORY_BINARY:
    case ZYDIS_CATEGORY_BITBYTE:
    case ZYDIS_CATEGORY_BMI1:
    case ZYDIS_CATEGORY_BMI2:
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_CMOV:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_CONVERT:
    case ZYDIS_CATEGORY_DATAXFER:
    case ZYDIS_CATEGORY_LOGICAL:
    case ZYDIS_CATEGORY_LOGICAL_FP:
    case ZYDIS_CATEGORY_NOP:
    case ZYDIS_CATEGORY_POP:
    case ZYDIS_CATEGORY_PUSH:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_ROTATE:
    case ZYDIS_CATEGORY_SEMAPHORE:
    case ZYDIS_CATEGORY_SETCC:
    case ZYDIS_CATEGORY_SHIFT:
    case ZYDIS_CATEGORY_SSE:
    case ZYDIS_CATEGORY_STRINGOP:
    case ZYDIS_CATEGORY_UNCOND_BR:
    case ZYDIS_CATEGORY_WIDENOP:
        return true;
    default:
        return in->mnemonic == ZYDIS_MNEMONIC_LEA || in->mnemonic == ZYDIS_MNEMONIC_LEAVE ||
               in->mnemonic == ZYDIS_MNEMONIC_ENDBR64;
    }
}

static bool changes_segments(const ZydisDecodedInstruction *in) {
    bool move = in->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && in->opcode == 0x8e;
    bool pop = in->opcode_map == ZYDIS_OPCODE_MAP_0F && (in->opcode == 0xa1 || in->opcode == 0xa9);
    bool single_steps = in->mnemonic == ZYDIS_MNEMONIC_POPF || in->mnemonic == ZYDIS_MNEMONIC_POPFD ||
                        in->mnemonic == ZYDIS_MNEMONIC_POPFQ;
    return move || pop || single_steps || in->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
}

static bool among(uint64_t address, uint64_t start, size_t size) {
    return address + 16 > start && address < start + size;
}

/* An address of the harness itself, which the fuzzer may have seen in a comparison, needs 64 bits. */
static bool holds_address(const ZydisDecodedInstruction *in) {
    return in->raw.imm[0].size == 64 || in->raw.disp.size == 64;
}

/* True when both runs can be made, and must agree. */
static bool comparable(const struct gr_plan *plan) {
    ZydisDecoder decoder;
    gr_decoder_open(&decoder);
    for (unsigned i = 0; i < plan->count; i++) {
        const struct gr_instruction *at = &plan->instruction[i];
        ZydisDecodedInstruction in;
        if (!gr_decode(&decoder, plan->bytes + at->offset, at->length, &in) || !of_repeatable_kind(&in) ||
            changes_segments(&in) || holds_address(&in) ||
            (in.attributes & (ZYDIS_ATTRIB_HAS_SEGMENT_FS | ZYDIS_ATTRIB_HAS_SEGMENT_GS)) != 0)
            return false;
        uint64_t target = at->target;
        if (among(target, stub.address, slots.address + PAGE - stub.address) ||
            (target > plan->address && target < plan->address + plan->size))
            return false;
    }
    return !hides_system_call(plan);
}

static uint64_t chosen(uint8_t choice) {
    uint64_t offset = (uint64_t)(choice >> 3) * 8;
    switch (choice & 7) {
    case 0:
        return offset;
    case 1:
        return data.address + MIDDLE + offset;
    case 2:
        return stack.address + MIDDLE + offset;
    case 3:
        return code.address + LANDING + offset;
    case 4:
        return UINT64_MAX - offset;
    case 5:
        return data.address + MIDDLE - offset;
    case 6:
        return offset << 58;
    default:
        return (uint64_t)INT32_MIN + offset;
    }
}

static void set_memory(uint8_t fill) {
    for (size_t i = 0; i < DATA_SIZE; i += 8) {
        uint64_t there = (i / 8 + fill) % 3 == 0 ? code.address + LANDING : (i * 2654435761u) ^ fill;
        memcpy(data.view + i, &there, sizeof there);
        memcpy(stack.view + i, &there, sizeof there);
    }
}

/* Where the instruction that begins at an offset of the block stands in the copy. */
static uint64_t moved_to(const struct gr_plan *plan, const struct gr_site *site, unsigned offset) {
    return site->slot->relocated + (offset < plan->stays ? 0 : site->moved[offset - plan->stays]);
}

/* Where an address inside the copy stands in the original; any other address is the same in both. */
static uint64_t as_original(uint64_t place, const struct gr_plan *plan, const struct gr_site *site, bool *calls) {
    uint64_t relocated = site->slot->relocated;
    if (place < relocated || place >= stub.address + GR_STUB_SIZE)
        return place;
    unsigned i = 0;
    while (i + 1u < plan->count && moved_to(plan, site, plan->instruction[i + 1].offset) <= place)
        i++;
    uint8_t kind = plan->instruction[i].kind;
    *calls = kind >= GR_INSN_CALL && kind <= GR_INSN_CALL_MEMORY;
    return plan->address + plan->instruction[i].offset;
}

static void show(const char *what, int signal, const struct code_state *state) {
    fprintf(stderr, "%s: signal %d at %#lx, flags %#lx\n", what, signal, state->place, state->flags);
    for (unsigned i = 0; i < CODE_REGISTERS; i++)
        fprintf(stderr, "  [%u] %#lx%s", i, state->general[i], i % 4 == 3 ? "\n" : "");
}

/* The two runs, each from the same memory; the stub's data is within reach too. */
static void compare(
    const struct gr_plan *plan, const struct gr_site *site, const struct code_state *from, uint8_t fill) {
    static uint8_t data_after[DATA_SIZE], stack_after[DATA_SIZE], slots_before[PAGE];
    memcpy(slots_before, slots.view, PAGE);
    struct code_state original, copied, start = *from;
    set_memory(fill);
    int signal = run_code(&start, &original);
    memcpy(data_after, data.view, DATA_SIZE);
    memcpy(stack_after, stack.view, DATA_SIZE);
    set_memory(fill);
    memcpy(slots.view, slots_before, PAGE);
    start.place = moved_to(plan, site, (unsigned)(from->place - plan->address));
    int copied_signal = run_code(&start, &copied);
    bool faults_in_call = false;
    copied.place = as_original(copied.place, plan, site, &faults_in_call);
    /* A call is moved as a push and a jump: when the jump faults, the push has been done. Nobody goes on from there. */
    if (faults_in_call)
        copied.general[REG_RSP] = original.general[REG_RSP];
    bool agree = copied_signal == signal && memcmp(&original, &copied, sizeof original) == 0 &&
                 memcmp(data_after, data.view, DATA_SIZE) == 0 &&
                 (faults_in_call || memcmp(stack_after, stack.view, DATA_SIZE) == 0);
    if (!agree) {
        show("from", 0, from);
        show("original", signal, &original);
        show("copy", copied_signal, &copied);
    }
    CHECK(agree);
}

GR_PUBLIC int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct input input = {.sized = 0};
    memcpy(&input, bytes, size < sizeof input ? size : sizeof input);
    prepare();
    memset(code.view, 0xcc, code.size);
    memcpy(code.view + AT, input.code, sizeof input.code);
    struct gr_function function = {
        .address = code.address + AT, .size = (input.sized & 1) != 0 ? GR_BLOCK_MAX : 0, .read = read_code};
    struct gr_plan plan;
    uint64_t offender = 0;
    if (gr_arch_plan(&function, (enum gr_shape)((input.sized >> 1) % 3), &plan, &offender) != GRAFT_OK) {
        CHECK(offender != 0);
        return 0;
    }
    if (!comparable(&plan))
        return 0;
    static struct gr_site site;
    memset(&site, 0, sizeof site);
    struct gr_slot *slot = (struct gr_slot *)(uintptr_t)slots.address;
    struct gr_stub_place place = {.code = stub.address, .slot = slot, .thunks = (const uint64_t *)(slot + 1)};
    enum graft_status status = gr_arch_emit(&plan, &place, &site, stub.view);
    if (status != GRAFT_OK)
        return 0;
    memset(code.view, 0xcc, code.size);
    memcpy(code.view + (plan.address - code.address), plan.bytes, plan.size);
    struct code_state from = {.flags = (input.flags * 0x25u) & CODE_FLAGS};
    for (unsigned i = 0; i < CODE_REGISTERS; i++)
        from.general[i] = chosen(input.general[i]);
    from.general[REG_RSP] = stack.address + MIDDLE + (input.general[REG_RSP] & 0x38);
    for (unsigned i = 0; i < CODE_VECTORS; i++)
        memset(from.vector[i], (int)(i * 17u + input.fill), sizeof from.vector[i]);
    from.place = plan.address + plan.instruction[input.start % plan.count].offset;
    compare(&plan, &site, &from, input.fill);
    return 0;
}
