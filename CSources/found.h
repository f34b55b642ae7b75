/* found.h: the matches of one target while they are collected, at most GRAFT_TARGET_MATCHES_MAX.
 *
 * Private to resolve.c and its neighbours resolve_*.c. */
#ifndef GR_FOUND_H
#define GR_FOUND_H

#include "entry.h"
#include "images.h"

/* Begins as all zero. */
struct gr_found {
    struct gr_match *matches; /* heap.h's */
    size_t count, capacity;
};

/* GRAFT_TARGET_TOO_BROAD, GRAFT_NO_MEMORY. */
enum graft_status gr_found_add(struct gr_found *found, const struct gr_match *match);
/* By address, one for each: what several names have led to counts as aliases. */
void gr_found_sort(struct gr_found *found);

/* The functions of an open image, with its names. */
struct gr_functions gr_loaded_functions(struct gr_loaded *loaded);
/* The entry point that a group of them is. */
struct gr_match gr_loaded_match(struct gr_loaded *loaded, const struct gr_group *group);

/* The entry point at an offset of an open image: a function that begins there, or code of which nothing is known. False
 * when it is neither. */
bool gr_loaded_entry_at(struct gr_loaded *loaded, uint64_t offset, struct gr_match *match);

/* Whether an open image may have a Swift name with this text. Remembers the answer for the text asked for last. */
bool gr_loaded_may_hold_module(struct gr_loaded *loaded, const struct gr_needle *needle);

/* For an indirect function: puts the implementation that it chose in its place; when that is not known, it stays. */
void gr_ifunc_follow(struct gr_loaded *loaded, struct gr_match *match);

/* Finds "build-id:hex+0xoffset" in one image or (null) in all. GRAFT_OK also when there is nothing. */
enum graft_status gr_resolve_exact(
    struct gr_resolver *resolver, const struct gr_target *target, const struct gr_image *only, struct gr_found *found);

#endif
