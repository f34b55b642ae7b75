/* name_cache.c: demangles a name when it is first asked for, and signs all names at once. Neighbours: name_cache.h,
 * demangle. */
#include "name_cache.h"

#include "demangle.h"
#include <stdlib.h>
#include <string.h>

/* Demangles, or gives null where the linker name is all there is. */
static const char *make_name(struct gr_texts *texts, const char *linker_name) {
    struct gr_symbol symbol;
    gr_symbol_read(linker_name, &symbol);
    if (symbol.language == GR_LANGUAGE_C)
        return NULL;
    struct gr_demangled demangled = {NULL, 0};
    const char *name = gr_demangle(&symbol, &demangled) ? gr_texts_add(texts, demangled.text) : NULL;
    gr_demangled_release(&demangled);
    return name;
}

const char *gr_name_cache_get(
    struct gr_name_cache *cache, const struct gr_elf_function *functions, size_t count, size_t index) {
    if (cache->names == NULL)
        cache->names = calloc(count, sizeof *cache->names);
    if (cache->names == NULL) /* not worth a failure */
        return functions[index].symbol;
    if (cache->names[index] == NULL) {
        const char *name = make_name(&cache->texts, functions[index].symbol);
        cache->names[index] = name != NULL ? name : functions[index].symbol;
    }
    return cache->names[index];
}

const struct gr_signature *gr_name_cache_signatures(
    struct gr_name_cache *cache, const struct gr_elf_function *functions, size_t count) {
    if (cache->signatures != NULL)
        return cache->signatures;
    cache->signatures = calloc(count, sizeof *cache->signatures);
    for (size_t i = 0; i < count && cache->signatures != NULL; i++)
        cache->signatures[i] = gr_signature_of(functions[i].symbol, strlen(functions[i].symbol));
    return cache->signatures;
}

void gr_name_cache_release(struct gr_name_cache *cache) {
    gr_texts_release(&cache->texts);
    free(cache->names);
    free(cache->signatures);
    cache->names = NULL;
    cache->signatures = NULL;
}
