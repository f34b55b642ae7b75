/* elf_symbols.c: where functions are known from: symbol tables and unwind ranges, collected into one list.
 *
 * Sources: the dynamic symbols (with versions), the static table of the image or else of its separate debug file, the
 * static table of MiniDebugInfo, and unwind ranges, which stand in for functions that have no symbol. The list has
 * duplicates and no order; elf_functions.c makes the array of it. Neighbours: elf_file, elf_dynamic, elf_unwind,
 * elf_debug, elf_minidebug, texts, log. */
#include "elf_internal.h"
#include "log.h"
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_CAPACITY = 1024, /* functions */
    STUBS_MAX = 8,         /* sections of linker-made stubs that are told apart; linkers make at most four */
};

/* Past a limit the list is cut, which is logged once, and further functions are dropped. */
static enum graft_status add(struct gr_elf *elf, struct gr_elf_list *list, struct gr_elf_function function) {
    if (list->cut || list->count == elf->limits.functions) {
        if (!list->cut)
            gr_log("elf: %s: more than %zu functions or too long names; the rest is ignored", elf->path, list->count);
        list->cut = true;
        return GRAFT_OK;
    }
    if (list->count == list->capacity) {
        size_t wanted = list->capacity != 0 ? 2 * list->capacity : FIRST_CAPACITY;
        struct gr_elf_function *grown = realloc(list->items, wanted * sizeof *grown);
        if (grown == NULL)
            return GRAFT_NO_MEMORY;
        list->items = grown;
        list->capacity = wanted;
    }
    list->items[list->count++] = function;
    return GRAFT_OK;
}

/* Fills what a symbol-table entry says; false when it is not a function in code of this image. Absolute symbols are
 * left out: they do not move with the image. */
static bool read_symbol(struct gr_elf *elf, const Elf64_Sym *symbol, const struct gr_elf_strings *strings,
    struct gr_elf_function *function) {
    unsigned char type = ELF64_ST_TYPE(symbol->st_info);
    if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS)
        return false;
    uint64_t available = gr_elf_executable(elf, symbol->st_value).size;
    const char *name = gr_elf_string(strings, symbol->st_name);
    if (available == 0 || name == NULL || name[0] == 0)
        return false;
    *function = (struct gr_elf_function){
        .address = symbol->st_value,
        .size = symbol->st_size < available ? symbol->st_size : available,
        .symbol = name,
        .version = "",
        .default_version = true,
        .ifunc = type == STT_GNU_IFUNC,
    };
    return true;
}

/* Counts a function's name and version against the limits; false when they exceed one. */
static bool account_names(struct gr_elf *elf, struct gr_elf_list *list, const struct gr_elf_function *function) {
    size_t symbol = strnlen(function->symbol, GR_ELF_SYMBOL_MAX + 1);
    size_t version = strnlen(function->version, GR_ELF_SYMBOL_MAX + 1);
    if (symbol + version > elf->limits.names - list->name_bytes) {
        gr_log("elf: %s: symbol names of more than %zu bytes; the rest is ignored", elf->path, elf->limits.names);
        list->cut = true;
        return false;
    }
    list->name_bytes += symbol + version; /* too long ones as well: they take their time */
    return symbol <= GR_ELF_SYMBOL_MAX && version <= GR_ELF_SYMBOL_MAX;
}

/* Static tables have versions inside the name: "foo@V1" for an old one, "foo@@V2" for the default. */
static enum graft_status split_version(struct gr_elf *elf, struct gr_elf_list *list, struct gr_elf_function *function) {
    const char *at = strchr(function->symbol, '@');
    if (at == NULL || at == function->symbol)
        return GRAFT_OK;
    size_t size = (size_t)(at - function->symbol);
    memcpy(list->scratch, function->symbol, size);
    list->scratch[size] = 0;
    function->default_version = at[1] == '@';
    function->version = at + (function->default_version ? 2 : 1);
    function->symbol = gr_texts_add(&elf->texts, list->scratch);
    return function->symbol != NULL ? GRAFT_OK : GRAFT_NO_MEMORY;
}

bool gr_elf_static_symbols(
    const struct gr_elf_file *file, struct gr_elf_bytes *symbols, struct gr_elf_strings *strings) {
    Elf64_Shdr table, strings_header;
    if (file == NULL || !gr_elf_section_named(file, ".symtab", &table, symbols) ||
        !gr_elf_section_header(file, table.sh_link, &strings_header))
        return false;
    *strings = gr_elf_strings_of(gr_elf_section_bytes(file, &strings_header));
    return true;
}

static enum graft_status add_static(struct gr_elf *elf, struct gr_elf_list *list, const struct gr_elf_file *file) {
    struct gr_elf_bytes bytes;
    struct gr_elf_strings strings;
    enum graft_status status = GRAFT_OK;
    if (!gr_elf_static_symbols(file, &bytes, &strings))
        return status;
    for (size_t i = 0; i < bytes.size / sizeof(Elf64_Sym) && status == GRAFT_OK && !list->cut; i++) {
        Elf64_Sym symbol;
        struct gr_elf_function function;
        memcpy(&symbol, bytes.at + i * sizeof symbol, sizeof symbol);
        if (!read_symbol(elf, &symbol, &strings, &function) || !account_names(elf, list, &function))
            continue;
        status = split_version(elf, list, &function);
        if (status == GRAFT_OK)
            status = add(elf, list, function);
    }
    return status;
}

enum { NOT_DEFAULT = 0x8000 }; /* in an entry of the version table */

bool gr_elf_exported(struct gr_elf *elf, const char *symbol, struct gr_elf_function *function) {
    struct gr_elf_dynamic_symbols table = gr_elf_dynamic_hashed(elf);
    for (uint64_t i = gr_elf_hash_next(elf, symbol, 0); i != 0; i = gr_elf_hash_next(elf, symbol, i)) {
        Elf64_Sym entry;
        Elf64_Versym version = VER_NDX_GLOBAL;
        struct gr_elf_function found;
        if (i >= table.symbols.size / sizeof entry)
            break;
        memcpy(&entry, table.symbols.at + i * sizeof entry, sizeof entry);
        const char *name = gr_elf_string(&table.strings, entry.st_name); /* another may have the same hash */
        if (name == NULL || strcmp(name, symbol) != 0)
            continue;
        if (i < table.versions.size / sizeof version)
            memcpy(&version, table.versions.at + i * sizeof version, sizeof version);
        if ((version & NOT_DEFAULT) != 0 || !read_symbol(elf, &entry, &table.strings, &found))
            continue;
        uint64_t start, size;
        found.has_unwind = gr_elf_unwind_at(elf, found.address, &start, &size);
        *function = found;
        return true;
    }
    return false;
}

static enum graft_status add_dynamic(struct gr_elf *elf, struct gr_elf_list *list) {
    struct gr_elf_dynamic_symbols table = gr_elf_dynamic_symbols(elf);
    struct gr_elf_version_names *names;
    enum graft_status status = gr_elf_version_names_read(elf, &names);
    if (status != GRAFT_OK)
        return status;
    for (size_t i = 0; i < table.symbols.size / sizeof(Elf64_Sym) && status == GRAFT_OK && !list->cut; i++) {
        Elf64_Sym symbol;
        Elf64_Versym version = VER_NDX_GLOBAL;
        struct gr_elf_function function;
        memcpy(&symbol, table.symbols.at + i * sizeof symbol, sizeof symbol);
        if (!read_symbol(elf, &symbol, &table.strings, &function))
            continue;
        if (i < table.versions.size / sizeof version)
            memcpy(&version, table.versions.at + i * sizeof version, sizeof version);
        function.version = gr_elf_version_name(names, version);
        function.default_version = (version & NOT_DEFAULT) == 0;
        if (account_names(elf, list, &function))
            status = add(elf, list, function);
    }
    free(names);
    return status;
}

/* Sections of stubs that the linker makes (.plt, .plt.got, .plt.sec, .iplt): they have unwind ranges, but are not
 * functions. */
static size_t find_stubs(const struct gr_elf *elf, struct gr_elf_range stubs[STUBS_MAX]) {
    size_t count = 0;
    Elf64_Shdr section;
    for (uint64_t i = 1; count < STUBS_MAX && gr_elf_section_header(&elf->file, i, &section); i++) {
        const char *name = gr_elf_section_name(&elf->file, &section);
        if (strncmp(name, ".plt", 4) == 0 || strncmp(name, ".iplt", 5) == 0)
            stubs[count++] = (struct gr_elf_range){.start = section.sh_addr, .size = section.sh_size};
    }
    return count;
}

static enum graft_status add_ranges(struct gr_elf *elf, struct gr_elf_list *list) {
    struct gr_elf_range stubs[STUBS_MAX];
    size_t stub_count = find_stubs(elf, stubs), count;
    const struct gr_elf_range *ranges;
    enum graft_status status = gr_elf_ranges(elf, &ranges, &count);
    for (size_t i = 0; status == GRAFT_OK && i < count; i++) {
        bool stub = false;
        for (size_t k = 0; k < stub_count && !stub; k++)
            stub = ranges[i].start - stubs[k].start < stubs[k].size;
        struct gr_elf_function function = {.address = ranges[i].start,
            .size = ranges[i].size,
            .symbol = "",
            .version = "",
            .default_version = true,
            .has_unwind = true};
        if (!stub)
            status = add(elf, list, function);
    }
    return status;
}

const struct gr_elf_file *gr_elf_static_table(struct gr_elf *elf) {
    struct gr_elf_bytes table;
    return gr_elf_section_named(&elf->file, ".symtab", NULL, &table) ? &elf->file : gr_elf_debug_file(elf);
}

/* Ranges come first, so that a limit costs symbols rather than what is known of unwinding. */
enum graft_status gr_elf_collect(struct gr_elf *elf, struct gr_elf_list *list) {
    *list = (struct gr_elf_list){.scratch = malloc(GR_ELF_SYMBOL_MAX + 1)};
    enum graft_status status = list->scratch != NULL ? add_ranges(elf, list) : GRAFT_NO_MEMORY;
    if (status == GRAFT_OK)
        status = add_dynamic(elf, list);
    if (status == GRAFT_OK)
        status = add_static(elf, list, gr_elf_static_table(elf));
    if (status == GRAFT_OK)
        status = add_static(elf, list, gr_elf_minidebug(elf));
    free(list->scratch);
    list->scratch = NULL;
    if (status != GRAFT_OK)
        free(list->items);
    return status;
}
