/* functions.h: the functions that graft-stress has instrumented; they live in a library of their own, libgraft-stress.so.
 *
 * Whatever its shape, function number n gives 3 * x + n. Names: stress_0000 to stress_9999, of which the last digit is the
 * shape, and through_000 to through_099, which call back and may be left by an exception, a jump or the thread's end. */
#ifndef STRESS_FUNCTIONS_H
#define STRESS_FUNCTIONS_H

#ifdef __cplusplus
extern "C" {
#endif

enum { STRESS_PLAIN = 10000, STRESS_THROUGH = 100, STRESS_ALL = STRESS_PLAIN + STRESS_THROUGH };

/* Calls `back(x)` where one is given, and gives 3 * x + its number. */
typedef long (*stress_plain)(long x);
typedef long (*stress_through)(long x, void (*back)(long x));

/* Exported: the one with the number n is at n. */
#define STRESS_EXPORTED __attribute__((visibility("default")))
STRESS_EXPORTED extern const stress_plain stress_plains[STRESS_PLAIN];
STRESS_EXPORTED extern const stress_through stress_throughs[STRESS_THROUGH];

#ifdef __cplusplus
}
#endif
#endif
