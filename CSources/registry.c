/* registry.c: buckets of intrusive lists that one writer changes under its readers.
 *
 * Readers load links with acquire, the writer stores them with release: whoever can reach a node sees it whole. The
 * writer's own loads are relaxed, since it alone stores. Removal stores one link; the removed node's link is left as it
 * is. The table is never resized: its buckets match the capacity from the beginning. While there are few nodes, new ones
 * go to buckets of their own in front of it: scattered over the table, each would touch a page that nothing else uses.
 * A node stays where it was inserted; a key is in one of its two buckets at most, and readers look into both.
 * Never frees a node: see epoch.h. */
#include "registry.h"
#include <stdbool.h>
#include <stdlib.h>

typedef struct gr_registry_node *_Atomic node_link;

enum { FRONT = 64 }; /* buckets, and the most nodes in them: a power of two */

struct gr_registry {
    size_t capacity;       /* constant */
    size_t mask;           /* constant: number of buckets - 1 */
    size_t few;            /* constant: nodes up to which new ones go in front; 0 where the table is small */
    _Atomic size_t count;  /* written by the writer, read by anyone */
    _Atomic size_t behind; /* nodes in `buckets`: while there are none, nobody looks there */
    node_link front[FRONT];
    node_link buckets[];
};

/* The 64-bit finaliser of MurmurHash3: a bijection in which each bit of the input flips each bit of the result with a
 * probability near one half. */
static uint64_t mix(uint64_t key) {
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdu;
    key ^= key >> 33;
    key *= 0xc4ceb9fe1a85ec53u;
    key ^= key >> 33;
    return key;
}

/* Where a key belongs. Addresses of functions, mostly multiples of 16, come in runs: neighbours in memory stay so in the
 * table, whose pages and cache lines a run then goes through in order, while blocks of 64 KiB lie anywhere. Small numbers
 * get 16 such runs. */
static uint64_t spread(uint64_t key) {
    return (key >> 4) + (key & 15) * 0x9e3779b97f4a7c15u + mix(key >> 16);
}

enum graft_status gr_registry_create(size_t capacity, struct gr_registry **registry) {
    if (capacity < 1 || capacity > GR_REGISTRY_CAPACITY_MAX)
        return GRAFT_INVALID_ARGUMENT;
    size_t buckets = 1;
    while (buckets <= capacity / 2)
        buckets *= 2;
    /* zeroed memory is empty buckets: null pointers are zero on every machine that has an ELF loader */
    struct gr_registry *created = calloc(1, sizeof *created + buckets * sizeof created->buckets[0]);
    if (!created)
        return GRAFT_NO_MEMORY;
    created->capacity = capacity;
    created->mask = buckets - 1;
    created->few = capacity > FRONT ? FRONT : 0;
    *registry = created;
    return GRAFT_OK;
}

void gr_registry_destroy(struct gr_registry *registry) {
    free(registry);
}

/* Writer: the link that leads to the node with this key, or the null link at the end of the bucket. */
static node_link *link_in(node_link *bucket, uint64_t key) {
    node_link *at = bucket;
    struct gr_registry_node *node;
    while ((node = atomic_load_explicit(at, memory_order_relaxed)) && node->key != key)
        at = &node->next;
    return at;
}

/* Writer: the same in both buckets of the key. `*behind` tells which of them it is. */
static node_link *link_to(struct gr_registry *registry, uint64_t key, bool *behind) {
    uint64_t hash = spread(key);
    node_link *at = link_in(&registry->front[hash & (FRONT - 1)], key);
    *behind = !atomic_load_explicit(at, memory_order_relaxed) &&
              atomic_load_explicit(&registry->behind, memory_order_relaxed) != 0;
    return *behind ? link_in(&registry->buckets[hash & registry->mask], key) : at;
}

/* Writer: one more or less. Release: who counts none behind has not been told of one; pairs with find. */
static void count_nodes(struct gr_registry *registry, bool behind, size_t change) {
    size_t count = atomic_load_explicit(&registry->count, memory_order_relaxed);
    size_t number = atomic_load_explicit(&registry->behind, memory_order_relaxed);
    atomic_store_explicit(&registry->count, count + change, memory_order_relaxed); /* a count: orders nothing */
    if (behind)
        atomic_store_explicit(&registry->behind, number + change, memory_order_release);
}

enum graft_status gr_registry_insert(struct gr_registry *registry, struct gr_registry_node *node) {
    bool behind;
    if (atomic_load_explicit(link_to(registry, node->key, &behind), memory_order_relaxed))
        return GRAFT_DUPLICATE;
    size_t count = atomic_load_explicit(&registry->count, memory_order_relaxed);
    if (count >= registry->capacity)
        return GRAFT_LIMIT_PROBES;
    uint64_t hash = spread(node->key);
    behind = count >= registry->few;
    node_link *head = behind ? &registry->buckets[hash & registry->mask] : &registry->front[hash & (FRONT - 1)];
    count_nodes(registry, behind, 1); /* first: who is told of the node looks for it */
    atomic_store_explicit(&node->next, atomic_load_explicit(head, memory_order_relaxed), memory_order_relaxed);
    /* release: publishes the node and what it is embedded in; pairs with the acquires in find and each */
    atomic_store_explicit(head, node, memory_order_release);
    return GRAFT_OK;
}

struct gr_registry_node *gr_registry_remove(struct gr_registry *registry, uint64_t key) {
    bool behind;
    node_link *at = link_to(registry, key, &behind);
    struct gr_registry_node *node = atomic_load_explicit(at, memory_order_relaxed);
    if (!node)
        return NULL;
    struct gr_registry_node *after = atomic_load_explicit(&node->next, memory_order_relaxed);
    /* release: a reader that comes to `after` by this link sees it whole; pairs with the acquires in find and each */
    atomic_store_explicit(at, after, memory_order_release);
    count_nodes(registry, behind, (size_t)-1);
    return node;
}

static struct gr_registry_node *find_in(const node_link *bucket, uint64_t key) {
    /* acquire, here and below: pairs with the releases in insert and remove */
    struct gr_registry_node *node = atomic_load_explicit(bucket, memory_order_acquire);
    while (node && node->key != key)
        node = atomic_load_explicit(&node->next, memory_order_acquire);
    return node;
}

struct gr_registry_node *gr_registry_find(const struct gr_registry *registry, uint64_t key) {
    uint64_t hash = spread(key);
    struct gr_registry_node *node = find_in(&registry->front[hash & (FRONT - 1)], key);
    if (node || atomic_load_explicit(&registry->behind, memory_order_acquire) == 0) /* pairs with count_nodes */
        return node;
    return find_in(&registry->buckets[hash & registry->mask], key);
}

/* False when `each` has had enough. */
static bool each_in(
    const node_link *buckets, size_t count, bool (*each)(struct gr_registry_node *node, void *context), void *context) {
    for (size_t bucket = 0; bucket < count; bucket++) {
        /* acquire, here and below: pairs with the releases in insert and remove */
        struct gr_registry_node *node = atomic_load_explicit(&buckets[bucket], memory_order_acquire), *after;
        for (; node; node = after) {
            after =
                atomic_load_explicit(&node->next, memory_order_acquire); /* before `each`, which may free the node */
            if (!each(node, context))
                return false;
        }
    }
    return true;
}

void gr_registry_each(
    const struct gr_registry *registry, bool (*each)(struct gr_registry_node *node, void *context), void *context) {
    bool more = each_in(registry->front, FRONT, each, context);
    if (more && atomic_load_explicit(&registry->behind, memory_order_acquire) != 0) /* pairs with count_nodes */
        each_in(registry->buckets, registry->mask + 1, each, context);
}

size_t gr_registry_count(const struct gr_registry *registry) {
    return atomic_load_explicit(&registry->count, memory_order_relaxed);
}

uint64_t gr_registry_hash(const void *bytes, size_t size) {
    const unsigned char *byte = bytes;
    uint64_t hash = 0xcbf29ce484222325u; /* FNV offset basis, 64 bit */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u; /* FNV prime, 64 bit */
    return mix(hash);
}
