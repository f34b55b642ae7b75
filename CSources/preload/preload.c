/* preload.c: the library that LD_PRELOAD names: it loads the agent between the host's constructors and its main.
 *
 * Owns nothing but that moment. While the gate is closed it reads a few environment variables and is gone: no
 * allocation, no thread, no file, no frame on the host's stack. It never stops the host: whatever fails is one line on
 * standard error. It needs no Swift and nothing of Graft's core, so that a host which is not to be instrumented pays
 * for neither.
 *
 * Why __libc_start_main: a constructor of a preloaded library runs before those of the libraries that the host
 * and the agent use, and what such constructors set up (libdispatch's state, for one) would be missing. glibc calls main
 * from __libc_start_main after every constructor, and the definition here, without a version, is found first.
 *
 * Neighbours: the agent (Sources/GraftAgent), which reads the same gate again and says why it is closed. The words that
 * open the gate are those of GraftSCA; a test holds the two together. */
#include "../compiler.h"
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define AGENT_FILE "libgraft-agent.so"
#define AGENT_ENTRY "graft_agent_start"
/* The path of the agent, when it does not lie beside this library. */
#define AGENT_VARIABLE "GRAFT_AGENT_LIBRARY"

typedef int (*main_function)(int, char **, char **);
typedef int (*start_function)(main_function, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
typedef void (*agent_function)(void);

/* The host's main. Written once, by the only thread, before main runs. */
static main_function host_main;

/* Says one line on standard error. */
static void complain(const char *what, const char *why) {
    (void)dprintf(STDERR_FILENO, "graft: %s: %s\n", what, why != NULL ? why : "no reason is known");
}

/* Whether a variable is "1" or, in any case of letters, "true". secure_getenv: a program with more rights than its user
 * has is never instrumented by that user's environment. */
static bool is_true(const char *variable) {
    const char *value = secure_getenv(variable);
    return value != NULL && (strcmp(value, "1") == 0 || strcasecmp(value, "true") == 0);
}

static bool gate_is_open(void) {
    return is_true("DD_SCA_DETECTION_ENABLED") && is_true("DD_APPSEC_ENABLED") && is_true("DD_APPSEC_SCA_ENABLED");
}

/* Writes the agent's path: the variable's value, or the file beside this library. False when it does not fit. */
static bool find_agent(char *path, size_t size) {
    const char *given = secure_getenv(AGENT_VARIABLE);
    if (given != NULL && *given != '\0')
        return (size_t)snprintf(path, size, "%s", given) < size;
    Dl_info self;
    if (dladdr((const void *)&host_main, &self) == 0 || self.dli_fname == NULL)
        return false;
    const char *slash = strrchr(self.dli_fname, '/');
    int folder = slash != NULL ? (int)(slash + 1 - self.dli_fname) : 0;
    return (size_t)snprintf(path, size, "%.*s%s", folder, self.dli_fname, AGENT_FILE) < size;
}

static void load_agent(void) {
    char path[PATH_MAX];
    if (!find_agent(path, sizeof path)) {
        complain("the program runs without " AGENT_FILE, "its path is unknown or too long");
        return;
    }
    void *agent = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (agent == NULL) {
        complain("the program runs without the agent", dlerror());
        return;
    }
    /* The way POSIX converts an object pointer to a function pointer. */
    agent_function start = NULL;
    *(void **)&start = dlsym(agent, AGENT_ENTRY);
    if (start == NULL) {
        complain("the program runs without the agent", dlerror());
        return;
    }
    start();
}

/* Stands in for the host's main: every constructor has run, none of the host's own code after them has. */
static int main_with_agent(int argc, char **argv, char **envp) {
    int saved = errno;
    load_agent();
    errno = saved;
    return host_main(argc, argv, envp);
}

/* The C library has no header for it: the executable's start code calls it. */
GR_PUBLIC int __libc_start_main(main_function main, int argc, char **argv, void (*init)(void), void (*fini)(void),
    void (*rtld_fini)(void), void *stack_end);

GR_PUBLIC int __libc_start_main(main_function main, int argc, char **argv, void (*init)(void), void (*fini)(void),
    void (*rtld_fini)(void), void *stack_end) {
    start_function next = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
    if (next == NULL) {
        /* Without it there is no program to go on with. */
        complain("the program cannot run", dlerror());
        _exit(127);
    }
    if (!gate_is_open())
        return next(main, argc, argv, init, fini, rtld_fini, stack_end);
    host_main = main;
    return next(main_with_agent, argc, argv, init, fini, rtld_fini, stack_end);
}
