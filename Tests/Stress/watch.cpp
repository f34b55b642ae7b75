/* watch.cpp: looks at the working process from outside, so that its end is never silent.
 *
 * The kernel kills a thread that traps with SIGTRAP blocked: no handler would tell of it. So the work is done by a child,
 * and this process says how it ended, in which phase, with which seed; and ends it when it no longer moves. In the
 * working process a crash prints where it was. Knows nothing of what is done there. */
#include "stress.h"
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

namespace stress {

Watched *watched;

namespace {

constexpr unsigned stillSeconds = 120; /* without a beat: it hangs */
constexpr long lookNanoseconds = 100000000;

void place(char *text, size_t size) {
    snprintf(text, size, "in phase \"%s\", batch %llu, after %llu toggles, with --seed %llu", watched->phase.load(),
        static_cast<unsigned long long>(watched->batch), static_cast<unsigned long long>(watched->toggles),
        static_cast<unsigned long long>(watched->seed));
}

/* Says where; then the signal takes its usual way. Formatting here is not safe in theory: the process is lost anyway. */
void onCrash(int number, siginfo_t *info, void *context) {
    char where[256], line[512];
    const auto *registers = static_cast<ucontext_t *>(context)->uc_mcontext.gregs;
    place(where, sizeof where);
    int length = snprintf(line, sizeof line, "graft-stress: signal %d (code %d) at %#llx, address %p, %s\n", number,
        info->si_code, static_cast<unsigned long long>(registers[REG_RIP]), info->si_addr, where);
    if (write(STDERR_FILENO, line, static_cast<size_t>(length)) < 0)
        _exit(3);
    signal(number, SIG_DFL);
}

void tellCrashes() {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = onCrash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS})
        sigaction(number, &action, nullptr);
}

/* Waits for the child, looking at its beats. */
int await(pid_t child) {
    uint64_t beats = 0;
    timespec look = {0, lookNanoseconds};
    time_t last = time(nullptr);
    for (;;) {
        int status;
        if (waitpid(child, &status, WNOHANG) == child)
            return status;
        nanosleep(&look, nullptr);
        if (watched->beats != beats) {
            beats = watched->beats;
            last = time(nullptr);
        } else if (time(nullptr) - last > static_cast<time_t>(stillSeconds)) {
            fprintf(stderr, "graft-stress: it has not moved for %u s\n", stillSeconds);
            kill(child, SIGABRT);
            last = time(nullptr);
        }
    }
}

} // namespace

void phase(const char *name) {
    watched->phase = name;
    watched->beats++;
    fprintf(stderr, "graft-stress: %s\n", name);
}

void fail(const char *format, ...) {
    char what[512], where[256], line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    place(where, sizeof where);
    int length = snprintf(line, sizeof line, "graft-stress: %s, %s\n", what, where);
    if (write(STDERR_FILENO, line, static_cast<size_t>(length)) < 0)
        _exit(3);
    abort();
}

int watch(const Options &options, int (*work)(const Options &options)) {
    void *shared = mmap(nullptr, sizeof *watched, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        fprintf(stderr, "graft-stress: no memory\n");
        return 3;
    }
    watched = new (shared) Watched;
    watched->seed = options.seed;
    pid_t child = options.alone ? 0 : fork();
    if (child < 0) {
        fprintf(stderr, "graft-stress: no child: %s\n", strerror(errno));
        return 3;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, options.alone ? 0 : SIGKILL);
        tellCrashes();
        int code = work(options);
        if (options.alone)
            return code;
        exit(code);
    }
    fprintf(stderr, "graft-stress: seed %llu, process %d\n", static_cast<unsigned long long>(options.seed), child);
    int status = await(child);
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    char where[256];
    place(where, sizeof where);
    fprintf(
        stderr, "graft-stress: killed by signal %d (%s), %s\n", WTERMSIG(status), strsignal(WTERMSIG(status)), where);
    return 2;
}

} // namespace stress
