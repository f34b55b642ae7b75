/* texts.h: memory for many small strings that are freed together.
 *
 * Owns blocks that never move, so a string's address is good until the release. One thread at a time. */
#ifndef GR_TEXTS_H
#define GR_TEXTS_H

#include <stddef.h>
#include <stdint.h>

struct gr_texts_block;
struct gr_texts_slot;

/* Begins as all zero. */
struct gr_texts {
    struct gr_texts_block *blocks;     /* the newest first */
    struct gr_texts_slot *slots;       /* a hash table, for the interned ones; null until the first */
    size_t slot_count, interned_count; /* a power of two, at most half full */
};

/* Copies a string. Null when there is no memory. */
const char *gr_texts_add(struct gr_texts *texts, const char *text);

/* Copies a string unless an equal one was interned before; then gives that one. Null when there is no memory. */
const char *gr_texts_intern(struct gr_texts *texts, const char *text);

void gr_texts_release(struct gr_texts *texts);

#endif
