/* heap.c: see heap.h. Free lists by size: steps of 16 bytes up to 512, then four steps to each doubling.
 *
 * Before each block stands one word, its size, so that the payload is aligned and the size need not be told again. New
 * blocks are cut from chunks; a chunk's rest that is too short for a block is left. Builds with a sanitizer that watches
 * malloc use malloc (heap_watched.c). */
#include "compiler.h"
#ifndef GR_WATCHED_HEAP

#include "heap.h"
#include "os/os.h"
#include <pthread.h>
#include <stdint.h>
#include <string.h>

enum {
    HEAD = sizeof(uint64_t),
    CHUNK = 256 * 1024,
    FINE_MAX = 512,                 /* blocks up to this, head included, in steps of a unit */
    FINE = FINE_MAX / GR_HEAP_UNIT, /* classes of them */
    DOUBLINGS = 7,                  /* from there to SMALL */
    STEPS = 4,                      /* of each doubling */
    CLASSES = FINE + DOUBLINGS * STEPS,
    SMALL = FINE_MAX << DOUBLINGS, /* the largest block that is kept, head included */
};
_Static_assert(GR_HEAP_SMALL_MAX + GR_HEAP_UNIT == SMALL && CHUNK >= 2 * SMALL, "the classes reach as far as said");

/* What lies in a free block's payload. */
struct unused {
    struct unused *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct unused *lists[CLASSES]; /* these three under the lock */
static char *fresh;                   /* the rest of the chunk */
static size_t fresh_size;

/* The class of a block, and its size made that of the class; all of it with the head. */
static unsigned class_of(size_t *size) {
    if (*size <= FINE_MAX) {
        *size = (*size + GR_HEAP_UNIT - 1) / GR_HEAP_UNIT * GR_HEAP_UNIT;
        return (unsigned)(*size / GR_HEAP_UNIT - 1);
    }
    unsigned class = FINE;
    size_t doubling = FINE_MAX;
    for (; *size > 2 * doubling; doubling *= 2)
        class += STEPS;
    size_t step = doubling / STEPS, steps = (*size - doubling + step - 1) / step;
    *size = doubling + steps * step;
    return class + (unsigned)steps - 1;
}

/* A payload is a unit's multiple, so the head stands half a unit behind one. */
static void *cut(size_t size) {
    if (fresh_size < size) {
        void *chunk;
        if (gr_os_allocate(CHUNK, &chunk) != GRAFT_OK)
            return NULL;
        fresh = (char *)chunk + GR_HEAP_UNIT - HEAD;
        fresh_size = CHUNK - GR_HEAP_UNIT;
    }
    uint64_t *head = (uint64_t *)(void *)fresh;
    fresh += size;
    fresh_size -= size;
    *head = size;
    return head + 1;
}

static void *take_small(size_t size) {
    unsigned class = class_of(&size);
    pthread_mutex_lock(&lock);
    struct unused *block = lists[class];
    if (block != NULL)
        lists[class] = block->next;
    void *fresh_block = block == NULL ? cut(size) : NULL;
    pthread_mutex_unlock(&lock);
    return block != NULL ? memset(block, 0, size - HEAD) : fresh_block;
}

static size_t pages(size_t size) {
    size_t page = gr_os_page_size();
    return (size + page - 1) / page * page;
}

static void *take_large(size_t size) {
    void *memory;
    if (gr_os_allocate(pages(size), &memory) != GRAFT_OK)
        return NULL;
    gr_os_populate(memory, pages(size)); /* who asks for so much fills it */
    uint64_t *head = (uint64_t *)((char *)memory + GR_HEAP_UNIT - HEAD);
    *head = pages(size);
    return head + 1;
}

void *gr_heap_take(size_t size) {
    if (size > SIZE_MAX / 2)
        return NULL;
    return size <= GR_HEAP_SMALL_MAX ? take_small(size + HEAD) : take_large(size + GR_HEAP_UNIT);
}

void *gr_heap_array(size_t count, size_t size) {
    return size != 0 && count > SIZE_MAX / size ? NULL : gr_heap_take(count * size);
}

static uint64_t *head_of(void *block) {
    return (uint64_t *)block - 1;
}

void gr_heap_give(void *block) {
    if (block == NULL)
        return;
    size_t size = (size_t)*head_of(block);
    if (size > SMALL) {
        gr_os_release((char *)block - GR_HEAP_UNIT, size);
        return;
    }
    struct unused *unused = block;
    unsigned class = class_of(&size);
    pthread_mutex_lock(&lock);
    unused->next = lists[class];
    lists[class] = unused;
    pthread_mutex_unlock(&lock);
}

static void *grow_large(void *block, size_t old, size_t size) {
    void *memory = (char *)block - GR_HEAP_UNIT;
    if (gr_os_resize(&memory, old, size) != GRAFT_OK)
        return NULL;
    gr_os_populate((char *)memory + old, size - old);
    block = (char *)memory + GR_HEAP_UNIT;
    *head_of(block) = size;
    return block;
}

void *gr_heap_grow(void *block, size_t size) {
    if (block == NULL)
        return gr_heap_take(size);
    size_t old = (size_t)*head_of(block), room = old > SMALL ? old - GR_HEAP_UNIT : old - HEAD;
    if (size <= room)
        return block;
    if (old > SMALL && size <= SIZE_MAX / 2)
        return grow_large(block, old, pages(size + GR_HEAP_UNIT));
    void *moved = gr_heap_take(size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, room);
    gr_heap_give(block);
    return moved;
}

char *gr_heap_text(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = gr_heap_take(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void gr_heap_fork_child(void) {
    pthread_mutex_init(&lock, NULL);
    memset(lists, 0, sizeof lists);
    fresh_size = 0;
}

#endif
