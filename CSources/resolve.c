/* resolve.c: finds what a target names among the loaded images.
 *
 * Linker names come first: when an image has a symbol of exactly the target's name, demangled names are not looked at.
 * Pieces of functions (.cold, parts of async functions) are not entry points. Neighbours: images, found, entry. */
#include "found.h"
#include "heap.h"

#include <string.h>

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool path_named(const char *path, const char *name) {
    return strcmp(strchr(name, '/') != NULL ? path : base_name(path), name) == 0;
}

/* By path or file name, as the loader, the kernel and whoever started the program write it, or by soname. */
static bool image_named(const struct gr_loaded *loaded, const char *name) {
    return path_named(loaded->path, name) || path_named(loaded->started_as, name) ||
           (!loaded->image.main_program && path_named(loaded->file, name)) || strcmp(loaded->soname, name) == 0;
}

/* What of an image a target speaks of. */
static struct gr_selection select_in(const struct gr_target *target, const struct gr_loaded *loaded) {
    struct gr_selection nothing = {.linker_names = false};
    struct gr_selection all = {.linker_names = true, .cxx = true, .swift = true, .swift_rule = GR_MODULE_OPTIONAL};
    switch (target->kind) {
    case GR_TARGET_EXECUTABLE:
        return loaded->image.main_program ? all : nothing;
    case GR_TARGET_FILE:
        return image_named(loaded, target->qualifier) ? all : nothing;
    case GR_TARGET_ANY:
        all.swift_rule = GR_MODULE_SPELT;
        return all;
    case GR_TARGET_WORD: /* may be both: the program Shop, and the module Shop, pieces of which are elsewhere too */
        if (!image_named(loaded, target->qualifier))
            all = nothing;
        all.swift_rule = GR_MODULE_SPELT;
        all.swift_named = true;
        return all;
    case GR_TARGET_BUILD_ID:
        break;
    }
    return nothing;
}

/* Goes over the functions of an image once. */
static enum graft_status search(
    struct gr_loaded *loaded, const struct gr_pattern *pattern, struct gr_selection selection, struct gr_found *found) {
    struct gr_functions functions = gr_loaded_functions(loaded);
    enum graft_status status = GRAFT_OK;
    struct gr_group group = {.end = 0};
    while (status == GRAFT_OK && gr_entry_find_next(&functions, pattern, &selection, group.end, &group)) {
        struct gr_match match = gr_loaded_match(loaded, &group);
        gr_ifunc_follow(loaded, &match);
        status = gr_found_add(found, &match);
    }
    return status;
}

/* Finds the same as `search` does for exact linker names, without going over the functions. */
static enum graft_status search_index(
    struct gr_loaded *loaded, const struct gr_pattern *pattern, struct gr_selection selection, struct gr_found *found) {
    const struct gr_functions functions = {loaded->functions, loaded->function_count, &loaded->names, NULL};
    struct gr_name_search names = gr_name_index_first(&loaded->index, pattern->target->name, pattern->name_size);
    enum graft_status status = GRAFT_OK;
    struct gr_group group = {.end = 0};
    for (size_t function; status == GRAFT_OK && gr_name_index_next(&names, &function);) {
        if (function < group.end || !gr_entry_choose(&functions, pattern, &selection, function, &group))
            continue;
        struct gr_match match = gr_loaded_match(loaded, &group);
        gr_ifunc_follow(loaded, &match);
        status = gr_found_add(found, &match);
    }
    return status;
}

/* Demangled names as well. */
static enum graft_status search_all(
    struct gr_loaded *loaded, struct gr_pattern *pattern, struct gr_selection selection, struct gr_found *found) {
    gr_pattern_complete(pattern);
    return search(loaded, pattern, selection, found);
}

static enum graft_status search_linker_names(
    struct gr_loaded *loaded, const struct gr_pattern *pattern, struct gr_selection selection, struct gr_found *found) {
    selection = gr_selection_linker_names(&selection);
    if (!selection.linker_names)
        return GRAFT_OK;
    bool indexed = gr_name_index_ready(&loaded->index, loaded->functions, loaded->function_count);
    return (indexed ? search_index : search)(loaded, pattern, selection, found);
}

/* False when nothing of the image can match, as far as that is known without reading its functions. */
static bool may_hold(struct gr_loaded *loaded, const struct gr_pattern *pattern, const struct gr_selection *selection) {
    if (selection->linker_names || !selection->swift_named)
        return selection->linker_names;
    return gr_loaded_may_hold_module(loaded, &pattern->module_needle);
}

static enum graft_status resolve_in(
    struct gr_resolver *resolver, struct gr_loaded *loaded, struct gr_pattern *pattern, struct gr_found *found) {
    struct gr_selection selection = select_in(pattern->target, loaded);
    if (!may_hold(loaded, pattern, &selection) || !gr_loaded_open(loaded))
        return GRAFT_OK;
    gr_resolver_find_swift(resolver);
    if (pattern->glob) /* one pass, so that nothing is found twice */
        return search_all(loaded, pattern, selection, found);
    size_t before = found->count;
    enum graft_status status = search_linker_names(loaded, pattern, selection, found);
    if (status != GRAFT_OK || found->count > before || pattern->target->version != NULL)
        return status;
    gr_pattern_complete(pattern);
    struct gr_selection demangled = gr_selection_demangled_names(&selection);
    if (!demangled.swift && !demangled.cxx &&
        !may_hold(loaded, pattern, &demangled)) /* now that its functions are known */
        return GRAFT_OK;
    return search_all(loaded, pattern, demangled, found);
}

/* The program "shop-server" may hold "Order.price" of a module with another name. That is only asked when the program
 * has nothing of a module that is called as it is. */
static enum graft_status resolve_in_named(
    struct gr_resolver *resolver, struct gr_loaded *loaded, struct gr_pattern *pattern, struct gr_found *found) {
    size_t before = found->count;
    enum graft_status status = resolve_in(resolver, loaded, pattern, found);
    struct gr_selection selection = {.swift = true, .swift_rule = GR_MODULE_OPTIONAL};
    if (status != GRAFT_OK || found->count > before || pattern->target->kind != GR_TARGET_WORD ||
        !image_named(loaded, pattern->target->qualifier) || !gr_loaded_open(loaded))
        return status;
    return search_all(loaded, pattern, selection, found);
}

static enum graft_status resolve_names(
    struct gr_resolver *resolver, const struct gr_target *target, const struct gr_image *only, struct gr_found *found) {
    struct gr_pattern pattern;
    gr_pattern_begin(target, &pattern);
    enum graft_status status = GRAFT_OK;
    for (size_t i = 0; i < resolver->count && status == GRAFT_OK; i++)
        if (only == NULL || only == &resolver->images[i]->image)
            status = resolve_in_named(resolver, resolver->images[i], &pattern, found);
    return status;
}

enum graft_status gr_resolve(struct gr_resolver *resolver, const char *target, const struct gr_image *only,
    struct gr_match **matches, size_t *count) {
    struct gr_target value;
    struct gr_found found = {NULL, 0, 0};
    enum graft_status status = gr_target_read(target, &value, NULL);
    if (status != GRAFT_OK)
        return status;
    status = value.kind == GR_TARGET_BUILD_ID ? gr_resolve_exact(resolver, &value, only, &found)
                                              : resolve_names(resolver, &value, only, &found);
    if (status == GRAFT_OK && found.count == 0)
        status = GRAFT_NOT_FOUND;
    if (status != GRAFT_OK) {
        gr_heap_give(found.matches);
        return status;
    }
    gr_found_sort(&found);
    *matches = found.matches;
    *count = found.count;
    return GRAFT_OK;
}

void gr_resolver_end(struct gr_resolver *resolver) {
    for (size_t i = 0; i < resolver->count; i++)
        gr_name_index_forget(&resolver->images[i]->index);
}
