/* elf_names.c: looks for a text in the tables of strings that the names of functions come from.
 *
 * Reads no symbol and makes no list: for the many images of which only that is asked. Neighbours: elf_symbols. */
#include "elf_internal.h"
#include <string.h>

/* Tables overlap: a linker lets a name be the end of a longer one. So a string is taken as a whole. */
static bool any_in(
    const struct gr_elf_strings *strings, const char *text, size_t size, bool (*counts)(const char *string)) {
    const char *at = strings->at, *end = strings->at + strings->size;
    while (at < end) {
        const char *found = memmem(at, (size_t)(end - at), text, size);
        if (found == NULL)
            return false;
        const char *before = memrchr(at, 0, (size_t)(found - at));
        const char *string = before != NULL ? before + 1 : at;
        if (counts(string))
            return true;
        at = string + strlen(string) + 1; /* the table ends with a zero */
    }
    return false;
}

bool gr_elf_any_name(struct gr_elf *elf, const char *text, size_t size, bool (*counts)(const char *string)) {
    const struct gr_elf_file *const files[] = {gr_elf_static_table(elf), gr_elf_minidebug(elf)};
    struct gr_elf_strings strings = gr_elf_dynamic_strings(elf);
    struct gr_elf_bytes symbols;
    bool found = any_in(&strings, text, size, counts);
    for (size_t i = 0; i < sizeof files / sizeof *files && !found; i++)
        found = gr_elf_static_symbols(files[i], &symbols, &strings) && any_in(&strings, text, size, counts);
    return found;
}
