/* image_file.c: opens the file of a loaded image, if it still is that file.
 *
 * A package upgrade replaces libraries under running programs; the new file's symbols at the old image's addresses
 * would put patches into the middle of functions. So the build-id in the file must be the one in memory; where there
 * is none, the path must still lead to the inode that was mapped. Neighbours: images.h, elf. */
#include "images.h"

#include "log.h"
#include "os/inode.h"
#include <string.h>

/* Null when the file can be trusted, or why not. */
static const char *distrust(const struct gr_loaded *loaded) {
    if (loaded->build_id[0] != 0)
        return strcmp(loaded->build_id, gr_elf_build_id(loaded->elf)) == 0 ? NULL : "has another build-id now";
    uint64_t inode = 0;
    if (loaded->inode == 0 || gr_os_path_inode(loaded->file, &inode) != GRAFT_OK)
        return "cannot be compared: no build-id, and no inode";
    return inode == loaded->inode ? NULL : "was replaced, and has no build-id";
}

static void close_file(struct gr_loaded *loaded) {
    if (loaded->elf != NULL)
        gr_elf_close(loaded->elf);
    loaded->elf = NULL;
    loaded->functions = NULL;
    memset(loaded->modules, 0, sizeof loaded->modules);
    loaded->function_count = 0;
}

static void refuse(struct gr_loaded *loaded, const char *reason) {
    gr_log("images: %s is treated as without symbols: the file %s %s", loaded->path, loaded->file, reason);
    loaded->state = GR_IMAGE_REFUSED;
    close_file(loaded);
}

/* What the system refuses now it may give later: no memory, no descriptor. */
static void fail(struct gr_loaded *loaded, enum graft_status status) {
    bool may_pass = status == GRAFT_NO_MEMORY || status == GRAFT_OS;
    if (!may_pass || ++loaded->attempts == GR_IMAGE_ATTEMPTS)
        refuse(loaded, graft_status_sentence(status));
    else
        close_file(loaded);
}

struct gr_elf *gr_loaded_view(struct gr_loaded *loaded) {
    if (loaded->elf != NULL || loaded->state == GR_IMAGE_REFUSED)
        return loaded->elf;
    enum graft_status status = gr_elf_open(loaded->file, &loaded->elf);
    const char *reason = status == GRAFT_OK ? distrust(loaded) : NULL;
    if (status != GRAFT_OK)
        fail(loaded, status);
    else if (reason != NULL)
        refuse(loaded, reason);
    return loaded->elf;
}

bool gr_loaded_open(struct gr_loaded *loaded) {
    if (loaded->state != GR_IMAGE_UNOPENED || gr_loaded_view(loaded) == NULL)
        return loaded->state == GR_IMAGE_OPEN;
    enum graft_status status = gr_elf_functions(loaded->elf, &loaded->functions, &loaded->function_count);
    if (status == GRAFT_OK)
        loaded->state = GR_IMAGE_OPEN;
    else
        fail(loaded, status);
    return status == GRAFT_OK;
}
