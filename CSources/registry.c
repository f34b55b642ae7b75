/* registry.c: buckets of intrusive lists that one writer changes under its readers.
 *
 * Readers load links with acquire, the writer stores them with release: whoever can reach a node sees it whole. The
 * writer's own loads are relaxed, since it alone stores. Removal stores one link; the removed node's link is left as it
 * is. The table is never resized: its buckets match the capacity from the beginning.
 * Never frees a node: see epoch.h. */
#include "registry.h"
#include <stdlib.h>

struct gr_registry {
    size_t capacity;      /* constant */
    size_t mask;          /* constant: number of buckets - 1 */
    _Atomic size_t count; /* written by the writer, read by anyone */
    struct gr_registry_node *_Atomic buckets[];
};

/* The 64-bit finaliser of MurmurHash3: a bijection in which each bit of the input flips each bit of the result with a
 * probability near one half. Keys are often addresses (multiples of 16) or small numbers. */
static uint64_t mix(uint64_t key) {
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdu;
    key ^= key >> 33;
    key *= 0xc4ceb9fe1a85ec53u;
    key ^= key >> 33;
    return key;
}

enum graft_status gr_registry_create(size_t capacity, struct gr_registry **registry) {
    if (capacity < 1 || capacity > GR_REGISTRY_CAPACITY_MAX)
        return GRAFT_INVALID_ARGUMENT;
    size_t buckets = 1;
    while (buckets < capacity)
        buckets *= 2;
    /* zeroed memory is empty buckets: null pointers are zero on every machine that has an ELF loader */
    struct gr_registry *created = calloc(1, sizeof *created + buckets * sizeof created->buckets[0]);
    if (!created)
        return GRAFT_NO_MEMORY;
    created->capacity = capacity;
    created->mask = buckets - 1;
    *registry = created;
    return GRAFT_OK;
}

void gr_registry_destroy(struct gr_registry *registry) {
    free(registry);
}

/* Writer: the link that leads to the node with this key, or the null link at the end of its bucket. */
static struct gr_registry_node *_Atomic *link_to(struct gr_registry *registry, uint64_t key) {
    struct gr_registry_node *_Atomic *link = &registry->buckets[mix(key) & registry->mask];
    struct gr_registry_node *node;
    while ((node = atomic_load_explicit(link, memory_order_relaxed)) && node->key != key)
        link = &node->next;
    return link;
}

enum graft_status gr_registry_insert(struct gr_registry *registry, struct gr_registry_node *node) {
    if (atomic_load_explicit(link_to(registry, node->key), memory_order_relaxed))
        return GRAFT_DUPLICATE;
    size_t count = atomic_load_explicit(&registry->count, memory_order_relaxed);
    if (count >= registry->capacity)
        return GRAFT_LIMIT_PROBES;
    struct gr_registry_node *_Atomic *head = &registry->buckets[mix(node->key) & registry->mask];
    atomic_store_explicit(&node->next, atomic_load_explicit(head, memory_order_relaxed), memory_order_relaxed);
    /* release: publishes the node and what it is embedded in; pairs with the acquires in find and each */
    atomic_store_explicit(head, node, memory_order_release);
    atomic_store_explicit(&registry->count, count + 1, memory_order_relaxed); /* a count: orders nothing */
    return GRAFT_OK;
}

struct gr_registry_node *gr_registry_remove(struct gr_registry *registry, uint64_t key) {
    struct gr_registry_node *_Atomic *link = link_to(registry, key);
    struct gr_registry_node *node = atomic_load_explicit(link, memory_order_relaxed);
    if (!node)
        return NULL;
    struct gr_registry_node *after = atomic_load_explicit(&node->next, memory_order_relaxed);
    /* release: a reader that comes to `after` by this link sees it whole; pairs with the acquires in find and each */
    atomic_store_explicit(link, after, memory_order_release);
    size_t count = atomic_load_explicit(&registry->count, memory_order_relaxed);
    atomic_store_explicit(&registry->count, count - 1, memory_order_relaxed);
    return node;
}

struct gr_registry_node *gr_registry_find(const struct gr_registry *registry, uint64_t key) {
    /* acquire, here and below: pairs with the releases in insert and remove */
    struct gr_registry_node *node =
        atomic_load_explicit(&registry->buckets[mix(key) & registry->mask], memory_order_acquire);
    while (node && node->key != key)
        node = atomic_load_explicit(&node->next, memory_order_acquire);
    return node;
}

void gr_registry_each(
    const struct gr_registry *registry, bool (*each)(struct gr_registry_node *node, void *context), void *context) {
    for (size_t bucket = 0; bucket <= registry->mask; bucket++) {
        /* acquire, here and below: pairs with the releases in insert and remove */
        struct gr_registry_node *node = atomic_load_explicit(&registry->buckets[bucket], memory_order_acquire), *after;
        for (; node; node = after) {
            after =
                atomic_load_explicit(&node->next, memory_order_acquire); /* before `each`, which may free the node */
            if (!each(node, context))
                return;
        }
    }
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
