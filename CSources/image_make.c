/* image_make.c: makes and frees what we know of one loaded image.
 *
 * Starts from the loader's copy and asks the kernel which file it came from; opens nothing. Neighbours: images.h, os. */
#include "images.h"

#include "log.h"
#include "os/inode.h"
#include "os/os.h"
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

static const char executable[] = "/proc/self/exe";

/* Debian's redis-server is a link to redis-check-rdb. Read once: the program may write over it later. */
static const char *started_as(void) {
    const char *path = (const char *)getauxval(AT_EXECFN);
    return path == NULL ? "" : path;
}

enum graft_status gr_loaded_make(
    const struct gr_loader_image *now, bool main_program, uint64_t serial, struct gr_loaded **made) {
    struct gr_loaded *loaded = calloc(1, sizeof *loaded);
    if (loaded == NULL)
        return GRAFT_NO_MEMORY;
    loaded->name = strdup(now->name);
    loaded->soname = strdup(now->soname);
    loaded->started_as = strdup(main_program ? started_as() : "");
    loaded->path = strdup(now->name[0] != 0 ? now->name : executable);
    loaded->file = strdup(now->name[0] != 0 ? now->name : executable);
    loaded->build_id = strdup(now->build_id);
    if (loaded->name == NULL || loaded->soname == NULL || loaded->started_as == NULL || loaded->path == NULL ||
        loaded->file == NULL || loaded->build_id == NULL) {
        gr_loaded_free(loaded);
        return GRAFT_NO_MEMORY;
    }
    loaded->image = (struct gr_image){.path = loaded->path,
        .build_id = loaded->build_id,
        .bias = now->bias,
        .code_start = now->code_start,
        .code_end = now->code_end,
        .serial = serial,
        .main_program = main_program};
    *made = loaded;
    return GRAFT_OK;
}

/* Puts the kernel's path in place of the loader's. /proc/self/exe stays where it leads to the same file, because it
 * does so even after the file was deleted; under an explicit ld.so it leads to ld.so. */
static enum graft_status take_file(struct gr_loaded *loaded, struct gr_mapped_file *mapped) {
    if (mapped->path == NULL)
        return GRAFT_OK;
    uint64_t inode = 0;
    loaded->inode = mapped->inode;
    bool unnamed = loaded->name[0] == 0;
    bool exe = unnamed && gr_os_path_inode(executable, &inode) == GRAFT_OK && inode == mapped->inode;
    char *path = unnamed ? strdup(mapped->path) : NULL;
    if (unnamed && path == NULL)
        return GRAFT_NO_MEMORY;
    if (unnamed) {
        free(loaded->path);
        loaded->image.path = loaded->path = path;
    }
    if (!exe) {
        free(loaded->file);
        loaded->file = mapped->path;
        mapped->path = NULL;
    }
    return GRAFT_OK;
}

static int by_address(const void *left, const void *right) {
    uint64_t a = (*(struct gr_loaded *const *)left)->image.code_start;
    uint64_t b = (*(struct gr_loaded *const *)right)->image.code_start;
    return a < b ? -1 : a > b;
}

/* Asks the kernel for the files of new images. `files` has room for `count`. */
static enum graft_status read_files(struct gr_loaded **fresh, struct gr_mapped_file *files, size_t count) {
    char *maps;
    size_t size;
    enum graft_status status = gr_os_read_file("/proc/self/maps", GR_MAPS_MAX, &maps, &size);
    if (status != GRAFT_OK) { /* then the loader's names must do, and build-ids alone decide whether to trust them */
        gr_log("images: /proc/self/maps cannot be read: %s", graft_status_slug(status));
        return GRAFT_OK;
    }
    qsort(fresh, count, sizeof *fresh, by_address);
    for (size_t i = 0; i < count; i++)
        files[i].address = fresh[i]->image.code_start;
    status = gr_mapped_files_read(maps, files, count);
    free(maps);
    for (size_t i = 0; i < count && status == GRAFT_OK; i++)
        status = take_file(fresh[i], &files[i]);
    return status;
}

enum graft_status gr_loaded_find_files(struct gr_loaded **images, size_t count, uint64_t serial) {
    struct gr_loaded **fresh = calloc(count, sizeof *fresh);
    struct gr_mapped_file *files = calloc(count, sizeof *files);
    enum graft_status status = fresh == NULL || files == NULL ? GRAFT_NO_MEMORY : GRAFT_OK;
    if (status == GRAFT_OK) {
        size_t found = 0;
        for (size_t i = 0; i < count; i++)
            if (images[i]->image.serial > serial)
                fresh[found++] = images[i];
        status = read_files(fresh, files, found);
        for (size_t i = 0; i < found; i++)
            free(files[i].path);
    }
    free(files);
    free(fresh);
    return status;
}

void gr_loaded_free(struct gr_loaded *loaded) {
    if (loaded == NULL)
        return;
    if (loaded->elf != NULL)
        gr_elf_close(loaded->elf);
    gr_name_cache_release(&loaded->names);
    gr_name_index_forget(&loaded->index);
    gr_texts_release(&loaded->kept);
    free(loaded->file);
    free(loaded->build_id);
    free(loaded->path);
    free(loaded->started_as);
    free(loaded->soname);
    free(loaded->name);
    free(loaded);
}
