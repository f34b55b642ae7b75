/* elf_dynamic.c: what the dynamic loader sees of an image: soname, dynamic symbols, version names.
 *
 * Reads PT_DYNAMIC and the tables that it points at, and not section headers: so an image without them (sstrip) is
 * read as well, and what is found is what dlsym would find. Neighbours: elf, elf_file, elf_hash. */
#include "elf_internal.h"
#include <stdlib.h>
#include <string.h>

enum {
    VERSION_INDEX = 0x7fff, /* the bits of a version entry that index its name */
    VERSION_COUNT = VERSION_INDEX + 1,
};

struct gr_elf_version_names {
    const char *names[VERSION_COUNT];
};

static void take(struct gr_elf_dynamic *dynamic, const Elf64_Dyn *entry) {
    switch (entry->d_tag) {
    case DT_STRTAB:
        dynamic->strings = entry->d_un.d_ptr;
        break;
    case DT_STRSZ:
        dynamic->strings_size = entry->d_un.d_val;
        break;
    case DT_SYMTAB:
        dynamic->symbols = entry->d_un.d_ptr;
        break;
    case DT_HASH:
        dynamic->hash = entry->d_un.d_ptr;
        break;
    case DT_GNU_HASH:
        dynamic->gnu_hash = entry->d_un.d_ptr;
        break;
    case DT_VERSYM:
        dynamic->versions = entry->d_un.d_ptr;
        break;
    case DT_VERDEF:
        dynamic->definitions = entry->d_un.d_ptr;
        break;
    case DT_VERDEFNUM:
        dynamic->definition_count = entry->d_un.d_val;
        break;
    case DT_SONAME:
        dynamic->soname = entry->d_un.d_val;
        break;
    default:
        break;
    }
}

void gr_elf_dynamic_read(struct gr_elf *elf) {
    Elf64_Phdr header;
    for (size_t i = 0; gr_elf_program_header(&elf->file, i, &header); i++) {
        if (header.p_type != PT_DYNAMIC)
            continue;
        struct gr_elf_bytes table = gr_elf_file_bytes(&elf->file, header.p_offset, header.p_filesz);
        Elf64_Dyn entry = {.d_tag = DT_DEBUG};
        for (size_t at = 0; table.size - at >= sizeof entry && entry.d_tag != DT_NULL; at += sizeof entry) {
            memcpy(&entry, table.at + at, sizeof entry);
            take(&elf->dynamic, &entry);
        }
        return;
    }
}

struct gr_elf_bytes gr_elf_table_at(const struct gr_elf *elf, uint64_t address, uint64_t size) {
    struct gr_elf_bytes table = address != 0 ? gr_elf_loaded(elf, address) : (struct gr_elf_bytes){0};
    if (table.size > size)
        table.size = size;
    return table;
}

struct gr_elf_strings gr_elf_dynamic_strings(const struct gr_elf *elf) {
    return gr_elf_strings_of(gr_elf_table_at(elf, elf->dynamic.strings, elf->dynamic.strings_size));
}

const char *gr_elf_dynamic_soname(const struct gr_elf *elf) {
    struct gr_elf_strings strings = gr_elf_dynamic_strings(elf);
    const char *soname = gr_elf_string(&strings, elf->dynamic.soname); /* offset 0, when absent, is the empty string */
    return elf->dynamic.soname != 0 && soname ? soname : "";
}

/* With so many symbols, as far as the segment reaches. */
static struct gr_elf_dynamic_symbols tables_of(const struct gr_elf *elf, uint64_t count) {
    return (struct gr_elf_dynamic_symbols){
        .symbols = gr_elf_table_at(elf, elf->dynamic.symbols, count * sizeof(Elf64_Sym)),
        .strings = gr_elf_dynamic_strings(elf),
        .versions = gr_elf_table_at(elf, elf->dynamic.versions, count * sizeof(Elf64_Versym)),
    };
}

struct gr_elf_dynamic_symbols gr_elf_dynamic_hashed(const struct gr_elf *elf) {
    return tables_of(elf, UINT32_MAX);
}

struct gr_elf_dynamic_symbols gr_elf_dynamic_symbols(const struct gr_elf *elf) {
    return tables_of(elf, gr_elf_hash_count(elf));
}

/* The first name of a definition is its own; the others are those that it inherits from. */
static const char *definition_name(
    struct gr_elf_bytes table, uint64_t at, const Elf64_Verdef *definition, const struct gr_elf_strings *strings) {
    Elf64_Verdaux name;
    uint64_t offset = at + definition->vd_aux;
    if (definition->vd_cnt == 0 || offset + sizeof name > table.size)
        return NULL;
    memcpy(&name, table.at + offset, sizeof name);
    return gr_elf_string(strings, name.vda_name);
}

enum graft_status gr_elf_version_names_read(const struct gr_elf *elf, struct gr_elf_version_names **names) {
    struct gr_elf_version_names *read = calloc(1, sizeof *read);
    if (read == NULL)
        return GRAFT_NO_MEMORY;
    struct gr_elf_bytes table = gr_elf_table_at(elf, elf->dynamic.definitions, UINT64_MAX);
    struct gr_elf_strings strings = gr_elf_dynamic_strings(elf);
    Elf64_Verdef definition = {.vd_next = 1};
    uint64_t left = elf->dynamic.definition_count < VERSION_COUNT ? elf->dynamic.definition_count : VERSION_COUNT;
    for (uint64_t at = 0; left > 0 && definition.vd_next != 0; left--, at += definition.vd_next) {
        if (at + sizeof definition > table.size)
            break;
        memcpy(&definition, table.at + at, sizeof definition);
        /* the base definition names the file, not a version */
        if ((definition.vd_flags & VER_FLG_BASE) == 0)
            read->names[definition.vd_ndx & VERSION_INDEX] = definition_name(table, at, &definition, &strings);
    }
    *names = read;
    return GRAFT_OK;
}

const char *gr_elf_version_name(const struct gr_elf_version_names *names, Elf64_Versym version) {
    const char *name = names->names[version & VERSION_INDEX];
    return name ? name : "";
}
