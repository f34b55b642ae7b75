/* results.c: the registers in which a result comes. Neighbours: call.h. */
#ifdef __x86_64__
#include "arch/x86_64/port.h"
#include "call.h"

/* System V ABI, 3.2.3: each eightbyte of a small struct is INTEGER if any of its parts is, else SSE; a larger struct is
 * in memory, and its address is returned. */
static void classify(const struct gr_call_signature *signature, unsigned index, unsigned base, bool integer[2]) {
    const struct gr_type *type = &signature->type[index];
    if (type->kind != GR_TYPE_STRUCT) {
        integer[base / 8] = integer[base / 8] || (type->kind != GR_TYPE_F32 && type->kind != GR_TYPE_F64);
        return;
    }
    for (unsigned i = index + 1; i < type->end; i = signature->type[i].end)
        classify(signature, i, base + signature->type[i].offset, integer);
}

uint32_t gr_arch_results(const struct gr_call_signature *signature) {
    enum { EIGHTBYTES = 2 };
    static const uint32_t integers[] = {GR_RESULT_RAX, GR_RESULT_RDX}, vectors[] = {GR_RESULT_XMM0, GR_RESULT_XMM1};
    unsigned size = signature->type[0].size, next_integer = 0, next_vector = 0;
    bool integer[EIGHTBYTES] = {false, false};
    uint32_t registers = 0;
    if (size > EIGHTBYTES * 8)
        return GR_RESULT_RAX;
    if (size != 0)
        classify(signature, 0, 0, integer);
    for (unsigned i = 0; i < (size + 7) / 8; i++)
        registers |= integer[i] ? integers[next_integer++] : vectors[next_vector++];
    return registers;
}
#endif
