/* look.h: for tests of unwinding: a copied stack, and what backtrace() saw while it was live. */
#ifndef LOOK_H
#define LOOK_H

#include "compiler.h"
#include "grab.h"

enum { LOOK_FRAMES_MAX = 4096, LOOK_DEPTH = 12 };

struct look {
    struct gr_stack_copy copy;
    void *live[LOOK_FRAMES_MAX];
    int live_count;
    uint64_t frames[LOOK_FRAMES_MAX];
    size_t count;
};

/* The look of tests with one thread. */
extern struct look look;

/* Keeps calls from becoming jumps, which have no frame: changed after each call. */
extern _Thread_local volatile int look_after_call;

/* Copies the stack of this very call into the `struct look` at `context`. */
void look_take(void *context);
/* The same into `look`, as a signal's handler. */
void look_on_signal(int number);
/* Calls `bottom(context)` below `depth` frames that use callee-saved registers. */
int look_descend(int depth, void (*bottom)(void *), void *context);
/* Writes over the stack that the frames took, then unwinds the copy. */
void look_unwind(struct look *at);
/* Checks that the `count` frames after the first are those of backtrace(). (The first is look_take's own, at another of
 * its calls.) */
void look_check_frames(const struct look *at, size_t count);
/* Checks that there are as many, and all the same. */
void look_check_all(const struct look *at);
/* Memory of neither an image nor a stack, for call_by_cell: always the same. */
uint64_t *look_cell(void);

#endif
