/* sized.h: structs of the public interface that grow, as a program of another version knows them (graft/graft.h).
 *
 * The program tells how large the struct is to it. Reading, what it does not know is zero, and what we do not know has to
 * be; writing, it is given what it knows, and zeros for what we do not know. Pure functions; no neighbours. */
#ifndef GR_SIZED_H
#define GR_SIZED_H

#include <stdbool.h>
#include <stddef.h>

enum { GR_SIZED_MAX = 4096 }; /* bytes of such a struct, at most; more is a mistake */

struct gr_sized {
    size_t size;  /* of the struct */
    size_t known; /* its members without what is reserved at the end */
    size_t least; /* what every version has, at least */
};

/* `since`: the first member that not every version has; `reserved`: what is kept free at the end. */
#define GR_SIZED(type, since, reserved) \
    { sizeof(struct type), offsetof(struct type, reserved), offsetof(struct type, since) }

/* True when a struct of `told` bytes is one that we can read or write. */
bool gr_sized_is_one(const struct gr_sized *layout, size_t told);

/* Reads a program's struct of `told` bytes into one of ours. False, with nothing written, when no struct has that size; false,
 * with what is known written, when a byte that we do not know is not zero. */
bool gr_sized_read(const struct gr_sized *layout, void *to, const void *from, size_t told);

/* Writes one of ours to a program's of `told` bytes, which is the size of one. */
void gr_sized_write(const struct gr_sized *layout, void *to, size_t told, const void *from);

#endif
