/* test_unwind_steps.c: a profiler's signal may come at any instruction of a thunk, and unwinds from there.
 *
 * Calls of hooked functions are stepped through, one instruction at a time; each step unwinds to the caller. The program has
 * code for wide vectors, so that its thunks keep them. It runs without restartable sequences, which each step would begin
 * anew. */
#include "check.h"
#include "compiler.h"

#include <graft/graft.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#ifdef __x86_64__
enum { STEPS_MIN = 100, FRAMES_MAX = 64 };

static volatile sig_atomic_t steps, lost;
static uintptr_t caller; /* the function from which the hooked one is called */

struct search {
    unsigned frames;
    bool found;
};

static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *argument) {
    struct search *search = argument;
    uintptr_t at = _Unwind_GetRegionStart(context);
    search->found = search->found || at == caller;
    return search->found || ++search->frames == FRAMES_MAX ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* What the library makes while it runs, hops and stubs, has no unwind information; nor is the caller itself of interest. */
static void on_step(int number, siginfo_t *info, void *context) {
    (void)number, (void)info;
    uintptr_t at = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    struct search search = {0, false};
    if (_Unwind_FindEnclosingFunction((void *)(at + 1)) == NULL)
        return;
    _Unwind_Backtrace(look, &search);
    steps++;
    lost += !search.found;
}

GR_NOINLINE long test_stepped(long x) {
    __asm__ volatile("");
    return 3 * x + 1;
}

/* Never called: it is there. */
__attribute__((target("avx"), used)) static void use_wide_vectors(void) {
    __asm__ volatile("vmovaps %%ymm0, %%ymm1" ::: "xmm1");
}

/* The trap flag is on from before the call until after it. */
GR_NOINLINE static long step_through(long x) {
    enum { TRAP_FLAG = 0x100 };
    caller = (uintptr_t)step_through;
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | TRAP_FLAG);
    long result = test_stepped(x);
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~(uint64_t)TRAP_FLAG);
    return result;
}

static void on_hit(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
}

static void step_in_mode(enum graft_mode mode, uint32_t flags) {
    struct graft_probe_spec spec = {.target = ":test_stepped", .mode = mode, .flags = flags, .handler = on_hit};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.installed, 1);
    for (long call = 0; call < 3; call++) { /* the first one is told at length */
        steps = lost = 0;
        CHECK_EQUAL(step_through(call), 3 * call + 1);
        CHECK(steps > STEPS_MIN);
        CHECK_EQUAL(lost, 0);
    }
    CHECK_EQUAL(graft_remove(&outcome.probe, 1, NULL), GRAFT_OK);
}

static void every_instruction_of_an_entry_can_be_unwound(void) {
    step_in_mode(GRAFT_MODE_ENTRY, 0);
}

static void every_instruction_of_an_entry_and_exit_can_be_unwound(void) {
    step_in_mode(GRAFT_MODE_ENTRY_EXIT, 0);
    step_in_mode(GRAFT_MODE_ENTRY_EXIT, GRAFT_PROBE_TIME);
}

int main(int count, char **arguments) {
    static const char without_sequences[] = "glibc.pthread.rseq=0";
    CHECK_EQUAL(count, 1);
    if (getenv("GLIBC_TUNABLES") == NULL) {
        CHECK(setenv("GLIBC_TUNABLES", without_sequences, 1) == 0);
        execv("/proc/self/exe", arguments);
    }
    CHECK_TEXT(getenv("GLIBC_TUNABLES"), without_sequences);
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(every_instruction_of_an_entry_can_be_unwound);
    RUN(every_instruction_of_an_entry_and_exit_can_be_unwound);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
#else
int main(void) {
    return 0;
}
#endif
