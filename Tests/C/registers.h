/* registers.h: calls a function with every register set that a callee may change, and shows what is in them after. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

/* registers.S knows it. */
struct registers {
    uint64_t rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11;
    uint64_t stack[2];   /* two words of arguments */
    uint64_t ymm[16][4]; /* lower halves only, when it is not `wide` */
};

void registers_call(void (*function)(void), const struct registers *before, struct registers *after, int wide);

/* The sum of six registers and two words of the stack; of two doubles. They change their result's register only. */
int64_t registers_sum(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g, int64_t h);
double registers_add(double a, double b);

#endif
