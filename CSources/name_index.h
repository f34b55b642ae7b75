/* name_index.h: the functions of one file by their linker names, while many targets are looked up one after the other.
 *
 * Going over all names for each target is quick for a few targets and slow for thousands; so an index is made when more
 * than GR_NAME_INDEX_AFTER have asked, and forgotten when the batch is over. Names are found as a target names them:
 * whole, or without the suffixes of a compiler's clone. One thread at a time. Neighbours: elf_view, match (reads symbols). */
#ifndef GR_NAME_INDEX_H
#define GR_NAME_INDEX_H

#include "elf_view.h"
#include "match.h"

enum { GR_NAME_INDEX_AFTER = 16 };

/* Begins as all zero. */
struct gr_name_index {
    struct gr_name_slot *slots; /* null: not made */
    size_t mask;
    unsigned asked;
    bool refused; /* there was no memory for it in this batch */
};

/* Counts a question and makes the index when there have been enough. False when there is none (yet). */
bool gr_name_index_ready(struct gr_name_index *index, const struct gr_elf_function *functions, size_t count);

/* Goes over the functions that may have this name: begins with first, and next gives function after function in ascending
 * order; some may have another name (a collision). False when there is no further one. */
struct gr_name_search {
    const struct gr_name_index *index;
    uint32_t hash;
    size_t slot;
};
struct gr_name_search gr_name_index_first(const struct gr_name_index *index, const char *name, size_t size);
bool gr_name_index_next(struct gr_name_search *search, size_t *function);

/* Frees it; it is all zero again. */
void gr_name_index_forget(struct gr_name_index *index);

#endif
