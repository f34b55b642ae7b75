/* starve.h: a child process without memory, to see what happens when malloc fails.
 *
 * Works with AddressSanitizer too, whose allocator is told to return null; ThreadSanitizer's cannot. For programs of
 * one source file. */
#ifndef STARVE_H
#define STARVE_H

#include "check.h"
#include "compiler.h"
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

const char *__asan_default_options(void);
GR_PUBLIC const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}
#if defined(__SANITIZE_THREAD__)
#define STARVE_POSSIBLE false
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STARVE_POSSIBLE false
#endif
#endif
#ifndef STARVE_POSSIBLE
#define STARVE_POSSIBLE (!check_left_out("starve"))
#endif

/* Forbids this process any further memory, then uses up what malloc still has, down to pieces of 16 bytes, in steps so
 * small that an allocator with classes of sizes has none left in any. Not given back: the process is about to end. */
static inline void starve(void) {
    static void *volatile kept; /* volatile, so that the compiler keeps the calls */
    const struct rlimit nothing = {0, 0};
    CHECK(setrlimit(RLIMIT_AS, &nothing) == 0);
    for (size_t size = (size_t)1 << 20; size > 0; size = size > 128 ? size - size / 8 : (size - 1) / 16 * 16)
        while ((kept = malloc(size))) {
        }
}

/* Runs `body` in a child and checks that it ends with 0. Messages of the sanitizers' allocators are not shown. */
static inline void in_child(void (*body)(void)) {
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        body();
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_EQUAL(WEXITSTATUS(status), 0);
}

#endif
