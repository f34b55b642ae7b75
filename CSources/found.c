/* found.c: collects matches. Neighbours: found.h, entry. */
#include "found.h"
#include "heap.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

enum graft_status gr_found_add(struct gr_found *found, const struct gr_match *match) {
    if (found->count == GRAFT_TARGET_MATCHES_MAX)
        return GRAFT_TARGET_TOO_BROAD;
    if (found->count == found->capacity) {
        size_t capacity = found->capacity == 0 ? FIRST_CAPACITY : found->capacity + found->capacity / 2;
        struct gr_match *matches = gr_heap_grow(found->matches, capacity * sizeof *matches);
        if (matches == NULL)
            return GRAFT_NO_MEMORY;
        found->matches = matches;
        found->capacity = capacity;
    }
    found->matches[found->count++] = *match;
    return GRAFT_OK;
}

static int by_address(const void *left, const void *right) {
    uint64_t a = ((const struct gr_match *)left)->entry.address, b = ((const struct gr_match *)right)->entry.address;
    return a < b ? -1 : a > b;
}

/* Two ways to one address: as an indirect function's choice it has a name that users know. */
static void fold(struct graft_entry_point *into, const struct graft_entry_point *other) {
    uint32_t aliases = into->aliases + (into->symbol[0] != 0 && other->symbol[0] != 0);
    if ((other->flags & GRAFT_ENTRY_CHOSEN) != 0 && (into->flags & GRAFT_ENTRY_CHOSEN) == 0)
        *into = *other;
    into->aliases = aliases;
}

void gr_found_sort(struct gr_found *found) {
    bool sorted = true; /* as they mostly are: functions of an image are */
    for (size_t i = 1; i < found->count && sorted; i++)
        sorted = found->matches[i - 1].entry.address <= found->matches[i].entry.address;
    if (!sorted)
        qsort(found->matches, found->count, sizeof *found->matches, by_address);
    size_t kept = 0;
    for (size_t i = 0; i < found->count; i++) {
        if (kept > 0 && by_address(&found->matches[kept - 1], &found->matches[i]) == 0)
            fold(&found->matches[kept - 1].entry, &found->matches[i].entry);
        else
            found->matches[kept++] = found->matches[i];
    }
    found->count = kept;
}

struct gr_functions gr_loaded_functions(struct gr_loaded *loaded) {
    const struct gr_signature *signatures =
        gr_name_cache_signatures(&loaded->names, loaded->functions, loaded->function_count);
    return (struct gr_functions){loaded->functions, loaded->function_count, &loaded->names, signatures};
}

struct gr_match gr_loaded_match(struct gr_loaded *loaded, const struct gr_group *group) {
    struct gr_functions functions = gr_loaded_functions(loaded);
    struct gr_match match = {.image = &loaded->image};
    gr_entry_describe(loaded->elf, &functions, group, &match.entry);
    match.entry.address = loaded->image.bias + match.entry.offset;
    match.entry.image = loaded->path;
    match.entry.build_id = loaded->build_id;
    return match;
}

static struct gr_loaded *loaded_of(const struct gr_image *image) {
    return (struct gr_loaded *)(void *)((char *)(uintptr_t)image - offsetof(struct gr_loaded, image));
}

enum graft_status gr_resolver_starts(const struct gr_image *image, uint64_t **starts, size_t *count) {
    const struct gr_loaded *loaded = loaded_of(image);
    uint64_t *made = loaded->function_count != 0 ? malloc(loaded->function_count * sizeof *made) : NULL;
    if (made == NULL && loaded->function_count != 0)
        return GRAFT_NO_MEMORY;
    for (size_t i = 0; i < loaded->function_count; i++)
        made[i] = image->bias + loaded->functions[i].address;
    *starts = made;
    *count = loaded->function_count;
    return GRAFT_OK;
}

bool gr_resolver_code(const struct gr_image *image, uint64_t *next, uint64_t *start, uint64_t *size) {
    const struct gr_loaded *loaded = loaded_of(image);
    bool first = *next == 0;
    if (loaded->elf != NULL && gr_elf_code_section(loaded->elf, next, start, size)) {
        *start += image->bias;
        return true;
    }
    if (first) {
        *next = UINT64_MAX;
        *start = image->code_start;
        *size = image->code_end - image->code_start;
    }
    return first;
}

const char *gr_resolver_keep(const struct gr_image *image, const char *text) {
    return gr_texts_add(&loaded_of(image)->kept, text);
}
