/* texts.c: blocks of strings, and a hash table over the interned ones.
 *
 * Neighbours: texts.h. */
#include "texts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 64 * 1024 - 64, FIRST_SLOTS = 64 };

struct gr_texts_block {
    struct gr_texts_block *next;
    size_t used, capacity;
    char bytes[];
};

struct gr_texts_slot {
    const char *text; /* null: free */
    uint64_t hash;
};

static char *reserve(struct gr_texts *texts, size_t size) {
    struct gr_texts_block *block = texts->blocks;
    if (block == NULL || block->capacity - block->used < size) {
        size_t capacity = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        block = malloc(sizeof *block + capacity);
        if (block == NULL)
            return NULL;
        *block = (struct gr_texts_block){.next = texts->blocks, .used = 0, .capacity = capacity};
        texts->blocks = block;
    }
    block->used += size;
    return block->bytes + block->used - size;
}

const char *gr_texts_add(struct gr_texts *texts, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = reserve(texts, size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

/* FNV-1a. */
static uint64_t hash_of(const char *text) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text != 0; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}

/* The slot that holds the text, or the free one where it belongs. */
static struct gr_texts_slot *slot_of(struct gr_texts_slot *slots, size_t count, const char *text, uint64_t hash) {
    for (size_t i = hash & (count - 1);; i = (i + 1) & (count - 1))
        if (slots[i].text == NULL || (slots[i].hash == hash && strcmp(slots[i].text, text) == 0))
            return &slots[i];
}

/* Keeps the table at most half full. */
static bool grow(struct gr_texts *texts) {
    if (texts->slots != NULL && 2 * (texts->interned_count + 1) <= texts->slot_count)
        return true;
    size_t count = texts->slots == NULL ? FIRST_SLOTS : 2 * texts->slot_count;
    struct gr_texts_slot *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < texts->slot_count; i++)
        if (texts->slots[i].text != NULL)
            *slot_of(slots, count, texts->slots[i].text, texts->slots[i].hash) = texts->slots[i];
    free(texts->slots);
    texts->slots = slots;
    texts->slot_count = count;
    return true;
}

const char *gr_texts_intern(struct gr_texts *texts, const char *text) {
    if (!grow(texts))
        return NULL;
    uint64_t hash = hash_of(text);
    struct gr_texts_slot *slot = slot_of(texts->slots, texts->slot_count, text, hash);
    if (slot->text != NULL)
        return slot->text;
    const char *copy = gr_texts_add(texts, text);
    if (copy == NULL)
        return NULL;
    *slot = (struct gr_texts_slot){copy, hash};
    texts->interned_count++;
    return copy;
}

void gr_texts_release(struct gr_texts *texts) {
    while (texts->blocks != NULL) {
        struct gr_texts_block *next = texts->blocks->next;
        free(texts->blocks);
        texts->blocks = next;
    }
    free(texts->slots);
    *texts = (struct gr_texts){0};
}
