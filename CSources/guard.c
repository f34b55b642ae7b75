/* guard.c: keeps SIGTRAP deliverable (patching.md §3.4-5).
 *
 * The kernel kills a thread that meets a trap with SIGTRAP blocked, and programs like to block every signal. Entry
 * probes of ours on the C library's functions that take a mask or an action change the argument: masks lose SIGTRAP,
 * and an action for SIGTRAP is remembered as the application's instead of replacing ours. An application that asks for
 * its mask sees SIGTRAP unblocked; one that asks for its action for SIGTRAP sees its own.
 *
 * Which functions: pthread_sigmask (sigprocmask, siglongjmp and the older calls end there), sigaction (signal and kin
 * do), pthread_attr_setsigmask_np (the mask of a thread to come), and those that set a mask while they wait: nothing of
 * the program runs under it but handlers, yet these do, and a full mask but for one signal is the usual one.
 * Not watched: masks given to the kernel past the C library, in a context that setcontext restores, or by a handler in
 * the frame that it returns to. Such threads are seen before each change of bytes (commit.c); nothing is risked. */
#include "guard.h"
#include "log.h"
#include "os/os.h"
#include "plane.h"
#include "trap.h"
#include <signal.h>

/* Depths of signal handlers, and how far apart two addresses of one stack are thought to lie at most. */
enum { COPIES = 3, SAME_STACK = 1 << 20 };

static bool watching;

/* Where a changed argument lives while the function reads it. A signal handler may interrupt that and call such a
 * function itself, so each depth of a thread has its own. */
static __thread struct {
    uint64_t stack; /* of the function that reads it, at its entry */
    union {
        sigset_t mask;
        struct sigaction action;
    };
} copies[COPIES] GR_TLS_MODEL;

/* The copy for a function entered with this stack pointer. One that belongs to a call higher up the stack is still
 * being read, as far as we can tell; one that belongs to a call from here or further down is not any more. What lies
 * far away may be on another stack. The last one is taken whatever it is. */
static unsigned copy_for(uint64_t stack) {
    unsigned depth = 0;
    while (depth < COPIES - 1 && stack - copies[depth].stack >= SAME_STACK && copies[depth].stack != 0)
        depth++;
    copies[depth].stack = stack;
    atomic_signal_fence(memory_order_seq_cst); /* taken before it is filled in: pairs with a handler of this thread */
    return depth;
}

static bool blocks_trap(const sigset_t *set) {
    return sigismember(set, SIGTRAP) == 1;
}

/* Puts a copy without SIGTRAP in the place of the mask that `argument` points to. */
static void open_mask(const struct graft_hit *hit, uint64_t *argument) {
    const sigset_t *set = (const sigset_t *)(uintptr_t)*argument;
    if (set == NULL || !blocks_trap(set))
        return;
    sigset_t *copy = &copies[copy_for(hit->stack_pointer)].mask;
    *copy = *set;
    sigdelset(copy, SIGTRAP);
    *argument = (uint64_t)(uintptr_t)copy;
}

/* int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) */
static void on_sigmask(struct graft_hit *hit, void *context) {
    (void)context;
    if ((int)*gr_argument(hit->registers, 0) != SIG_UNBLOCK)
        open_mask(hit, gr_argument(hit->registers, 1));
}

/* Functions with a mask as their argument 0 (sigsuspend), 1 (pthread_attr_setsigmask_np), … */
static void on_mask_0(struct graft_hit *hit, void *context) {
    (void)context;
    open_mask(hit, gr_argument(hit->registers, 0));
}

static void on_mask_1(struct graft_hit *hit, void *context) {
    (void)context;
    open_mask(hit, gr_argument(hit->registers, 1));
}

static void on_mask_3(struct graft_hit *hit, void *context) {
    (void)context;
    open_mask(hit, gr_argument(hit->registers, 3));
}

static void on_mask_4(struct graft_hit *hit, void *context) {
    (void)context;
    open_mask(hit, gr_argument(hit->registers, 4));
}

static void on_mask_5(struct graft_hit *hit, void *context) {
    (void)context;
    open_mask(hit, gr_argument(hit->registers, 5));
}

/* The application sets or asks for its own action for SIGTRAP: ours stays. */
static void on_trap_action(struct graft_registers *registers, const struct sigaction *action) {
    struct sigaction *old = (struct sigaction *)(uintptr_t)*gr_argument(registers, 2);
    struct sigaction before;
    gr_trap_application_action(action != NULL && !gr_trap_is_ours(action) ? action : NULL, &before);
    if (old != NULL)
        *old = before;
    *gr_argument(registers, 1) = *gr_argument(registers, 2) = 0;
}

/* int sigaction(int number, const struct sigaction *action, struct sigaction *old) */
static void on_sigaction(struct graft_hit *hit, void *context) {
    (void)context;
    const struct sigaction *action = (const struct sigaction *)(uintptr_t)*gr_argument(hit->registers, 1);
    if ((int)*gr_argument(hit->registers, 0) == SIGTRAP && gr_trap_handler_installed()) {
        on_trap_action(hit->registers, action);
    } else if (action != NULL && blocks_trap(&action->sa_mask)) {
        struct sigaction *copy = &copies[copy_for(hit->stack_pointer)].action;
        *copy = *action;
        sigdelset(&copy->sa_mask, SIGTRAP);
        *gr_argument(hit->registers, 1) = (uint64_t)(uintptr_t)copy;
    }
}

/* Handlers that were installed before us run with their old masks. */
static void open_masks(void) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (number == SIGTRAP || gr_os_sigaction(number, NULL, &action) != GRAFT_OK || !blocks_trap(&action.sa_mask) ||
            action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)
            continue;
        sigdelset(&action.sa_mask, SIGTRAP);
        if (gr_os_sigaction(number, &action, NULL) == GRAFT_OK)
            gr_log("guard: signal %d's handler no longer blocks SIGTRAP", number);
    }
}

static const struct {
    const char *target;
    graft_handler handler;
} watched[] = {
    {"libc.so.6:pthread_sigmask", on_sigmask},
    {"libc.so.6:sigaction", on_sigaction},
    {"libc.so.6:pthread_attr_setsigmask_np", on_mask_1},
    {"libc.so.6:sigsuspend", on_mask_0},
    {"libc.so.6:ppoll", on_mask_3},
    {"libc.so.6:pselect", on_mask_5},
    {"libc.so.6:epoll_pwait", on_mask_4},
    {"libc.so.6:epoll_pwait2", on_mask_4},
};

static void watch(const char *target, graft_handler handler) {
    const struct graft_probe_spec spec = {.target = target, .mode = GRAFT_MODE_ENTRY, .handler = handler};
    struct gr_probe *probe = NULL;
    enum graft_status status = gr_probe_add(&spec, true, &probe);
    if (status != GRAFT_OK)
        gr_log("guard: %s is not watched: %s", target, graft_status_sentence(status));
}

void gr_guard_stop(void) {
    watching = false;
}

void gr_guard_start(void) {
    if (watching)
        return;
    watching = true;
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        watch(watched[i].target, watched[i].handler);
    open_masks();
}
