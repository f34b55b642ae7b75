/* commit.c: the bytes of functions, changed while threads run (patching.md §3.2).
 *
 * Sites of the tactics that need no trap (tactic.c): one store. Others, for a whole batch at once and every store one byte
 * or on bytes that nobody can reach: a trap at the entry; serialise; traps at the boundaries; serialise; the rest;
 * serialise; the entry; serialise.
 * Removal runs the same way back, and is also how a batch is undone from any point. Neighbours: trap, tactic, os. */
#include "ahead.h"
#include "codemem.h"
#include "log.h"
#include "os/os.h"
#include "patch.h"
#include "tactic.h"
#include "trap.h"
#include "writer.h"
#include <string.h>

enum {
    BLOCKED_LOOKS = 10,      /* at one thread, before it is believed to go on blocking SIGTRAP */
    BLOCKED_LOOKS_ALL = 100, /* at any number of threads, one after the other */
    BLOCKED_PAUSE_MS = 1,
};

static struct gr_ahead ahead;

/* One step of the protocol for one site. */
typedef enum graft_status (*step)(struct gr_site *site, struct gr_writer *writer);

/* The bytes of the instruction that changes, at once, so that no processor fetches a part of them. */
static enum graft_status put_word(struct gr_site *site, struct gr_writer *writer, const uint8_t *to) {
    struct gr_word word = {.site = site, .to = to};
    word.address = gr_tactic_word(site, &word.offset, &word.length);
    return gr_writer_put_word(writer, &word);
}

static enum graft_status close_entry(struct gr_site *site, struct gr_writer *writer) {
    enum { INT3 = 0xcc };
    return site->tactic == GR_TACTIC_TRAPS ? gr_writer_put(writer, site, 0, INT3) : GRAFT_OK;
}

/* Bytes 1 to 4 that differ between the function and the jump: at boundaries, or elsewhere. */
static enum graft_status bytes(
    struct gr_site *site, struct gr_writer *writer, const uint8_t *from, const uint8_t *to, bool boundaries) {
    enum graft_status status = GRAFT_OK;
    if (site->tactic == GR_TACTIC_ONE_STORE)
        return GRAFT_OK; /* put_word's, at once */
    for (unsigned i = 1; i < gr_site_size(site) && status == GRAFT_OK; i++)
        if (((site->boundaries >> i & 1) != 0) == boundaries && from[i] != to[i])
            status = gr_writer_put(writer, site, i, to[i]);
    return status;
}

static enum graft_status close_boundaries(struct gr_site *site, struct gr_writer *writer) {
    return bytes(site, writer, site->original, site->jump, true);
}

static enum graft_status write_rest(struct gr_site *site, struct gr_writer *writer) {
    return bytes(site, writer, site->original, site->jump, false);
}

/* The whole of a jump that is one word. */
static enum graft_status put_all(struct gr_site *site, struct gr_writer *writer, const uint8_t *to) {
    enum graft_status status = GRAFT_OK;
    for (unsigned i = 0; i < GR_PATCH_SIZE && status == GRAFT_OK; i++)
        status = gr_writer_put(writer, site, i, to[i]);
    return status;
}

static enum graft_status open_jump(struct gr_site *site, struct gr_writer *writer) {
    if (site->tactic == GR_TACTIC_ONE_WORD)
        return put_all(site, writer, site->jump);
    if (site->tactic == GR_TACTIC_ONE_STORE)
        return put_word(site, writer, site->jump);
    return gr_writer_put(writer, site, 0, site->jump[0]);
}

static enum graft_status restore_rest(struct gr_site *site, struct gr_writer *writer) {
    return bytes(site, writer, site->jump, site->original, false);
}

static enum graft_status restore_boundaries(struct gr_site *site, struct gr_writer *writer) {
    return bytes(site, writer, site->jump, site->original, true);
}

static enum graft_status open_original(struct gr_site *site, struct gr_writer *writer) {
    if (site->tactic == GR_TACTIC_ONE_WORD)
        return put_all(site, writer, site->original);
    if (site->tactic == GR_TACTIC_ONE_STORE)
        return put_word(site, writer, site->original);
    return gr_writer_put(writer, site, 0, site->original[0]);
}

static const step installing[] = {close_entry, close_boundaries, write_rest, open_jump};
static const step restoring[] = {close_entry, restore_rest, restore_boundaries, open_original};
enum { STEPS = 4 };

/* A sandbox came down after graft_start and forbids membarrier. Stopping half-way would be worse than going on: each
 * store is still one byte, and other processors see it within their next interrupt. */
static void serialise_refused(void) {
    static bool said;
    if (!said)
        gr_log("commit: the kernel no longer allows membarrier; bytes are written without it");
    said = true;
}

static bool any_traps(struct gr_site *const *sites, size_t count) {
    bool traps = false;
    for (size_t i = 0; i < count; i++)
        traps = traps || sites[i]->tactic == GR_TACTIC_TRAPS || sites[i]->tactic == GR_TACTIC_TRAP;
    return traps;
}

/* Runs the steps over a batch; after each step every processor has seen it before the next begins. */
static enum graft_status run(
    const step *steps, struct gr_site *const *sites, size_t count, int text, struct gr_site **failed) {
    struct gr_writer writer = {.text = text};
    bool traps = any_traps(sites, count);
    for (int s = traps ? 0 : STEPS - 1; s < STEPS; s++) { /* without traps only the last one writes */
        enum graft_status status = GRAFT_OK;
        for (size_t i = 0; i < count && status == GRAFT_OK; i++)
            status = steps[s](sites[i], &writer);
        if (status == GRAFT_OK)
            status = gr_writer_flush(&writer);
        if (status != GRAFT_OK) {
            *failed = writer.failed;
            return status;
        }
        if (gr_os_serialise() != GRAFT_OK)
            serialise_refused();
    }
    return GRAFT_OK;
}

static bool stands(const struct gr_site *site, const uint8_t *bytes_wanted) {
    uint8_t found[GR_PATCH_MAX];
    unsigned size = gr_site_size(site);
    return gr_ahead_read(&ahead, site->patch_address, found, size) == size && memcmp(found, bytes_wanted, size) == 0;
}

/* One look at all threads: one of those that block SIGTRAP, the one that was found before if it is still among them. */
struct look {
    uint32_t before, found;
};

static bool find_blocking(const struct gr_os_thread *thread, void *context) {
    struct look *look = context;
    if (thread->blocks_sigtrap && (look->found == 0 || thread->id == look->before))
        look->found = thread->id;
    return look->before == 0 ? look->found == 0 : look->found != look->before;
}

/* A thread that blocks SIGTRAP would be killed by a trap: its id, or 0 when there is none. Threads block everything for
 * a moment while they start and end, which is short but for a thread that is preempted then. So a few more looks are
 * taken at each; the way without traps would stop every thread to make pages writable, while waiting stops nobody. */
static enum graft_status blocking_thread(uint32_t *id) {
    static const uint32_t never_changes;
    enum graft_status status = GRAFT_OK;
    *id = 0;
    for (int all = 0, same = 0; all < BLOCKED_LOOKS_ALL && same < BLOCKED_LOOKS; all++) {
        struct look look = {*id, 0};
        status = gr_os_threads(find_blocking, &look);
        same = look.found == *id ? same + 1 : 1;
        *id = look.found;
        if (status != GRAFT_OK || *id == 0)
            return status;
        gr_os_wait(&never_changes, 0, BLOCKED_PAUSE_MS);
    }
    return status;
}

/* With such a thread about, only sites that need no trap may be changed; the others try to become so. */
static enum graft_status without_traps(struct gr_site *site, uint32_t thread) {
    bool taken_out = site->tactic == GR_TACTIC_TRAP && site->in_place; /* by one store, and then none is left */
    if (taken_out || (site->tactic != GR_TACTIC_TRAPS && site->tactic != GR_TACTIC_TRAP))
        return GRAFT_OK;
    if (site->in_place || gr_tactic_choose(site, GR_TACTIC_ONLY_SAFE) != GRAFT_OK) {
        if (!site->waits && thread == 0)
            gr_log("commit: a debugger is attached; %s waits", site->entry.symbol);
        else if (!site->waits)
            gr_log("commit: thread %u blocks SIGTRAP; %s %s", thread, site->entry.symbol,
                site->in_place ? "keeps its jump, which leads straight on" : "waits");
        return GRAFT_UNSAFE_THREADS;
    }
    site->for_now = site->tactic == GR_TACTIC_ONE_STORE;
    gr_log(
        "commit: %s now needs no trap%s", site->entry.symbol, site->for_now ? ", while a thread blocks SIGTRAP" : "");
    return GRAFT_OK;
}

/* A thread that blocked SIGTRAP once shall have no lasting effect: where one store has taken the place of the first choice,
 * that comes back when the site is installed the next time and nobody blocks it. Nobody waits for that: one look. Threads
 * that are late in the other hop go on in it, for each hop stays what it is; and with the original bytes in place a
 * thread can be nowhere where a first install would not expect it. */
static void return_to_first_choice(struct gr_site *const *sites, size_t count) {
    struct look look = {0, 0};
    size_t first = 0;
    while (first < count && !sites[first]->for_now)
        first++;
    if (first == count || gr_os_threads(find_blocking, &look) != GRAFT_OK || look.found != 0)
        return;
    for (size_t i = first; i < count; i++) {
        if (!sites[i]->for_now)
            continue;
        gr_tactic_return(sites[i]);
        sites[i]->for_now = false;
        gr_log("commit: %s is changed as at first again", sites[i]->entry.symbol);
    }
}

/* A debugger gets each trap first, and may keep it: then the thread would go on behind the trap, in the midst of an
 * instruction. Such a one at most sees the moments of an install in which others trap. */
static bool debugger_in_the_way(struct gr_site *const *sites, size_t count) {
    bool alone = false;
    for (size_t i = 0; i < count; i++)
        alone = alone || (sites[i]->tactic == GR_TACTIC_TRAP && !sites[i]->in_place);
    return alone && gr_os_traced();
}

/* Every site is tried, so that all that have to wait are known at once. */
static enum graft_status make_safe(struct gr_site *const *sites, size_t count, struct gr_site **failed) {
    if (!any_traps(sites, count))
        return GRAFT_OK;
    uint32_t thread;
    *failed = sites[0];
    enum graft_status status = gr_trap_handler_ensure();
    if (status == GRAFT_OK)
        status = blocking_thread(&thread);
    if (status != GRAFT_OK || (thread == 0 && !debugger_in_the_way(sites, count)))
        return status;
    for (size_t i = 0; i < count; i++) {
        if ((thread == 0 && sites[i]->tactic == GR_TACTIC_TRAPS) || without_traps(sites[i], thread) == GRAFT_OK)
            continue;
        sites[i]->reason = status = GRAFT_UNSAFE_THREADS;
        *failed = sites[i];
    }
    return status;
}

static enum graft_status check_originals(struct gr_site *const *sites, size_t count, struct gr_site **failed) {
    enum graft_status status = GRAFT_OK;
    gr_ahead_forget(&ahead);
    for (size_t i = 0; i < count; i++) {
        if (stands(sites[i], sites[i]->original))
            continue;
        sites[i]->reason = status = GRAFT_FOREIGN_PATCH;
        *failed = sites[i];
    }
    return status;
}

/* The stubs and hops of the batch can be run from now on; they stand together, and so they fail together. */
static enum graft_status seal(struct gr_site *const *sites, size_t count) {
    enum graft_status status = gr_codemem_seal();
    for (size_t i = 0; i < count && status != GRAFT_OK; i++)
        sites[i]->reason = status;
    return status;
}

/* Writes a batch that has been checked, or nothing. */
static enum graft_status write_batch(struct gr_site *const *sites, size_t count, int text, struct gr_site **failed) {
    enum graft_status status = run(installing, sites, count, text, failed);
    struct gr_site *again;
    if (status != GRAFT_OK && run(restoring, sites, count, text, &again) != GRAFT_OK)
        gr_log("commit: could not undo the change at %#llx; its traps lead to the relocated code",
            (unsigned long long)again->patch_address);
    for (size_t i = 0; i < count && status == GRAFT_OK; i++)
        sites[i]->in_place = true;
    return status;
}

enum graft_status gr_patch_commit(struct gr_site *const *sites, size_t count, struct gr_site **failed) {
    int text;
    *failed = count > 0 ? sites[0] : NULL;
    enum graft_status status = gr_os_text_open(&text);
    for (size_t i = 0; i < count; i++)
        sites[i]->reason = GRAFT_OK;
    if (status == GRAFT_OK) {
        status = check_originals(sites, count, failed);
        if (status == GRAFT_OK)
            return_to_first_choice(sites, count);
        if (status == GRAFT_OK)
            status = make_safe(sites, count, failed);
        if (status == GRAFT_OK)
            status = seal(sites, count);
        if (status == GRAFT_OK)
            status = write_batch(sites, count, text, failed);
        gr_os_text_close(text);
    }
    if (*failed != NULL)
        (*failed)->reason = status;
    return status;
}

/* Leaves out what is not ours to restore: a patch that something else has written over since. */
static size_t restorable(struct gr_site *const *sites, size_t count, struct gr_site **out) {
    size_t kept = 0;
    gr_ahead_forget(&ahead);
    for (size_t i = 0; i < count; i++) {
        if (stands(sites[i], sites[i]->jump))
            out[kept++] = sites[i];
        else
            sites[i]->reason = GRAFT_FOREIGN_PATCH;
    }
    return kept;
}

enum { RESTORE_BATCH = 1024 };

static enum graft_status restore_some(struct gr_site *const *sites, size_t count, int text) {
    struct gr_site *batch[RESTORE_BATCH], *failed = NULL;
    size_t kept = restorable(sites, count, batch);
    if (kept == 0)
        return GRAFT_FOREIGN_PATCH;
    enum graft_status status = make_safe(batch, kept, &failed);
    if (status == GRAFT_OK)
        status = run(restoring, batch, kept, text, &failed);
    gr_ahead_forget(&ahead);
    for (size_t i = 0; i < kept; i++) {
        bool restored = stands(batch[i], batch[i]->original);
        batch[i]->in_place = !restored;
        enum graft_status why = status != GRAFT_OK ? status : GRAFT_FOREIGN_PATCH;
        if (restored)
            why = GRAFT_OK;
        batch[i]->reason = why;
    }
    return kept < count && status == GRAFT_OK ? GRAFT_FOREIGN_PATCH : status;
}

enum graft_status gr_patch_restore(struct gr_site *const *sites, size_t count) {
    int text;
    enum graft_status result = gr_os_text_open(&text);
    if (result != GRAFT_OK)
        return result;
    for (size_t at = 0; at < count; at += RESTORE_BATCH) {
        size_t some = count - at < RESTORE_BATCH ? count - at : RESTORE_BATCH;
        enum graft_status status = restore_some(sites + at, some, text);
        if (status != GRAFT_OK)
            result = status;
    }
    gr_os_text_close(text);
    return result;
}
