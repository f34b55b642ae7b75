/* published.c: values that are replaced while any thread reads them (graft/published.h).
 *
 * Owns the domain (domain.h) of all published values, a record for each thread that reads, and what was replaced. Has
 * nothing to do with the control plane, so neither holds the other up. Neighbours: domain, os.
 *
 * Writers: any thread, several at once. Readers: any thread. Progress: readers are wait-free once they have a record,
 * everything else is lock-free but for malloc. Linearisation: a replacement at its exchange of the value, a read at its
 * load. Reclamation: as proved in domain.c; what is left lies on a stack of its object, which is pushed to, and taken whole:
 * no ABA. Records are never unmapped; one whose thread has ended is another thread's. */
#include "compiler.h"
#include "domain.h"
#include "os/os.h"

#include <graft/published.h>
#include <pthread.h>
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
    void (*release)(void *value);                              /* constant; or null */
};

/* What a reading thread has: its own cache line. */
struct reader {
    struct gr_epoch_record epoch; /* first: the domain's list leads to it */
    _Atomic uint32_t depth;       /* open sections inside another; the thread's, and its signal handlers' */
    _Atomic bool taken;
} GR_ALIGNED(GR_CACHE_LINE);

static struct gr_epoch_clock sections_clock GR_ALIGNED(GR_CACHE_LINE) = {1, true};
static struct gr_domain sections = {.clock = &sections_clock};

static __thread struct reader *self GR_TLS_MODEL; /* null before the first section, and for guests */

/* Guests: threads without a record. While one is inside a section, nothing is released. */
static __thread uint32_t guest_depth GR_TLS_MODEL;
static _Atomic uint64_t guests;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool prepared;
static pthread_key_t key; /* its value is `self`: for the end of the thread */

/* ---- records ---- */

/* At the end of a thread. Destructors that run later, and read, take a record again. */
static void give_back(void *record) {
    struct reader *reader = record;
    self = NULL;
    atomic_store_explicit(&reader->depth, 0, memory_order_relaxed);
    gr_domain_leave(&reader->epoch); /* it may have ended inside a section */
    /* release: the next owner comes after all that; pairs with the acquire in claim */
    atomic_store_explicit(&reader->taken, false, memory_order_release);
}

static bool claim(struct reader *reader) {
    return !atomic_load_explicit(&reader->taken, memory_order_relaxed) &&
           !atomic_exchange_explicit(&reader->taken, true, memory_order_acquire); /* pairs with give_back */
}

static struct reader *claim_any(void) {
    /* acquire: pairs with the release in gr_domain_register */
    struct gr_epoch_record *record = atomic_load_explicit(&sections.records, memory_order_acquire);
    while (record != NULL && !claim((struct reader *)record))
        record = atomic_load_explicit(&record->next, memory_order_relaxed);
    return (struct reader *)record;
}

/* A page of records: one for the caller, the others for whoever comes. */
static struct reader *map_records(void) {
    void *memory;
    if (gr_os_allocate(gr_os_page_size(), &memory) != GRAFT_OK)
        return NULL;
    struct reader *readers = memory;
    atomic_store_explicit(&readers[0].taken, true, memory_order_relaxed);
    for (size_t i = 0; i < gr_os_page_size() / sizeof *readers; i++)
        gr_domain_register(&sections, &readers[i].epoch);
    return readers;
}

/* Gives the calling thread a record; false when there is no memory for one. What is called here may be instrumented, and
 * a handler that reads meanwhile finds `self` set. */
static bool take_record(void) {
    struct reader *reader = claim_any();
    if (reader == NULL)
        reader = map_records();
    if (reader == NULL)
        return false;
    self = reader;
    if (pthread_setspecific(key, reader) == 0)
        return true;
    give_back(reader);
    return false;
}

/* ---- sections ---- */

/* A section that is not inside another pins the record, one that is counts itself; so the plain way writes one word, which
 * it does not read back but for a branch. A signal handler may come between any two instructions here, and opens and closes sections of
 * its own: then `pinned` and `depth` are afterwards what they were, but that an epoch may have passed, and to pin an older one
 * than the present is safe. */
static inline void *open_section(struct reader *reader, struct graft_published *published) {
    if (GR_LIKELY(atomic_load_explicit(&reader->epoch.pinned, memory_order_relaxed) == 0)) {
        gr_domain_enter(&sections_clock, &reader->epoch);
    } else {
        uint32_t depth = atomic_load_explicit(&reader->depth, memory_order_relaxed);
        atomic_store_explicit(&reader->depth, depth + 1, memory_order_relaxed);
    }
    /* acquire: pairs with the release in graft_published_replace */
    return atomic_load_explicit(&published->value, memory_order_acquire);
}

static inline void close_section(struct reader *reader) {
    uint32_t depth = atomic_load_explicit(&reader->depth, memory_order_relaxed);
    if (GR_LIKELY(depth == 0))
        gr_domain_leave(&reader->epoch);
    else
        atomic_store_explicit(&reader->depth, depth - 1, memory_order_relaxed);
}

/* A writer that has not seen the guest in `guests_inside` has replaced the value before the guest loads it. */
static void *open_as_guest(struct graft_published *published) {
    guest_depth++;
    atomic_fetch_add_explicit(&guests, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the fence, or the membarrier, in gr_domain_look */
    return atomic_load_explicit(&published->value, memory_order_acquire);
}

static bool guests_inside(void) {
    return atomic_load_explicit(&guests, memory_order_acquire) != 0; /* pairs with the release in close_as_guest */
}

static GR_NOINLINE void close_as_guest(void) {
    guest_depth--;
    atomic_fetch_sub_explicit(&guests, 1, memory_order_release);
}

/* A guest stays one until it has left all sections. */
static GR_NOINLINE void *open_first(struct graft_published *published) {
    if (guest_depth == 0 && take_record())
        return open_section(self, published);
    return open_as_guest(published);
}

GR_PUBLIC const void *graft_published_enter(struct graft_published *published) {
    struct reader *reader = self;
    return GR_LIKELY(reader != NULL) ? open_section(reader, published) : open_first(published);
}

GR_PUBLIC void graft_published_leave(struct graft_published *published) {
    (void)published;
    struct reader *reader = self;
    if (GR_LIKELY(reader != NULL))
        close_section(reader);
    else
        close_as_guest();
}

/* ---- writers ---- */

/* Puts values that are linked from `first` to `last` on the stack. */
static void push(struct graft_published *published, struct replaced *first, struct replaced *last) {
    last->next = atomic_load_explicit(&published->replaced, memory_order_relaxed);
    /* release: who takes them sees them whole, and what was done before; pairs with the acquire in take_replaced */
    while (!atomic_compare_exchange_weak_explicit(
        &published->replaced, &last->next, first, memory_order_release, memory_order_relaxed)) {
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

GR_PUBLIC size_t graft_published_reclaim(struct graft_published *published) {
    struct replaced *one = take_replaced(published), *next, *unseen = NULL, *kept = NULL, *last_kept = NULL;
    if (one == NULL)
        return 0;
    size_t left = 0;
    uint64_t oldest = gr_domain_look(&sections);
    if (guests_inside()) /* after the look, which orders it */
        oldest = 0;
    for (; one != NULL; one = next) { /* the latest first, so `unseen` begins with the oldest */
        next = one->next;
        if (one->epoch < oldest) {
            one->next = unseen;
            unseen = one;
            continue;
        }
        one->next = NULL;
        if (last_kept != NULL)
            last_kept->next = one;
        else
            kept = one;
        last_kept = one;
        left++;
    }
    if (kept != NULL)
        push(published, kept, last_kept);
    release_all(published, unseen);
    return left;
}

GR_PUBLIC enum graft_status graft_published_replace(struct graft_published *published, void *value) {
    if (published == NULL)
        return GRAFT_INVALID_ARGUMENT;
    struct replaced *replaced = malloc(sizeof *replaced);
    if (replaced == NULL)
        return GRAFT_NO_MEMORY;
    /* release: readers see the new value whole; acquire: so does who releases it, when it is old */
    replaced->value = atomic_exchange_explicit(&published->value, value, memory_order_acq_rel);
    replaced->epoch = gr_domain_advance(&sections);
    push(published, replaced, replaced);
    graft_published_reclaim(published);
    return GRAFT_OK;
}

/* ---- life ---- */

/* In the child of a fork, on its one thread. */
static void after_fork(void) {
    struct gr_epoch_record *record = atomic_load_explicit(&sections.records, memory_order_relaxed);
    for (; record != NULL; record = atomic_load_explicit(&record->next, memory_order_relaxed)) {
        struct reader *reader = (struct reader *)record;
        if (reader == self)
            continue;
        atomic_store_explicit(&reader->depth, 0, memory_order_relaxed);
        atomic_store_explicit(&reader->taken, false, memory_order_relaxed);
    }
    atomic_store_explicit(&guests, guest_depth, memory_order_relaxed);
    gr_domain_after_fork(&sections, self != NULL ? &self->epoch : NULL);
}

static void prepare(void) {
    if (pthread_key_create(&key, give_back) != 0)
        return;
    gr_domain_prepare(&sections);
    prepared = pthread_atfork(NULL, NULL, after_fork) == 0;
}

/* Where the library is unloaded, or the process ends: no thread calls give_back any more. */
static GR_DESTRUCTOR void forget_key(void) {
    if (prepared)
        pthread_key_delete(key);
}

GR_PUBLIC enum graft_status graft_published_create(
    void *value, void (*release)(void *value), struct graft_published **published) {
    if (published == NULL)
        return GRAFT_INVALID_ARGUMENT;
    if (pthread_once(&once, prepare) != 0 || !prepared)
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
