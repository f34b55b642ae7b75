/* elf_debug.c: finds the separate debug file of an image, and proves that it belongs to it.
 *
 * By build-id: ROOT/.build-id/xx/yyyy.debug, whose own build-id must be the same. Else by .gnu_debuglink: the file named
 * there beside the image, in .debug beside it, or under ROOT at the image's folder; its CRC must be the one named.
 * Folders are those of the path that the view was opened with; symbolic links are not followed back. What does not fit
 * is logged and not used. Neighbours: elf_file, elf_note, log. */
#include "elf_internal.h"
#include "log.h"
#include <lzma.h> /* its CRC32 is that of .gnu_debuglink */
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* Formats a path; false when it is too long for the kernel. */
static bool fits(int written) {
    return written >= 0 && written < PATH_BYTES;
}

enum graft_status gr_elf_debug_by_build_id(
    const char *root, const char *build_id, size_t limit, struct gr_elf_file *file) {
    char path[PATH_BYTES], found[2 * GR_ELF_BUILD_ID_MAX + 1];
    if (strlen(build_id) <= 2 ||
        !fits(snprintf(path, sizeof path, "%s/.build-id/%.2s/%s.debug", root, build_id, build_id + 2)))
        return GRAFT_NOT_FOUND;
    enum graft_status status = gr_elf_file_map(path, limit, file);
    if (status != GRAFT_OK)
        return status;
    gr_elf_file_build_id(file, found);
    if (strcmp(found, build_id) == 0)
        return GRAFT_OK;
    gr_log("elf: %s: is not the debug file of build-id %s", path, build_id);
    gr_elf_file_close(file);
    return GRAFT_BAD_IMAGE;
}

/* What .gnu_debuglink says: a file name without folders, padded to four bytes, and the CRC of the file. */
static const char *read_link(const struct gr_elf_file *file, uint32_t *crc) {
    struct gr_elf_bytes link;
    if (!gr_elf_section_named(file, ".gnu_debuglink", NULL, &link))
        return NULL;
    size_t length = strnlen((const char *)link.at, link.size);
    size_t at = (length + sizeof *crc) & ~(sizeof *crc - 1); /* after the final zero, rounded up */
    if (length == 0 || length == link.size || at > link.size || link.size - at < sizeof *crc ||
        memchr(link.at, '/', length) != NULL)
        return NULL;
    memcpy(crc, link.at + at, sizeof *crc);
    return (const char *)link.at;
}

static bool map_with_crc(const struct gr_elf *elf, const char *path, uint32_t crc, struct gr_elf_file *file) {
    if (gr_elf_file_map(path, elf->limits.file, file) != GRAFT_OK)
        return false;
    if (lzma_crc32(file->bytes, file->size, 0) == crc)
        return true;
    gr_log("elf: %s: the CRC differs from the one in .gnu_debuglink of %s", path, elf->path);
    gr_elf_file_close(file);
    return false;
}

static bool find_by_link(const struct gr_elf *elf, struct gr_elf_file *file) {
    uint32_t crc;
    const char *name = read_link(&elf->file, &crc), *slash = strrchr(elf->path, '/');
    if (name == NULL)
        return false;
    int folder = slash != NULL ? (int)(slash + 1 - elf->path) : 0; /* its length, with the slash */
    char path[PATH_BYTES];
    if (fits(snprintf(path, sizeof path, "%.*s%s", folder, elf->path, name)) && map_with_crc(elf, path, crc, file))
        return true;
    if (fits(snprintf(path, sizeof path, "%.*s.debug/%s", folder, elf->path, name)) &&
        map_with_crc(elf, path, crc, file))
        return true;
    return elf->path[0] == '/' &&
           fits(snprintf(path, sizeof path, "%s%.*s%s", elf->debug_root, folder, elf->path, name)) &&
           map_with_crc(elf, path, crc, file);
}

const struct gr_elf_file *gr_elf_debug_file(struct gr_elf *elf) {
    if (!elf->debug_tried) {
        elf->debug_tried = true;
        if (gr_elf_debug_by_build_id(elf->debug_root, elf->build_id, elf->limits.file, &elf->debug) == GRAFT_OK ||
            find_by_link(elf, &elf->debug))
            gr_log("elf: %s: has a separate debug file of %zu bytes", elf->path, elf->debug.size);
    }
    return elf->debug.bytes != NULL ? &elf->debug : NULL;
}
