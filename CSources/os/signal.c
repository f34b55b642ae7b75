/* signal.c: dispositions and masks. Neighbours: fault.h; thread.c starts our thread under the mask set here. */
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

enum graft_status gr_os_sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    struct sigaction before;
    if (GR_FAULT(GR_OS_SIGACTION, EINVAL) || sigaction(number, action, &before) != 0) {
        return GRAFT_OS;
    }
    if (old) {
        *old = before;
    }
    return GRAFT_OK;
}

void gr_os_default_action(int number) {
    static const struct { /* as the kernel has it */
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        uint64_t mask;
    } standard = {.handler = SIG_DFL};
    (void)syscall(SYS_rt_sigaction, number, &standard, NULL, sizeof standard.mask); /* fails for no real signal */
}

void gr_os_set_blocked(const sigset_t *signals) {
    (void)pthread_sigmask(SIG_SETMASK, signals, NULL); /* fails only for an unknown first argument */
}

bool gr_os_on_signal_stack(void) {
    int saved = errno;
    stack_t stack = {0};
    bool on = syscall(SYS_sigaltstack, NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK) != 0;
    errno = saved;
    return on;
}

void gr_os_unblock_sigtrap(void) {
    sigset_t trap;
    (void)sigemptyset(&trap);
    (void)sigaddset(&trap, SIGTRAP);
    (void)pthread_sigmask(SIG_UNBLOCK, &trap, NULL); /* fails only for an unknown first argument */
}

void gr_os_mask_all_but_sigtrap(void) {
    static const int open_to[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigset_t mask;
    (void)sigfillset(&mask);
    for (size_t i = 0; i < sizeof open_to / sizeof *open_to; i++) {
        (void)sigdelset(&mask, open_to[i]);
    }
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL); /* fails only for an unknown first argument */
}
