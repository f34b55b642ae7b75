/* trap.c: the table of sites by address, and the SIGTRAP handler; see trap.h.
 *
 * An open-addressed table of pointers to sites, half as large again as it can have sites. A site that leaves is replaced
 * by a tombstone, which a later one may take. When entries and tombstones fill the table, the sites go to a second one
 * of the same size, which is published whole; the two take turns for ever, so that nothing is ever freed under a
 * handler. A handler that finds nothing looks again when the tables have changed meanwhile: then it may have been in
 * one that was being filled anew. What it does find is right in either, since sites are type-stable.
 * Linearisation: the release store of an entry, or of the table; each pairs with an acquire load in gr_trap_site. */
#include "trap.h"
#include "arch/arch.h"
#include "arch/context.h"
#include "os/os.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { APPLICATION_ACTIONS = 4, TABLES = 2, TABLE_MIN = 64, KERNEL_MASK_SIZE = 8 };

typedef struct gr_site *_Atomic entry;

static struct gr_site tombstone;
static entry *tables[TABLES];       /* the second is made when it is first needed; constant afterwards */
static _Atomic unsigned generation; /* which of them counts, modulo TABLES */
static size_t mask;                 /* entries of each minus one */
static size_t limit;                /* sites at once */
static size_t live, used;           /* sites; sites and tombstones in the table that counts. Control plane */
static _Atomic uint64_t redirected;
static _Atomic bool installed;

/* The application's action: published by index, so that the handler reads a whole one. */
static struct sigaction application[APPLICATION_ACTIONS];
static _Atomic unsigned application_now;

static enum graft_status make_table(unsigned index) {
    void *memory;
    enum graft_status status = gr_os_allocate((mask + 1) * sizeof(entry), &memory);
    if (status == GRAFT_OK)
        tables[index] = memory;
    return status;
}

enum graft_status gr_traps_start(size_t capacity) {
    if (tables[0] != NULL)
        return GRAFT_OK;
    size_t size = TABLE_MIN;
    while (size < capacity + capacity / 2)
        size *= 2;
    mask = size - 1;
    limit = capacity;
    return make_table(0);
}

/* Neighbours in the program are neighbours here, so that a table that is little used takes few pages. */
static size_t hash(uint64_t address) {
    return (size_t)((address >> 4) + (address >> 24) * UINT64_C(0x9e3779b97f4a7c15));
}

static struct gr_site *find_in(const entry *table, uint64_t address) {
    for (size_t i = hash(address), n = 0; n <= mask; i++, n++) {
        struct gr_site *site = atomic_load_explicit(&table[i & mask], memory_order_acquire);
        if (site == NULL)
            return NULL;
        if (site->patch_address == address)
            return site;
    }
    return NULL;
}

struct gr_site *gr_trap_site(uint64_t address) {
    unsigned now = atomic_load_explicit(&generation, memory_order_acquire), before;
    struct gr_site *site;
    do {
        before = now;
        site = find_in(tables[before % TABLES], address);
        now = atomic_load_explicit(&generation, memory_order_acquire);
    } while (site == NULL && now != before);
    return site;
}

/* Puts a site into the first entry that is free or a tombstone; true when it was free. */
static bool put(entry *table, struct gr_site *site) {
    size_t i = hash(site->patch_address);
    struct gr_site *there;
    while ((there = atomic_load_explicit(&table[i & mask], memory_order_relaxed)) != NULL && there != &tombstone)
        i++;
    atomic_store_explicit(&table[i & mask], site, memory_order_release);
    return there == NULL;
}

/* Moves the sites to the other table, without the tombstones. */
static enum graft_status rebuild(void) {
    unsigned now = atomic_load_explicit(&generation, memory_order_relaxed);
    entry *from = tables[now % TABLES];
    enum graft_status status = tables[(now + 1) % TABLES] != NULL ? GRAFT_OK : make_table((now + 1) % TABLES);
    if (status != GRAFT_OK)
        return status;
    entry *to = tables[(now + 1) % TABLES];
    for (size_t i = 0; i <= mask; i++)
        atomic_store_explicit(
            &to[i], NULL, memory_order_release); /* who sees it also sees the generation that left it */
    for (size_t i = 0; i <= mask; i++) {
        struct gr_site *site = atomic_load_explicit(&from[i], memory_order_relaxed);
        if (site != NULL && site != &tombstone)
            put(to, site);
    }
    used = live;
    atomic_store_explicit(&generation, now + 1, memory_order_release);
    return GRAFT_OK;
}

enum graft_status gr_trap_add(struct gr_site *site) {
    if (live >= limit)
        return GRAFT_LIMIT_PROBES;
    if (used >= mask - mask / 8) {
        enum graft_status status = rebuild();
        if (status != GRAFT_OK)
            return status;
    }
    used += put(tables[atomic_load_explicit(&generation, memory_order_relaxed) % TABLES], site);
    live++;
    return GRAFT_OK;
}

void gr_trap_remove(struct gr_site *site) {
    entry *table = tables[atomic_load_explicit(&generation, memory_order_relaxed) % TABLES];
    for (size_t i = hash(site->patch_address), n = 0; n <= mask; i++, n++) {
        if (atomic_load_explicit(&table[i & mask], memory_order_relaxed) == site) {
            atomic_store_explicit(&table[i & mask], &tombstone, memory_order_release);
            live--;
            return;
        }
    }
}

uint64_t gr_traps_redirected(void) {
    return atomic_load_explicit(&redirected, memory_order_relaxed);
}

/* The instruction in the relocated block that belongs to a boundary, or 0. A thread at the patch itself goes where the
 * hop would have sent it, with the push taken back that hops take back: the register still has what was pushed. */
static uint64_t destination(uint64_t pc, ucontext_t *context) {
    for (unsigned offset = 0; offset < GR_PATCH_MAX; offset++) {
        const struct gr_site *site = gr_trap_site(pc - offset);
        if (site == NULL)
            continue;
        int pushed = 0;
        if (offset == 0 && site->push != 0 && gr_arch_undoes(site->push, &pushed))
            gr_context_pop(context, pushed);
        if (offset == 0)
            return atomic_load_explicit(site->slot->active, memory_order_acquire);
        if ((site->boundaries >> offset & 1) != 0)
            return site->slot->relocated + site->moved[offset];
    }
    return 0;
}

static void on_trap(int number, siginfo_t *info, void *context);

bool gr_trap_is_ours(const struct sigaction *action) {
    return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == on_trap;
}

void gr_trap_application_action(const struct sigaction *action, struct sigaction *old) {
    unsigned now = atomic_load_explicit(&application_now, memory_order_acquire);
    if (old != NULL)
        *old = application[now % APPLICATION_ACTIONS];
    if (action == NULL)
        return;
    application[(now + 1) % APPLICATION_ACTIONS] = *action;
    atomic_store_explicit(&application_now, now + 1, memory_order_release); /* pairs with the acquire above */
}

/* The kernel's own answer to a signal that nobody handles: the default action, and the signal once more. */
static void die(ucontext_t *context, uint64_t pc, bool executed) {
    gr_os_default_action(SIGTRAP);
    if (executed)
        gr_context_go_to(context, pc);
    else
        raise(SIGTRAP);
}

/* What the kernel does before it calls a handler: blocks what its action asks for, besides what the thread blocks. The
 * thread's own mask comes back when our handler returns. */
static void prepare_as_kernel(const struct sigaction *action, const ucontext_t *context) {
    sigset_t mask;
    sigemptyset(&mask);
    memcpy(&mask, &context->uc_sigmask, KERNEL_MASK_SIZE); /* there is no more of it in a signal's frame */
    sigorset(&mask, &mask, &action->sa_mask);
    sigdelset(&mask, SIGTRAP);
    gr_os_set_blocked(&mask);
    if (((unsigned)action->sa_flags & SA_RESETHAND) == 0)
        return;
    struct sigaction reset;
    memset(&reset, 0, sizeof reset);
    reset.sa_handler = SIG_DFL;
    gr_trap_application_action(&reset, NULL);
}

/* Not ours: what the application would have seen without us. */
static void pass_on(int number, siginfo_t *info, ucontext_t *context, uint64_t pc, bool executed) {
    struct sigaction action;
    gr_trap_application_action(NULL, &action);
    if (action.sa_handler == SIG_DFL || (action.sa_handler == SIG_IGN && info->si_code > 0)) {
        die(context, pc, executed);
        return;
    }
    if (action.sa_handler == SIG_IGN)
        return;
    prepare_as_kernel(&action, context);
    if ((action.sa_flags & SA_SIGINFO) != 0)
        action.sa_sigaction(number, info, context);
    else
        action.sa_handler(number);
}

static void on_trap(int number, siginfo_t *info, void *opaque) {
    ucontext_t *context = opaque;
    uint64_t pc = gr_context_trap(context);
    bool executed = info->si_code == SI_KERNEL || info->si_code == TRAP_BRKPT;
    uint64_t to = executed ? destination(pc, context) : 0;
    if (to != 0) {
        atomic_fetch_add_explicit(&redirected, 1, memory_order_relaxed);
        gr_context_go_to(context, to);
    } else if (executed && !gr_is_trap(pc)) {
        gr_context_go_to(context, pc); /* the bytes came back between the trap and now */
    } else {
        pass_on(number, info, context, pc, executed);
    }
}

/* Behind the trap of an entry the unwind tables speak of an instruction that was not executed: a profiler's handler that
 * unwinds between the trap and the move would follow a wrong stack. So no signal comes then but those for faults. */
static void block_what_may_unwind(sigset_t *mask) {
    static const int open_to[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigfillset(mask);
    for (size_t i = 0; i < sizeof open_to / sizeof *open_to; i++)
        sigdelset(mask, open_to[i]);
}

enum graft_status gr_trap_handler_ensure(void) {
    struct sigaction ours, found;
    enum graft_status status = gr_os_sigaction(SIGTRAP, NULL, &found);
    if (status != GRAFT_OK || gr_trap_is_ours(&found))
        return status;
    gr_trap_application_action(&found, NULL);
    memset(&ours, 0, sizeof ours);
    block_what_may_unwind(&ours.sa_mask);
    ours.sa_sigaction = on_trap;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
    status = gr_os_sigaction(SIGTRAP, &ours, NULL);
    if (status == GRAFT_OK)
        atomic_store_explicit(&installed, true, memory_order_release);
    return status;
}

bool gr_trap_handler_installed(void) {
    return atomic_load_explicit(&installed, memory_order_acquire);
}
