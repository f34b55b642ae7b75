/* name_cache.h: what is remembered of the names of one file's functions: signatures, and demangled names.
 *
 * Only demangled names that somebody asked for are made and kept. One thread at a time. Neighbours: demangle, texts. */
#ifndef GR_NAME_CACHE_H
#define GR_NAME_CACHE_H

#include "elf_view.h"
#include "match.h"
#include "texts.h"

/* Begins as all zero. */
struct gr_name_cache {
    const char **names;              /* one for each function; null where nobody asked yet */
    struct gr_signature *signatures; /* one for each function, all made at once */
    struct gr_texts texts;
};

/* The demangled name of functions[index], or its linker name where there is none or no memory. The text is owned by
 * the cache or by the functions. */
const char *gr_name_cache_get(
    struct gr_name_cache *cache, const struct gr_elf_function *functions, size_t count, size_t index);
/* The signatures of all linker names; null when there is no memory. */
const struct gr_signature *gr_name_cache_signatures(
    struct gr_name_cache *cache, const struct gr_elf_function *functions, size_t count);
void gr_name_cache_release(struct gr_name_cache *cache);

#endif
