/* identity.h: from a canonical identifier ("build-id+0xoffset:symbol") to an address, without a lock.
 *
 * Owns what is known of the images that have instrumented functions: by what their identifiers begin with, where they are.
 * An identifier is not kept for each function: the image's part of it and the offset lead to the address, by which the
 * function is found. Writer: the control plane, under its lock. Readers: any thread, inside an epoch section.
 * Neighbours: registry, epoch, heap. */
#ifndef GR_IDENTITY_H
#define GR_IDENTITY_H

#include "registry.h"
#include <graft/target.h>
#include <stdbool.h>

/* Room for `capacity` images; once. GRAFT_INVALID_ARGUMENT, GRAFT_NO_MEMORY. */
enum graft_status gr_identity_start(size_t capacity);

/* The image of an entry point has one that is instrumented. Of an image that is mapped twice, the first mapping answers.
 * GRAFT_NO_MEMORY, GRAFT_LIMIT_PROBES. Writer. */
enum graft_status gr_identity_add(const struct graft_entry_point *entry, uint64_t image_serial);
/* The image was unloaded. Writer. */
void gr_identity_gone(uint64_t image_serial);

/* What `identifier` may speak of, from `*next` on, which begins at 0: the address, and its symbol ("" when it names none),
 * a part of the text. False when there is nothing further. A file without a build-id may be named so that the text
 * can be read in more than one way. Reader; async-signal-safe. */
bool gr_identity_next(const char *identifier, size_t *next, uint64_t *address, const char **symbol);

#endif
