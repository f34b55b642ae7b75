/* arguments.c: reading arguments and results of a hit, by the C calling convention. Hit plane; no state. */
#include "arch/isa.h"
#include "compiler.h"
#include <graft/hit.h>

enum { STACK_SLOTS = 64, FLOAT_ARGUMENTS = 8 };

GR_PUBLIC uint64_t graft_hit_argument(const struct graft_hit *hit, unsigned index) {
    if (index < GR_REGISTER_ARGUMENTS)
        return *gr_argument(hit->registers, index);
    if (index >= GR_REGISTER_ARGUMENTS + STACK_SLOTS || hit->stack_pointer == 0)
        return 0;
    const uint64_t *stack = (const uint64_t *)(uintptr_t)(hit->stack_pointer + GR_STACK_ARGUMENTS);
    return stack[index - GR_REGISTER_ARGUMENTS];
}

GR_PUBLIC double graft_hit_float_argument(const struct graft_hit *hit, unsigned index) {
    return index < FLOAT_ARGUMENTS ? *gr_float(hit->registers, index) : 0;
}

/* A completion passes the results on as arguments (swifttailcc). */
static bool completed(const struct graft_hit *hit) {
    return (hit->entry->flags & GRAFT_ENTRY_COMPLETES) != 0;
}

GR_PUBLIC uint64_t graft_hit_result(const struct graft_hit *hit) {
    return *(completed(hit) ? gr_argument(hit->registers, 0) : gr_result(hit->registers));
}

GR_PUBLIC void graft_hit_set_result(struct graft_hit *hit, uint64_t result) {
    *(completed(hit) ? gr_argument(hit->registers, 0) : gr_result(hit->registers)) = result;
}

GR_PUBLIC uint64_t graft_hit_error(const struct graft_hit *hit) {
    if (hit->phase != GRAFT_PHASE_LEAVE || (hit->entry->flags & GRAFT_ENTRY_THROWS) == 0)
        return 0;
    return completed(hit) ? gr_swift_async_error(hit->registers) : gr_swift_error(hit->registers);
}

GR_PUBLIC double graft_hit_float_result(const struct graft_hit *hit) {
    return *gr_float(hit->registers, 0);
}
