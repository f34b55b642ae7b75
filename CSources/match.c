/* match.c: compares names with a target's name.
 *
 * Linker names are compared as they are; C++ and Swift names after a reader has taken them apart, so that a glob meets
 * a path and never a parameter list. Never allocates; the work for one name is bounded. Neighbours: match.h, names.h. */
#include "match.h"

#include <string.h>

static bool same(const char *left, size_t left_size, const char *right, size_t right_size) {
    return left_size == right_size && memcmp(left, right, left_size) == 0;
}

/* Greedy with one point to come back to: the last star. An earlier star never needs to take more, because the later
 * one can take whatever the earlier one would. */
bool gr_glob(const char *pattern, size_t pattern_size, const char *text, size_t text_size) {
    size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;
    while (t < text_size) {
        if (p < pattern_size && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern_size && (pattern[p] == text[t] || (pattern[p] == '?' && text[t] != '('))) {
            p++;
            t++;
        } else if (star != SIZE_MAX && text[resume] != '(') {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern_size && pattern[p] == '*')
        p++;
    return p == pattern_size;
}

static bool matches(const struct gr_pattern *pattern, const char *own, size_t own_size, const char *text, size_t size) {
    return pattern->glob ? gr_glob(own, own_size, text, size) : same(own, own_size, text, size);
}

/* Splits the target's name as a Swift one: path, then labels. */
static void read_swift(struct gr_pattern *pattern) {
    const char *name = pattern->target->name;
    const char *round = strchr(name, '(');
    pattern->swift_size = round == NULL ? pattern->name_size : (size_t)(round - name);
    pattern->swift_readable =
        pattern->swift_size > 0 && (round == NULL || gr_swift_labels(round, pattern->labels, sizeof pattern->labels));
}

/* "pkg.module:Class.method": the symbols do not tell where a package's name ends, so each dot of the qualifier may be
 * the one before the module; the dots after it are then types. */
static void read_qualifier(struct gr_pattern *pattern) {
    const char *qualifier = pattern->target->qualifier;
    size_t size = strlen(qualifier);
    memcpy(pattern->dotted, qualifier, size);
    pattern->dotted[size] = '.';
    memcpy(pattern->dotted + size + 1, pattern->target->name, pattern->swift_size);
    pattern->dotted[size + 1 + pattern->swift_size] = 0;
    pattern->starts[pattern->start_count++] = 0;
    for (size_t i = 0; i < size && pattern->start_count < GR_QUALIFIER_DOTS_MAX; i++)
        if (qualifier[i] == '.')
            pattern->starts[pattern->start_count++] = i + 1;
}

void gr_pattern_begin(const struct gr_target *target, struct gr_pattern *pattern) {
    char first = target->name[strcspn(target->name, "*?(")];
    pattern->target = target;
    pattern->name_size = strlen(target->name);
    pattern->glob = first != 0 && first != '(';
    pattern->linker_signature = gr_pattern_linker_signature(pattern);
    gr_pattern_module_needle(pattern);
    pattern->complete = false;
}

void gr_pattern_complete(struct gr_pattern *pattern) {
    if (!pattern->complete)
        gr_pattern_prepare(pattern->target, pattern);
}

void gr_pattern_prepare(const struct gr_target *target, struct gr_pattern *pattern) {
    memset(pattern, 0, sizeof *pattern);
    gr_pattern_begin(target, pattern);
    pattern->complete = true;
    pattern->cxx_readable = gr_cxx_name_read(target->name, true, &pattern->cxx);
    read_swift(pattern);
    if (target->kind == GR_TARGET_WORD)
        read_qualifier(pattern);
    gr_pattern_needles(pattern);
    gr_pattern_signatures(pattern);
}

bool gr_pattern_matches_linker_name(const struct gr_pattern *pattern, const struct gr_symbol *symbol) {
    const char *name = pattern->target->name;
    if (symbol->cold || symbol->base == 0)
        return false;
    if (matches(pattern, name, pattern->name_size, symbol->text, symbol->size))
        return true;
    return !symbol->part && symbol->base != symbol->size &&
           matches(pattern, name, pattern->name_size, symbol->text, symbol->base);
}

bool gr_pattern_matches_cxx(const struct gr_pattern *pattern, const char *demangled) {
    struct gr_cxx_name name;
    const struct gr_cxx_name *own = &pattern->cxx;
    if (!pattern->cxx_readable || !gr_cxx_name_read(demangled, own->templates, &name))
        return false;
    if (own->parameters[0] != 0 && strcmp(own->parameters, name.parameters) != 0)
        return false;
    return matches(pattern, own->path, strlen(own->path), name.path, strlen(name.path));
}

/* Whether the pattern's path is the name's, whole or without ".getter", or with init for __allocating_init. */
static bool matches_path(
    const struct gr_pattern *pattern, const char *own, size_t own_size, const struct gr_swift_name *name) {
    static const struct {
        const char *made, *written;
    } made[] = {{"__allocating_init", "init"}, {"__deallocating_deinit", "deinit"}};
    size_t size = strlen(name->path);
    if (matches(pattern, own, own_size, name->path, size))
        return true;
    if (name->accessor != 0)
        return matches(pattern, own, own_size, name->path, name->accessor);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        size_t length = strlen(made[i].made), written = strlen(made[i].written);
        if (size < length || strcmp(name->path + size - length, made[i].made) != 0)
            continue;
        char path[GR_NAME_PATH_MAX];
        memcpy(path, name->path, size - length);
        memcpy(path + size - length, made[i].written, written);
        return matches(pattern, own, own_size, path, size - length + written);
    }
    return false;
}

/* "Shop.Order.price" where `own` begins with the module and a dot. */
static bool matches_with_module(const struct gr_pattern *pattern, const char *own, size_t own_size, const char *module,
    const struct gr_swift_name *name) {
    size_t size = strlen(module);
    return own_size > size + 1 && memcmp(own, module, size) == 0 && own[size] == '.' &&
           matches_path(pattern, own + size + 1, own_size - size - 1, name);
}

static bool matches_qualified(const struct gr_pattern *pattern, const struct gr_swift_name *name) {
    for (size_t i = 0; i < pattern->start_count; i++) {
        const char *own = pattern->dotted + pattern->starts[i];
        if (matches_with_module(pattern, own, strlen(own), name->module, name))
            return true;
    }
    return false;
}

bool gr_pattern_matches_swift(
    const struct gr_pattern *pattern, enum gr_module_rule rule, const struct gr_swift_name *name) {
    const char *own = pattern->target->name;
    size_t size = pattern->swift_size;
    if (!pattern->swift_readable || name->part ||
        (pattern->labels[0] != 0 && strcmp(pattern->labels, name->labels) != 0))
        return false;
    if (rule == GR_MODULE_NAMED)
        return matches_qualified(pattern, name);
    if (matches_with_module(pattern, own, size, name->module, name) ||
        matches_with_module(pattern, own, size, name->type_module, name))
        return true;
    return rule == GR_MODULE_OPTIONAL && matches_path(pattern, own, size, name);
}
