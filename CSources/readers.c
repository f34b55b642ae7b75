/* readers.c: records for threads that read, guests, the end of a thread, fork; see readers.h. */
#include "readers.h"
#include "os/os.h"
#include <pthread.h>

struct gr_epoch_clock gr_readers_clock GR_ALIGNED(GR_CACHE_LINE) = {1, true};
static struct gr_domain sections = {.clock = &gr_readers_clock};

__thread struct gr_reader *gr_reader;

/* Guests: threads without a record. While one is inside a section, nothing is released. */
static __thread uint32_t guest_depth GR_TLS_MODEL;
static _Atomic uint64_t guests;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool started;
static pthread_key_t key; /* its value is `gr_reader`: for the end of the thread */

/* At the end of a thread. Destructors that run later, and read, take a record again. */
static void give_back(void *record) {
    struct gr_reader *reader = record;
    gr_reader = NULL;
    atomic_store_explicit(&reader->depth, 0, memory_order_relaxed);
    gr_domain_leave(&reader->epoch); /* it may have ended inside a section */
    /* release: the next owner comes after all that; pairs with the acquire in claim */
    atomic_store_explicit(&reader->taken, false, memory_order_release);
}

static bool claim(struct gr_reader *reader) {
    return !atomic_load_explicit(&reader->taken, memory_order_relaxed) &&
           !atomic_exchange_explicit(&reader->taken, true, memory_order_acquire); /* pairs with give_back */
}

static struct gr_reader *claim_any(void) {
    /* acquire: pairs with the release in gr_domain_register */
    struct gr_epoch_record *record = atomic_load_explicit(&sections.records, memory_order_acquire);
    while (record != NULL && !claim((struct gr_reader *)record))
        record = atomic_load_explicit(&record->next, memory_order_relaxed);
    return (struct gr_reader *)record;
}

/* A page of records: one for the caller, the others for whoever comes. */
static struct gr_reader *map_records(void) {
    void *memory;
    if (gr_os_allocate(gr_os_page_size(), &memory) != GRAFT_OK)
        return NULL;
    struct gr_reader *readers = memory;
    atomic_store_explicit(&readers[0].taken, true, memory_order_relaxed);
    for (size_t i = 0; i < gr_os_page_size() / sizeof *readers; i++)
        gr_domain_register(&sections, &readers[i].epoch);
    return readers;
}

/* Gives the calling thread a record; false when there is no memory for one. What is called here may be instrumented, and
 * a handler that reads meanwhile finds `gr_reader` set. */
static bool take_record(void) {
    struct gr_reader *reader = claim_any();
    if (reader == NULL)
        reader = map_records();
    if (reader == NULL)
        return false;
    gr_reader = reader;
    if (pthread_setspecific(key, reader) == 0)
        return true;
    give_back(reader);
    return false;
}

/* A writer that has not seen the guest has unlinked its object before the guest loads anything. */
static void enter_as_guest(void) {
    guest_depth++;
    atomic_fetch_add_explicit(&guests, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the fence, or the membarrier, in gr_domain_look */
}

/* A guest stays one until it has left all sections. */
GR_NOINLINE void gr_section_enter_first(void) {
    if (guest_depth == 0 && take_record())
        gr_reader_enter(gr_reader);
    else
        enter_as_guest();
}

GR_NOINLINE void gr_section_leave_as_guest(void) {
    guest_depth--;
    atomic_fetch_sub_explicit(&guests, 1, memory_order_release); /* pairs with the acquire in gr_readers_look */
}

uint64_t gr_readers_advance(void) {
    return gr_domain_advance(&sections);
}

uint64_t gr_readers_look(void) {
    uint64_t oldest = gr_domain_look(&sections);
    /* after that, which orders it; acquire: pairs with the release in gr_section_leave_as_guest */
    return atomic_load_explicit(&guests, memory_order_acquire) == 0 ? oldest : 0;
}

/* In the child of a fork, on its one thread. */
static void after_fork(void) {
    struct gr_epoch_record *record = atomic_load_explicit(&sections.records, memory_order_relaxed);
    for (; record != NULL; record = atomic_load_explicit(&record->next, memory_order_relaxed)) {
        struct gr_reader *reader = (struct gr_reader *)record;
        if (reader == gr_reader)
            continue;
        atomic_store_explicit(&reader->depth, 0, memory_order_relaxed);
        atomic_store_explicit(&reader->taken, false, memory_order_relaxed);
    }
    atomic_store_explicit(&guests, guest_depth, memory_order_relaxed);
    gr_domain_after_fork(&sections, gr_reader != NULL ? &gr_reader->epoch : NULL);
}

static void start(void) {
    if (pthread_key_create(&key, give_back) != 0)
        return;
    gr_domain_prepare(&sections);
    started = pthread_atfork(NULL, NULL, after_fork) == 0;
}

/* Where the library is unloaded, or the process ends: no thread calls give_back any more. */
static GR_DESTRUCTOR void forget_key(void) {
    if (started)
        pthread_key_delete(key);
}

bool gr_readers_start(void) {
    return pthread_once(&once, start) == 0 && started;
}
