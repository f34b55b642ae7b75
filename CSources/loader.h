/* loader.h: a copy of the dynamic loader's list of images, and what the kernel says of their files.
 *
 * Owns no state: each call gives a value. Neighbours: images compares two copies; os. */
#ifndef GR_LOADER_H
#define GR_LOADER_H

#include "target_text.h"

enum {
    GR_IMAGES_MAX = 16384,         /* images of one process; the rest is ignored and logged */
    GR_MAPS_MAX = 64 * 1024 * 1024 /* bytes of /proc/self/maps */
};

/* One image as the loader has it. */
struct gr_loader_image {
    uint64_t bias;
    uint64_t code_start; /* both 0 when nothing in it is executable */
    uint64_t code_end;
    const char *name;   /* "" for the executable; owned by the list */
    const char *soname; /* DT_SONAME, "" when there is none; owned by the list */
    char build_id[2 * GR_BUILD_ID_MAX + 1];
};

/* The loader's order: a new image is at the end. */
struct gr_loader_list {
    struct gr_loader_image *images;
    size_t count;
    char *names;   /* owns the strings */
    uint64_t adds; /* images loaded and unloaded since the process began, as the loader counts them */
    uint64_t subs;
};

/* Reads only the loader's counters. */
void gr_loader_counters(uint64_t *adds, uint64_t *subs);

/* Copies the list, without the vdso. While the loader's lock is held nothing is called that could allocate or load.
 * GRAFT_NO_MEMORY; GRAFT_OS when the list kept growing while it was read. */
enum graft_status gr_loader_copy(struct gr_loader_list *list);
void gr_loader_release(struct gr_loader_list *list);

/* The file that a piece of memory was mapped from. */
struct gr_mapped_file {
    uint64_t address; /* asked for; 0 for an image without code, which then stays unknown */
    uint64_t inode;   /* 0 when unknown */
    char *path;       /* malloc'd; null when unknown; may lead to another file by now */
};

/* Looks up each address in `maps`, the text of /proc/self/maps. `files` is sorted by address. GRAFT_NO_MEMORY. */
enum graft_status gr_mapped_files_read(const char *maps, struct gr_mapped_file *files, size_t count);

#endif
