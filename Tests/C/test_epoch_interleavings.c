/* test_epoch_interleavings.c: readers and the reclaimer in every order of their loads, stores and store buffer flushes
 * (explore.h). This is the proof of domain.c, tried out: without the membarrier, or the fence, a run fails here. */
#include "explore.h"

#include "domain.c" /* after explore.h, so that their atomic operations are explored */
#include "epoch.c"

/* The system, as far as domain.c and epoch.c ask for it. */
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
/* Between the first two looks at the clock a long time passes, in which no store stays under way; after that, none. */
static uint64_t looks;
uint64_t gr_os_nanoseconds(void) {
    if (++looks == 2)
        explore_barrier();
    return looks < 2 ? 0 : SETTLE;
}
void gr_os_wait(const uint32_t *word, uint32_t expected, int milliseconds) {
    (void)word, (void)expected, (void)milliseconds;
}

/* What readers follow `current` to. */
static struct object { bool freed; } objects[3];
static struct object *_Atomic current;
static struct gr_epoch_record reader_records[2];

static void mark_freed(void *object) {
    CHECK(!((struct object *)object)->freed);
    ((struct object *)object)->freed = true;
}

/* The state of a new process, in which the readers are registered. */
static void begin(bool fences) {
    atomic_store_explicit(&gr_epoch_clock.now, 1, memory_order_relaxed);
    atomic_store_explicit(&gr_epoch_clock.readers_fence, fences, memory_order_relaxed);
    atomic_store_explicit(&domain.records, NULL, memory_order_relaxed);
    memset(&waiting, 0, sizeof waiting);
    first_block_used = false;
    atomic_store_explicit(&domain.settled, 0, memory_order_relaxed);
    looks = 0;
    memset(objects, 0, sizeof objects);
    atomic_store_explicit(&current, &objects[0], memory_order_relaxed);
    for (size_t i = 0; i < 2; i++) {
        atomic_store_explicit(&reader_records[i].pinned, 0, memory_order_relaxed);
        atomic_store_explicit(&reader_records[i].next, NULL, memory_order_relaxed);
    }
}

static void begin_with_membarrier(void) {
    membarrier_works = true;
    begin(false);
    gr_epoch_register(&reader_records[0]);
    gr_epoch_register(&reader_records[1]);
}
static void begin_with_fences(void) {
    membarrier_works = false;
    begin(true);
    gr_epoch_register(&reader_records[0]);
    gr_epoch_register(&reader_records[1]);
}
static void begin_without_readers(void) {
    membarrier_works = true;
    begin(false);
}
static void begin_unprepared(void) {
    begin_with_fences();
    membarrier_works = true;
}
static void begin_with_membarrier_about_to_go(void) {
    begin_with_membarrier();
    membarrier_works = false;
}

/* One section: what it found stays whole until its end. */
static void read_once(struct gr_epoch_record *record) {
    gr_epoch_enter(record);
    struct object *found = atomic_load_explicit(&current, memory_order_acquire);
    explore_step();
    CHECK(!found->freed);
    gr_epoch_leave(record);
}
static void read_0(void) {
    read_once(&reader_records[0]);
}
static void read_0_twice(void) {
    read_once(&reader_records[0]);
    read_once(&reader_records[0]);
}
static void read_1(void) {
    read_once(&reader_records[1]);
}
static void register_0_and_read(void) {
    gr_epoch_register(&reader_records[0]);
    read_once(&reader_records[0]);
}

static void replace(size_t old) {
    atomic_store_explicit(&current, &objects[old + 1], memory_order_release);
    gr_epoch_retire(&objects[old], mark_freed);
}
static void replace_and_reclaim(void) {
    replace(0);
    gr_epoch_reclaim();
    replace(1);
    gr_epoch_reclaim();
}
static void prepare_and_replace(void) {
    replace(0);
    gr_epoch_reclaim();
    gr_epoch_prepare();
    replace(1);
    gr_epoch_reclaim();
}
/* What was unlinked before a synchronise that succeeds may be freed without retiring it. */
static void replace_and_synchronise(void) {
    atomic_store_explicit(&current, &objects[1], memory_order_release);
    if (gr_epoch_synchronise(0))
        mark_freed(&objects[0]);
    else
        gr_epoch_retire(&objects[0], mark_freed);
    replace(1);
}

static void check_all_freed(void) {
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    CHECK(objects[0].freed && objects[1].freed && !objects[2].freed);
}

static void a_reader_twice_with_membarrier(void) {
    explore_all(&(struct explore_scenario){
        "membarrier, one reader", begin_with_membarrier, {replace_and_reclaim, read_0_twice}, check_all_freed, 4});
}
static void two_readers_with_membarrier(void) {
    explore_all(&(struct explore_scenario){
        "membarrier, two readers", begin_with_membarrier, {replace_and_reclaim, read_0, read_1}, check_all_freed, 3});
}
static void a_reader_twice_with_fences(void) {
    explore_all(&(struct explore_scenario){
        "fences, one reader", begin_with_fences, {replace_and_reclaim, read_0_twice}, check_all_freed, 4});
}
static void a_reader_that_registers_meanwhile(void) {
    explore_all(&(struct explore_scenario){"membarrier, new reader", begin_without_readers,
        {replace_and_reclaim, register_0_and_read}, check_all_freed, 4});
}
static void membarrier_is_prepared_meanwhile(void) {
    explore_all(&(struct explore_scenario){
        "from fences to membarrier", begin_unprepared, {prepare_and_replace, read_0_twice}, check_all_freed, 3});
}
static void membarrier_is_lost_meanwhile(void) {
    explore_all(&(struct explore_scenario){"from membarrier to fences", begin_with_membarrier_about_to_go,
        {replace_and_reclaim, read_0_twice}, check_all_freed, 4});
}
static void synchronise_sees_every_section(void) {
    explore_all(&(struct explore_scenario){
        "synchronise", begin_with_membarrier, {replace_and_synchronise, read_0, read_1}, check_all_freed, 3});
}

int main(void) {
    if (!explore_begin())
        return 0;
    RUN(a_reader_twice_with_membarrier);
    RUN(two_readers_with_membarrier);
    RUN(a_reader_twice_with_fences);
    RUN(a_reader_that_registers_meanwhile);
    RUN(membarrier_is_prepared_meanwhile);
    RUN(membarrier_is_lost_meanwhile);
    RUN(synchronise_sees_every_section);
    return 0;
}
