/* patch.h: plan, prepare, commit, roll back: the only code that changes a function's bytes.
 *
 * Control plane only, under its lock. A site is prepared once (decoded, its block relocated, a stub and a hop made)
 * and can then be committed and restored any number of times, in batches. Neighbours: codemem, trap, arch, os. */
#ifndef GR_PATCH_H
#define GR_PATCH_H

#include "arch/arch.h"
#include "site.h"

enum { GR_ONE_BYTE_PAGES = 2048 }; /* hop pages, of 4 KiB each, that the one-byte tactic may use */

/* What prepare needs to know of the image. */
struct gr_patch_image {
    uint64_t code_start, code_end; /* run-time range of its code */
    uint64_t serial;
    enum gr_keep vectors; /* the widest vectors that its code uses */
    bool trap;            /* a trap alone will do where no jump fits */
};

/* Before each batch of sites that are prepared, and after images came or went: what was read of functions is forgotten. */
void gr_patch_begin(void);

/* At least so many more sites will be prepared: their memory is asked for at once. Holds until gr_patch_end. */
void gr_patch_expect(size_t sites);

/* Makes a site for an entry point, or refuses; nothing is written to the function. A jump at the entry is preferred; where
 * its hop finds no place, one behind the first instruction; a trap is the last choice, and only where `image` allows it.
 * `*offender` is the address that a refusal is about. The entry's strings must live as long as the site. */
enum graft_status gr_patch_prepare(const struct graft_entry_point *entry, const struct gr_patch_image *image,
    struct gr_site **site, uint64_t *offender);

/* The same, in one shape only. */
enum graft_status gr_patch_prepare_as(const struct graft_entry_point *entry, const struct gr_patch_image *image,
    enum gr_shape shape, struct gr_site **site, uint64_t *offender);

/* Patches every site of the batch, or none: on failure the bytes are as before, `*failed` is a site at fault, and each
 * site at fault, as far as is known then, has the status as its `reason`; the others have GRAFT_OK.
 * GRAFT_UNSAFE_THREADS, GRAFT_FOREIGN_PATCH, GRAFT_WRITE_DENIED. */
enum graft_status gr_patch_commit(struct gr_site *const *sites, size_t count, struct gr_site **failed);

/* Restores the original bytes of every site of the batch and checks them. Sites that cannot be restored now keep their
 * patch, with nothing attached: their `reason` says why. */
enum graft_status gr_patch_restore(struct gr_site *const *sites, size_t count);

/* Gives back what a site holds, without touching the function: its image is gone. The struct itself is kept for
 * another site (type-stable). */
void gr_patch_forget(struct gr_site *site);

/* After each batch, committed or not: gives back what preparing took. */
void gr_patch_end(void);

/* Where the hop of a patched entry leads, by what is attached. */
void gr_patch_aim(struct gr_site *site, uint64_t stub);

/* True while the bytes of the entry are a jump of ours. */
bool gr_patch_in_place(const struct gr_site *site);

#endif
