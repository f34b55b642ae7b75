/* published.c: values that are replaced while any thread reads them (graft/published.h).
 *
 * Owns what was published and what was replaced. Has nothing to do with the control plane, so neither holds the other up.
 * Neighbours: readers.
 *
 * Writers: any thread, several at once. Readers: any thread. Progress: a read is what a section is (readers.h), everything
 * else is lock-free but for malloc. Linearisation: a replacement at its exchange of the value, a read at its load.
 * Reclamation: as proved in domain.c; what is left lies on a stack of its object, which is pushed to, and taken
 * whole: no ABA. */
#include "compiler.h"
#include "readers.h"

#include <graft/published.h>
#include <stdlib.h>

/* A value that was replaced. */
struct replaced {
    struct replaced *next;
    void *value;
    uint64_t epoch; /* the tag r of the proof in domain.c */
};

struct graft_published {
    /* readers load, writers exchange */
    _Alignas(GR_CACHE_LINE) void *_Atomic value;

    /* writers */
    _Alignas(GR_CACHE_LINE) struct replaced *_Atomic replaced; /* a stack */
    _Atomic uint64_t blocked; /* the smallest tag of what was left when the list was last gone through; 0: of nothing */
    void (*release)(void *value); /* constant; or null */
};

GR_PUBLIC const void *graft_published_enter(struct graft_published *published) {
    gr_section_enter();
    /* acquire: pairs with the release in graft_published_replace */
    return atomic_load_explicit(&published->value, memory_order_acquire);
}

GR_PUBLIC void graft_published_leave(struct graft_published *published) {
    (void)published;
    gr_section_leave();
}

/* Puts a list of values, whose last one's link is `end`, on the stack. */
static void push(struct graft_published *published, struct replaced *first, struct replaced **end) {
    *end = atomic_load_explicit(&published->replaced, memory_order_relaxed);
    /* release: who takes them sees them whole, and what was done before; pairs with the acquire in take_replaced */
    while (!atomic_compare_exchange_weak_explicit(
        &published->replaced, end, first, memory_order_release, memory_order_relaxed)) {
    }
}

static struct replaced *take_replaced(struct graft_published *published) {
    if (atomic_load_explicit(&published->replaced, memory_order_relaxed) == NULL)
        return NULL;
    return atomic_exchange_explicit(&published->replaced, NULL, memory_order_acquire); /* pairs with push */
}

static void release_value(const struct graft_published *published, void *value) {
    if (value != NULL && published->release != NULL)
        published->release(value);
}

static void release_all(struct graft_published *published, struct replaced *replaced) {
    while (replaced != NULL) {
        struct replaced one = *replaced;
        free(replaced);
        release_value(published, one.value);
        replaced = one.next;
    }
}

/* Takes what nobody sees any more out of a list, the oldest first, and remembers the smallest tag of the rest. */
static struct replaced *sort_out(struct graft_published *published, struct replaced **list, uint64_t oldest) {
    struct replaced *unseen = NULL, **link = list;
    uint64_t least = UINT64_MAX;
    while (*link != NULL) { /* the latest first */
        struct replaced *one = *link;
        if (one->epoch < oldest) {
            *link = one->next;
            one->next = unseen;
            unseen = one;
        } else {
            least = one->epoch < least ? one->epoch : least;
            link = &one->next;
        }
    }
    atomic_store_explicit(&published->blocked, least != UINT64_MAX ? least : 0, memory_order_relaxed);
    return unseen;
}

/* Puts back what was taken. Only if another thread has put something there meanwhile, its end has to be looked for. */
static void put_back(struct graft_published *published, struct replaced *list) {
    struct replaced *none = NULL, **end = &list->next;
    /* release: as in push */
    if (atomic_compare_exchange_strong_explicit(
            &published->replaced, &none, list, memory_order_release, memory_order_relaxed))
        return;
    while (*end != NULL)
        end = &(*end)->next;
    push(published, list, end);
}

/* While the section is open that was in the way last time, the list is not gone through again: whoever replaces ten thousand
 * values meanwhile goes through it once. */
GR_PUBLIC bool graft_published_reclaim(struct graft_published *published) {
    struct replaced *list = take_replaced(published), *unseen = NULL;
    if (list == NULL)
        return true;
    uint64_t oldest = gr_readers_look(); /* after the list was taken, all of which it speaks of then */
    if (oldest > atomic_load_explicit(&published->blocked, memory_order_relaxed))
        unseen = sort_out(published, &list, oldest);
    bool all = list == NULL;
    if (!all)
        put_back(published, list);
    release_all(published, unseen);
    return all;
}

GR_PUBLIC enum graft_status graft_published_replace(struct graft_published *published, void *value) {
    if (published == NULL)
        return GRAFT_INVALID_ARGUMENT;
    struct replaced *replaced = malloc(sizeof *replaced);
    if (replaced == NULL)
        return GRAFT_NO_MEMORY;
    /* release: readers see the new value whole; acquire: so does who releases it, when it is old */
    replaced->value = atomic_exchange_explicit(&published->value, value, memory_order_acq_rel);
    replaced->epoch = gr_readers_advance();
    push(published, replaced, &replaced->next);
    graft_published_reclaim(published);
    return GRAFT_OK;
}

GR_PUBLIC enum graft_status graft_published_create(
    void *value, void (*release)(void *value), struct graft_published **published) {
    if (published == NULL)
        return GRAFT_INVALID_ARGUMENT;
    if (!gr_readers_start())
        return GRAFT_NO_MEMORY;
    struct graft_published *made = aligned_alloc(GR_CACHE_LINE, sizeof *made);
    if (made == NULL)
        return GRAFT_NO_MEMORY;
    *made = (struct graft_published){.value = value, .release = release};
    *published = made;
    return GRAFT_OK;
}

GR_PUBLIC void graft_published_destroy(struct graft_published *published) {
    if (published == NULL)
        return;
    release_all(published, take_replaced(published));
    release_value(published, atomic_load_explicit(&published->value, memory_order_relaxed));
    free(published);
}
