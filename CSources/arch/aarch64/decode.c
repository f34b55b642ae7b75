/* decode.c: which instruction at an entry has to move, what it is, and whether anything stands in the way.
 *
 * Instructions are words, and only those that say where they are need to be known: address computations, loads of
 * literals, branches. Everything else is the same anywhere. A landing pad stays where callers land:
 *
 *   bti c; ...      the patch stands behind it
 *   paciasp; ...    is one, too: the patch stands behind it, and the return address has been signed by then. The hop takes
 *                   the signature off, so that thunks see the address itself, and the relocated block puts it back
 *
 * Reads through the caller's reader. Never writes. Neighbours: scan.c, emit.c. */
#ifdef __aarch64__
#include "arch/aarch64/insn.h"
#include "arch/aarch64/scan.h"
#include <string.h>

/* A pattern of instructions: those whose bits under `mask` are `value`. */
struct form {
    uint32_t mask, value;
};

static const struct form adr_form = {0x9f000000, 0x10000000}, adrp_form = {0x9f000000, 0x90000000},
                         load_form = {0x3b000000, 0x18000000}, /* ldr, ldrsw, prfm of a literal; vectors, too */
    branch_form = {0xfc000000, 0x14000000}, call_form = {0xfc000000, 0x94000000},
                         conditional_form = {0xff000000, 0x54000000}, compare_form = {0x7e000000, 0x34000000},
                         test_form = {0x7e000000, 0x36000000}, call_register_form = {0xfffffc1f, 0xd63f0000},
                         call_signed_form = {0xfefff000, 0xd63f0000}, /* blraa and kin, and blr itself */
    break_form = {0xffe0001f, 0xd4200000}, halt_form = {0xffe0001f, 0xd4400000},
                         reserved_form = {0x9e000000, 0x00000000}, /* udf among them */
    landing_form = {0xffffff3f, 0xd503241f},                       /* bti, bti c, bti j, bti jc */
    sign_form = {0xffffffbf, 0xd503233f};                          /* paciasp, pacibsp */

static bool is(uint32_t word, struct form form) {
    return (word & form.mask) == form.value;
}

/* The signed number in `count` bits of a word from bit `from` on. */
static int64_t field(uint32_t word, unsigned from, unsigned count) {
    return (int64_t)((uint64_t)word << (64 - from - count)) >> (64 - count);
}

static uint64_t words_on(uint64_t address, int64_t words) {
    return address + (uint64_t)words * sizeof(uint32_t);
}

/* adr and adrp: a number in two parts, and a register. */
static void classify_address(uint32_t word, uint64_t address, bool page, struct gr_instruction *out) {
    enum { PAGE = 4096 };
    uint64_t distance = (uint64_t)field(word, 5, 19) << 2 | (word >> 29 & 3);
    out->kind = GR_INSN_ADDRESS;
    out->detail = word & 31;
    out->target = page ? (address & ~(uint64_t)(PAGE - 1)) + distance * PAGE : address + distance;
}

static bool classify_branch(uint32_t word, uint64_t address, struct gr_instruction *out) {
    static const struct {
        struct form form;
        enum gr_insn_kind kind;
        uint8_t from, count;
    } branches[] = {
        {branch_form, GR_INSN_BRANCH, 0, 26},
        {call_form, GR_INSN_CALL, 0, 26},
        {conditional_form, GR_INSN_CONDITIONAL, 5, 19},
        {compare_form, GR_INSN_CONDITIONAL, 5, 19},
        {test_form, GR_INSN_TEST, 5, 14},
        {load_form, GR_INSN_LOAD, 5, 19},
    };
    for (size_t i = 0; i < sizeof branches / sizeof *branches; i++) {
        if (!is(word, branches[i].form))
            continue;
        out->kind = (uint8_t)branches[i].kind;
        out->target = words_on(address, field(word, branches[i].from, branches[i].count));
        return true;
    }
    return false;
}

enum graft_status gr_classify(uint32_t word, uint64_t address, struct gr_instruction *out) {
    out->kind = GR_INSN_COPY;
    out->target = 0;
    if (is(word, reserved_form))
        return GRAFT_NOT_CODE;
    if (is(word, break_form) || is(word, halt_form))
        return GRAFT_FOREIGN_PATCH; /* a debugger's breakpoint, or somebody's probe */
    if (is(word, adr_form) || is(word, adrp_form)) {
        classify_address(word, address, is(word, adrp_form), out);
    } else if (is(word, call_register_form)) {
        out->kind = GR_INSN_CALL_REGISTER;
        out->detail = word >> 5 & 31;
    } else if (is(word, call_signed_form)) {
        return GRAFT_NOT_RELOCATABLE; /* its return address would be in the stub */
    } else {
        classify_branch(word, address, out);
    }
    return GRAFT_OK;
}

static bool read_word(const struct gr_function *function, uint64_t address, uint32_t *word) {
    return function->read(function->context, address, word, sizeof *word) == sizeof *word;
}

/* Steps over landing pads at the entry; notes a signature. */
static bool skip_landing(const struct gr_function *function, struct gr_plan *plan, uint32_t *word) {
    if (!read_word(function, plan->address, word))
        return false;
    if (is(*word, landing_form)) {
        plan->address += sizeof *word;
    } else if (is(*word, sign_form)) {
        enum gr_key key = (*word & ~sign_form.mask) != 0 ? GR_KEY_B : GR_KEY_A;
        plan->instruction[plan->count++] = (struct gr_instruction){.kind = GR_INSN_SIGN, .detail = (uint8_t)key};
        plan->address += sizeof *word;
    } else {
        return true;
    }
    return read_word(function, plan->address, word);
}

/* No instruction has one byte. */
bool gr_arch_undoes(uint8_t instruction, int *stack) {
    (void)instruction;
    *stack = 0;
    return false;
}

/* There is one shape: a word. */
enum graft_status gr_arch_plan(
    const struct gr_function *function, enum gr_shape shape, struct gr_plan *plan, uint64_t *offender) {
    memset(plan, 0, sizeof *plan);
    *offender = function->address;
    if (shape != GR_SHAPE_JUMP)
        return GRAFT_NOT_RELOCATABLE;
    plan->address = function->address;
    uint32_t word;
    if (function->address % sizeof word != 0 || !skip_landing(function, plan, &word))
        return GRAFT_NOT_CODE;
    *offender = plan->address;
    if (function->size != 0 && plan->address - function->address >= function->size)
        return GRAFT_TOO_SHORT;
    struct gr_instruction *moved = &plan->instruction[plan->count++];
    *moved = (struct gr_instruction){.length = sizeof word};
    enum graft_status status = gr_classify(word, plan->address, moved);
    if (status != GRAFT_OK)
        return status;
    memcpy(plan->bytes, &word, sizeof word);
    plan->size = plan->claimed = sizeof word;
    return gr_scan_function(function, plan, offender);
}
#endif
