/* test_relocation.c: functions of each beginning work as before while counted, entered and left, and afterwards. */
#include "aarch64/entries.h"
#include "core.h"
#include <stdatomic.h>

static const struct {
    const char *name;
    int (*function)(int);
} entries[] = {
#define ROW(name) {#name, name},
    ENTRIES_MAP(ROW)
#undef ROW
};
enum { ENTRIES = sizeof entries / sizeof *entries, WORDS = 3 };

static int expected(int argument) {
    return 7 * argument + 3;
}

static void works(unsigned i) {
    for (int argument = 0; argument < 10; argument++) {
        int got = entries[i].function(argument);
        if (got != expected(argument))
            fprintf(stderr, "%s(%d)\n", entries[i].name, argument);
        CHECK_EQUAL(got, expected(argument));
    }
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

static void every_entry_counts_and_works_and_comes_back(void) {
    for (unsigned i = 0; i < ENTRIES; i++) {
        struct gr_site *site;
        uint32_t before[WORDS];
        memcpy(before, (const void *)(uintptr_t)entries[i].function, sizeof before);
        works(i);
        CHECK_EQUAL(core_prepare(entries[i].name, GR_KEEP_ALL, &site), GRAFT_OK);
        CHECK(memcmp(before, (const void *)(uintptr_t)entries[i].function, sizeof before) == 0);
        commit(site);
        works(i); /* nothing attached: straight on */
        gr_patch_aim(site, gr_site_stub(site, site->count_at));
        uint64_t hits = gr_counter_read(site);
        works(i);
        CHECK_EQUAL(gr_counter_read(site) - hits, 10);
        restore(site);
        CHECK(memcmp(before, (const void *)(uintptr_t)entries[i].function, sizeof before) == 0);
        works(i);
        CHECK_EQUAL(gr_counter_read(site) - hits, 10);
        gr_patch_forget(site);
    }
}

/* Entry and exit with nobody attached: the thunks do all but call a handler. */
static void every_kind_of_thunk_enters_and_leaves(void) {
    for (int keep = GR_KEEP_ABI; keep <= GR_KEEP_ALL; keep++)
        for (unsigned i = 0; i < ENTRIES; i++) {
            struct gr_site *site;
            CHECK_EQUAL(core_prepare(entries[i].name, GR_KEEP_ALL, &site), GRAFT_OK);
            gr_patch_forget(site);
            struct graft_entry_point entry = core_entry(entries[i].name);
            entry.flags |= keep == GR_KEEP_ABI ? GRAFT_ENTRY_ABI_CALLERS : 0;
            struct gr_patch_image image = core_image(GR_KEEP_ALL);
            uint64_t offender;
            CHECK_EQUAL(gr_patch_prepare(&entry, &image, &site, &offender), GRAFT_OK);
            CHECK_EQUAL(site->keep, keep);
            commit(site);
            gr_patch_aim(site, gr_site_stub(site, site->entry_at));
            works(i);
            gr_patch_aim(site, gr_site_stub(site, site->exit_at));
            works(i);
            CHECK_EQUAL(gr_counter_read(site), 20);
            restore(site);
            gr_patch_forget(site);
        }
}

static void a_call_at_the_entry_returns_behind_it(void) {
#define CALL(name)                                                      \
    do {                                                                \
        struct gr_site *site;                                           \
        CHECK_EQUAL(call_odd(5, name), expected(5));                    \
        CHECK_EQUAL(core_prepare(#name, GR_KEEP_ALL, &site), GRAFT_OK); \
        gr_patch_aim(site, gr_site_stub(site, site->count_at));         \
        commit(site);                                                   \
        CHECK_EQUAL(call_odd(5, name), expected(5));                    \
        CHECK_EQUAL(gr_counter_read(site), 1);                          \
        restore(site);                                                  \
        gr_patch_forget(site);                                          \
    } while (0);
    ODD_MAP(CALL)
#undef CALL
}

static void refusals_name_their_reason(void) {
#define REFUSED(name, status)                                         \
    do {                                                              \
        struct gr_site *site;                                         \
        CHECK_EQUAL(core_prepare(#name, GR_KEEP_ALL, &site), status); \
    } while (0);
    REFUSED_MAP(REFUSED)
#undef REFUSED
}

static void a_landing_pad_stays(void) {
    struct gr_site *site;
    static const char *const names[] = {"e_landing", "e_signed", "e_signed_b"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK_EQUAL(core_prepare(names[i], GR_KEEP_ALL, &site), GRAFT_OK);
        CHECK_EQUAL(site->patch_address, site->entry.address + GR_PATCH_SIZE);
        gr_patch_forget(site);
    }
}

/* The jump goes to a hop where the stub is out of its reach, and back by a register. */
static void code_out_of_reach_is_gone_to_by_a_hop(void) {
    struct gr_plan plan;
    struct gr_slot slot = {0};
    struct gr_site site = {0};
    uint8_t stub[GR_STUB_SIZE], jump[GR_PATCH_SIZE], hop[GR_HOP_SIZE];
    const uint64_t near = UINT64_C(0x10000000), far = near + (UINT64_C(1) << 30);
    CHECK(gr_arch_emit_jump(near, near + (128 << 20) - 4, jump) && gr_arch_emit_jump(near, near - (128 << 20), jump));
    CHECK(!gr_arch_emit_jump(near, near + (128 << 20), jump) && !gr_arch_emit_jump(near, near - (128 << 20) - 4, jump));
    memset(&plan, 0, sizeof plan);
    plan.address = near;
    plan.size = plan.claimed = GR_PATCH_SIZE;
    plan.count = 1;
    _Atomic uint64_t active = 0;
    slot.active = &active;
    atomic_store(&slot.site, &site);
    site.stub_code = far;
    /* the stub's data is where this program is: addresses of data are what does not reach here */
    const struct gr_stub_place place = {.code = far, .size = sizeof stub, .slot = &slot, .thunks = gr_arch_thunks};
    CHECK_EQUAL(gr_arch_emit(&plan, &place, &site, stub), GRAFT_NO_SPACE_NEAR);
    CHECK_EQUAL(gr_arch_emit_hop(near, &slot, hop), GRAFT_OK);
    uint32_t words[GR_HOP_SIZE / 4];
    memcpy(words, hop, sizeof words);
    CHECK_EQUAL(words[0], 0xd2800010 | (uint32_t)(far & 0xffff) << 5);       /* movz x16 */
    CHECK_EQUAL(words[1], 0xf2a00010 | (uint32_t)(far >> 16 & 0xffff) << 5); /* movk x16, lsl 16 */
    CHECK_EQUAL(words[2], 0xd61f0200);                                       /* br x16 */
}

int main(void) {
    core_start();
    RUN(every_entry_counts_and_works_and_comes_back);
    RUN(every_kind_of_thunk_enters_and_leaves);
    RUN(a_call_at_the_entry_returns_behind_it);
    RUN(refusals_name_their_reason);
    RUN(a_landing_pad_stays);
    RUN(code_out_of_reach_is_gone_to_by_a_hop);
    return 0;
}
