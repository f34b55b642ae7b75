/* identity.c: see identity.h. A record lives until its image is gone and no section is left that could see it. */
#include "identity.h"
#include "heap.h"
#include "identifier.h"
#include <string.h>

/* One image: the node's key is the hash of what its identifiers begin with. */
struct record {
    struct gr_registry_node node;
    uint64_t serial, bias;
    struct record *next; /* in the list of all; the writer's */
};

static struct gr_registry *images;
static struct record *first;

enum graft_status gr_identity_start(size_t capacity) {
    return images != NULL ? GRAFT_OK : gr_registry_create(capacity, &images);
}

static uint64_t key_of(const struct graft_entry_point *entry) {
    const char *file = gr_identifier_file(entry);
    return gr_registry_hash(file, strlen(file));
}

enum graft_status gr_identity_add(const struct graft_entry_point *entry, uint64_t image_serial) {
    for (const struct record *record = first; record != NULL; record = record->next) /* mostly the first is it */
        if (record->serial == image_serial)
            return GRAFT_OK;
    struct record *made = gr_heap_take(sizeof *made);
    if (made == NULL)
        return GRAFT_NO_MEMORY;
    *made = (struct record){
        .node.key = key_of(entry), .serial = image_serial, .bias = entry->address - entry->offset, .next = first};
    enum graft_status status = gr_registry_insert(images, &made->node);
    if (status == GRAFT_OK)
        first = made;
    else
        gr_heap_give(made);
    return status == GRAFT_DUPLICATE ? GRAFT_OK : status; /* the same image, mapped twice */
}

void gr_identity_gone(uint64_t image_serial) {
    for (struct record **link = &first; *link != NULL; link = &(*link)->next) {
        struct record *gone = *link;
        if (gone->serial != image_serial)
            continue;
        *link = gone->next;
        gr_registry_remove(images, gone->node.key);
        gr_epoch_retire(gone, gr_heap_give);
        return;
    }
}

/* Reads the digits that end the text, or stand before its symbol. */
static bool read_offset(const char *text, uint64_t *offset, const char **symbol) {
    const char *at = text;
    *offset = 0;
    for (;; at++) {
        unsigned digit = (unsigned)(*at - '0'), letter = (unsigned)(*at - 'a');
        if (digit >= 10 && letter >= 6)
            break;
        *offset = *offset * 16 + (digit < 10 ? digit : letter + 10);
    }
    *symbol = *at == ':' ? at + 1 : at;
    return at != text && (*at == 0 || (*at == ':' && at[1] != 0));
}

bool gr_identity_next(const char *identifier, size_t *next, uint64_t *address, const char **symbol) {
    static const char mark[] = "+0x";
    const char *at = identifier + *next;
    while ((at = strstr(at, mark)) != NULL) {
        uint64_t offset;
        bool readable = read_offset(at + sizeof mark - 1, &offset, symbol);
        const struct gr_registry_node *node =
            readable ? gr_registry_find(images, gr_registry_hash(identifier, (size_t)(at - identifier))) : NULL;
        *next = (size_t)(++at - identifier);
        if (node == NULL)
            continue;
        *address =
            ((const struct record *)(const void *)((const char *)node - offsetof(struct record, node)))->bias + offset;
        return true;
    }
    return false;
}
