/* context.h: a signal's context on aarch64. */
#ifndef GR_AARCH64_CONTEXT_H
#define GR_AARCH64_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

/* The instruction at which a trap stands that was executed: the processor stays on it. */
static inline uint64_t gr_context_trap(const ucontext_t *context) {
    return context->uc_mcontext.pc;
}

static inline void gr_context_go_to(ucontext_t *context, uint64_t address) {
    context->uc_mcontext.pc = address;
}

/* Takes a push of that many bytes back. */
static inline void gr_context_pop(ucontext_t *context, int bytes) {
    context->uc_mcontext.sp += (unsigned long long)bytes;
}

/* A trap stands there now. */
static inline bool gr_is_trap(uint64_t address) {
    enum { BRK_MASK = 0xffe0001f };
    static const uint32_t brk = 0xd4200000;
    return (*(const volatile uint32_t *)(uintptr_t)address & (uint32_t)BRK_MASK) == brk;
}

#endif
