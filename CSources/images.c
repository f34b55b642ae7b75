/* images.c: keeps the list of loaded images, by comparing it with the loader's.
 *
 * A comparison is prepared on the side and then swapped in, so that a failure leaves the old list as it was. Handlers
 * are called after the swap: first for what is gone, then for what is new. Neighbours: images.h, loader. */
#include "images.h"

#include "log.h"
#include <stdlib.h>
#include <string.h>

/* A list that is about to replace the resolver's. */
struct change {
    struct gr_loader_list list;
    struct gr_loaded **next; /* parallel to `list` */
    size_t kept;             /* entries of `next` taken over from the old list */
};

enum graft_status gr_resolver_create(struct gr_resolver **resolver) {
    struct gr_resolver *made = calloc(1, sizeof *made);
    if (made == NULL)
        return GRAFT_NO_MEMORY;
    *resolver = made;
    return GRAFT_OK;
}

void gr_resolver_destroy(struct gr_resolver *resolver) {
    if (resolver == NULL)
        return;
    for (size_t i = 0; i < resolver->count; i++)
        gr_loaded_free(resolver->images[i]);
    free(resolver->images);
    gr_texts_release(&resolver->texts);
    free(resolver);
}

static bool same_image(const struct gr_loaded *old, const struct gr_loader_image *now) {
    const struct gr_image *image = &old->image;
    return image->bias == now->bias && image->code_start == now->code_start && image->code_end == now->code_end &&
           strcmp(old->build_id, now->build_id) == 0 && strcmp(old->name, now->name) == 0;
}

/* Takes over what is in both lists. Their order is the same, so the search goes on where the last one ended. */
static void keep_known(struct gr_resolver *resolver, struct change *change) {
    size_t at = 0;
    for (size_t i = 0; i < resolver->count; i++)
        resolver->images[i]->seen = false;
    for (size_t i = 0; i < change->list.count; i++) {
        for (size_t tries = 0; tries < resolver->count; tries++, at++) {
            struct gr_loaded *old = resolver->images[at % resolver->count];
            if (old->seen || !same_image(old, &change->list.images[i]))
                continue;
            old->seen = true;
            change->next[i] = old;
            change->kept++;
            break;
        }
    }
}

/* Drops what only looks known: the loader has unloaded more images than are missing, so one may have come back to its
 * old address, or else came and went unseen. It is among the last `adds` of the list, where the loader puts new ones. */
static void drop_reloaded(const struct gr_resolver *resolver, struct change *change) {
    uint64_t adds = change->list.adds - resolver->adds, subs = change->list.subs - resolver->subs;
    if (!resolver->listed || subs <= resolver->count - change->kept)
        return;
    for (size_t i = change->list.count; i > 0 && adds > 0; i--, adds--) {
        struct gr_loaded *old = change->next[i - 1];
        if (old == NULL || old->image.main_program || !gr_loaded_pristine(old))
            continue;
        old->seen = false;
        change->next[i - 1] = NULL;
    }
}

/* Fills the gaps in `next` with new images. On failure they are freed again. */
static enum graft_status make_fresh(const struct gr_resolver *resolver, struct change *change) {
    enum graft_status status = GRAFT_OK;
    size_t count = change->list.count, fresh = 0;
    for (size_t i = 0; i < count && status == GRAFT_OK; i++) {
        if (change->next[i] != NULL)
            continue;
        status = gr_loaded_make(&change->list.images[i], i == 0, resolver->serial + 1 + fresh, &change->next[i]);
        fresh += status == GRAFT_OK;
    }
    if (status == GRAFT_OK && fresh > 0)
        status = gr_loaded_find_files(change->next, count, resolver->serial);
    for (size_t i = 0; i < count && status != GRAFT_OK; i++)
        if (change->next[i] != NULL && change->next[i]->image.serial > resolver->serial)
            gr_loaded_free(change->next[i]);
    return status;
}

static enum graft_status prepare(struct gr_resolver *resolver, struct change *change) {
    enum graft_status status = gr_loader_copy(&change->list);
    if (status != GRAFT_OK)
        return status;
    if (change->list.count > GR_IMAGES_MAX) {
        gr_log("images: %zu are loaded; all but the first %d are ignored", change->list.count, (int)GR_IMAGES_MAX);
        change->list.count = GR_IMAGES_MAX;
    }
    change->next = calloc(change->list.count + 1, sizeof(struct gr_loaded *));
    if (change->next == NULL) {
        status = GRAFT_NO_MEMORY;
    } else {
        keep_known(resolver, change);
        drop_reloaded(resolver, change);
        status = make_fresh(resolver, change);
    }
    if (status != GRAFT_OK) {
        free(change->next);
        gr_loader_release(&change->list);
    }
    return status;
}

/* Makes the new list the resolver's; the old one is the caller's then. */
static void swap_in(struct gr_resolver *resolver, struct change *change) {
    resolver->images = change->next;
    resolver->count = change->list.count;
    resolver->adds = change->list.adds;
    resolver->subs = change->list.subs;
    resolver->listed = true;
    for (size_t i = 0; i < resolver->count; i++)
        if (resolver->images[i]->image.serial > resolver->serial)
            resolver->serial = resolver->images[i]->image.serial;
    gr_loader_release(&change->list);
}

static void report_gone(struct gr_loaded **old, size_t count, gr_image_handler unloaded, void *context) {
    for (size_t i = 0; i < count; i++) {
        if (old[i]->seen)
            continue;
        gr_log("images: unloaded %s", old[i]->path);
        if (unloaded != NULL)
            unloaded(&old[i]->image, context);
        gr_loaded_free(old[i]);
    }
    free(old);
}

static void report_new(const struct gr_resolver *resolver, uint64_t serial, gr_image_handler loaded, void *context) {
    for (size_t i = 0; i < resolver->count; i++) {
        if (resolver->images[i]->image.serial <= serial)
            continue;
        gr_log("images: loaded %s", resolver->images[i]->path);
        if (loaded != NULL)
            loaded(&resolver->images[i]->image, context);
    }
}

enum graft_status gr_resolver_refresh(
    struct gr_resolver *resolver, gr_image_handler loaded, gr_image_handler unloaded, void *context) {
    uint64_t adds, subs;
    gr_loader_counters(&adds, &subs);
    if (resolver->listed && adds == resolver->adds && subs == resolver->subs)
        return GRAFT_OK;
    struct change change = {.kept = 0};
    enum graft_status status = prepare(resolver, &change);
    if (status != GRAFT_OK)
        return status;
    struct gr_loaded **old = resolver->images;
    size_t old_count = resolver->count;
    uint64_t old_serial = resolver->serial;
    swap_in(resolver, &change);
    report_gone(old, old_count, unloaded, context);
    report_new(resolver, old_serial, loaded, context);
    return GRAFT_OK;
}

struct gr_loaded *gr_resolver_image_at(struct gr_resolver *resolver, uint64_t address) {
    for (size_t i = 0; i < resolver->count; i++) {
        const struct gr_image *image = &resolver->images[i]->image;
        if (address >= image->code_start && address < image->code_end)
            return resolver->images[i];
    }
    return NULL;
}
