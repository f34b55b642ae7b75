/* context.h: a signal's context on x86-64. */
#ifndef GR_X86_64_CONTEXT_H
#define GR_X86_64_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

/* The instruction at which a trap stands that was executed: the processor has stepped over its one byte. */
static inline uint64_t gr_context_trap(const ucontext_t *context) {
    return (uint64_t)context->uc_mcontext.gregs[REG_RIP] - 1;
}

static inline void gr_context_go_to(ucontext_t *context, uint64_t address) {
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)address;
}

/* Takes a push of that many bytes back. */
static inline void gr_context_pop(ucontext_t *context, int bytes) {
    context->uc_mcontext.gregs[REG_RSP] += bytes;
}

/* A trap stands there now. */
static inline bool gr_is_trap(uint64_t address) {
    enum { INT3 = 0xcc };
    return *(const volatile uint8_t *)(uintptr_t)address == INT3;
}

#endif
