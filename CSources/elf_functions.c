/* elf_functions.c: makes of the collected list the array of functions: sorted, duplicates folded, unwinding known.
 *
 * One sort and one pass: by then the range that covers an address, and the symbols that may name it, stand side by side.
 * Neighbours: elf_symbols (collects), elf_unwind. */
#include "elf_internal.h"
#include <stdlib.h>
#include <string.h>

/* By address, symbol and version; so a range (symbol "") comes first at its address, and a symbol without a version
 * before the same one with a version. */
static int compare(const void *left, const void *right) {
    const struct gr_elf_function *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    int order = a->symbol != b->symbol ? strcmp(a->symbol, b->symbol) : 0;
    return order != 0 || a->version == b->version ? order : strcmp(a->version, b->version);
}

static bool same_symbol(const struct gr_elf_function *a, const struct gr_elf_function *b) {
    return a->address == b->address && strcmp(a->symbol, b->symbol) == 0;
}

/* Where the pass stands. */
struct pass {
    struct gr_elf *elf;
    struct gr_elf_function *out; /* what is kept, in place over what was read */
    size_t count;
    uint64_t named_end; /* where the code of the symbols kept so far ends */
};

/* One function whose symbol is known from several tables is one entry. Two versions of a symbol stay two. */
static bool fold(struct pass *pass, const struct gr_elf_function *next) {
    struct gr_elf_function *last = pass->count > 0 ? &pass->out[pass->count - 1] : NULL;
    if (last == NULL || !same_symbol(last, next) ||
        (last->version[0] != 0 && strcmp(last->version, next->version) != 0))
        return false;
    if (last->version[0] == 0) {
        last->version = next->version;
        last->default_version = next->default_version;
    }
    last->ifunc |= next->ifunc;
    last->size = next->size > last->size ? next->size : last->size;
    return true;
}

static void keep(struct pass *pass, const struct gr_elf_function *next) {
    pass->out[pass->count++] = *next;
}

static void keep_symbol(struct pass *pass, const struct gr_elf_function *next) {
    struct gr_elf_function symbol = *next;
    struct gr_elf_range range = {0, 0}; /* an optimiser may look at it before it knows whether there is one */
    symbol.has_unwind = gr_elf_unwind_range(pass->elf, symbol.address, &range.start, &range.size);
    if (symbol.size == 0 && symbol.has_unwind && symbol.address == range.start)
        symbol.size = range.size;
    if (!fold(pass, &symbol))
        keep(pass, &symbol);
    if (symbol.address + symbol.size > pass->named_end)
        pass->named_end = symbol.address + symbol.size;
}

/* A range is a function of its own unless a symbol stands at its start, or it is a part of a function that has one. */
static void keep_range(
    struct pass *pass, const struct gr_elf_function *range, const struct gr_elf_function *following) {
    if (range->address >= pass->named_end && (following == NULL || following->address != range->address))
        keep(pass, range);
}

static size_t fold_all(struct gr_elf *elf, struct gr_elf_function *functions, size_t count) {
    struct pass pass = {.elf = elf, .out = functions};
    for (size_t i = 0; i < count; i++) {
        /* copied, for `keep` may write over it */
        struct gr_elf_function next = functions[i];
        if (next.symbol[0] != 0)
            keep_symbol(&pass, &next);
        else
            keep_range(&pass, &next, i + 1 < count ? &functions[i + 1] : NULL);
    }
    return pass.count;
}

enum graft_status gr_elf_functions(struct gr_elf *elf, const struct gr_elf_function **functions, size_t *count) {
    if (!elf->functions_read) {
        struct gr_elf_list list;
        enum graft_status status = gr_elf_collect(elf, &list);
        if (status != GRAFT_OK)
            return status;
        if (list.count > 0)
            qsort(list.items, list.count, sizeof *list.items, compare);
        elf->function_count = fold_all(elf, list.items, list.count);
        elf->functions = list.items;
        elf->functions_read = true;
    }
    *functions = elf->functions;
    *count = elf->function_count;
    return GRAFT_OK;
}
