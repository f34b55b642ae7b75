/* results.c: the registers in which a result comes (AAPCS64, 6.9). Neighbours: call.h. */
#ifdef __aarch64__
#include "arch/aarch64/port.h"
#include "call.h"

/* A struct of one to four floats, or of as many doubles, comes in as many vector registers: how many; 0 if it is another
 * type. A float or double alone is the same. */
static unsigned vectors_of(const struct gr_call_signature *signature) {
    enum { VECTORS_MAX = 4 };
    unsigned count = 0, kind = GR_TYPE_VOID;
    for (unsigned i = 0; i < signature->type[0].end; i++) {
        unsigned part = signature->type[i].kind;
        if (part == GR_TYPE_STRUCT)
            continue;
        if ((part != GR_TYPE_F32 && part != GR_TYPE_F64) || (count > 0 && part != kind) || count == VECTORS_MAX)
            return 0;
        kind = part;
        count++;
    }
    return count;
}

uint32_t gr_arch_results(const struct gr_call_signature *signature) {
    enum { WORD = 8, WORDS_MAX = 2 };
    unsigned vectors = vectors_of(signature), words = (signature->type[0].size + WORD - 1u) / WORD;
    if (vectors > 0)
        return ((UINT32_C(1) << vectors) - 1) << GR_RESULT_V0_BIT;
    return words > WORDS_MAX ? 0 : ((UINT32_C(1) << words) - 1) << GR_RESULT_X0_BIT; /* larger: where x8 says */
}
#endif
