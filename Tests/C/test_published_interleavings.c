/* test_published_interleavings.c: readers, guests, signal handlers and two writers of a published value in every order of
 * their loads, stores and store buffer flushes (explore.h). A nested section that unpins, or is not counted, a tag from before the exchange, a look without its barrier, a guest who is not counted, or a time of settling that is not
 * there from the beginning: each makes a run fail here. What only weaker orders than TSO allow is not seen. */
#include "explore.h"

#include "domain.c" /* after explore.h, so that their atomic operations are explored */
#include "published.c"
#include "readers.c"

/* The system, as far as these ask for it. */
static bool membarrier_works;

enum graft_status gr_os_membarrier_prepare(void) {
    return membarrier_works ? GRAFT_OK : GRAFT_UNSUPPORTED;
}
enum graft_status gr_os_serialise(void) {
    if (!membarrier_works)
        return GRAFT_OS;
    explore_barrier();
    return GRAFT_OK;
}
/* Between two looks at the clock a long time passes, in which no store stays under way. */
static uint64_t looks;
uint64_t gr_os_nanoseconds(void) {
    if (++looks > 1)
        explore_barrier();
    return looks * SETTLE;
}
/* Readers have their records already. */
size_t gr_os_page_size(void) {
    return 0;
}
enum graft_status gr_os_allocate(size_t size, void **memory) {
    (void)size, (void)memory;
    return GRAFT_NO_MEMORY;
}

enum { VALUES = 4 };
static struct value { bool given, released; } values[VALUES];
static struct graft_published published;
static struct gr_reader readers[2];

static void mark_released(void *value) {
    CHECK(!((struct value *)value)->released);
    ((struct value *)value)->released = true;
}

static void begin(bool fences) {
    atomic_store_explicit(&gr_readers_clock.now, 1, memory_order_relaxed);
    atomic_store_explicit(&gr_readers_clock.readers_fence, fences, memory_order_relaxed);
    atomic_store_explicit(&sections.settled, 0, memory_order_relaxed);
    atomic_store_explicit(&sections.records, NULL, memory_order_relaxed);
    atomic_store_explicit(&guests, 0, memory_order_relaxed);
    guest_depth = 0;
    looks = 0;
    memset(values, 0, sizeof values);
    values[0].given = true;
    memset(&published, 0, sizeof published);
    published.release = mark_released;
    atomic_store_explicit(&published.value, &values[0], memory_order_relaxed);
    for (size_t i = 0; i < 2; i++) {
        memset(&readers[i], 0, sizeof readers[i]);
        gr_domain_register(&sections, &readers[i].epoch);
    }
}
static void begin_with_membarrier(void) {
    membarrier_works = true;
    begin(false);
}
static void begin_with_fences(void) {
    membarrier_works = false;
    begin(true);
}
static void begin_with_membarrier_about_to_go(void) {
    membarrier_works = false;
    begin(false);
}

/* What a section has found stays whole until its end. */
static void check_whole(const struct value *value) {
    explore_step();
    CHECK(!value->released);
}

/* What graft_published_enter does, on a thread whose record this is. */
static const struct value *open_with(struct gr_reader *reader) {
    gr_reader_enter(reader);
    return atomic_load_explicit(&published.value, memory_order_acquire);
}

static void read_with(struct gr_reader *reader) {
    const struct value *value = open_with(reader);
    check_whole(value);
    gr_reader_leave(reader);
}
static void read_0(void) {
    read_with(&readers[0]);
}
static void read_1(void) {
    read_with(&readers[1]);
}
static void read_0_twice(void) {
    read_with(&readers[0]);
    read_with(&readers[0]);
}
static void read_0_nested(void) {
    const struct value *outer = open_with(&readers[0]);
    const struct value *inner = open_with(&readers[0]);
    check_whole(inner);
    gr_reader_leave(&readers[0]);
    check_whole(outer);
    gr_reader_leave(&readers[0]);
}
static void read_as_guest(void) {
    enter_as_guest();
    const struct value *value = atomic_load_explicit(&published.value, memory_order_acquire);
    check_whole(value);
    gr_section_leave_as_guest();
}
static void read_as_guest_twice(void) {
    read_as_guest();
    read_as_guest();
}

static void replace_by(size_t number) {
    values[number].given = true;
    CHECK_EQUAL(graft_published_replace(&published, &values[number]), GRAFT_OK);
}
static void replace_by_1(void) {
    replace_by(1);
}
static void replace_by_2(void) {
    replace_by(2);
}
static void replace_by_3(void) {
    replace_by(3);
}
static void replace_twice(void) {
    replace_by_1();
    replace_by_2();
}

/* At rest: one value is published, all others are released. */
static void check_end(void) {
    CHECK(graft_published_reclaim(&published));
    for (size_t i = 0; i < VALUES; i++) {
        bool present = atomic_load_explicit(&published.value, memory_order_relaxed) == &values[i];
        CHECK(values[i].released == (values[i].given && !present));
    }
    for (size_t i = 0; i < 2; i++) {
        CHECK_EQUAL(atomic_load_explicit(&readers[i].depth, memory_order_relaxed), 0);
        CHECK_EQUAL(atomic_load_explicit(&readers[i].epoch.pinned, memory_order_relaxed), 0);
    }
}

static void a_reader_and_a_writer(void) {
    explore_all(&(struct explore_scenario){
        "membarrier, one reader", begin_with_membarrier, {replace_twice, read_0_twice}, check_end, 4});
    explore_all(&(struct explore_scenario){
        "fences, one reader", begin_with_fences, {replace_twice, read_0_twice}, check_end, 4});
}
static void two_writers(void) {
    explore_all(&(struct explore_scenario){
        "membarrier, two writers", begin_with_membarrier, {replace_by_1, replace_by_2, read_0}, check_end, 3});
    explore_all(&(struct explore_scenario){
        "fences, two writers", begin_with_fences, {replace_by_1, replace_by_2, read_0}, check_end, 3});
}
/* Of which one may put back what it has left while the other pushes. */
static void three_replacements_by_two_writers(void) {
    explore_all(&(struct explore_scenario){
        "two writers, three values", begin_with_membarrier, {replace_twice, replace_by_3, read_0}, check_end, 2});
}
static void two_readers(void) {
    explore_all(&(struct explore_scenario){
        "two readers", begin_with_membarrier, {replace_twice, read_0, read_1}, check_end, 3});
}
static void nested_sections(void) {
    explore_all(&(struct explore_scenario){
        "nested sections", begin_with_membarrier, {replace_twice, read_0_nested}, check_end, 4});
}
static void membarrier_is_lost_while_two_write(void) {
    explore_all(&(struct explore_scenario){"from membarrier to fences", begin_with_membarrier_about_to_go,
        {replace_by_1, replace_by_2, read_0}, check_end, 3});
}
static void guests_and_a_writer(void) {
    explore_all(&(struct explore_scenario){
        "a guest, membarrier", begin_with_membarrier, {replace_twice, read_as_guest_twice}, check_end, 4});
    explore_all(&(struct explore_scenario){
        "a guest, fences", begin_with_fences, {replace_twice, read_as_guest_twice}, check_end, 4});
    explore_all(&(struct explore_scenario){
        "a guest beside a reader", begin_with_membarrier, {replace_twice, read_as_guest, read_0}, check_end, 3});
}

/* A handler that reads before each operation of a section in turn; both may have another section inside. */
static void a_signal_at_every_operation(void) {
    void (*const bodies[])(void) = {read_0, read_0_nested};
    for (size_t i = 0; i < 4; i++) {
        explore.signal = bodies[i / 2];
        explore.signal_at = 0;
        do
            explore_all(&(struct explore_scenario){
                "a signal", begin_with_membarrier, {bodies[i % 2], replace_twice}, check_end, 2});
        while (explore.signalled && ++explore.signal_at);
        CHECK(explore.signal_at >= 7);
    }
    explore.signal = NULL;
}

int main(void) {
    if (!explore_begin())
        return 0;
    RUN(a_reader_and_a_writer);
    RUN(two_writers);
    RUN(three_replacements_by_two_writers);
    RUN(two_readers);
    RUN(nested_sections);
    RUN(membarrier_is_lost_while_two_write);
    RUN(guests_and_a_writer);
    RUN(a_signal_at_every_operation);
    return 0;
}
