/* guard.c: keeps SIGTRAP deliverable (patching.md §3.4-5).
 *
 * The kernel kills a thread that meets a trap with SIGTRAP blocked, and programs like to block every signal. Entry
 * probes of ours on libc's sigaction and pthread_sigmask (which sigprocmask and signal call) change the argument: masks
 * lose SIGTRAP, and an action for SIGTRAP is remembered as the application's instead of replacing ours. An application
 * that asks for its mask sees SIGTRAP unblocked; one that asks for its action for SIGTRAP sees its own. */
#include "guard.h"
#include "log.h"
#include "os/os.h"
#include "plane.h"
#include "trap.h"
#include <signal.h>

static bool watching;

/* Where a changed argument lives while the function reads it; its own for each thread. */
static __thread sigset_t mask_copy GR_TLS_MODEL;
static __thread struct sigaction action_copy GR_TLS_MODEL;

static bool blocks_trap(const sigset_t *set) {
    return sigismember(set, SIGTRAP) == 1;
}

/* int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) */
static void on_sigmask(struct graft_hit *hit, void *context) {
    (void)context;
    const sigset_t *set = (const sigset_t *)(uintptr_t)hit->registers->rsi;
    if (set == NULL || (int)hit->registers->rdi == SIG_UNBLOCK || !blocks_trap(set))
        return;
    mask_copy = *set;
    sigdelset(&mask_copy, SIGTRAP);
    hit->registers->rsi = (uint64_t)(uintptr_t)&mask_copy;
}

/* The application sets or asks for its own action for SIGTRAP: ours stays. */
static void on_trap_action(struct graft_registers *registers, const struct sigaction *action) {
    struct sigaction *old = (struct sigaction *)(uintptr_t)registers->rdx;
    struct sigaction before;
    gr_trap_application_action(action != NULL && !gr_trap_is_ours(action) ? action : NULL, &before);
    if (old != NULL)
        *old = before;
    registers->rsi = registers->rdx = 0;
}

/* int sigaction(int number, const struct sigaction *action, struct sigaction *old) */
static void on_sigaction(struct graft_hit *hit, void *context) {
    (void)context;
    const struct sigaction *action = (const struct sigaction *)(uintptr_t)hit->registers->rsi;
    if ((int)hit->registers->rdi == SIGTRAP && gr_trap_handler_installed()) {
        on_trap_action(hit->registers, action);
    } else if (action != NULL && blocks_trap(&action->sa_mask)) {
        action_copy = *action;
        sigdelset(&action_copy.sa_mask, SIGTRAP);
        hit->registers->rsi = (uint64_t)(uintptr_t)&action_copy;
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
    watch("libc.so.6:pthread_sigmask", on_sigmask);
    watch("libc.so.6:sigaction", on_sigaction);
    open_masks();
}
