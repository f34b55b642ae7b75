/* test_patch.c: one entry at a time: which beginnings can be patched, that calls count and still work, exact restore. */
#include "attach.h"
#include "core.h"
#include "os/fault.h"
#include "prologues.h"
#include "tactic.h"
#include <limits.h>

static struct {
    const char *name;
    int (*function)(int);
} prologues[] = {
#define ROW(name) {#name, name},
    PROLOGUES_MAP(ROW)
#undef ROW
};
enum { PROLOGUES = sizeof prologues / sizeof *prologues, CALLS = 100, BYTES = 32, LONG_FIRST = 3 /* p_none */ };

static int expected(int argument) {
    return 7 * argument + 3;
}

static void call_all_arguments(int (*function)(int)) {
    for (int argument = 0; argument < CALLS; argument++)
        CHECK_EQUAL(function(argument), expected(argument));
}

static struct gr_site *prepare(unsigned index, enum gr_keep keep) {
    static struct gr_site *sites[PROLOGUES][GR_KEEP_KINDS];
    struct gr_site **site = &sites[index][keep];
    if (*site == NULL) {
        enum graft_status status = core_prepare(prologues[index].name, keep, site);
        if (status != GRAFT_OK)
            fprintf(stderr, "%s: %s\n", prologues[index].name, graft_status_sentence(status));
        CHECK_EQUAL(status, GRAFT_OK);
    }
    return *site;
}

static void commit(struct gr_site *site) {
    struct gr_site *failed;
    CHECK_EQUAL(gr_patch_commit(&site, 1, &failed), GRAFT_OK);
    CHECK(gr_patch_in_place(site));
}

static void restore(struct gr_site *site) {
    CHECK_EQUAL(gr_patch_restore(&site, 1), GRAFT_OK);
    CHECK(!gr_patch_in_place(site));
}

static void every_prologue_counts_and_still_works(void) {
    for (unsigned i = 0; i < PROLOGUES; i++) {
        uint8_t before[BYTES];
        memcpy(before, (const void *)(uintptr_t)prologues[i].function, BYTES);
        struct gr_site *site = prepare(i, GR_KEEP_ALL);
        gr_patch_aim(site, gr_site_stub(site, site->count_at));
        commit(site);
        CHECK(memcmp(before, (const void *)(uintptr_t)prologues[i].function, BYTES) != 0);
        uint64_t hits = gr_counter_read(site);
        call_all_arguments(prologues[i].function);
        if (gr_counter_read(site) - hits != CALLS)
            fprintf(stderr, "%s\n", prologues[i].name);
        CHECK_EQUAL(gr_counter_read(site) - hits, CALLS);
        restore(site);
        CHECK(memcmp(before, (const void *)(uintptr_t)prologues[i].function, BYTES) == 0);
        call_all_arguments(prologues[i].function);
        CHECK_EQUAL(gr_counter_read(site) - hits, CALLS);
    }
}

static void a_short_function_uses_its_padding(void) {
    struct gr_site *site;
    CHECK_EQUAL(core_prepare("p_short", GR_KEEP_ALL, &site), GRAFT_OK);
    gr_patch_aim(site, gr_site_stub(site, site->count_at));
    commit(site);
    CHECK_EQUAL(p_short(41), 42);
    CHECK_EQUAL(gr_counter_read(site), 1);
    restore(site);
}

static int forty_one(void) {
    return 41;
}

static void a_call_through_a_table_is_moved(void) {
    static int (*const table[])(void) = {NULL, NULL, NULL, forty_one};
    struct gr_site *site;
    CHECK_EQUAL(core_prepare("p_call_table", GR_KEEP_ALL, &site), GRAFT_OK);
    gr_patch_aim(site, gr_site_stub(site, site->count_at));
    commit(site);
    for (int i = 0; i < CALLS; i++)
        CHECK_EQUAL(p_call_table(table), 42);
    CHECK_EQUAL(gr_counter_read(site), CALLS);
    restore(site);
    CHECK_EQUAL(p_call_table(table), 42);
}

static void refusals_name_their_reason(void) {
    static const struct {
        const char *name;
        enum graft_status status;
    } refused[] = {
#define ROW(name, status) {#name, status},
        REFUSED_MAP(ROW)
#undef ROW
    };
    for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct gr_site *site;
        enum graft_status status = core_prepare(refused[i].name, GR_KEEP_ALL, &site);
        if (status != refused[i].status)
            fprintf(stderr, "%s: %s\n", refused[i].name, graft_status_slug(status));
        CHECK_EQUAL(status, refused[i].status);
    }
}

static uint64_t entered, left;
static uint64_t last_argument, last_result;

static void on_hit(struct graft_hit *hit, void *context) {
    CHECK(context == &entered);
    if (hit->phase == GRAFT_PHASE_ENTER) {
        entered++;
        last_argument = graft_hit_argument(hit, 0);
        hit->cookie = last_argument + 1;
    } else {
        left++;
        CHECK_EQUAL(hit->cookie, last_argument + 1);
        last_result = graft_hit_result(hit);
    }
}

static struct gr_attachment *attach(struct gr_site *site, enum graft_mode mode, bool plain) {
    struct gr_attachment *attachment = calloc(1, sizeof *attachment);
    *attachment =
        (struct gr_attachment){.probe = 1, .mode = mode, .handler = on_hit, .context = &entered, .plain = plain};
    CHECK_EQUAL(gr_attach(site, attachment), GRAFT_OK);
    gr_patch_aim(site, gr_attach_stub(site));
    return attachment;
}

static void every_kind_of_thunk_reports_entries_and_exits(void) {
    for (unsigned i = 0; i < PROLOGUES; i++) {
        for (int keep = GR_KEEP_ABI; keep <= (int)gr_arch_keep_limit(); keep++) {
            struct gr_site *site = prepare(i, (enum gr_keep)keep);
            for (int way = 0; way < 4; way++) {
                int mode = way < 2 ? GRAFT_MODE_ENTRY : GRAFT_MODE_ENTRY_EXIT;
                struct gr_attachment *attachment = attach(site, (enum graft_mode)mode, way % 2 != 0);
                entered = left = 0;
                commit(site);
                for (int argument = 0; argument < CALLS; argument++) {
                    CHECK_EQUAL(prologues[i].function(argument), expected(argument));
                    CHECK_EQUAL(last_argument, argument);
                    if (mode == GRAFT_MODE_ENTRY_EXIT)
                        CHECK_EQUAL(last_result, expected(argument));
                }
                CHECK_EQUAL(entered, CALLS);
                CHECK_EQUAL(left, mode == GRAFT_MODE_ENTRY_EXIT ? CALLS : 0);
                restore(site);
                CHECK_EQUAL(gr_detach(site, attachment), GRAFT_OK);
            }
        }
    }
}

static void choose(struct gr_site *site, enum gr_tactic_wish wish) {
    CHECK_EQUAL(gr_tactic_choose(site, wish), GRAFT_OK);
}

static void traps_work_on_every_prologue(void) {
    for (unsigned i = 0; i < PROLOGUES; i++) {
        struct gr_site *site = prepare(i, GR_KEEP_ALL);
        choose(site, GR_TACTIC_ONLY_TRAPS);
        CHECK_EQUAL(site->tactic, GR_TACTIC_TRAPS);
        for (unsigned byte = 1; byte < GR_PATCH_SIZE; byte++)
            if ((site->boundaries >> byte & 1) != 0)
                CHECK(site->jump[byte] == 0xcc || site->jump[byte] == site->original[byte]);
        gr_patch_aim(site, gr_site_stub(site, site->count_at));
        uint64_t hits = gr_counter_read(site);
        commit(site);
        call_all_arguments(prologues[i].function);
        restore(site);
        CHECK_EQUAL(gr_counter_read(site) - hits, CALLS);
    }
}

/* Only bytes of one instruction change, and those lie in one aligned word: no thread can be in their midst. */
static void one_store_changes_one_instruction_wherever_that_lies_in_one_word(void) {
    unsigned at_entry = 0, behind_push = 0;
    for (unsigned i = 0; i < PROLOGUES; i++) {
        struct gr_site *site = prepare(i, GR_KEEP_ALL);
        unsigned offset, length;
        gr_tactic_word(site, &offset, &length);
        enum graft_status status = gr_tactic_choose(site, GR_TACTIC_ONLY_STORE);
        CHECK(status == GRAFT_OK || status == GRAFT_NO_SPACE_NEAR || status == GRAFT_NOT_RELOCATABLE);
        if (status != GRAFT_OK)
            continue;
        bool push_stays = site->jump[0] == site->original[0];
        CHECK(offset + length <= 8);
        for (unsigned byte = push_stays ? 2 : 1; byte < length; byte++)
            CHECK((site->boundaries >> byte & 1) == 0);
        CHECK(memcmp(site->jump + length, site->original + length, GR_PATCH_SIZE - length) == 0);
        gr_patch_aim(site, gr_site_stub(site, site->count_at));
        uint64_t hits = gr_counter_read(site);
        commit(site);
        call_all_arguments(prologues[i].function);
        restore(site);
        CHECK_EQUAL(gr_counter_read(site) - hits, CALLS);
        at_entry += !push_stays;
        behind_push += push_stays;
    }
    printf("  %u at the entry, %u behind a push\n", at_entry, behind_push);
    CHECK(at_entry >= PROLOGUES / 3);
    CHECK(behind_push >= 4);
}

static void one_store_is_no_choice_where_text_cannot_be_made_writable(void) {
    struct gr_site *site = prepare(LONG_FIRST, GR_KEEP_ALL);
    choose(site, GR_TACTIC_ONLY_TRAPS);
    gr_tactic_end();
    gr_fault_clear();
    gr_fault_set(GR_OS_TEXT_UNPROTECT, 0, 1);
    CHECK_EQUAL(gr_tactic_choose(site, GR_TACTIC_ONLY_STORE), GRAFT_WRITE_DENIED);
    CHECK_EQUAL(site->tactic, GR_TACTIC_TRAPS);
    CHECK_EQUAL(gr_tactic_choose(site, GR_TACTIC_ONLY_STORE), GRAFT_OK);
    CHECK_EQUAL(gr_fault_calls(GR_OS_TEXT_UNPROTECT), 2);
    CHECK_EQUAL(gr_tactic_choose(site, GR_TACTIC_ONLY_STORE), GRAFT_OK); /* a page is asked once in a batch */
    CHECK_EQUAL(gr_fault_calls(GR_OS_TEXT_UNPROTECT), 2);
    gr_fault_clear();
}

/* A thread that had executed the first instructions when the patch came goes on at the next boundary. */
static void a_thread_at_any_boundary_goes_on_in_the_relocated_block(void) {
    for (unsigned i = 0; i < PROLOGUES; i++) {
        struct gr_site *site = prepare(i, GR_KEEP_ALL);
        for (unsigned offset = 1; offset < GR_PATCH_SIZE; offset++) {
            if ((site->boundaries >> offset & 1) == 0)
                continue;
            const uint8_t *moved = (const uint8_t *)(uintptr_t)(site->slot->relocated + site->moved[offset]);
            CHECK(site->moved[offset] >= offset);
            CHECK(site->slot->relocated + site->moved[offset] < site->stub_code + GR_STUB_SIZE);
            CHECK(*moved != 0xcc);
        }
    }
}

/* Commits and restores while a write fails, then the next one, and so on. A failure of the way that writes a page at
 * once is followed by another one of those that write byte by byte. Returns how many commits failed. */
static unsigned fail_each_write(
    struct gr_site *const *sites, unsigned count, unsigned times, uint8_t (*before)[BYTES]) {
    unsigned succeeded = 0, refused = 0;
    for (unsigned skip = 0; succeeded == 0; skip++) {
        struct gr_site *failed = NULL;
        gr_fault_set(GR_OS_TEXT_WRITE, 0, INT_MAX);      /* always the slower way to write, */
        gr_fault_set(GR_OS_TEXT_UNPROTECT, skip, times); /* which fails */
        enum graft_status status = gr_patch_commit(sites, count, &failed);
        bool came = gr_fault_calls(GR_OS_TEXT_UNPROTECT) > skip;
        gr_fault_clear();
        succeeded += !came;
        refused += status != GRAFT_OK;
        if (status == GRAFT_OK)
            CHECK_EQUAL(gr_patch_restore(sites, count), GRAFT_OK);
        else
            CHECK(failed != NULL);
        for (unsigned i = 0; i < PROLOGUES; i++) {
            CHECK(memcmp(before[i], (const void *)(uintptr_t)prologues[i].function, BYTES) == 0);
            CHECK_EQUAL(prologues[i].function(9), expected(9));
        }
        for (unsigned i = 0; i < count; i++)
            CHECK(!gr_patch_in_place(sites[i]));
    }
    return refused;
}

/* Whatever write of a commit fails, every function is as it was, and the site at fault is named. */
static void a_commit_that_fails_at_any_write_leaves_every_byte_as_it_was(void) {
    struct gr_site *sites[PROLOGUES];
    uint8_t before[PROLOGUES][BYTES];
    unsigned together = 0, alone = 0;
    for (unsigned i = 0; i < PROLOGUES; i++) {
        sites[i] = prepare(i, GR_KEEP_ALL);
        choose(sites[i], i % 2 != 0 ? GR_TACTIC_ONLY_TRAPS : GR_TACTIC_ANY);
        memcpy(before[i], (const void *)(uintptr_t)prologues[i].function, BYTES);
    }
    for (unsigned i = 0; i < PROLOGUES; i++)
        alone += fail_each_write(&sites[i], 1, 1, before);
    together = fail_each_write(sites, PROLOGUES, 2, before);
    printf("  refused at %u writes of one, %u of all\n", alone, together);
    CHECK(alone > PROLOGUES);
    CHECK(together >= 4); /* a page in each step at least */
}

/* Code that cannot be made executable is never led to; a later attempt makes it so. */
static void a_commit_whose_code_cannot_be_sealed_leaves_every_byte_as_it_was(void) {
    enum { MANY = 64 }; /* stubs, so that there is a page nobody could run yet */
    struct gr_site *sites[MANY], *failed = NULL;
    uint8_t before[BYTES];
    memcpy(before, (const void *)(uintptr_t)prologues[0].function, BYTES);
    for (unsigned i = 0; i < MANY; i++)
        CHECK_EQUAL(core_prepare(prologues[0].name, GR_KEEP_ALL, &sites[i]), GRAFT_OK);
    struct gr_site *site = sites[MANY - 1];
    gr_patch_aim(site, gr_site_stub(site, site->count_at));
    gr_fault_set(GR_OS_COMMIT, 0, 1);
    CHECK(gr_patch_commit(&site, 1, &failed) != GRAFT_OK);
    gr_fault_clear();
    CHECK(failed == site && site->reason != GRAFT_OK);
    CHECK(memcmp(before, (const void *)(uintptr_t)prologues[0].function, BYTES) == 0);
    CHECK_EQUAL(core_prepare(prologues[0].name, GR_KEEP_ALL, &sites[0]), GRAFT_OK); /* written as text is, to be safe */
    CHECK_EQUAL(gr_patch_commit(&site, 1, &failed), GRAFT_OK);
    uint64_t hits = gr_counter_read(site);
    CHECK_EQUAL(prologues[0].function(9), expected(9));
    CHECK_EQUAL(gr_counter_read(site) - hits, 1);
    restore(site);
    gr_patch_end();
}

static void an_entry_that_was_changed_by_something_else_is_refused(void) {
    struct gr_site *site = prepare(0, GR_KEEP_ALL), *failed;
    const uint8_t *entry = (const uint8_t *)(uintptr_t)site->patch_address;
    uint8_t original = entry[0], nop = 0x90;
    int text;
    CHECK_EQUAL(gr_os_text_open(&text), GRAFT_OK);
    CHECK_EQUAL(gr_os_text_write(text, site->patch_address, &nop, 1), GRAFT_OK);
    CHECK_EQUAL(gr_patch_commit(&site, 1, &failed), GRAFT_FOREIGN_PATCH);
    CHECK_EQUAL(entry[0], nop);
    CHECK_EQUAL(gr_os_text_write(text, site->patch_address, &original, 1), GRAFT_OK);
    gr_os_text_close(text);
}

int main(void) {
    core_start();
    RUN(every_prologue_counts_and_still_works);
    RUN(a_short_function_uses_its_padding);
    RUN(a_call_through_a_table_is_moved);
    RUN(refusals_name_their_reason);
    RUN(every_kind_of_thunk_reports_entries_and_exits);
    RUN(traps_work_on_every_prologue);
    RUN(one_store_changes_one_instruction_wherever_that_lies_in_one_word);
    RUN(one_store_is_no_choice_where_text_cannot_be_made_writable);
    RUN(a_thread_at_any_boundary_goes_on_in_the_relocated_block);
    RUN(a_commit_that_fails_at_any_write_leaves_every_byte_as_it_was);
    RUN(a_commit_whose_code_cannot_be_sealed_leaves_every_byte_as_it_was);
    RUN(an_entry_that_was_changed_by_something_else_is_refused);
    return 0;
}
