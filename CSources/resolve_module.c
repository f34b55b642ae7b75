/* resolve_module.c: whether an image can have anything of a Swift module at all.
 *
 * A target like "shop:order" may mean the program shop and the module Shop or shop, pieces of which may be in any image. Most
 * images have none, and the targets of one update mostly name the same few modules: so an image is searched once for the
 * text that every mangled name of a module has, and the answer is kept for the next targets. To read the functions of every
 * image that a program has loaded would take most of the time of its first target. Neighbours: needle.c says which
 * text, resolve.c asks. */
#include "found.h"

#include <string.h>

/* How Swift's linker names begin (symbol.c), wherever in the string. */
static bool may_be_swift(const char *string) {
    static const char *const marks[] = {"$s", "$S", "$e", "_T0"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strstr(string, marks[i]) != NULL)
            return true;
    return false;
}

/* Whether a Swift name of the image has the text: what gr_pattern_could_match asks of each. An image whose functions have
 * not been read is not read for this: the text has to be among its strings. Where there is no telling, it may be. */
static bool search_module(struct gr_loaded *loaded, const struct gr_needle *needle) {
    if (loaded->state == GR_IMAGE_UNOPENED) {
        struct gr_elf *elf = gr_loaded_view(loaded);
        return elf == NULL || gr_elf_any_name(elf, needle->text, needle->size, may_be_swift);
    }
    for (size_t i = 0; i < loaded->function_count; i++) {
        struct gr_symbol symbol;
        gr_symbol_read(loaded->functions[i].symbol, &symbol);
        if (symbol.language == GR_LANGUAGE_SWIFT &&
            memmem(symbol.text, symbol.base, needle->text, needle->size) != NULL)
            return true;
    }
    return false;
}

static struct gr_module_memory *recall(struct gr_loaded *loaded, const struct gr_needle *needle) {
    for (unsigned i = 0; i < GR_MODULES_KNOWN; i++) {
        struct gr_module_memory *memory = &loaded->modules[i];
        if (memory->size == needle->size && memory->functions == loaded->functions &&
            memory->count == loaded->function_count && memcmp(memory->text, needle->text, needle->size) == 0)
            return memory;
    }
    return NULL;
}

bool gr_loaded_may_hold_module(struct gr_loaded *loaded, const struct gr_needle *needle) {
    struct gr_module_memory *memory;
    if (needle->size == 0 || needle->size > sizeof memory->text)
        return true;
    memory = recall(loaded, needle);
    if (memory == NULL) {
        bool held = search_module(loaded, needle); /* may open the file, and then forget what was known */
        memory = &loaded->modules[loaded->next_module++ % GR_MODULES_KNOWN];
        *memory = (struct gr_module_memory){loaded->functions, loaded->function_count, needle->size, held, {0}};
        memcpy(memory->text, needle->text, needle->size);
    }
    return memory->held;
}
