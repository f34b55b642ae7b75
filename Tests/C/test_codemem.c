/* test_codemem.c: stubs get the room that they ask for, side by side, and what is given back is taken again. */
#include "check.h"
#include "codemem.h"
#include "os/os.h"
#include <sys/mman.h>

enum { MANY = GR_ARENA_STUBS + 10 };

static uint64_t own_code(void) {
    return (uint64_t)(uintptr_t)&gr_stub_take;
}

static struct gr_stub_place take(size_t size) {
    struct gr_stub_place place = {.code = 0};
    CHECK_EQUAL(gr_stub_take(own_code(), own_code() + 1, size, &place), GRAFT_OK);
    CHECK(place.size >= size && place.size < size + 16);
    CHECK_EQUAL(place.code % 16, 0);
    return place;
}

static void stubs_lie_side_by_side(void) {
    static const size_t sizes[] = {1, 16, 17, 125, 128, GR_STUB_SIZE};
    struct gr_stub_place places[sizeof sizes / sizeof *sizes];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        places[i] = take(sizes[i]);
        CHECK(i == 0 || places[i].code == places[i - 1].code + places[i - 1].size);
        CHECK(i == 0 || places[i].slot == places[i - 1].slot + 1);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        gr_stub_give(&places[i]);
}

static void what_is_given_back_is_taken_by_one_of_its_size(void) {
    struct gr_stub_place small = take(100), large = take(GR_STUB_SIZE), another = take(100);
    gr_stub_give(&small);
    gr_stub_give(&large);
    gr_stub_give(&another);
    CHECK(take(GR_STUB_SIZE - 1).code == large.code);
    CHECK(take(99).code == another.code); /* the last one first */
    struct gr_stub_place again = take(112);
    CHECK(again.code == small.code && again.slot == small.slot);
    CHECK(take(100).code > large.code); /* there is no other */
}

static void code_is_written_before_and_after_it_can_be_run(void) {
    uint8_t code[GR_STUB_SIZE];
    for (int sealed = 0; sealed < 2; sealed++) {
        struct gr_stub_place place = take(96), next = take(32);
        memset(code, 0xc3, sizeof code);
        CHECK_EQUAL(gr_stub_write(&place, code), GRAFT_OK);
        CHECK_EQUAL(gr_codemem_seal(), GRAFT_OK);
        CHECK_EQUAL(*(const uint8_t *)(uintptr_t)place.code, 0xc3);
        CHECK_EQUAL(*(const uint8_t *)(uintptr_t)(place.code + 95), 0xc3);
        CHECK(*(const uint8_t *)(uintptr_t)next.code != 0xc3);
    }
    gr_codemem_end();
}

static bool is_there(uint64_t address) {
    unsigned char present = 0;
    uint64_t page = address & ~(uint64_t)(gr_os_page_size() - 1);
    CHECK(mincore((void *)(uintptr_t)page, 1, &present) == 0);
    return (present & 1) != 0;
}

static void memory_that_is_expected_to_be_used_is_there_at_once(void) {
    enum { EXPECTED = 400, SIZE = 112 };
    for (int i = 0; i < EXPECTED; i++) /* no more is asked for than there was before */
        take(SIZE);
    uint64_t last = take(SIZE).code + (EXPECTED - 1) * SIZE;
    CHECK(!is_there(last));
    gr_codemem_expect(EXPECTED);
    uint64_t first = take(SIZE).code;
    CHECK(is_there(last) && !is_there(first + 2 * EXPECTED * SIZE));
    gr_codemem_end(); /* nothing is expected any more */
    for (int i = 1; i < EXPECTED; i++)
        take(SIZE);
    CHECK(!is_there(take(SIZE).code + EXPECTED * SIZE));
}

static void a_full_arena_is_followed_by_another(void) {
    struct gr_stub_place first = take(GR_STUB_SIZE), last = first;
    for (int i = 1; i < MANY; i++)
        last = take(GR_STUB_SIZE);
    CHECK(last.thunks != first.thunks);
    CHECK_EQUAL(last.thunks[0], gr_arch_thunks[0]);
}

int main(void) {
    RUN(stubs_lie_side_by_side);
    RUN(what_is_given_back_is_taken_by_one_of_its_size);
    RUN(code_is_written_before_and_after_it_can_be_run);
    RUN(memory_that_is_expected_to_be_used_is_there_at_once);
    RUN(a_full_arena_is_followed_by_another);
    return 0;
}
