/* domain.c: the clock, the list of records, and why nothing is freed early.
 *
 * Readers touch only the clock, the list of records (to register) and their own record; writers the rest, several at
 * once. Neighbours: domain.h, os. */
#include "domain.h"
#include "os/os.h"

/* The proof. Object X is unlinked, and (1) after that gr_domain_advance ends the epoch r, which is X's tag. Whoever wants
 * to free it (2) orders itself against all readers, (3) looks at every record, (4) frees X if no open section is pinned
 * at r or before. Let S be a section that loads X. Then S is open in (3) and pinned at r or before, or it ended before (3):
 *  - S is not pinned later than r: its epoch would come from the release in (1), or from a later one, all of which continue
 *    its release sequence since they are read-modify-writes; by acquire S would then see the unlinking, which is
 *    before (1), and could not load X.
 *  - (2) runs a full barrier inside S's thread, at some point of its program (with fences: the fence of S and ours are
 *    totally ordered). If S's store to `pinned` comes after that point, so do its loads, and they see the unlinking. So
 *    it comes before, and (3) sees it, or a later value of that record.
 *  - A later value (0, or the next section's) was stored with release after S's last load; our acquire makes S's loads
 *    happen before the free. The same argument covers a record that is registered meanwhile.
 * Who unlinks, who advances and who frees may be three threads, if each has handed X to the next.
 * Tests/C/test_epoch_interleavings.c and test_published_interleavings.c try it out. */

enum { SETTLE = 100 * 1000 * 1000 }; /* nanoseconds: a million times what a store buffer needs */

/* ThreadSanitizer does not know membarrier: in its builds readers keep the fence. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER true
#endif
#endif
#if !defined(UNDER_THREAD_SANITIZER) && defined(__SANITIZE_THREAD__)
#define UNDER_THREAD_SANITIZER true
#elif !defined(UNDER_THREAD_SANITIZER)
#define UNDER_THREAD_SANITIZER false
#endif

void gr_domain_prepare(struct gr_domain *domain) {
    bool fence = UNDER_THREAD_SANITIZER || gr_os_membarrier_prepare() != GRAFT_OK;
    /* release: pairs with the acquire in gr_domain_order_entry */
    atomic_store_explicit(&domain->clock->readers_fence, fence, memory_order_release);
}

/* Push only, so a compare-and-swap that succeeds has the right `next` whatever happened in between (no ABA). */
void gr_domain_register(struct gr_domain *domain, struct gr_epoch_record *record) {
    struct gr_epoch_record *head = atomic_load_explicit(&domain->records, memory_order_relaxed);
    do
        atomic_store_explicit(&record->next, head, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        /* release: pairs with the acquire in oldest_section */
        &domain->records, &head, record, memory_order_release, memory_order_relaxed));
}

uint64_t gr_domain_advance(struct gr_domain *domain) {
    /* release: pairs with the acquire in gr_domain_enter */
    return atomic_fetch_add_explicit(&domain->clock->now, 1, memory_order_release);
}

/* Readers have to fence again: something has forbidden membarrier since gr_domain_prepare. A section that read
 * `readers_fence` too early has stored to `pinned` before that, and no processor keeps a store to itself for as long as
 * SETTLE: after it, each section is either visible or has a fence. Another writer who sees the flag sees no time before. */
static void fall_back_to_fences(struct gr_domain *domain) {
    atomic_store_explicit(&domain->settled, UINT64_MAX, memory_order_relaxed);
    /* release: pairs with the acquire in order_against_readers */
    atomic_store_explicit(&domain->clock->readers_fence, true, memory_order_release);
    atomic_store_explicit(&domain->settled, gr_os_nanoseconds() + SETTLE, memory_order_relaxed);
}

/* Step (2) of the proof: afterwards each section is either visible here, or will see what was stored before here.
 * False when that is not certain now. */
static bool order_against_readers(struct gr_domain *domain) {
    if (!atomic_load_explicit(&domain->clock->readers_fence, memory_order_acquire)) {
        if (gr_os_serialise() == GRAFT_OK) /* a full barrier in every running thread of the process, and in this one */
            return true;
        fall_back_to_fences(domain);
    }
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the fence in gr_domain_order_entry */
    uint64_t settled = atomic_load_explicit(&domain->settled, memory_order_relaxed);
    return settled == 0 || gr_os_nanoseconds() >= settled;
}

/* The epoch of the oldest open section; the present one when none is older, which no tag of before has reached. */
static uint64_t oldest_section(const struct gr_domain *domain) {
    uint64_t oldest = atomic_load_explicit(&domain->clock->now, memory_order_relaxed);
    /* acquire: pairs with the release in gr_domain_register */
    struct gr_epoch_record *record = atomic_load_explicit(&domain->records, memory_order_acquire);
    for (; record; record = atomic_load_explicit(&record->next, memory_order_relaxed)) {
        /* acquire: pairs with the releases in gr_domain_enter and gr_domain_leave */
        uint64_t pinned = atomic_load_explicit(&record->pinned, memory_order_acquire);
        if (pinned && pinned < oldest)
            oldest = pinned;
    }
    return oldest;
}

uint64_t gr_domain_look(struct gr_domain *domain) {
    return order_against_readers(domain) ? oldest_section(domain) : 0;
}

void gr_domain_after_fork(struct gr_domain *domain, struct gr_epoch_record *self) {
    struct gr_epoch_record *record = atomic_load_explicit(&domain->records, memory_order_relaxed);
    for (; record; record = atomic_load_explicit(&record->next, memory_order_relaxed))
        if (record != self) /* its thread does not exist here: nobody else stores */
            atomic_store_explicit(&record->pinned, 0, memory_order_relaxed);
    atomic_store_explicit(&domain->settled, 0, memory_order_relaxed); /* nor has anybody a store under way */
    if (!atomic_load_explicit(&domain->clock->readers_fence, memory_order_relaxed))
        gr_domain_prepare(domain); /* the kernel keeps the registration across fork; where not, readers fence again */
}
