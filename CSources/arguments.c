/* arguments.c: reading arguments and results of a hit, by the System V calling convention. Hit plane; no state. */
#include "compiler.h"
#include <graft/hit.h>

enum { REGISTER_ARGUMENTS = 6, STACK_SLOTS = 64, FLOAT_ARGUMENTS = 8 };

GR_PUBLIC uint64_t graft_hit_argument(const struct graft_hit *hit, unsigned index) {
    const uint64_t in_registers[] = {hit->registers->rdi, hit->registers->rsi, hit->registers->rdx, hit->registers->rcx,
        hit->registers->r8, hit->registers->r9};
    if (index < REGISTER_ARGUMENTS)
        return in_registers[index];
    if (index >= REGISTER_ARGUMENTS + STACK_SLOTS || hit->stack_pointer == 0)
        return 0;
    return ((const uint64_t *)(uintptr_t)hit->stack_pointer)[1 + index - REGISTER_ARGUMENTS];
}

GR_PUBLIC double graft_hit_float_argument(const struct graft_hit *hit, unsigned index) {
    return index < FLOAT_ARGUMENTS ? hit->registers->xmm[index][0] : 0;
}

/* A completion passes the results on as arguments (swifttailcc). */
static bool completed(const struct graft_hit *hit) {
    return (hit->entry->flags & GRAFT_ENTRY_COMPLETES) != 0;
}

GR_PUBLIC uint64_t graft_hit_result(const struct graft_hit *hit) {
    return completed(hit) ? hit->registers->rdi : hit->registers->rax;
}

GR_PUBLIC void graft_hit_set_result(struct graft_hit *hit, uint64_t result) {
    *(completed(hit) ? &hit->registers->rdi : &hit->registers->rax) = result;
}

GR_PUBLIC uint64_t graft_hit_error(const struct graft_hit *hit) {
    if (hit->phase != GRAFT_PHASE_LEAVE || (hit->entry->flags & GRAFT_ENTRY_THROWS) == 0)
        return 0;
    return completed(hit) ? hit->registers->r13 : hit->registers->r12;
}

GR_PUBLIC double graft_hit_float_result(const struct graft_hit *hit) {
    return hit->registers->xmm[0][0];
}
