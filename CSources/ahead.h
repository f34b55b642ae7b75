/* ahead.h: reads the program's own bytes in the order of their addresses, several pages with one system call.
 *
 * What was read is as old as the first look at it: whoever holds a reader forgets it before each batch, and looks at the
 * bytes again where it matters that they are still the same. Control plane only. Neighbours: os. */
#ifndef GR_AHEAD_H
#define GR_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GR_AHEAD_PAGE = 4096, GR_AHEAD_PAGES = 8 };

/* Begins as all zero. */
struct gr_ahead {
    uint64_t start;
    size_t size;    /* bytes that could be read */
    unsigned pages; /* asked for the last time: twice as many are the next time, when that follows */
    uint8_t bytes[GR_AHEAD_PAGES * GR_AHEAD_PAGE];
};

/* As gr_os_peek: returns how many of `size` bytes could be read. */
size_t gr_ahead_read(struct gr_ahead *ahead, uint64_t address, void *bytes, size_t size);
void gr_ahead_forget(struct gr_ahead *ahead);

#endif
