/* test_epoch.c: what is freed and when, waiting for sections, running out of memory, fork, a kernel or sandbox without
 * membarrier, and readers that would notice an object freed too early. */
#include "check.h"
#include "epoch.h"
#include "os/os.h"
#include "starve.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Records are for life, so each of these is registered once, by main. */
static struct gr_epoch_record first, second;

static size_t freed;
static int order[4096];

/* Objects of the simple tests are ints, which tell in which order they were freed. */
static void note(void *object) {
    order[freed++] = *(int *)object;
}

/* Frees everything and forgets it. */
static void clean(void) {
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    freed = 0;
}

static void an_object_waits_for_the_section_that_may_see_it(void) {
    int object = 1;
    clean();
    gr_epoch_enter(&first);
    gr_epoch_retire(&object, note);
    CHECK_EQUAL(gr_epoch_reclaim(), 1);
    CHECK_EQUAL(gr_epoch_reclaim(), 1);
    CHECK_EQUAL(freed, 0);
    gr_epoch_leave(&first);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    CHECK_EQUAL(freed, 1);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    CHECK_EQUAL(freed, 1);
}

static void an_object_without_sections_is_freed_by_the_next_reclaim(void) {
    int object = 1;
    clean();
    gr_epoch_retire(&object, note);
    CHECK_EQUAL(freed, 0); /* never by retire itself */
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    CHECK_EQUAL(freed, 1);
}

static void a_section_that_began_later_holds_only_later_objects(void) {
    int objects[] = {1, 2};
    clean();
    gr_epoch_enter(&first);
    gr_epoch_retire(&objects[0], note);
    CHECK_EQUAL(gr_epoch_reclaim(), 1); /* the epoch has moved on */
    gr_epoch_enter(&second);
    gr_epoch_retire(&objects[1], note);
    gr_epoch_leave(&first);
    CHECK_EQUAL(gr_epoch_reclaim(), 1);
    CHECK_EQUAL(order[0], 1);
    gr_epoch_leave(&second);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    CHECK_EQUAL(order[1], 2);
}

static void the_oldest_section_decides(void) {
    int object = 1;
    clean();
    gr_epoch_enter(&second);
    gr_epoch_enter(&first);
    gr_epoch_retire(&object, note);
    gr_epoch_leave(&first);
    gr_epoch_enter(&first); /* a new section on the same record does not hide the other one */
    CHECK_EQUAL(gr_epoch_reclaim(), 1);
    gr_epoch_leave(&first);
    CHECK_EQUAL(gr_epoch_reclaim(), 1);
    gr_epoch_leave(&second);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
}

/* More objects than one block of bookkeeping has entries, and one fewer and one more. */
static void many_objects_are_freed_oldest_first(void) {
    static int objects[sizeof order / sizeof *order];
    const size_t sizes[] = {127, 128, 129, 255, 256, 257, sizeof order / sizeof *order};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        clean();
        gr_epoch_enter(&first);
        for (size_t k = 0; k < sizes[i]; k++) {
            objects[k] = (int)k;
            gr_epoch_retire(&objects[k], note);
        }
        CHECK_EQUAL(gr_epoch_reclaim(), sizes[i]);
        gr_epoch_leave(&first);
        CHECK_EQUAL(gr_epoch_reclaim(), 0);
        CHECK_EQUAL(freed, sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            CHECK_EQUAL(order[k], k);
    }
    CHECK_EQUAL(gr_epoch_leaked(), 0);
}

static int inner = 2;

/* A release that unlinks another object, which a reader has just found. */
static void retire_inner(void *object) {
    note(object);
    gr_epoch_enter(&second);
    gr_epoch_retire(&inner, note);
}

static void what_release_retires_waits_for_the_readers_of_that_moment(void) {
    int outer = 1;
    clean();
    gr_epoch_retire(&outer, retire_inner);
    CHECK_EQUAL(gr_epoch_reclaim(), 1);
    CHECK_EQUAL(freed, 1);
    CHECK_EQUAL(gr_epoch_reclaim(), 1);
    gr_epoch_leave(&second);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    CHECK_EQUAL(order[1], 2);
}

static void reclaim_inside(void *object) {
    note(object);
    gr_epoch_reclaim();
}

static void release_may_reclaim(void) {
    int objects[] = {1, 2, 3};
    clean();
    for (int i = 0; i < 3; i++)
        gr_epoch_retire(&objects[i], reclaim_inside);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    CHECK_EQUAL(freed, 3);
}

static void synchronise_does_not_wait_without_sections(void) {
    CHECK(gr_epoch_synchronise(0));
    CHECK(gr_epoch_synchronise(-1));
    CHECK(gr_epoch_synchronise(1000));
}

static void synchronise_gives_up_after_its_time(void) {
    gr_epoch_enter(&first);
    CHECK(!gr_epoch_synchronise(0));
    CHECK(!gr_epoch_synchronise(-1));
    uint64_t start = gr_os_nanoseconds();
    CHECK(!gr_epoch_synchronise(30));
    CHECK(gr_os_nanoseconds() - start >= 30 * 1000000u);
    gr_epoch_leave(&first);
    CHECK(gr_epoch_synchronise(0));
}

static atomic_int stage;

/* Opens a section and closes it after a while. */
static void *slow_reader(void *unused) {
    (void)unused;
    gr_epoch_enter(&second);
    atomic_store(&stage, 1);
    usleep(20000); /* not to synchronise with: however long this takes, the outcome is the same */
    atomic_store(&stage, 2);
    gr_epoch_leave(&second);
    return NULL;
}

static void synchronise_returns_when_the_sections_have_ended(void) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, slow_reader, NULL) == 0);
    while (atomic_load(&stage) < 1)
        usleep(100);
    CHECK(gr_epoch_synchronise(10000));
    CHECK_EQUAL(atomic_load(&stage), 2);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void count(void *object) {
    ++*(size_t *)object;
}

static void retire_starved(void) {
    const size_t lost = 10;
    size_t retired = 0, released = 0;
    gr_epoch_enter(&first);
    starve();
    for (; gr_epoch_leaked() < lost; retired++)
        gr_epoch_retire(&released, count);
    CHECK(retired > lost); /* there was room for some */
    CHECK_EQUAL(gr_epoch_reclaim(), retired - lost);
    CHECK_EQUAL(released, 0);
    gr_epoch_leave(&first);
    for (size_t i = 0; i < retired; i++) /* nobody is in their way now: retiring makes its own room */
        gr_epoch_retire(&released, count);
    CHECK_EQUAL(gr_epoch_leaked(), lost);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    CHECK_EQUAL(released, 2 * retired - lost);
}

static void without_memory_objects_are_left_alone_and_counted(void) {
    clean();
    if (STARVE_POSSIBLE)
        in_child(retire_starved);
}

static void after_fork_in_child(void) {
    static int objects[2];
    freed = 0;
    gr_epoch_retire(&objects[0], note);
    gr_epoch_after_fork(&first);
    CHECK_EQUAL(gr_epoch_reclaim(), 1); /* our own section goes on */
    gr_epoch_leave(&first);
    CHECK_EQUAL(gr_epoch_reclaim(), 0); /* the other thread's does not */
    gr_epoch_enter(&second);
    gr_epoch_retire(&objects[1], note);
    gr_epoch_after_fork(NULL);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
}

static void a_child_forgets_the_sections_of_threads_it_does_not_have(void) {
    clean();
    gr_epoch_enter(&first);
    gr_epoch_enter(&second); /* as another thread would have */
    in_child(after_fork_in_child);
    gr_epoch_leave(&second);
    gr_epoch_leave(&first);
}

static void still_without_fence(void) {
    bool fences = atomic_load(&gr_epoch_clock.readers_fence);
    gr_epoch_after_fork(NULL);
    CHECK_EQUAL(atomic_load(&gr_epoch_clock.readers_fence), fences);
    CHECK_EQUAL(gr_os_serialise(), GRAFT_OK);
}

static void a_child_keeps_what_was_prepared(void) {
    in_child(still_without_fence);
}

/* From now on the kernel refuses membarrier to this process. */
static void forbid_membarrier(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void prepare_forbidden(void) {
    forbid_membarrier();
    gr_epoch_prepare();
    CHECK(atomic_load(&gr_epoch_clock.readers_fence));
    an_object_waits_for_the_section_that_may_see_it();
    synchronise_gives_up_after_its_time();
}

static void readers_fence_where_membarrier_is_missing(void) {
    in_child(prepare_forbidden);
}

static void lose_membarrier(void) {
    int object = 1;
    clean();
    bool fenced = atomic_load(&gr_epoch_clock.readers_fence); /* always, under ThreadSanitizer */
    forbid_membarrier();
    gr_epoch_retire(&object, note);
    CHECK_EQUAL(gr_epoch_reclaim(), fenced ? 0 : 1); /* nothing is known about sections that began without a fence */
    CHECK(atomic_load(&gr_epoch_clock.readers_fence));
    CHECK_EQUAL(gr_epoch_synchronise(0), fenced);
    CHECK(gr_epoch_synchronise(10000)); /* after the time in which every store has become visible */
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    an_object_waits_for_the_section_that_may_see_it();
}

static void membarrier_may_be_forbidden_later(void) {
    clean();
    in_child(lose_membarrier);
}

/* Stress: readers follow one pointer; the writer replaces what it points to, poisons and frees. */
enum { STRESS_READERS = 4 };
static const uint64_t stress_nanoseconds = 700000000;
static const uint64_t alive = 0x600d600d600d600d, dead = 0xdeaddeaddeaddead;

struct shared {
    uint64_t mark, number, check; /* alive; any; ~number */
};

static struct {
    struct shared *_Atomic current;
    atomic_bool done;
    atomic_ullong reads, frees;
} stress;

static void *stress_reader(void *record) {
    uint64_t reads = 0, seen = 0;
    gr_epoch_register(record);
    while (!atomic_load_explicit(&stress.done, memory_order_relaxed)) {
        gr_epoch_enter(record);
        struct shared *shared = atomic_load_explicit(&stress.current, memory_order_acquire);
        uint64_t number = shared->number;
        for (int i = 0; i < 8; i++) { /* stays a little, as a handler does */
            CHECK(shared->mark == alive);
            CHECK(shared->number == number && shared->check == ~number);
            atomic_signal_fence(memory_order_seq_cst);
        }
        gr_epoch_leave(record);
        CHECK(number >= seen); /* what a later section sees is not older */
        seen = number;
        reads++;
    }
    atomic_fetch_add(&stress.reads, reads);
    return NULL;
}

static void poison(void *object) {
    *(struct shared *)object = (struct shared){dead, 0, 0};
    free(object);
    atomic_fetch_add_explicit(&stress.frees, 1, memory_order_relaxed);
}

static struct shared *new_shared(uint64_t number) {
    struct shared *shared = malloc(sizeof *shared);
    CHECK(shared);
    *shared = (struct shared){alive, number, ~number};
    return shared;
}

static void stress_write(void) {
    uint64_t end = gr_os_nanoseconds() + stress_nanoseconds, number = 1;
    for (; number % 64 || gr_os_nanoseconds() < end; number++) {
        struct shared *old = atomic_load_explicit(&stress.current, memory_order_relaxed);
        atomic_store_explicit(&stress.current, new_shared(number), memory_order_release);
        gr_epoch_retire(old, poison);
        if (number % 4 == 0)
            gr_epoch_reclaim();
        if (number % 4096 == 0 && gr_epoch_synchronise(5000))
            CHECK_EQUAL(gr_epoch_reclaim(), 0);
    }
}

static void run_stress(struct gr_epoch_record records[STRESS_READERS]) {
    pthread_t threads[STRESS_READERS];
    atomic_store(&stress.done, false);
    atomic_store(&stress.current, new_shared(0));
    for (size_t i = 0; i < STRESS_READERS; i++)
        CHECK(pthread_create(&threads[i], NULL, stress_reader, &records[i]) == 0);
    stress_write();
    atomic_store(&stress.done, true);
    for (size_t i = 0; i < STRESS_READERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    gr_epoch_retire(atomic_load(&stress.current), poison);
    CHECK_EQUAL(gr_epoch_reclaim(), 0);
    CHECK(atomic_load(&stress.reads) > 0);
    CHECK_EQUAL(gr_epoch_leaked(), 0);
    printf("   %llu reads, %llu frees\n", atomic_load(&stress.reads), atomic_load(&stress.frees));
}

static void readers_with_fences_never_see_a_freed_object(void) {
    static struct gr_epoch_record records[STRESS_READERS];
    CHECK(atomic_load(&gr_epoch_clock.readers_fence));
    run_stress(records);
}

static void readers_without_fences_never_see_a_freed_object(void) {
    static struct gr_epoch_record records[STRESS_READERS];
    run_stress(records);
}

int main(void) {
    gr_epoch_register(&first);
    gr_epoch_register(&second);
    RUN(an_object_waits_for_the_section_that_may_see_it);
    RUN(readers_fence_where_membarrier_is_missing);
    RUN(readers_with_fences_never_see_a_freed_object);
    gr_epoch_prepare();
    RUN(an_object_waits_for_the_section_that_may_see_it);
    RUN(an_object_without_sections_is_freed_by_the_next_reclaim);
    RUN(a_section_that_began_later_holds_only_later_objects);
    RUN(the_oldest_section_decides);
    RUN(many_objects_are_freed_oldest_first);
    RUN(what_release_retires_waits_for_the_readers_of_that_moment);
    RUN(release_may_reclaim);
    RUN(synchronise_does_not_wait_without_sections);
    RUN(synchronise_gives_up_after_its_time);
    RUN(synchronise_returns_when_the_sections_have_ended);
    RUN(without_memory_objects_are_left_alone_and_counted);
    RUN(a_child_forgets_the_sections_of_threads_it_does_not_have);
    RUN(a_child_keeps_what_was_prepared);
    RUN(membarrier_may_be_forbidden_later);
    RUN(readers_without_fences_never_see_a_freed_object);
    return 0;
}
