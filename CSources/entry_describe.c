/* entry_describe.c: what a file tells of the function that the symbols at one address mean.
 *
 * Neighbours: entry.h. Keeps no state. */
#include "entry.h"

#include <string.h>

/* Whether an async function has this symbol, of what kind ever: it has a part for where it goes on when it has waited,
 * "...vgTQ0_". The type of an accessor does not say whether it is async, and that of a closure or thunk is hard to read. */
static bool has_parts(const struct gr_functions *functions, const char *symbol) {
    size_t size = strlen(symbol);
    struct gr_signature signature = gr_signature_of(symbol, size);
    for (size_t i = 0; i < functions->count; i++) {
        const char *other = functions->at[i].symbol;
        if (functions->signatures != NULL && !gr_signature_covers(&functions->signatures[i], &signature))
            continue;
        if (strncmp(other, symbol, size) == 0 && other[size] == 'T' &&
            (other[size + 1] == 'Q' || other[size + 1] == 'Y'))
            return true;
    }
    return false;
}

/* Exits of async functions are not seen as those of others are, so where a name cannot be read for certain (thunks,
 * closures, witnesses) whatever speaks of async counts as async, and "Ya" in what was not demangled. Those that wait
 * show that they have a context. */
static bool speaks_of_async(const char *symbol, const char *name) {
    if (name == symbol)
        return strstr(name, "Ya") != NULL || strstr(name, "TQ") != NULL || strstr(name, "TY") != NULL;
    return strstr(name, " async") != NULL || strstr(name, "@async") != NULL || strstr(name, " await resume ") != NULL ||
           strstr(name, " suspend resume ") != NULL;
}

/* These yield to their caller, once, and go on when the caller is done with what they have yielded. */
static bool yields(const struct gr_swift_name *name) {
    const char *accessor = name->path + name->accessor;
    return name->accessor != 0 && !name->part && (strcmp(accessor, ".modify") == 0 || strcmp(accessor, ".read") == 0);
}

static const char *after(const char *at, const char *word) {
    size_t size = strlen(word);
    return strncmp(at, word, size) == 0 ? at + size : NULL;
}

/* "closure #1 @Sendable (Swift.Int) async throws -> Swift.Int in ...", and with "partial apply forwarder for " before. */
static bool closure_throws(const char *name) {
    const char *forwarded = after(name, "partial apply forwarder for ");
    const char *at = after(forwarded != NULL ? forwarded : name, "closure #");
    at = at != NULL ? strchr(at, '(') : NULL;
    at = at != NULL ? gr_skip_group(at) : NULL;
    return at != NULL && (at = after(at, " async")) != NULL && after(at, " throws") != NULL;
}

static bool witness_throws(const char *name) {
    struct gr_swift_name read;
    const char *of = after(name, "protocol witness for ");
    return of != NULL && gr_swift_name_read(of, &read) && read.throws;
}

static uint32_t unread_flags(const struct gr_functions *functions, const char *symbol, const char *name) {
    if (!speaks_of_async(symbol, name))
        return 0;
    if (!has_parts(functions, symbol))
        return GRAFT_ENTRY_ASYNC;
    bool throws = closure_throws(name) || witness_throws(name);
    return GRAFT_ENTRY_ASYNC | GRAFT_ENTRY_COMPLETES | (throws ? GRAFT_ENTRY_THROWS : 0);
}

static uint32_t swift_flags(const struct gr_functions *functions, const char *symbol, const char *name) {
    struct gr_swift_name read;
    uint32_t flags = GRAFT_ENTRY_SWIFT;
    if (!gr_swift_name_read(name, &read))
        return flags | unread_flags(functions, symbol, name);
    if (read.clone)
        flags |= GRAFT_ENTRY_CLONE;
    if (read.throws)
        flags |= GRAFT_ENTRY_THROWS;
    if (yields(&read))
        flags |= GRAFT_ENTRY_YIELDS;
    if (read.async || (read.accessor != 0 && has_parts(functions, symbol)))
        flags |= read.part ? GRAFT_ENTRY_ASYNC : GRAFT_ENTRY_ASYNC | GRAFT_ENTRY_COMPLETES;
    return flags;
}

/* From the symbol or, for one without a size, from the unwind table. */
static uint64_t size_of(struct gr_elf *elf, const struct gr_elf_function *function) {
    uint64_t start, size;
    if (function->size == 0 && gr_elf_unwind_range(elf, function->address, &start, &size) && start == function->address)
        return size;
    return function->size;
}

void gr_entry_describe(struct gr_elf *elf, const struct gr_functions *functions, const struct gr_group *group,
    struct graft_entry_point *entry) {
    const struct gr_elf_function *function = &functions->at[group->chosen];
    struct gr_symbol symbol;
    gr_symbol_read(function->symbol, &symbol);
    entry->symbol = function->symbol;
    entry->name = gr_name_cache_get(functions->names, functions->at, functions->count, group->chosen);
    entry->offset = function->address;
    entry->size = size_of(elf, function);
    entry->aliases = (uint32_t)(group->end - group->start - 1);
    entry->flags = symbol.language == GR_LANGUAGE_SWIFT ? swift_flags(functions, entry->symbol, entry->name) : 0;
    if (symbol.clone)
        entry->flags |= GRAFT_ENTRY_CLONE;
    if (symbol.part) /* the function that a coroutine goes on in has its name, and a return that is one */
        entry->flags &= ~(uint32_t)GRAFT_ENTRY_YIELDS;
    if (function->ifunc)
        entry->flags |= GRAFT_ENTRY_IFUNC;
    if (gr_elf_abi_function(elf, function))
        entry->flags |= GRAFT_ENTRY_ABI_CALLERS;
    for (size_t i = group->start; i < group->end; i++)
        if (functions->at[i].has_unwind)
            entry->flags |= GRAFT_ENTRY_HAS_UNWIND;
}
