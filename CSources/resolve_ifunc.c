/* resolve_ifunc.c: which implementation an indirect function chose in this process.
 *
 * The rule: what the loader has written when it relocated some image. Either the image itself refers to the function by its
 * resolver (IRELATIVE), or an image imports it by name; the word that was relocated holds the choice. A resolver is
 * never called: it may read what its image has not initialised yet. Nor is dlsym asked, which calls it too, and waits for a
 * dlopen that is under way. The loader's lock on its list is held meanwhile, as when the list is copied (loader.c): only
 * memory is read. Neighbours: found.h. */
#include "found.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#if defined(__x86_64__)
enum { CHOSEN = R_X86_64_IRELATIVE, SLOT = R_X86_64_JUMP_SLOT, POINTER = R_X86_64_GLOB_DAT, WORD = R_X86_64_64 };
#elif defined(__aarch64__)
enum { CHOSEN = R_AARCH64_IRELATIVE, SLOT = R_AARCH64_JUMP_SLOT, POINTER = R_AARCH64_GLOB_DAT, WORD = R_AARCH64_ABS64 };
#endif

/* What is sought, and what was found. */
struct search {
    uint64_t resolver;   /* its run-time address */
    const char *symbol;  /* of the indirect function */
    uint64_t start, end; /* the code of the image that defines it: the choice is there */
    uint64_t chosen;     /* 0 while it is not known */
};

/* The tables of an image, in memory. */
struct tables {
    uint64_t bias;
    const ElfW(Sym) * symbols;
    const char *names;
    const ElfW(Rela) * relocations[2]; /* of data; of the procedure linkage table */
    size_t count[2];
};

/* Some loaders have added the bias already. */
static const void *at(uint64_t bias, uint64_t address) {
    return (const void *)(uintptr_t)(address < bias ? bias + address : address);
}

static void read_tables(const ElfW(Dyn) * entry, struct tables *tables) {
    for (; entry->d_tag != DT_NULL; entry++) {
        uint64_t value = entry->d_un.d_val;
        switch (entry->d_tag) {
        case DT_SYMTAB:
            tables->symbols = at(tables->bias, value);
            break;
        case DT_STRTAB:
            tables->names = at(tables->bias, value);
            break;
        case DT_RELA:
            tables->relocations[0] = at(tables->bias, value);
            break;
        case DT_RELASZ:
            tables->count[0] = value / sizeof(ElfW(Rela));
            break;
        case DT_JMPREL:
            tables->relocations[1] = at(tables->bias, value);
            break;
        case DT_PLTRELSZ:
            tables->count[1] = value / sizeof(ElfW(Rela));
            break;
        default:
            break;
        }
    }
}

/* Whether what was relocated so is the address of the function that is sought. */
static bool means(const struct search *search, const struct tables *tables, const ElfW(Rela) * relocation) {
    uint64_t type = ELF64_R_TYPE(relocation->r_info), symbol = ELF64_R_SYM(relocation->r_info);
    if (type == CHOSEN)
        return tables->bias + (uint64_t)relocation->r_addend == search->resolver;
    if ((type != SLOT && type != POINTER && type != WORD) || symbol == 0)
        return false;
    return (type != WORD || relocation->r_addend == 0) &&
           strcmp(tables->names + tables->symbols[symbol].st_name, search->symbol) == 0;
}

/* A word that is bound late still leads to its own image; one that another image's function took leads there. */
static void look_through(struct search *search, const struct tables *tables, int table) {
    for (size_t i = 0; i < tables->count[table] && search->chosen == 0; i++) {
        const ElfW(Rela) *relocation = &tables->relocations[table][i];
        if (!means(search, tables, relocation))
            continue;
        uint64_t value = *(const uint64_t *)(uintptr_t)(tables->bias + relocation->r_offset);
        if (value >= search->start && value < search->end && value != search->resolver)
            search->chosen = value;
    }
}

static int look_at(struct dl_phdr_info *info, size_t size, void *context) {
    struct search *search = context;
    struct tables tables = {.bias = info->dlpi_addr};
    const ElfW(Phdr) *dynamic = NULL;
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            dynamic = &info->dlpi_phdr[i];
    if (dynamic == NULL)
        return 0;
    read_tables((const ElfW(Dyn) *)(uintptr_t)(info->dlpi_addr + dynamic->p_vaddr), &tables);
    for (int table = 0; table < 2; table++)
        if (tables.relocations[table] != NULL && tables.symbols != NULL && tables.names != NULL)
            look_through(search, &tables, table);
    return search->chosen != 0;
}

void gr_ifunc_follow(struct gr_loaded *loaded, struct gr_match *match) {
    struct graft_entry_point *entry = &match->entry;
    if ((entry->flags & GRAFT_ENTRY_IFUNC) == 0)
        return;
    struct search search = {
        entry->address, entry->symbol, loaded->image.code_start, loaded->image.code_end, .chosen = 0};
    struct gr_match chosen;
    (void)dl_iterate_phdr(look_at, &search);
    if (search.chosen == 0 || !gr_loaded_entry_at(loaded, search.chosen - loaded->image.bias, &chosen))
        return;
    chosen.entry.name = entry->name;
    if (chosen.entry.symbol[0] == 0)
        chosen.entry.symbol = entry->symbol;
    chosen.entry.flags = (chosen.entry.flags & ~(uint32_t)GRAFT_ENTRY_IFUNC) | GRAFT_ENTRY_CHOSEN;
    *match = chosen;
}
