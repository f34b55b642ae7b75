/* entry.c: asks of the symbols at one address whether a target means one of them.
 *
 * Neighbours: entry.h; entry_describe.c says what is known of it. Keeps no state. */
#include "entry.h"

#include <string.h>

/* How a symbol answers to a target. */
enum verdict { VERDICT_NO, VERDICT_CLONE, VERDICT_YES };

/* Without a version in the target, the default one is meant, as it is for the linker. */
static bool version_matches(const struct gr_target *target, const struct gr_elf_function *function) {
    if (target->version == NULL)
        return function->version[0] == 0 || function->default_version;
    return strcmp(target->version, function->version) == 0 && (!target->default_version || function->default_version);
}

static bool swift_matches(
    const struct gr_pattern *pattern, const struct gr_selection *selection, const struct gr_swift_name *name) {
    return (selection->swift && gr_pattern_matches_swift(pattern, selection->swift_rule, name)) ||
           (selection->swift_named && gr_pattern_matches_swift(pattern, GR_MODULE_NAMED, name));
}

/* Compares the demangled name, which is asked for only if it could match. */
static enum verdict compare_demangled(const struct gr_functions *functions, size_t function,
    const struct gr_symbol *symbol, const struct gr_pattern *pattern, const struct gr_selection *selection) {
    bool swift = symbol->language == GR_LANGUAGE_SWIFT;
    bool asked = swift ? selection->swift || selection->swift_named : selection->cxx;
    if (!asked || !gr_pattern_could_match(pattern, symbol, !selection->swift))
        return VERDICT_NO;
    const char *demangled = gr_name_cache_get(functions->names, functions->at, functions->count, function);
    if (!swift)
        return !gr_pattern_matches_cxx(pattern, demangled) ? VERDICT_NO : symbol->clone ? VERDICT_CLONE : VERDICT_YES;
    struct gr_swift_name name;
    if (!gr_swift_name_read(demangled, &name) || !swift_matches(pattern, selection, &name))
        return VERDICT_NO;
    return name.clone || symbol->clone ? VERDICT_CLONE : VERDICT_YES;
}

static enum verdict compare(const struct gr_functions *functions, size_t function, const struct gr_pattern *pattern,
    const struct gr_selection *selection) {
    const struct gr_elf_function *own = &functions->at[function];
    struct gr_symbol symbol;
    gr_symbol_read(own->symbol, &symbol);
    if (!version_matches(pattern->target, own))
        return VERDICT_NO;
    if (selection->linker_names && gr_pattern_matches_linker_name(pattern, &symbol))
        return symbol.clone ? VERDICT_CLONE : VERDICT_YES;
    return compare_demangled(functions, function, &symbol, pattern, selection);
}

/* The signatures of which a name must cover one. */
struct wanted {
    struct gr_signature signatures[4];
    size_t count;
};

static struct wanted wanted_by(const struct gr_pattern *pattern, const struct gr_selection *selection) {
    struct wanted wanted = {.count = 0};
    if (selection->linker_names)
        wanted.signatures[wanted.count++] = pattern->linker_signature;
    if (selection->swift)
        wanted.signatures[wanted.count++] = pattern->swift_signature;
    if (selection->swift_named)
        wanted.signatures[wanted.count++] = pattern->module_signature;
    if (selection->cxx)
        wanted.signatures[wanted.count++] = pattern->cxx_signature;
    return wanted;
}

/* The next function that could match, or the count. This is the loop that sees every name of every image. */
static size_t next_candidate(const struct gr_functions *functions, const struct wanted *wanted, size_t from) {
    if (wanted->count == 0)
        return functions->count;
    if (functions->signatures == NULL)
        return from;
    for (size_t at = from; at < functions->count; at++)
        for (size_t i = 0; i < wanted->count; i++)
            if (gr_signature_covers(&functions->signatures[at], &wanted->signatures[i]))
                return at;
    return functions->count;
}

bool gr_entry_choose(const struct gr_functions *functions, const struct gr_pattern *pattern,
    const struct gr_selection *selection, size_t candidate, struct gr_group *group) {
    uint64_t address = functions->at[candidate].address;
    enum verdict best = VERDICT_NO;
    size_t at = candidate;
    for (; at < functions->count && functions->at[at].address == address; at++) {
        enum verdict verdict = best == VERDICT_YES ? VERDICT_NO : compare(functions, at, pattern, selection);
        if (verdict > best) {
            best = verdict;
            group->chosen = at;
        }
    }
    group->end = at;
    for (group->start = candidate; group->start > 0 && functions->at[group->start - 1].address == address;)
        group->start--;
    return best != VERDICT_NO;
}

bool gr_entry_find_next(const struct gr_functions *functions, const struct gr_pattern *pattern,
    const struct gr_selection *selection, size_t from, struct gr_group *group) {
    struct wanted wanted = wanted_by(pattern, selection);
    for (size_t at = from; (at = next_candidate(functions, &wanted, at)) < functions->count; at = group->end)
        if (gr_entry_choose(functions, pattern, selection, at, group))
            return true;
    return false;
}

struct gr_selection gr_selection_linker_names(const struct gr_selection *selection) {
    return (struct gr_selection){.linker_names = selection->linker_names};
}

struct gr_selection gr_selection_demangled_names(const struct gr_selection *selection) {
    struct gr_selection names = *selection;
    names.linker_names = false;
    return names;
}
