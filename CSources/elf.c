/* elf.c: opens and closes a view, and answers what the program headers say: code, build-id, soname.
 *
 * Owns struct gr_elf. Opening reads headers only; symbols, unwind ranges and debug information are read when they are
 * first asked for. The file stays mapped while the view lives, as it does for the process that runs it: replace files
 * by renaming, as package managers do, not by writing into them. Neighbours: elf_file, elf_dynamic. */
#include "elf_internal.h"
#include <stdlib.h>
#include <string.h>

static const struct gr_elf_options defaults = {
    .debug_root = "/usr/lib/debug",
    .limits =
        {
            .file = GR_ELF_FILE_MAX,
            .functions = GR_ELF_FUNCTIONS_MAX,
            .names = GR_ELF_NAMES_MAX,
            .minidebug = GR_ELF_MINIDEBUG_MAX,
            .debug_inflated = GR_ELF_DEBUG_INFLATED_MAX,
        },
};

/* Takes the PT_LOAD headers over. A segment whose bytes are not all in the file means that the file was cut: the
 * loader could not run it either. */
static enum graft_status read_segments(struct gr_elf *elf) {
    Elf64_Phdr header;
    for (size_t i = 0; gr_elf_program_header(&elf->file, i, &header); i++) {
        if (header.p_type != PT_LOAD || header.p_filesz == 0)
            continue;
        if (elf->segment_count == GR_ELF_SEGMENTS_MAX || header.p_vaddr > UINT64_MAX - header.p_filesz ||
            gr_elf_file_bytes(&elf->file, header.p_offset, header.p_filesz).at == NULL)
            return GRAFT_BAD_IMAGE;
        elf->segments[elf->segment_count++] = (struct gr_elf_segment){
            .address = header.p_vaddr,
            .offset = header.p_offset,
            .size = header.p_filesz,
            .executable = (header.p_flags & PF_X) != 0,
        };
    }
    return GRAFT_OK;
}

static enum graft_status read_view(struct gr_elf *elf, const char *path) {
    elf->path = strdup(path);
    if (elf->path == NULL)
        return GRAFT_NO_MEMORY;
    enum graft_status status = gr_elf_file_map(path, elf->limits.file, &elf->file);
    if (status == GRAFT_OK)
        status = read_segments(elf);
    if (status != GRAFT_OK)
        return status;
    gr_elf_file_build_id(&elf->file, elf->build_id);
    gr_elf_dynamic_read(elf);
    elf->soname = gr_elf_dynamic_soname(elf);
    return GRAFT_OK;
}

enum graft_status gr_elf_open_with(const char *path, const struct gr_elf_options *options, struct gr_elf **elf) {
    struct gr_elf *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return GRAFT_NO_MEMORY;
    opened->debug_root = options->debug_root;
    opened->limits = options->limits;
    enum graft_status status = read_view(opened, path);
    if (status != GRAFT_OK) {
        gr_elf_close(opened);
        return status;
    }
    *elf = opened;
    return GRAFT_OK;
}

enum graft_status gr_elf_open(const char *path, struct gr_elf **elf) {
    return gr_elf_open_with(path, &defaults, elf);
}

void gr_elf_close(struct gr_elf *elf) {
    if (elf == NULL)
        return;
    gr_elf_dwarf_close(elf->dwarf); /* before the files that it reads */
    free(elf->units);
    free(elf->functions);
    free(elf->ranges);
    gr_texts_release(&elf->texts);
    gr_elf_file_close(&elf->minidebug);
    gr_elf_file_close(&elf->debug);
    gr_elf_file_close(&elf->file);
    free(elf->path);
    free(elf);
}

const char *gr_elf_build_id(const struct gr_elf *elf) {
    return elf->build_id;
}

const char *gr_elf_soname(const struct gr_elf *elf) {
    return elf->soname;
}

static struct gr_elf_bytes bytes_at(const struct gr_elf *elf, uint64_t address, bool only_executable) {
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct gr_elf_segment *segment = &elf->segments[i];
        uint64_t into = address - segment->address; /* wraps to something large when below the segment */
        if (into < segment->size && (segment->executable || !only_executable))
            return (struct gr_elf_bytes){
                .at = elf->file.bytes + segment->offset + into, .size = segment->size - into, .address = address};
    }
    return (struct gr_elf_bytes){0};
}

struct gr_elf_bytes gr_elf_loaded(const struct gr_elf *elf, uint64_t address) {
    return bytes_at(elf, address, false);
}

struct gr_elf_bytes gr_elf_executable(const struct gr_elf *elf, uint64_t address) {
    return bytes_at(elf, address, true);
}

const uint8_t *gr_elf_code(const struct gr_elf *elf, uint64_t address, size_t *available) {
    struct gr_elf_bytes code = gr_elf_executable(elf, address);
    if (code.at != NULL)
        *available = code.size;
    return code.at;
}

bool gr_elf_code_section(const struct gr_elf *elf, uint64_t *next, uint64_t *start, uint64_t *size) {
    Elf64_Shdr section;
    for (uint64_t i = *next; gr_elf_section_header(&elf->file, i, &section); i++) {
        struct gr_elf_bytes code = gr_elf_executable(elf, section.sh_addr);
        if ((section.sh_flags & SHF_EXECINSTR) == 0 || section.sh_size == 0 || code.size == 0)
            continue;
        *start = section.sh_addr;
        *size = section.sh_size < code.size ? section.sh_size : code.size;
        *next = i + 1;
        return true;
    }
    return false;
}
