/* registry.h: lock-free look-up of probes and sites by key.
 *
 * A registry is a fixed number of buckets (the capacity rounded down to a power of two, so less than two nodes each when
 * it is full, and a few in front of them), each a singly linked list of intrusive nodes.
 * Writers: one at a time (the control plane's lock). Readers: any thread, inside an epoch section.
 * Progress: readers are wait-free and async-signal-safe. A node is put in front of its bucket and comes back only after
 * its grace period, so along the links that one section can follow nodes only get older, and a walk takes at most as
 * many steps as its two buckets had nodes when it came to them. Writers never wait either.
 * Linearisation: insertion at the release store of the bucket's head; removal at the release store that skips the node.
 * Reclamation: the caller's, through epoch.h. A removed node keeps its `next`, for readers that stand on it: until
 * epoch.h releases it, it is not freed, not changed and not inserted anywhere.
 * Never does: allocate, free or copy a node. Neighbours: epoch. */
#ifndef GR_REGISTRY_H
#define GR_REGISTRY_H

#include "epoch.h"
#include <graft/status.h>

/* Embedded in what is registered. `key`, any value, is set before insertion and does not change until the release. */
struct gr_registry_node {
    struct gr_registry_node *_Atomic next; /* the registry's; written by the writer, read by readers */
    uint64_t key;
};

struct gr_registry;

/* The largest capacity of a registry, in nodes. */
enum { GR_REGISTRY_CAPACITY_MAX = 1 << 24 };

/* Room for `capacity` nodes (1 to GR_REGISTRY_CAPACITY_MAX). The result is the caller's, to be destroyed.
 * GRAFT_INVALID_ARGUMENT, GRAFT_NO_MEMORY. */
enum graft_status gr_registry_create(size_t capacity, struct gr_registry **registry);
/* Frees the table, not the nodes. No reader may be inside. Null is allowed. */
void gr_registry_destroy(struct gr_registry *registry);

/* Adds a node, which stays the caller's. GRAFT_DUPLICATE when the key is present, also in a full registry; else
 * GRAFT_LIMIT_PROBES when `capacity` nodes are. Writer. */
enum graft_status gr_registry_insert(struct gr_registry *registry, struct gr_registry_node *node);
/* Unlinks the node with this key and returns it, or null. The node must then be retired, not freed. Writer. */
struct gr_registry_node *gr_registry_remove(struct gr_registry *registry, uint64_t key);
/* The node with this key, or null. Valid until the section ends. Any thread, inside a section (or writer). */
struct gr_registry_node *gr_registry_find(const struct gr_registry *registry, uint64_t key);
/* Calls `each` for every node until it returns false. Writer, or a reader inside a section: then a node that is
 * inserted or removed meanwhile may or may not be seen, and no node is seen twice. On the writer, `each` may remove the
 * node that it is given, and free it when no reader is left; it may not insert. */
void gr_registry_each(
    const struct gr_registry *registry, bool (*each)(struct gr_registry_node *node, void *context), void *context);
/* How many nodes are registered. Any thread. */
size_t gr_registry_count(const struct gr_registry *registry);

/* 64-bit hash of bytes, for keys made of text (canonical identifiers): FNV-1a, then the finaliser of MurmurHash3. Not
 * cryptographic, the same on every machine. Two texts may share a hash: the caller compares them. */
uint64_t gr_registry_hash(const void *bytes, size_t size);

#endif
