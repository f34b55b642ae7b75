/* symbolise.c: says which function and which source line an address is in.
 *
 * For people who read reports, so it prefers some answer to none: an image without symbols gives its path and offset.
 * Neighbours: images, elf_view. */
#include "images.h"

#include <string.h>

/* Of the names for one address, the one that people use: "malloc" rather than "__GI___libc_malloc". */
static size_t best_alias(const struct gr_loaded *loaded, size_t last) {
    size_t best = last, best_cost = SIZE_MAX;
    for (size_t i = last;; i--) {
        const char *symbol = loaded->functions[i].symbol;
        size_t cost = 64 * strspn(symbol, "_") + strlen(symbol);
        if (symbol[0] != 0 && cost <= best_cost) {
            best = i;
            best_cost = cost;
        }
        if (i == 0 || loaded->functions[i - 1].address != loaded->functions[last].address)
            return best;
    }
}

/* The function whose bytes hold the address: the last one that begins at or before it, if it reaches that far. Null
 * when none is known to. */
static bool function_at(struct gr_loaded *loaded, uint64_t address, size_t *function) {
    size_t low = 0, high = loaded->function_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (loaded->functions[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    size_t last = low - 1;
    const struct gr_elf_function *found = &loaded->functions[last];
    uint64_t start, size;
    bool unwind = gr_elf_unwind_range(loaded->elf, address, &start, &size);
    bool reaches =
        address - found->address < found->size || (found->size == 0 && !unwind) || (unwind && start <= found->address);
    *function = best_alias(loaded, last);
    return reaches;
}

/* Interned, because an image's own strings go when it is unloaded. */
static enum graft_status keep(struct gr_resolver *resolver, struct graft_symbol *found) {
    const char *image = gr_texts_intern(&resolver->texts, found->image);
    const char *symbol = gr_texts_intern(&resolver->texts, found->symbol);
    const char *file = gr_texts_intern(&resolver->texts, found->file);
    if (image == NULL || symbol == NULL || file == NULL)
        return GRAFT_NO_MEMORY;
    found->image = image;
    found->symbol = symbol;
    found->file = file;
    return GRAFT_OK;
}

static void look_up(struct gr_resolver *resolver, struct gr_loaded *loaded, struct graft_symbol *found) {
    uint64_t address = found->offset;
    size_t function;
    if (!gr_loaded_open(loaded))
        return;
    gr_resolver_find_swift(resolver);
    if (function_at(loaded, address, &function) && loaded->functions[function].symbol[0] != 0) {
        found->symbol = gr_name_cache_get(&loaded->names, loaded->functions, loaded->function_count, function);
        found->offset = address - loaded->functions[function].address;
    }
    const char *file;
    uint32_t line;
    if (gr_elf_source_line(loaded->elf, address, &file, &line)) {
        found->file = file;
        found->line = line;
    }
}

enum graft_status gr_resolver_symbolise(struct gr_resolver *resolver, uint64_t address, struct graft_symbol *symbol) {
    struct gr_loaded *loaded = gr_resolver_image_at(resolver, address);
    if (loaded == NULL)
        return GRAFT_NOT_FOUND;
    struct graft_symbol found = {
        .image = loaded->path, .symbol = "", .offset = address - loaded->image.bias, .file = "", .line = 0};
    look_up(resolver, loaded, &found);
    enum graft_status status = keep(resolver, &found);
    if (status == GRAFT_OK)
        *symbol = found;
    return status;
}
