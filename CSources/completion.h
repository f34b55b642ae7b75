/* completion.h: open calls of Swift async functions, which end by a jump to a continuation, on any thread, at any time; and
 * open accesses of modify and read accessors, which go on in a function that they have returned.
 *
 * An async function finds its context in r14: the caller's context in the first word, and in the second where to go on
 * when it is done (Swift ABI, swifttailcc). While its completion is watched, that word leads to a few bytes of code that
 * know the frame; they go on in thunk.S, and from there to where the word led before. A frame is given back at the
 * completion; a task that is never resumed keeps its own for ever, as it keeps its context.
 *
 * An accessor returns with the yielded value and the address of the function that ends the access (yield_once: rax). While
 * that end is watched, the same few bytes of code take that function's place. Neighbours: thread, site. */
#ifndef GR_COMPLETION_H
#define GR_COMPLETION_H

#include "thread.h"

enum { GR_COMPLETIONS_MAX = 1 << 18 }; /* open calls at once, of all threads; more are reported on entry only */

struct gr_completion {
    struct gr_frame frame; /* what was told of the entry. Its return address is the caller's continuation */
    uint64_t context;      /* 0: of a coroutine */
    uint64_t code;         /* leads here: a trampoline */
    uint64_t resume; /* where to go on: what stood in the context's second word; the coroutine's second function */
    uint32_t number;
};

/* Makes the first frames, so that most hits allocate nothing: before the first function that needs them. Control plane.
 * GRAFT_NO_MEMORY. */
enum graft_status gr_completions_start(void);

/* For the call with this context; null when GR_COMPLETIONS_MAX are open or memory is refused. Hit plane. */
struct gr_completion *gr_completion_open(struct gr_site *site, uint64_t context);

/* From now on the function's end leads to the completion. */
void gr_completion_watch(struct gr_completion *completion);
/* At that end: puts the context's word back, and tells where to go on. */
uint64_t gr_completion_unwatch(struct gr_completion *completion);
/* Takes one back that was opened, and is not or no longer watched. */
void gr_completion_close(struct gr_completion *completion);

/* The same for a call that has yielded and will go on at `resume`: what was told of its entry is taken over. */
struct gr_completion *gr_completion_open_yielded(const struct gr_frame *frame, uint64_t resume);

/* Where the context goes on, past whatever watches it. `context` must be readable. Hit plane. */
uint64_t gr_completion_of(uint64_t context);
/* The same for the value of the word itself. */
uint64_t gr_completion_behind(uint64_t resume);

#endif
