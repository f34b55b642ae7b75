/* prologue.h: the instructions with which most functions begin, told by their first bytes.
 *
 * To decode them is most of what planning a patch costs. Anything else is the decoder's; test_prologue asks it about
 * everything that is said here. */
#ifndef GR_PROLOGUE_H
#define GR_PROLOGUE_H

#include <stddef.h>
#include <stdint.h>

/* The length of an instruction that means the same anywhere, does not end the flow and pads nothing; 0: not known here. */
static inline unsigned gr_prologue_insn(const uint8_t *bytes, size_t size) {
    enum { PUSH = 0x50, OTHER_REGISTERS = 0x41, REX_W = 0x48, MOVE = 0xb8, OF_REGISTERS = 0xc0 };
    unsigned rex = size > 0 && (bytes[0] & 0xfa) == REX_W; /* 48, 49, 4c, 4d */
    if (size < rex + 7u)
        return 0;
    const uint8_t *at = bytes + rex;
    if ((at[0] & 0xf8) == PUSH && rex == 0)
        return 1;
    if (at[0] == OTHER_REGISTERS && (at[1] & 0xf8) == PUSH && rex == 0)
        return 2;
    if ((at[0] & 0xf8) == MOVE && rex == 0)
        return 5;
    if (at[1] < OF_REGISTERS)
        return 0;
    switch (at[0]) {
    case 0x31: /* xor, test, mov */
    case 0x33:
    case 0x85:
    case 0x89:
    case 0x8b:
        return rex + 2;
    case 0x83: /* add, or, adc, sbb, and, sub, xor, cmp with a byte, or with four */
        return rex + 3;
    case 0x81:
        return rex + 6;
    default:
        return 0;
    }
}

#endif
