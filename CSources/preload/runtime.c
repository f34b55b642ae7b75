/* runtime.c: parts of the Swift runtime that the agent's library does without.
 *
 * The library carries a Swift runtime of its own, whose constructors run in every program that has the agent: one reads
 * all of /proc/self/maps to find the program's arguments, one looks for a program that could print a backtrace, and would
 * take the program's SIGSEGV for it where SWIFT_BACKTRACE says so, one prepares queues for tasks. The agent asks for no
 * arguments, leaves the program's signals alone and runs no task. What the rest of the runtime names of these parts is
 * defined here, so that the linker leaves them where they are: in the toolchain's archives.
 *
 * Neighbours: none; the Makefile links it into the agent's library and nowhere else. A toolchain whose runtime names
 * more than this takes its own parts again, or does not link: nothing is misunderstood. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CommandLine.arguments: none. Declared by the runtime; neither pointer is kept. */
char **_swift_stdlib_getUnsafeArgvArgc(int *count);
void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count);

char **_swift_stdlib_getUnsafeArgvArgc(int *count) {
    static char *none[1];
    *count = 0;
    return none;
}

void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count) {
    (void)arguments, (void)count;
}

/* The settings of backtraces, all zero: off. The runtime reads its first fields; it is larger than those of any version. */
extern const uint64_t _swift_backtraceSettings[];
const uint64_t _swift_backtraceSettings[32] = {0};

/* Asked by what prints a backtrace, which is off. */
bool _swift_backtrace_isThunkFunction(const char *name);
char *_swift_backtrace_demangle(const char *name, size_t size, char *output, size_t *output_size);

bool _swift_backtrace_isThunkFunction(const char *name) {
    (void)name;
    return false;
}

char *_swift_backtrace_demangle(const char *name, size_t size, char *output, size_t *output_size) {
    (void)name, (void)size, (void)output, (void)output_size;
    return NULL;
}
