/* test_place.c: room for hops: where a displacement says, on pages that are mapped ahead and given back: place.c. */
#include "check.h"
#include "codemem.h"
#include "os/os.h"

#include <errno.h>
#include <sys/mman.h>

enum { PAGE = 4096, SPACE = 64 * PAGE };

/* Free addresses within a branch of the slot; nothing else comes there while the program runs. */
static uint64_t space(const struct gr_stub_place *stub) {
    uint64_t at = gr_region_near(
        (uint64_t)(uintptr_t)stub->slot, (uint64_t)(uintptr_t)stub->slot + 1, 2 * SPACE, UINT64_C(1) << 30);
    CHECK(at != 0);
    return (at + SPACE - 1) / SPACE * SPACE;
}

static bool mapped(uint64_t page) {
    unsigned char present;
    return mincore((void *)(uintptr_t)page, 1, &present) == 0 || errno != ENOMEM;
}

static enum graft_status take(uint64_t at, const struct gr_slot *slot) {
    uint64_t from = (uint64_t)(uintptr_t)slot, got;
    struct gr_pattern exactly = {UINT32_MAX, (uint32_t)(at - from)};
    enum graft_status status = gr_place_take(from, exactly, slot, &got);
    CHECK(status != GRAFT_OK || got == at);
    return status;
}

static struct gr_stub_place stub;

static void a_run_of_hops_leaves_nothing_mapped_behind_it(void) {
    uint64_t start = space(&stub);
    size_t before = gr_place_pages();
    for (uint64_t at = start; at < start + 21 * PAGE; at += 512)
        CHECK_EQUAL(take(at, stub.slot), GRAFT_OK);
    CHECK_EQUAL(gr_place_pages(), before + 21);
    CHECK(mapped(start + 21 * PAGE)); /* ahead */
    CHECK_EQUAL(gr_codemem_seal(), GRAFT_OK);
    for (unsigned page = 0; page < SPACE / PAGE; page++)
        CHECK_EQUAL(mapped(start + page * PAGE), page < 21);
}

static void runs_may_alternate_and_leave_pages_out(void) {
    uint64_t start = space(&stub);
    for (unsigned i = 0; i < 10; i++)
        for (unsigned run = 0; run < 6; run++) /* more than are remembered */
            CHECK_EQUAL(
                take(start + (10 * run + (run % 2 == 0 ? i : i / 2 * 2)) * PAGE + 100 * (i % 2), stub.slot), GRAFT_OK);
    CHECK_EQUAL(gr_codemem_seal(), GRAFT_OK);
    for (unsigned run = 0; run < 6; run++)
        for (unsigned i = 0; i < 10; i++)
            CHECK_EQUAL(mapped(start + (10 * run + i) * PAGE), run % 2 == 0 || i % 2 == 0);
    CHECK(!mapped(start + 60 * PAGE));
}

static void what_is_mapped_there_already_is_left_alone(void) {
    uint64_t start = space(&stub);
    void *wanted = (void *)(uintptr_t)(start + 3 * PAGE);
    char *others = mmap(wanted, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(others == wanted);
    others[0] = 7;
    for (unsigned page = 0; page < 8; page++)
        CHECK_EQUAL(take(start + page * PAGE, stub.slot), page == 3 ? GRAFT_NO_SPACE_NEAR : GRAFT_OK);
    CHECK_EQUAL(take(start + 3 * PAGE - 1, stub.slot), GRAFT_NO_SPACE_NEAR); /* a hop of which it is a part */
    CHECK_EQUAL(gr_codemem_seal(), GRAFT_OK);
    CHECK_EQUAL(others[0], 7);
    gr_codemem_end();
}

static void a_hop_s_bytes_are_taken_once(void) {
    uint64_t start = space(&stub);
    CHECK_EQUAL(take(start + 100, stub.slot), GRAFT_OK);
    CHECK_EQUAL(take(start + 100 + GR_HOP_SIZE - 1, stub.slot), GRAFT_NO_SPACE_NEAR);
    CHECK_EQUAL(take(start + 100 - GR_HOP_SIZE + 1, stub.slot), GRAFT_NO_SPACE_NEAR);
    CHECK_EQUAL(take(start + 100 + GR_HOP_SIZE, stub.slot), GRAFT_OK);
    gr_place_give(start + 100);
    CHECK_EQUAL(take(start + 100, stub.slot), GRAFT_OK);
    CHECK_EQUAL(gr_codemem_seal(), GRAFT_OK);
}

int main(void) {
    uint64_t code = (uint64_t)(uintptr_t)&gr_stub_take;
    CHECK_EQUAL(gr_stub_take(code, code + 1, 64, &stub), GRAFT_OK);
    RUN(a_hop_s_bytes_are_taken_once);
    RUN(a_run_of_hops_leaves_nothing_mapped_behind_it);
    RUN(runs_may_alternate_and_leave_pages_out);
    RUN(what_is_mapped_there_already_is_left_alone);
    return 0;
}
