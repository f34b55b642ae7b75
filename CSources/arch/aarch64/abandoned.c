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

/* Looks on, as far as `end`. False when that cannot be read. */
static bool look_on(struct gr_stack_look *look, uint64_t end) {
    uint64_t words[PART];
    while (look->seen_to < end && !look->leads_back) {
        uint64_t left = end - look->seen_to;
        size_t size = left < sizeof words ? (size_t)left : sizeof words, i = 0;
        if (gr_os_peek(look->seen_to, words, size) != size)
            return false;
        while (i < size / sizeof *words && !gr_is_thunk_return(without_signature(words[i])))
            i++;
        look->leads_back = i < size / sizeof *words;
        look->seen_to += i * sizeof *words;
    }
    return true;
}

bool gr_frame_abandoned(const struct gr_frame *frame, struct gr_stack_look *look) {
    if (frame->stack_pointer <= look->stack_pointer || frame->stack_pointer - look->stack_pointer > SEARCHED_MAX)
        return false;
    if (look->seen_to == 0)
        look->seen_to = (look->stack_pointer + 7) & ~(uint64_t)7;
    if (!look_on(look, frame->stack_pointer & ~(uint64_t)7))
        return false;
    return look->seen_to >= frame->stack_pointer; /* else something in between leads back, perhaps from this call */
}
#endif
