/* test_sized.c: structs of the public interface as a program of another version knows them; and that none changes by
 * mistake. Programs built with other headers are in Tests/Programs/test-versions. */
#include "check.h"
#include "sized.h"
#include <graft/graft.h>

/* What stands in the headers of libgraft.so.0, which programs were built with. A struct that says that it grows may become
 * larger, and then its old size is added here as a later member's offset; any other change of a number needs another soname. */
#define IS(type, size) _Static_assert(sizeof(struct type) == (size), #type)
#define ENDS(type, member, offset) _Static_assert(offsetof(struct type, member) == (offset), #type)
IS(graft_options, 32);
ENDS(graft_options, reserved, 25);
IS(graft_probe_spec, 72);
ENDS(graft_probe_spec, reserved, 68);
IS(graft_change, 24 + 72);
ENDS(graft_change, spec, 24);
IS(graft_update, 32);
IS(graft_outcome, 48);
ENDS(graft_outcome, refusal_address, 40);
IS(graft_symbol, 40);
ENDS(graft_symbol, reserved, 36);
IS(graft_sizes, 24);
IS(graft_hit, 64);
ENDS(graft_hit, cookie, 56);
IS(graft_explanation, 88);
IS(graft_entry_point, 64);
IS(graft_entry_info, 104);
IS(graft_probe_info, 88);
ENDS(graft_snapshot, generation, 16 + sizeof(struct graft_counters));
IS(graft_product, 80);
IS(graft_queue_counts, 72);

/* As a version may have it that knows more, and one that knows less. */
struct ours {
    uint64_t first, since;
    uint32_t last, reserved;
};
struct shorter {
    uint64_t first;
};
struct longer {
    uint64_t first, since;
    uint32_t last, reserved;
    uint64_t later;
};
static const struct gr_sized layout = GR_SIZED(ours, since, reserved);

static void what_a_program_does_not_know_is_zero(void) {
    struct ours read;
    struct shorter given[2] = {{1}, {UINT64_MAX}};
    memset(&read, 0xff, sizeof read);
    CHECK(gr_sized_read(&layout, &read, given, sizeof given[0]));
    CHECK(read.first == 1 && read.since == 0 && read.last == 0 && read.reserved == 0);
}

static void what_we_do_not_know_has_to_be_zero(void) {
    struct ours read;
    struct longer given = {.first = 1, .since = 2, .last = 3};
    CHECK(gr_sized_read(&layout, &read, &given, sizeof given));
    CHECK(read.first == 1 && read.since == 2 && read.last == 3);
    given.later = UINT64_C(1) << 63;
    CHECK(!gr_sized_read(&layout, &read, &given, sizeof given));
    CHECK(read.first == 1);
    given.later = 0;
    given.reserved = 1;
    CHECK(!gr_sized_read(&layout, &read, &given, sizeof given));
    CHECK(!gr_sized_read(&layout, &read, &given, sizeof(struct ours)));
}

static void a_size_that_no_version_has_is_refused(void) {
    static unsigned char page[GR_SIZED_MAX + 1];
    struct ours read = {.first = 5};
    CHECK(!gr_sized_read(&layout, &read, page, 0));
    CHECK(!gr_sized_read(&layout, &read, page, sizeof(struct shorter) - 1));
    CHECK(!gr_sized_read(&layout, &read, page, GR_SIZED_MAX + 1));
    CHECK_EQUAL(read.first, 5);
    CHECK(gr_sized_read(&layout, &read, page, GR_SIZED_MAX));
    CHECK_EQUAL(read.first, 0);
}

static void a_program_is_written_what_it_knows_and_zeros_beyond_that(void) {
    const struct ours ours = {1, 2, 3, 0};
    struct shorter less[2] = {{0}, {7}};
    struct longer more;
    memset(&more, 0xff, sizeof more);
    gr_sized_write(&layout, less, sizeof less[0], &ours);
    CHECK(less[0].first == 1 && less[1].first == 7);
    gr_sized_write(&layout, &more, sizeof more, &ours);
    CHECK(more.first == 1 && more.since == 2 && more.last == 3 && more.later == 0);
}

int main(void) {
    RUN(what_a_program_does_not_know_is_zero);
    RUN(what_we_do_not_know_has_to_be_zero);
    RUN(a_size_that_no_version_has_is_refused);
    RUN(a_program_is_written_what_it_knows_and_zeros_beyond_that);
    return 0;
}
