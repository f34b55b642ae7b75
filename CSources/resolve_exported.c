/* resolve_exported.c: finds the functions that our own probes watch, without reading all that a file knows.
 *
 * A program that is only guarded, and may never get a probe, must not pay for the C library's symbols, unwind tables and
 * debug information: a few dozen milliseconds. What is left out, an entry point of our own does without: its name is its
 * symbol, and its callers may count on every register. Neighbours: found.h, elf. */
#include "found.h"

#include <stdlib.h>
#include <string.h>

static bool has_soname(const struct gr_loaded *loaded, const char *target, size_t length) {
    return strlen(loaded->soname) == length && strncmp(loaded->soname, target, length) == 0;
}

static struct gr_match match_of(const struct gr_loaded *loaded, const struct gr_elf_function *function) {
    struct gr_match match = {.image = &loaded->image};
    match.entry = (struct graft_entry_point){.address = loaded->image.bias + function->address,
        .offset = function->address,
        .size = function->size,
        .image = loaded->path,
        .build_id = loaded->build_id,
        .symbol = function->symbol,
        .name = function->symbol,
        .flags = (function->has_unwind ? GRAFT_ENTRY_HAS_UNWIND : 0u) | (function->ifunc ? GRAFT_ENTRY_IFUNC : 0u)};
    return match;
}

enum graft_status gr_resolve_exported(struct gr_resolver *resolver, const char *target, const struct gr_image *only,
    struct gr_match **matches, size_t *count) {
    const char *colon = strchr(target, ':');
    struct gr_found found = {NULL, 0, 0};
    enum graft_status status = colon != NULL ? GRAFT_OK : GRAFT_TARGET_SYNTAX;
    for (size_t i = 0; i < resolver->count && status == GRAFT_OK; i++) {
        struct gr_loaded *loaded = resolver->images[i];
        struct gr_elf_function function;
        if ((only != NULL && only != &loaded->image) || !has_soname(loaded, target, (size_t)(colon - target)) ||
            gr_loaded_view(loaded) == NULL || !gr_elf_exported(loaded->elf, colon + 1, &function))
            continue;
        struct gr_match match = match_of(loaded, &function);
        status = gr_found_add(&found, &match);
    }
    if (status == GRAFT_OK && found.count == 0)
        status = GRAFT_NOT_FOUND;
    if (status != GRAFT_OK) {
        free(found.matches);
        return status;
    }
    *matches = found.matches;
    *count = found.count;
    return GRAFT_OK;
}
