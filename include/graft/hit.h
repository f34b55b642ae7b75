/* hit.h: what a handler is given when an instrumented function is entered or left.
 *
 * Handlers run on the thread that called the function, between the caller and the function. They must not throw,
 * longjmp or exit the thread. Calls that a handler makes to instrumented functions are not reported (they are
 * counted as `suppressed`). A handler may submit updates; it may not wait for them. */
#ifndef GRAFT_HIT_H
#define GRAFT_HIT_H

#include <graft/target.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Identifies a probe for the life of the process; never reused; 0 is no probe. */
typedef uint64_t graft_probe_id;

enum graft_phase {
    GRAFT_PHASE_ENTER = 1, /* the function is about to run */
    GRAFT_PHASE_LEAVE =
        2, /* it has returned; an async function: it is done, perhaps on another thread; a modify or read
                             * accessor: the access has ended, after what the accessor does then */
    GRAFT_PHASE_UNWIND = 3, /* an exception or thread cancellation is passing through it */
};

/* The registers of the interrupted call (the C ABI and the Swift calling convention). At ENTER, the argument registers; at
 * LEAVE, the result registers (the others mean nothing then); at UNWIND, all zero. Writable: a changed register is what
 * the function or its caller sees. */
#if defined(__aarch64__)
struct graft_registers {
    uint64_t x[31]; /* x0 to x7: integer arguments; x0 to x3 are also results, x8 where a large one goes; x19 to x30 are
                        * read only; in Swift x20 is self, x21 the error, x22 the async context; x30: the return address */
    uint64_t reserved; /* zero or not: means nothing */
    double v[32][2];   /* low halves are floating arguments 0 to 7 and results 0 to 3; from 8 on only where kept */
};
#else
struct graft_registers {
    double xmm[16][2];                     /* low halves are floating arguments 0 to 7 and results 0 to 3 */
    uint64_t rdi, rsi, rdx, rcx, r8, r9;   /* integer arguments 0 to 5; rdx, rcx, r8 are also results 1 to 3 (Swift) */
    uint64_t r10, r11;                     /* static chain; scratch */
    uint64_t rbx, rbp, r12, r13, r14, r15; /* read only; in Swift r12 is the error, r13 self, r14 the async context */
    uint64_t reserved;                     /* zero or not: means nothing */
    uint64_t rax;                          /* result 0; number of vector arguments at ENTER of a variadic function */
};
#endif

/* One entry or exit. Valid during the call of the handler only. May grow: see graft.h. */
struct graft_hit {
    graft_probe_id probe;
    enum graft_phase phase;
    uint32_t thread;                       /* kernel thread id; 0 when it was not asked for (GRAFT_PROBE_THREAD) */
    const struct graft_entry_point *entry; /* which function */
    struct graft_registers *registers;
    uint64_t return_address; /* in the caller; an async function: one byte into the continuation there */
    uint64_t stack_pointer;  /* at the entry of the function; x86-64: the address of its return address */
    uint64_t nanoseconds;    /* LEAVE and UNWIND: time since ENTER, with GRAFT_PROBE_TIME; else 0 */
    uint64_t cookie;         /* the handler's own word: what it set at ENTER is here at LEAVE */
};

/* Called at each phase that the probe's mode reports. `context` is the pointer given at installation. */
typedef void (*graft_handler)(struct graft_hit *hit, void *context);

/* Integer or pointer argument `index` (0-based) at ENTER: a register for 0 to 5 (aarch64: 0 to 7), the caller's stack beyond (structs
 * passed in memory count as their eightbytes). Reads at most 64 stack slots; 0 past that. Handler only. */
uint64_t graft_hit_argument(const struct graft_hit *hit, unsigned index);

/* Floating argument `index` (0 to 7) as a double at ENTER; 0 past that. A `float` is in the low half of its bits.
 * Handler only. */
double graft_hit_float_argument(const struct graft_hit *hit, unsigned index);

/* Integer or pointer result at LEAVE. Handler only. */
uint64_t graft_hit_result(const struct graft_hit *hit);

/* Makes it another one. Not for floating results, nor at another phase. Handler only. */
void graft_hit_set_result(struct graft_hit *hit, uint64_t result);

/* The error that a Swift function throws, at LEAVE: a retained reference that the caller will own. 0 when it throws
 * none, or cannot (GRAFT_ENTRY_THROWS). Handler only. */
uint64_t graft_hit_error(const struct graft_hit *hit);

/* Floating result at LEAVE, as a double. Handler only. */
double graft_hit_float_result(const struct graft_hit *hit);

#ifdef __cplusplus
}
#endif
#endif
