/* run_code.h: runs a few instructions of machine code from a given state, and says where and how they ended.
 *
 * Registers come and go through the context of a signal handler, so that all of them, flags and vectors included, can be
 * chosen and seen. The code ends at the first signal: a trap where it leaves what the caller has put there (fill
 * what it may reach with 0xcc), or a fault. One thread only; the code must make no system call and touch no segment base. */
#ifndef RUN_CODE_H
#define RUN_CODE_H

#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { CODE_REGISTERS = REG_RIP, CODE_VECTORS = 16 };

struct code_state {
    uint64_t place;                   /* of the next instruction */
    uint64_t general[CODE_REGISTERS]; /* by REG_R8 to REG_RSP of ucontext.h */
    uint64_t flags;                   /* carry, parity, adjust, zero, sign, direction, overflow */
    uint8_t vector[CODE_VECTORS][16];
};

enum { CODE_FLAGS = 0xcd5 };

static struct {
    const struct code_state *from;
    struct code_state to;
    int signal;
    sigjmp_buf out;
} code_run;

/* The frame's floating-point state with the mark of the extended one taken out: the kernel restores the rest as new. */
static void code_only_sse(struct _libc_fpstate *state) {
    enum { EXTENDED_MARK = 464 };
    memset((uint8_t *)state + EXTENDED_MARK, 0, sizeof(uint32_t));
}

static void code_begin(int signal, siginfo_t *info, void *at) {
    (void)signal, (void)info;
    mcontext_t *machine = &((ucontext_t *)at)->uc_mcontext;
    for (unsigned i = 0; i < CODE_REGISTERS; i++)
        machine->gregs[i] = (greg_t)code_run.from->general[i];
    machine->gregs[REG_RIP] = (greg_t)code_run.from->place;
    machine->gregs[REG_EFL] = (machine->gregs[REG_EFL] & ~(greg_t)CODE_FLAGS) | (greg_t)code_run.from->flags;
    memcpy(machine->fpregs->_xmm, code_run.from->vector, sizeof code_run.from->vector);
    code_only_sse(machine->fpregs);
}

static void code_end(int signal, siginfo_t *info, void *at) {
    (void)info;
    const mcontext_t *machine = &((const ucontext_t *)at)->uc_mcontext;
    for (unsigned i = 0; i < CODE_REGISTERS; i++)
        code_run.to.general[i] = (uint64_t)machine->gregs[i];
    code_run.to.place = (uint64_t)machine->gregs[REG_RIP] - (signal == SIGTRAP);
    code_run.to.flags = (uint64_t)machine->gregs[REG_EFL] & CODE_FLAGS;
    memcpy(code_run.to.vector, machine->fpregs->_xmm, sizeof code_run.to.vector);
    code_run.signal = signal;
    siglongjmp(code_run.out, 1);
}

/* Runs from the state until a signal, whose number it returns; *to is the state then. */
static int run_code(const struct code_state *from, struct code_state *to) {
    static const int ends[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    enum { ENDS = sizeof ends / sizeof *ends, STACK = 64 << 10 };
    static uint8_t stack[STACK];
    struct sigaction before[ENDS + 1], begin = {.sa_sigaction = code_begin, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction end = {.sa_sigaction = code_end, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t own = {.ss_sp = stack, .ss_size = STACK}, former;
    CHECK(sigaltstack(&own, &former) == 0);
    for (unsigned i = 0; i < ENDS; i++)
        sigaction(ends[i], &end, &before[i]);
    sigaction(SIGUSR2, &begin, &before[ENDS]);
    code_run.from = from;
    if (sigsetjmp(code_run.out, 1) == 0) {
        raise(SIGUSR2);
        abort(); /* the code has no way back but a signal */
    }
    sigaction(SIGUSR2, &before[ENDS], NULL);
    for (unsigned i = 0; i < ENDS; i++)
        sigaction(ends[i], &before[i], NULL);
    sigaltstack(&former, NULL);
    *to = code_run.to;
    return code_run.signal;
}

/* Memory at a fixed address with a second, writable view: the code cannot change itself, its maker can. */
struct code_memory {
    uint64_t address;
    uint8_t *view;
    size_t size;
};

static struct code_memory code_map(uint64_t address, size_t size, int protection) {
    int file = memfd_create("code", MFD_CLOEXEC);
    CHECK(file >= 0 && ftruncate(file, (off_t)size) == 0);
    void *at = mmap((void *)(uintptr_t)address, size, protection, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
    CHECK(at == (void *)(uintptr_t)address);
    uint8_t *view = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(view != MAP_FAILED);
    close(file);
    return (struct code_memory){address, view, size};
}

#endif
