/* functions.c: ten thousand functions of ten shapes, and a hundred that call back; see functions.h.
 *
 * The shapes are those whose beginnings differ for a patcher: leaves, frames, short branches, addresses relative to the
 * instruction, loops, jumps at the end, jump tables, vectors, many saved registers, arrays on the stack. Built with
 * unwind tables, so that exceptions pass. Calls nothing of the library under test. */
#include "functions.h"

#define KEPT __attribute__((noinline, used, visibility("default")))

static volatile long zero, three = 3;

static __attribute__((noinline)) long add(long left, long right) {
    return left + right + zero;
}

#define NUMBER(digits) (1##digits - 10000L)

#define LEAF(n)                    \
    KEPT long stress_##n(long x) { \
        return 3 * x + NUMBER(n);  \
    }
#define FRAME(n)                      \
    KEPT long stress_##n(long x) {    \
        long sum = add(x, NUMBER(n)); \
        return add(sum, x) + x;       \
    }
#define GLOBAL(n)                            \
    KEPT long stress_##n(long x) {           \
        return three * x + NUMBER(n) + zero; \
    }
#define BRANCH(n)                         \
    KEPT long stress_##n(long x) {        \
        if (x == 0)                       \
            return NUMBER(n);             \
        return add(x, 2 * x) + NUMBER(n); \
    }
#define LOOP(n)                          \
    KEPT long stress_##n(long x) {       \
        long sum = NUMBER(n);            \
        for (long i = 0; i < three; i++) \
            sum += x;                    \
        return sum;                      \
    }
#define STACK(n)                                 \
    KEPT long stress_##n(long x) {               \
        volatile long kept[32];                  \
        kept[x & 31] = x;                        \
        return 2 * x + kept[x & 31] + NUMBER(n); \
    }
#define TAIL(n)                       \
    KEPT long stress_##n(long x) {    \
        return add(3 * x, NUMBER(n)); \
    }
#define TABLE(n)                              \
    KEPT long stress_##n(long x) {            \
        switch (x & 7) {                      \
        case 0:                               \
            return add(x, x) + x + NUMBER(n); \
        case 1:                               \
            return 3 * x + NUMBER(n) + zero;  \
        case 2:                               \
            return add(3 * x, 0) + NUMBER(n); \
        case 3:                               \
            return three * x + NUMBER(n);     \
        case 4:                               \
            return add(NUMBER(n), 3 * x);     \
        case 5:                               \
            return add(x, NUMBER(n)) + 2 * x; \
        default:                              \
            return 3 * x + NUMBER(n);         \
        }                                     \
    }
#define VECTOR(n)                                                     \
    KEPT long stress_##n(long x) {                                    \
        return (long)((double)x * (double)three + (double)NUMBER(n)); \
    }
#define SAVED(n)                                                                        \
    KEPT long stress_##n(long x) {                                                      \
        long a = add(x, 1), b = add(x, 2), c = add(x, 3), d = add(x, 4), e = add(a, b); \
        return add(e, d) + 3 * (a - b) + 4 * (c - d) + NUMBER(n);                       \
    }

#define TEN(n)   \
    LEAF(n##0)   \
    FRAME(n##1)  \
    GLOBAL(n##2) \
    BRANCH(n##3) \
    LOOP(n##4)   \
    STACK(n##5)  \
    TAIL(n##6)   \
    TABLE(n##7)  \
    VECTOR(n##8) \
    SAVED(n##9)

/* A macro is not expanded inside itself, so each level has its own; `of` is what is made of each ten, or each one. */
#define TIMES_TEN(of, n) of(n##0) of(n##1) of(n##2) of(n##3) of(n##4) of(n##5) of(n##6) of(n##7) of(n##8) of(n##9)
#define THOUSAND(of, n) \
    TIMES_TEN(of, n##0) \
    TIMES_TEN(of, n##1) \
    TIMES_TEN(of, n##2) \
    TIMES_TEN(of, n##3) \
    TIMES_TEN(of, n##4) \
    TIMES_TEN(of, n##5) \
    TIMES_TEN(of, n##6) \
    TIMES_TEN(of, n##7) \
    TIMES_TEN(of, n##8) \
    TIMES_TEN(of, n##9)
#define TEN_THOUSAND(of) \
    THOUSAND(of, 0)      \
    THOUSAND(of, 1)      \
    THOUSAND(of, 2)      \
    THOUSAND(of, 3)      \
    THOUSAND(of, 4)      \
    THOUSAND(of, 5)      \
    THOUSAND(of, 6)      \
    THOUSAND(of, 7)      \
    THOUSAND(of, 8)      \
    THOUSAND(of, 9)

TEN_THOUSAND(TEN)

#define CALLING_BACK(n)                                   \
    KEPT long through_##n(long x, void (*back)(long x)) { \
        volatile long kept = x;                           \
        if (back)                                         \
            back(x);                                      \
        return 3 * kept + (1##n - 1000L);                 \
    }
#define TEN_CALLING_BACK(n) TIMES_TEN_INNER(CALLING_BACK, n)
#define TIMES_TEN_INNER(of, n) of(n##0) of(n##1) of(n##2) of(n##3) of(n##4) of(n##5) of(n##6) of(n##7) of(n##8) of(n##9)
TIMES_TEN(TEN_CALLING_BACK, 0)

#define NAMED(n) stress_##n,
#define TEN_NAMED(n) TIMES_TEN_INNER(NAMED, n)
const stress_plain stress_plains[STRESS_PLAIN] = {TEN_THOUSAND(TEN_NAMED)};

#define THROUGH_NAMED(n) through_##n,
#define TEN_THROUGH_NAMED(n) TIMES_TEN_INNER(THROUGH_NAMED, n)
const stress_through stress_throughs[STRESS_THROUGH] = {TIMES_TEN(TEN_THROUGH_NAMED, 0)};
