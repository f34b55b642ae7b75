/* elf_dwarf.c: a libdw session on the image's debug information.
 *
 * The information is in the image, or else in its separate debug file. libelf and libdw see a file here only, after
 * elf_file has checked its headers and this file has bounded what its compressed sections unpack to. libdw never opens
 * a file by itself: the alternate file (dwz) is found here, by build-id, and without it there is no session; split units
 * (.dwo) are not followed. Neighbours: elf_file, elf_debug, log, os. */
#include "elf_internal.h"
#include "log.h"
#include "os/os.h"
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <stdlib.h>
#include <string.h>

struct gr_elf_dwarf {
    Elf *elf;
    Dwarf *session;
    struct gr_elf_file alternate_file;
    Elf *alternate_elf;
    Dwarf *alternate;
};

/* The size that a compressed section claims to unpack to; libelf allocates that much. */
static uint64_t inflated_size(const struct gr_elf_file *file, const Elf64_Shdr *section) {
    struct gr_elf_bytes bytes = gr_elf_section_bytes(file, section);
    Elf64_Chdr header;
    if ((section->sh_flags & SHF_COMPRESSED) != 0 && bytes.size >= sizeof header) {
        memcpy(&header, bytes.at, sizeof header);
        return header.ch_size;
    }
    uint64_t size = 0; /* the older form: "ZLIB" and the size, big-endian */
    enum { OLD_HEADER = 12, OLD_MAGIC = 4 };
    if (strncmp(gr_elf_section_name(file, section), ".zdebug", 7) == 0 && bytes.size >= OLD_HEADER)
        for (size_t i = OLD_MAGIC; i < OLD_HEADER; i++)
            size = size << 8 | bytes.at[i];
    return size;
}

/* True when there is debug information and it is not too large. */
static bool is_usable(const struct gr_elf *elf, const struct gr_elf_file *file) {
    uint64_t left = elf->limits.debug_inflated;
    bool present = false;
    Elf64_Shdr section;
    for (uint64_t i = 1; gr_elf_section_header(file, i, &section); i++) {
        const char *name = gr_elf_section_name(file, &section);
        uint64_t size = inflated_size(file, &section);
        if (size > left) {
            gr_log("elf: %s: debug information unpacks to more than %zu bytes; it is not used", elf->path,
                elf->limits.debug_inflated);
            return false;
        }
        left -= size;
        present = present || ((strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0) &&
                                 gr_elf_section_bytes(file, &section).at != NULL);
    }
    return present;
}

/* libelf writes into the section headers of what it unpacks, in place: so the mapping, which is private, must be
 * writable. */
static Dwarf *begin(const struct gr_elf_file *file, Elf **elf) {
    char *image = (char *)(uintptr_t)file->bytes;
    size_t pages = (file->size + gr_os_page_size() - 1) / gr_os_page_size();
    if (gr_os_commit(image, pages * gr_os_page_size(), true, false) != GRAFT_OK)
        return NULL;
    *elf = elf_memory(image, file->size);
    return *elf != NULL ? dwarf_begin_elf(*elf, DWARF_C_READ, NULL) : NULL;
}

/* Debug files that dwz has compressed share parts in an alternate file. True when there is none, or it was found. */
static bool attach_alternate(const struct gr_elf *elf, struct gr_elf_dwarf *dwarf) {
    const char *name;
    const void *build_id;
    ssize_t size = dwelf_dwarf_gnu_debugaltlink(dwarf->session, &name, &build_id);
    if (size == 0)
        return true;
    char text[2 * GR_ELF_BUILD_ID_MAX + 1];
    if (size < 0 || size > GR_ELF_BUILD_ID_MAX)
        return false;
    gr_elf_write_hex(build_id, (size_t)size, text);
    struct gr_elf_file *file = &dwarf->alternate_file;
    if (gr_elf_debug_by_build_id(elf->debug_root, text, elf->limits.file, file) != GRAFT_OK || !is_usable(elf, file))
        return false;
    dwarf->alternate = begin(file, &dwarf->alternate_elf);
    if (dwarf->alternate != NULL)
        dwarf_setalt(dwarf->session, dwarf->alternate);
    return dwarf->alternate != NULL;
}

static bool open_session(struct gr_elf *elf, const struct gr_elf_file *file, struct gr_elf_dwarf *dwarf) {
    dwarf->session = begin(file, &dwarf->elf);
    return dwarf->session != NULL && attach_alternate(elf, dwarf);
}

void *gr_elf_dwarf_session(struct gr_elf *elf) {
    if (elf->dwarf_tried)
        return elf->dwarf != NULL ? elf->dwarf->session : NULL;
    if (elf_version(EV_CURRENT) == EV_NONE) /* not borrowed yet (borrow.h): there may be an answer later */
        return NULL;
    elf->dwarf_tried = true;
    const struct gr_elf_file *file = is_usable(elf, &elf->file) ? &elf->file : gr_elf_debug_file(elf);
    struct gr_elf_dwarf *dwarf = file != NULL && is_usable(elf, file) ? calloc(1, sizeof *dwarf) : NULL;
    if (dwarf == NULL)
        return NULL;
    if (!open_session(elf, file, dwarf)) {
        gr_log("elf: %s: its debug information cannot be read", elf->path);
        gr_elf_dwarf_close(dwarf);
        return NULL;
    }
    elf->dwarf = dwarf;
    return dwarf->session;
}

void gr_elf_dwarf_close(struct gr_elf_dwarf *dwarf) {
    if (dwarf == NULL)
        return;
    /* each of the four accepts null; a session ends before what it reads from */
    dwarf_end(dwarf->session);
    elf_end(dwarf->elf);
    dwarf_end(dwarf->alternate);
    elf_end(dwarf->alternate_elf);
    gr_elf_file_close(&dwarf->alternate_file);
    free(dwarf);
}
