/* heap.h: the memory of the control plane, which is not malloc's.
 *
 * A program's threads share malloc's locks. While one of them forks it holds all of them, and one that is preempted
 * holds its own for a time slice: with 64 busy threads on two processors each allocation waited 50 to 150 ms for them,
 * which was nine tenths of the time that a change took. Here the lock is ours, held for a few instructions, by threads
 * that submit and by the one that applies. Besides, malloc may be the very function that is being changed.
 * What happens once for an image (names, symbols, unwind tables) stays with malloc. Small blocks are kept for the next
 * taker, large ones go back to the system. Neighbours: os. */
#ifndef GR_HEAP_H
#define GR_HEAP_H

#include <stddef.h>

enum {
    GR_HEAP_UNIT = 16,                  /* blocks are aligned to this */
    GR_HEAP_SMALL_MAX = 64 * 1024 - 16, /* bytes of a block that is kept for the next taker */
};

/* Zeroed memory, the caller's; null when the system has none. Any thread, but in no handler. */
void *gr_heap_take(size_t size);
/* The same for `count` elements; null also when their bytes have no number. */
void *gr_heap_array(size_t count, size_t size);
/* Moves a block into one of `size` bytes, as realloc does: null leaves it as it was; what is new holds anything. */
void *gr_heap_grow(void *block, size_t size);
/* A copy of a text. */
char *gr_heap_text(const char *text);
/* Gives back what the functions above returned; null is nothing. */
void gr_heap_give(void *block);

/* In the child of a fork, before anything else here. No fork waits for the heap: the child begins with empty lists, since
 * another thread may have been inside; blocks that were in use stay so, those that were not are lost to it. */
void gr_heap_fork_child(void);

#endif
