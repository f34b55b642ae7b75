/* registry.h: lock-free look-up of probes and sites by key.
 *
 * A registry is a fixed number of buckets, each a singly linked list of intrusive nodes. Writers: one at a time.
 * Readers: any thread, wait-free (a bucket's length is bounded by the number of nodes), inside an epoch section.
 * Linearisation: insert at the release store of the bucket head; removal at the release store that skips the node.
 * Reclamation: the caller retires removed nodes through epoch.h. Neighbours: epoch. */
#ifndef GR_REGISTRY_H
#define GR_REGISTRY_H

#include "epoch.h"
#include <graft/status.h>

/* Embedded in what is registered. `key` does not change while it is registered. */
struct gr_registry_node {
    struct gr_registry_node *_Atomic next;
    uint64_t key;
};

struct gr_registry;

/* Room for `capacity` nodes (1 to 2^24). GRAFT_INVALID_ARGUMENT, GRAFT_NO_MEMORY. */
enum graft_status gr_registry_create(size_t capacity, struct gr_registry **registry);
/* Frees the table, not the nodes. No reader may be inside. */
void gr_registry_destroy(struct gr_registry *registry);

/* Adds a node. GRAFT_DUPLICATE when the key is present, GRAFT_LIMIT_PROBES when `capacity` nodes are. Writer. */
enum graft_status gr_registry_insert(struct gr_registry *registry, struct gr_registry_node *node);
/* Unlinks the node with this key and returns it, or null. The node must then be retired, not freed. Writer. */
struct gr_registry_node *gr_registry_remove(struct gr_registry *registry, uint64_t key);
/* Any thread, inside a section (or writer). */
struct gr_registry_node *gr_registry_find(const struct gr_registry *registry, uint64_t key);
/* Calls `each` for every node until it returns false. Writer, or a reader inside a section (then a node that is
 * inserted or removed meanwhile may or may not be seen, and no node is seen twice). */
void gr_registry_each(
    const struct gr_registry *registry, bool (*each)(struct gr_registry_node *node, void *context), void *context);
size_t gr_registry_count(const struct gr_registry *registry); /* any thread */

/* 64-bit hash of bytes, for keys made of text (canonical identifiers). */
uint64_t gr_registry_hash(const void *bytes, size_t size);

#endif
