/* images.h: the images that a resolver knows, with what was read of each.
 *
 * Private to the files of the resolver: images.c keeps the list, image_make.c makes an image, image_file.c opens its
 * file, reload.c sees through an image that left and came back; resolve.c and symbolise.c ask. Control plane, one thread
 * at a time. */
#ifndef GR_IMAGES_H
#define GR_IMAGES_H

#include "loader.h"
#include "name_cache.h"
#include "name_index.h"
#include "resolve.h"
#include "texts.h"

/* How far we got with an image's file. */
enum gr_image_state {
    GR_IMAGE_UNOPENED,
    GR_IMAGE_OPEN,
    GR_IMAGE_REFUSED, /* unreadable, or not the file that is loaded: an image without symbols */
};

enum { GR_IMAGE_ATTEMPTS = 8 }; /* to read a file that the system refuses, before it counts as unreadable */

enum { GR_MODULES_KNOWN = 8 };

/* What was found of a module. */
struct gr_module_memory {
    const struct gr_elf_function *functions; /* what was searched; null: the strings of a file that was not read */
    size_t count, size;                      /* of the functions; of the text: 0 for nothing yet */
    bool held;
    char text[64]; /* longer ones are searched each time */
};

/* One loaded image. */
struct gr_loaded {
    struct gr_image image; /* what others see; its strings are ours */
    char *name;            /* the loader's */
    char *soname;          /* "" when it has none */
    char *path;
    char *started_as; /* the executable's path as it was given to execve, often a link; "" for libraries */
    char *build_id;
    char *file;     /* where to read it: the path that the kernel knows, or /proc/self/exe */
    uint64_t inode; /* of the file that was mapped; 0 when unknown */
    bool seen;      /* while two lists are compared: is in the new one */
    enum gr_image_state state;
    uint8_t attempts;                        /* to read the file that the system refused */
    struct gr_elf *elf;                      /* null before the first gr_loaded_view, and when refused */
    const struct gr_elf_function *functions; /* owned by `elf`; set when open */
    size_t function_count;
    struct gr_name_cache names;
    struct gr_name_index index;                        /* for a batch */
    struct gr_module_memory modules[GR_MODULES_KNOWN]; /* those that were asked for last */
    unsigned next_module;                              /* the one to forget */
    struct gr_texts kept;                              /* gr_resolver_keep's */
};

struct gr_resolver {
    struct gr_loaded **images; /* in the loader's order */
    size_t count;
    uint64_t adds, subs;   /* the loader's counters when `images` was last right */
    uint64_t serial;       /* the last one given */
    bool listed;           /* `images` has been filled */
    bool swift_sought;     /* the executable was searched for a Swift demangler */
    struct gr_texts texts; /* what gr_resolver_symbolise gave away */
};

/* Makes an image from the loader's copy. GRAFT_NO_MEMORY. */
enum graft_status gr_loaded_make(
    const struct gr_loader_image *now, bool main_program, uint64_t serial, struct gr_loaded **made);
/* Asks the kernel for the files of those whose serial is past `serial`. GRAFT_NO_MEMORY. */
enum graft_status gr_loaded_find_files(struct gr_loaded **images, size_t count, uint64_t serial);
/* Frees it with all that was read. May be null. */
void gr_loaded_free(struct gr_loaded *loaded);

/* A view of the image's file, opened when first asked; of its functions only those are known then that are asked for by
 * name. Null when it has none that can be trusted; that is logged once. */
struct gr_elf *gr_loaded_view(struct gr_loaded *loaded);
/* The same, with every function of it; opens the image's file when first asked. False when it has none that can be
 * trusted. */
bool gr_loaded_open(struct gr_loaded *loaded);
/* Whether the image's code in memory is byte for byte that of its file: nobody has patched it since it was loaded. */
bool gr_loaded_pristine(struct gr_loaded *loaded);

/* The image that contains the address, or null. */
struct gr_loaded *gr_resolver_image_at(struct gr_resolver *resolver, uint64_t address);

/* Makes the process's own Swift demangler known, where it is a local symbol of a static executable. */
void gr_resolver_find_swift(struct gr_resolver *resolver);

#endif
