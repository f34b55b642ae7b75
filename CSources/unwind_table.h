/* unwind_table.h: which image holds an address, and where that image's table of unwind information is.
 *
 * Private to unwinding.c. Neighbours: unwind_memory.h; the dynamic loader's list of images. */
#ifndef GR_UNWIND_TABLE_H
#define GR_UNWIND_TABLE_H

#include "unwind_memory.h"

/* The sorted table in an image's .eh_frame_hdr: pairs of 32-bit offsets (function, its description) from `base`. */
struct gr_unwind_table {
    uint64_t base;    /* address of .eh_frame_hdr */
    uint64_t entries; /* address of the first pair */
    uint64_t count;   /* of pairs, all within the image */
};

/* Finds the table for an address of code and lets `memory` see that image. False when no image that is loaded now
 * contains the address, or when it has no table of the usual form. */
bool gr_unwind_table_find(struct gr_unwind_memory *memory, uint64_t address, struct gr_unwind_table *table);

#endif
