/* work.h: the functions that the benchmark of hits calls: ten instructions, no prologue.
 *
 * They are compiled by the compiler whose callers are measured: what it is known to keep to (patching.md §2.4) chooses
 * the thunk's kind. Each has its own file, or the compiler would make one of them. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

int bench_work(int x); /* instrumented */
int bench_bare(int x); /* never instrumented */

static inline int mix(int x) {
    unsigned mixed = (unsigned)x;
    mixed ^= mixed >> 7;
    mixed *= 0x9E3779B1u;
    mixed ^= mixed >> 13;
    return (int)(mixed * 0x85EBCA6Bu);
}

#endif
