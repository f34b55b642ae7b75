/* entry.h: the function symbols of an ELF view as entry points: which a target means, and what is known of them.
 *
 * Symbols at one address are one entry point. Shared by resolve (loaded images) and file_entries (files at rest). Neighbours: elf_view, match. */
#ifndef GR_ENTRY_H
#define GR_ENTRY_H

#include "match.h"
#include "name_cache.h"

/* Which names of an image's functions are compared. */
struct gr_selection {
    bool linker_names;
    bool cxx;
    bool swift; /* by `swift_rule` */
    enum gr_module_rule swift_rule;
    bool swift_named; /* besides, by GR_MODULE_NAMED */
};

/* Everything compared at once (a glob, where names of both kinds may match), or one kind after the other. */
struct gr_selection gr_selection_linker_names(const struct gr_selection *selection);
struct gr_selection gr_selection_demangled_names(const struct gr_selection *selection);

/* The functions of one file, with their demangled names. */
struct gr_functions {
    const struct gr_elf_function *at;
    size_t count;
    struct gr_name_cache *names;
    const struct gr_signature *signatures; /* may be null: then every name is looked at */
};

/* The functions at one address, and the one among them that is meant. */
struct gr_group {
    size_t start, end;
    size_t chosen;
};

/* Finds the next group at or after function `from`, which begins a group, that has a match: the function itself
 * rather than its clones. */
bool gr_entry_find_next(const struct gr_functions *functions, const struct gr_pattern *pattern,
    const struct gr_selection *selection, size_t from, struct gr_group *group);

/* Compares the functions of one group from its first candidate on, when those before that cannot match. The group's
 * bounds are filled in also when none does. */
bool gr_entry_choose(const struct gr_functions *functions, const struct gr_pattern *pattern,
    const struct gr_selection *selection, size_t candidate, struct gr_group *group);

/* What is known of a group under the name of the chosen one; `image`, `build_id` and `address` are left alone. */
void gr_entry_describe(struct gr_elf *elf, const struct gr_functions *functions, const struct gr_group *group,
    struct graft_entry_point *entry);

#endif
