/* abandoned.c: whether an open call will never be left (longjmp, a coroutine thrown away).
 *
 * A function that calls another keeps its return address, which is the thunk's, somewhere in its own frame: between the
 * present stack pointer and the one at its entry, if both are of one stack. Where it is nowhere there, the call is gone.
 * What lies elsewhere, or cannot be read through, is taken for open: such a frame costs its place and no more. */
#ifdef __aarch64__
#include "os/os.h"
#include "thread.h"

enum { SEARCHED_MAX = 1 << 20, PART = 512 }; /* bytes; words read at once */

/* Bits above the address may be a signature. */
static uint64_t without_signature(uint64_t word) {
    return word & (GR_ADDRESS_END | 0xfff);
}

bool gr_frame_abandoned(const struct gr_frame *frame, uint64_t stack_pointer) {
    if (frame->stack_pointer <= stack_pointer || frame->stack_pointer - stack_pointer > SEARCHED_MAX)
        return false;
    uint64_t words[PART];
    for (uint64_t at = stack_pointer & ~(uint64_t)7; at < frame->stack_pointer; at += sizeof words) {
        uint64_t left = frame->stack_pointer - at;
        size_t size = left < sizeof words ? (size_t)left : sizeof words;
        if (gr_os_peek(at, words, size) != size)
            return false;
        for (size_t i = 0; i < size / sizeof *words; i++)
            if (gr_is_thunk_return(without_signature(words[i])))
                return false;
    }
    return true;
}
#endif
