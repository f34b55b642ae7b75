/* elf_file.c: one ELF file in memory: its headers, sections, strings and build-id.
 *
 * Owns the bytes. Reads structures in place by copying them out, after checking that they lie in the file: a header
 * that points outside is answered with "none". Only 64-bit little-endian files for this machine are read. Nothing is
 * allocated and no table is walked but by index, so a file costs nothing before it is asked. libelf is not used here:
 * its per-section bookkeeping grows with counts that the file claims. Neighbour: os (mapping). */
#include "elf_internal.h"
#include "os/os.h"
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
enum { MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { MACHINE = EM_AARCH64 };
#endif

struct gr_elf_bytes gr_elf_file_bytes(const struct gr_elf_file *file, uint64_t offset, uint64_t size) {
    if (offset > file->size || size > file->size - offset)
        return (struct gr_elf_bytes){0};
    return (struct gr_elf_bytes){.at = file->bytes + offset, .size = size};
}

bool gr_elf_program_header(const struct gr_elf_file *file, size_t index, Elf64_Phdr *header) {
    if (index >= file->header.e_phnum)
        return false;
    /* cannot overflow: read_program_headers has checked the whole table */
    memcpy(header, file->bytes + file->header.e_phoff + index * sizeof *header, sizeof *header);
    return true;
}

bool gr_elf_section_header(const struct gr_elf_file *file, uint64_t index, Elf64_Shdr *header) {
    if (index >= file->section_count)
        return false;
    /* cannot overflow: read_sections has checked the whole table */
    memcpy(header, file->bytes + file->header.e_shoff + index * sizeof *header, sizeof *header);
    return true;
}

struct gr_elf_bytes gr_elf_section_bytes(const struct gr_elf_file *file, const Elf64_Shdr *header) {
    if (header->sh_type == SHT_NOBITS || header->sh_type == SHT_NULL)
        return (struct gr_elf_bytes){0};
    struct gr_elf_bytes bytes = gr_elf_file_bytes(file, header->sh_offset, header->sh_size);
    bytes.address = header->sh_addr;
    return bytes;
}

const char *gr_elf_section_name(const struct gr_elf_file *file, const Elf64_Shdr *header) {
    const char *name = gr_elf_string(&file->section_names, header->sh_name);
    return name ? name : "";
}

bool gr_elf_section_named(
    const struct gr_elf_file *file, const char *name, Elf64_Shdr *header, struct gr_elf_bytes *bytes) {
    Elf64_Shdr candidate;
    for (uint64_t index = 1; gr_elf_section_header(file, index, &candidate); index++) {
        if (strcmp(gr_elf_section_name(file, &candidate), name) != 0)
            continue;
        struct gr_elf_bytes found = gr_elf_section_bytes(file, &candidate);
        if (found.at == NULL)
            continue;
        if (header)
            *header = candidate;
        *bytes = found;
        return true;
    }
    return false;
}

struct gr_elf_strings gr_elf_strings_of(struct gr_elf_bytes bytes) {
    const uint8_t *last = bytes.size > 0 ? memrchr(bytes.at, 0, bytes.size) : NULL;
    if (last == NULL)
        return (struct gr_elf_strings){0};
    return (struct gr_elf_strings){.at = (const char *)bytes.at, .size = (size_t)(last - bytes.at) + 1};
}

const char *gr_elf_string(const struct gr_elf_strings *strings, uint64_t offset) {
    return offset < strings->size ? strings->at + offset : NULL;
}

static bool read_identity(struct gr_elf_file *file) {
    Elf64_Ehdr *header = &file->header;
    if (file->size < sizeof *header)
        return false;
    memcpy(header, file->bytes, sizeof *header);
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64 &&
           header->e_ident[EI_DATA] == ELFDATA2LSB && header->e_machine == MACHINE &&
           (header->e_type == ET_EXEC || header->e_type == ET_DYN);
}

static bool read_program_headers(struct gr_elf_file *file) {
    const Elf64_Ehdr *header = &file->header;
    if (header->e_phnum == 0)
        return true;
    return header->e_phentsize == sizeof(Elf64_Phdr) && header->e_phnum != PN_XNUM &&
           gr_elf_file_bytes(file, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr)).at != NULL;
}

/* Past SHN_LORESERVE sections, their number and the index of their names stand in section 0. */
static bool read_sections(struct gr_elf_file *file) {
    const Elf64_Ehdr *header = &file->header;
    if (header->e_shoff == 0)
        return true;
    struct gr_elf_bytes first = gr_elf_file_bytes(file, header->e_shoff, sizeof(Elf64_Shdr));
    if (header->e_shentsize != sizeof(Elf64_Shdr) || first.at == NULL)
        return false;
    Elf64_Shdr zero;
    memcpy(&zero, first.at, sizeof zero);
    uint64_t count = header->e_shnum != 0 ? header->e_shnum : zero.sh_size;
    if (count > file->size / sizeof zero || gr_elf_file_bytes(file, header->e_shoff, count * sizeof zero).at == NULL)
        return false;
    file->section_count = count;
    Elf64_Shdr names;
    if (gr_elf_section_header(file, header->e_shstrndx != SHN_XINDEX ? header->e_shstrndx : zero.sh_link, &names))
        file->section_names = gr_elf_strings_of(gr_elf_section_bytes(file, &names));
    return true;
}

static enum graft_status read_headers(struct gr_elf_file *file) {
    if (read_identity(file) && read_program_headers(file) && read_sections(file))
        return GRAFT_OK;
    gr_elf_file_close(file);
    return GRAFT_BAD_IMAGE;
}

enum graft_status gr_elf_file_map(const char *path, size_t limit, struct gr_elf_file *file) {
    const void *bytes;
    size_t size;
    enum graft_status status = gr_os_map_file(path, &bytes, &size);
    if (status != GRAFT_OK)
        return status;
    *file = (struct gr_elf_file){.bytes = bytes, .size = size, .mapped = true};
    if (size > limit) {
        gr_elf_file_close(file);
        return GRAFT_BAD_IMAGE;
    }
    return read_headers(file);
}

enum graft_status gr_elf_file_adopt(uint8_t *bytes, size_t size, struct gr_elf_file *file) {
    *file = (struct gr_elf_file){.bytes = bytes, .size = size, .mapped = false};
    return read_headers(file);
}

void gr_elf_file_close(struct gr_elf_file *file) {
    if (file->mapped)
        gr_os_unmap_file(file->bytes, file->size);
    else
        free((void *)(uintptr_t)file->bytes);
    *file = (struct gr_elf_file){0};
}
