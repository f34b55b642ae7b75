/* file_entries.c: the functions of a file at rest, as entry points.
 *
 * The result is one piece of memory with the texts behind the entries, so there is one thing to free. Needs no
 * resolver and no process. Neighbours: entry, resolve.h. */
#include "entry.h"
#include "resolve.h"

#include <stdlib.h>
#include <string.h>

/* What is listed. */
struct listing {
    struct gr_elf *elf;
    const char *path;
    struct gr_functions functions;
    const struct gr_pattern *pattern; /* null: everything */
    struct gr_selection selection;
    struct graft_entry_point *entries;
    size_t count, capacity;
};

static bool is_piece(const struct gr_elf_function *function) {
    struct gr_symbol symbol;
    gr_symbol_read(function->symbol, &symbol);
    return symbol.cold;
}

/* The next group of which something is entered. */
static bool find_any(const struct gr_functions *functions, size_t from, struct gr_group *group) {
    for (size_t at = from; at < functions->count; at = group->end) {
        bool found = false;
        group->start = group->end = at;
        for (; group->end < functions->count && functions->at[group->end].address == functions->at[at].address;
             group->end++) {
            if (found || is_piece(&functions->at[group->end]))
                continue;
            group->chosen = group->end;
            found = true;
        }
        if (found)
            return true;
    }
    return false;
}

/* The build-id form means one address of one file. */
static bool find_exact(const struct listing *listing, size_t from, struct gr_group *group) {
    const struct gr_target *target = listing->pattern->target;
    if (strncmp(gr_elf_build_id(listing->elf), target->qualifier, strlen(target->qualifier)) != 0)
        return false;
    while (find_any(&listing->functions, from, group)) {
        if (listing->functions.at[group->start].address == target->offset)
            return true;
        from = group->end;
    }
    return false;
}

static bool find_next(const struct listing *listing, size_t from, struct gr_group *group) {
    if (listing->pattern == NULL)
        return find_any(&listing->functions, from, group);
    if (listing->pattern->target->kind == GR_TARGET_BUILD_ID)
        return find_exact(listing, from, group);
    return gr_entry_find_next(&listing->functions, listing->pattern, &listing->selection, from, group);
}

static struct graft_entry_point *next_entry(struct listing *listing) {
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity == 0 ? 64 : 2 * listing->capacity;
        struct graft_entry_point *entries = realloc(listing->entries, capacity * sizeof *entries);
        if (entries == NULL)
            return NULL;
        listing->entries = entries;
        listing->capacity = capacity;
    }
    return &listing->entries[listing->count++];
}

static enum graft_status list(struct listing *listing) {
    struct gr_group group = {.end = 0};
    while (find_next(listing, group.end, &group)) {
        struct graft_entry_point *entry = next_entry(listing);
        if (entry == NULL)
            return GRAFT_NO_MEMORY;
        *entry = (struct graft_entry_point){.image = listing->path, .build_id = gr_elf_build_id(listing->elf)};
        gr_entry_describe(listing->elf, &listing->functions, &group, entry);
    }
    return GRAFT_OK;
}

static const char *move_text(char **to, const char *text) {
    size_t size = strlen(text) + 1;
    const char *moved = memcpy(*to, text, size);
    *to += size;
    return moved;
}

/* Copies the entries with the texts that would go away: the path, and names that were demangled. */
static enum graft_status pack(const struct listing *listing, struct graft_entry_point **entries) {
    size_t size = listing->count * sizeof **entries + strlen(listing->path) + 1;
    for (size_t i = 0; i < listing->count; i++)
        size += strlen(listing->entries[i].name) + 1;
    struct graft_entry_point *packed = malloc(size);
    if (packed == NULL)
        return GRAFT_NO_MEMORY;
    char *texts = (char *)(packed + listing->count);
    const char *path = move_text(&texts, listing->path);
    for (size_t i = 0; i < listing->count; i++) {
        packed[i] = listing->entries[i];
        packed[i].image = path;
        packed[i].name = move_text(&texts, listing->entries[i].name);
    }
    *entries = packed;
    return GRAFT_OK;
}

/* A module is looked for among Swift's names; a bare name among all, linker names first unless it is a glob. */
static enum graft_status list_matches(struct listing *listing) {
    bool named = listing->pattern != NULL && listing->pattern->target->kind == GR_TARGET_WORD;
    struct gr_selection all = {.linker_names = !named, .cxx = !named, .swift = !named, .swift_named = named};
    all.swift_rule = GR_MODULE_OPTIONAL;
    listing->selection = all;
    if (listing->pattern == NULL || listing->pattern->glob || named)
        return list(listing);
    listing->selection = gr_selection_linker_names(&all);
    enum graft_status status = list(listing);
    if (status != GRAFT_OK || listing->count > 0)
        return status;
    listing->selection = gr_selection_demangled_names(&all);
    return list(listing);
}

enum graft_status gr_entry_points_of_file(
    struct gr_elf *elf, const char *path, const char *pattern, struct graft_entry_point **entries, size_t *count) {
    struct gr_target target;
    struct gr_pattern prepared;
    struct gr_name_cache names = {.names = NULL};
    struct listing listing = {.elf = elf, .path = path, .functions = {.names = &names}};
    enum graft_status status = pattern == NULL ? GRAFT_OK : gr_target_read_pattern(pattern, &target);
    if (status == GRAFT_OK && pattern != NULL) {
        gr_pattern_prepare(&target, &prepared);
        listing.pattern = &prepared;
    }
    if (status == GRAFT_OK)
        status = gr_elf_functions(elf, &listing.functions.at, &listing.functions.count);
    if (status == GRAFT_OK) {
        listing.functions.signatures = gr_name_cache_signatures(&names, listing.functions.at, listing.functions.count);
        status = list_matches(&listing);
    }
    if (status == GRAFT_OK)
        status = pack(&listing, entries);
    if (status == GRAFT_OK)
        *count = listing.count;
    free(listing.entries);
    gr_name_cache_release(&names);
    return status;
}
