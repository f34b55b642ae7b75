/* grab.h: for tests of unwinding: what a probe would see at a call, and calls that are hard to unwind. */
#ifndef GRAB_H
#define GRAB_H

#include "unwinding.h"

/* As if this function were instrumented: fills in `copy` with the state at its own call. `word_count` is left alone. */
void grab(struct gr_stack_copy *copy);

/* Calls `run(argument)` from a frame whose return address is in cell[0] and whose caller's rbx is in cell[1], as the
 * thunk of an entry-exit probe does; `cell` must not be on the stack. */
void call_by_cell(void (*run)(void *), void *argument, uint64_t *cell);

/* Calls `run(argument)` from code between functions that has no unwind information. */
void call_without_table(void (*run)(void *), void *argument);

#endif
