/* unwind_memory.h: the memory that an unwinding may see: the copy of the stack, kept words, and one image at a time.
 *
 * Image memory is read through gr_os_peek into a few lines, since unwind tables are read a few bytes at a time and the
 * image may be unloaded meanwhile. Everything else is refused: the live stack shows what the thread did afterwards.
 * One unwinding, one thread. Private to unwinding.c and unwind_table.c. Neighbours: os. */
#ifndef GR_UNWIND_MEMORY_H
#define GR_UNWIND_MEMORY_H

#include "unwinding.h"
#include <stdbool.h>

enum { GR_UNWIND_LINE = 512, GR_UNWIND_LINES = 32 };

/* One aligned piece of image memory. */
struct gr_unwind_line {
    uint64_t address;
    size_t filled; /* bytes that could be read; 0 also while the line is unused */
    uint8_t bytes[GR_UNWIND_LINE];
};

struct gr_unwind_memory {
    const struct gr_stack_copy *copy;
    uint64_t image_start, image_end; /* set before the tables of an image are read */
    struct gr_unwind_line lines[GR_UNWIND_LINES];
};

/* False when any of the bytes may not be seen or cannot be read; `bytes` may be changed then. */
bool gr_unwind_read(struct gr_unwind_memory *memory, uint64_t address, void *bytes, size_t size);

#endif
