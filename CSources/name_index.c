/* name_index.c: an open-addressed table of (hash, function), probed in a line.
 *
 * It never loses an entry and is filled in ascending order of the functions, so those of one name lie along their line in
 * that order. At most half full. Neighbours: name_index.h. */
#include "name_index.h"

#include <stdlib.h>

enum { NAMES_OF_ONE = 2 }; /* whole, and without suffixes */

struct gr_name_slot {
    uint32_t hash;
    uint32_t function; /* its index plus one; 0: free */
};

/* FNV-1a, and its halves mixed. */
static uint32_t hash_of(const char *text, size_t size) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

static void insert(struct gr_name_index *index, uint32_t hash, size_t function) {
    size_t at = hash & index->mask;
    while (index->slots[at].function != 0)
        at = (at + 1) & index->mask;
    index->slots[at] = (struct gr_name_slot){hash, (uint32_t)function + 1};
}

/* What gr_pattern_matches_linker_name compares, and nothing else. */
static void insert_names(struct gr_name_index *index, const char *text, size_t function) {
    struct gr_symbol symbol;
    gr_symbol_read(text, &symbol);
    if (symbol.cold || symbol.base == 0)
        return;
    insert(index, hash_of(symbol.text, symbol.size), function);
    if (!symbol.part && symbol.base != symbol.size)
        insert(index, hash_of(symbol.text, symbol.base), function);
}

static void make(struct gr_name_index *index, const struct gr_elf_function *functions, size_t count) {
    size_t size = 1;
    while (size < 2 * NAMES_OF_ONE * count)
        size *= 2;
    index->slots = count < UINT32_MAX ? calloc(size, sizeof *index->slots) : NULL;
    index->refused = index->slots == NULL;
    index->mask = size - 1;
    for (size_t i = 0; i < count && !index->refused; i++)
        insert_names(index, functions[i].symbol, i);
}

bool gr_name_index_ready(struct gr_name_index *index, const struct gr_elf_function *functions, size_t count) {
    if (index->slots == NULL && !index->refused && ++index->asked > GR_NAME_INDEX_AFTER)
        make(index, functions, count);
    return index->slots != NULL;
}

struct gr_name_search gr_name_index_first(const struct gr_name_index *index, const char *name, size_t size) {
    uint32_t hash = hash_of(name, size);
    return (struct gr_name_search){.index = index, .hash = hash, .slot = hash & index->mask};
}

bool gr_name_index_next(struct gr_name_search *search, size_t *function) {
    for (;;) {
        const struct gr_name_slot *slot = &search->index->slots[search->slot];
        if (slot->function == 0)
            return false;
        search->slot = (search->slot + 1) & search->index->mask;
        if (slot->hash != search->hash)
            continue;
        *function = slot->function - 1;
        return true;
    }
}

void gr_name_index_forget(struct gr_name_index *index) {
    free(index->slots);
    *index = (struct gr_name_index){.slots = NULL};
}
