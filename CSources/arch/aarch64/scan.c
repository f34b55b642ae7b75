/* scan.c: does the function jump back to its own entry? Then it is a loop, and would be counted as calls.
 *
 * Words are words wherever they stand, so what looks like such a branch in a table of constants counts as one. A call of
 * the entry is recursion, and a call all the same. A jump through a register is not followed: tables lead to labels inside
 * of a function, and compilers put none at its entry. */
#ifdef __aarch64__
#include "arch/aarch64/scan.h"
#include "arch/aarch64/insn.h"

enum { CHUNK = 4096 };

static bool leads_to_entry(const struct gr_function *function, const struct gr_plan *plan, uint32_t word, uint64_t at) {
    struct gr_instruction in = {0};
    if (gr_classify(word, at, &in) != GRAFT_OK)
        return false;
    bool jump = in.kind == GR_INSN_BRANCH || in.kind == GR_INSN_CONDITIONAL || in.kind == GR_INSN_TEST;
    return jump && in.target - function->address <= plan->address - function->address;
}

enum graft_status gr_scan_function(const struct gr_function *function, const struct gr_plan *plan, uint64_t *offender) {
    size_t size = function->size != 0 ? (size_t)function->size : GR_SCAN_UNKNOWN;
    *offender = function->address;
    if (size > GR_SCAN_MAX)
        return GRAFT_NOT_RELOCATABLE;
    for (size_t at = 0; at < size; at += CHUNK) {
        uint32_t words[CHUNK / sizeof(uint32_t)];
        size_t wanted = size - at < sizeof words ? size - at : sizeof words;
        size_t got = function->read(function->context, function->address + at, words, wanted);
        for (size_t i = 0; i < got / sizeof *words; i++) {
            uint64_t address = function->address + at + i * sizeof *words;
            if (leads_to_entry(function, plan, words[i], address)) {
                *offender = address;
                return GRAFT_BRANCH_INTO_PATCH;
            }
        }
        if (got < wanted)
            break;
    }
    *offender = function->address;
    return GRAFT_OK;
}

enum gr_keep gr_arch_vectors(const struct gr_function *range, const uint64_t *starts, size_t count) {
    (void)range, (void)starts, (void)count;
    return GR_KEEP_ALL; /* thunks know no wider vectors; see Limits */
}
#endif
