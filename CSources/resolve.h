/* resolve.h: targets -> entry points, over the images that are loaded in this process.
 *
 * Owns the list of loaded images and their ELF views (opened when first needed). Never writes to the process. Control
 * plane only; one thread at a time. Neighbours: elf, os. */
#ifndef GR_RESOLVE_H
#define GR_RESOLVE_H

#include "elf_view.h"
#include <graft/graft.h>

struct gr_resolver;

/* One loaded image. The pointer and its strings stay valid until the `unloaded` callback for it has returned. */
struct gr_image {
    const char *path;     /* as the loader knows it; the executable's real path for the main program */
    const char *build_id; /* from the loaded program headers' note; "" when there is none */
    uint64_t bias;        /* run-time address minus virtual address */
    uint64_t code_start;  /* run-time range that its executable segments span */
    uint64_t code_end;
    uint64_t serial; /* grows with each load; never reused */
    bool main_program;
};

enum graft_status gr_resolver_create(struct gr_resolver **resolver);
void gr_resolver_destroy(struct gr_resolver *resolver);

/* Compares the loader's list with ours; calls `unloaded` for each image that is gone and then `loaded` for each new
 * one (either may be null). Cheap when nothing changed (the loader's own counters tell). Must not be called while
 * holding a lock that a dlopen or dlclose may wait for. The kernel's vdso is not an image. */
typedef void (*gr_image_handler)(const struct gr_image *image, void *context);
enum graft_status gr_resolver_refresh(
    struct gr_resolver *resolver, gr_image_handler loaded, gr_image_handler unloaded, void *context);

/* One entry point that a target matches. Strings of `entry` are owned by the image. */
struct gr_match {
    const struct gr_image *image;
    struct graft_entry_point entry;
};

/* Finds what `target` names, in `only` or (null) in every known image, sorted by address, one match for each address.
 * `*matches` is malloc'd, the caller frees it. GRAFT_NOT_FOUND, GRAFT_TARGET_*, GRAFT_NO_MEMORY. */
enum graft_status gr_resolve(struct gr_resolver *resolver, const char *target, const struct gr_image *only,
    struct gr_match **matches, size_t *count);

/* After a batch: gives back what was remembered between one gr_resolve and the next. */
void gr_resolver_end(struct gr_resolver *resolver);

/* The same for our own probes, whose targets are plain: "image:symbol", one exported function. Of an image that nobody has
 * looked into, only its dynamic symbols are read. */
enum graft_status gr_resolve_exported(struct gr_resolver *resolver, const char *target, const struct gr_image *only,
    struct gr_match **matches, size_t *count);

/* Where the functions of an image begin in this process, in ascending order; none when its file was not opened.
 * `*starts` is malloc'd, null when there is none. */
enum graft_status gr_resolver_starts(const struct gr_image *image, uint64_t **starts, size_t *count);

/* The next range of an image's code, from `*next` on, which begins at 0: its sections of code or, when its file does not
 * tell them, everything from code_start to code_end. False when there is no further one. */
bool gr_resolver_code(const struct gr_image *image, uint64_t *next, uint64_t *start, uint64_t *size);

/* A copy of a text that lives as long as the image is loaded. Null when there is no memory. */
const char *gr_resolver_keep(const struct gr_image *image, const char *text);

/* graft_symbolise over this resolver's images; strings live as long as the resolver. */
enum graft_status gr_resolver_symbolise(struct gr_resolver *resolver, uint64_t address, struct graft_symbol *symbol);

/* What debug information says of the function at an address of this process. False when it says nothing. */
bool gr_resolver_prototype(struct gr_resolver *resolver, uint64_t address, struct gr_elf_prototype *prototype);

/* Every function of a file as entry points (address 0), for explain; sorted, aliases folded; filtered by `pattern`
 * (null: all): a bare name as after a target's colon, or a whole target, whose image is then taken to be this file. No
 * match is a count of 0. `*entries` is the caller's; it holds the names and paths, while linker names live as long as
 * `elf`. Used without a resolver. GRAFT_NO_MEMORY, GRAFT_TARGET_* for the pattern, and what elf_view returns. */
enum graft_status gr_entry_points_of_file(
    struct gr_elf *elf, const char *path, const char *pattern, struct graft_entry_point **entries, size_t *count);

#endif
