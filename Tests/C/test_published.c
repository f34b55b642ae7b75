/* test_published.c: what a reader sees, when replaced values are released, threads that come and go, signals, fork, running
 * out of memory, and readers that would notice a value released too early. */
#include "check.h"
#include "os/fault.h"
#include "starve.h"
#include <graft/published.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/time.h>

static size_t released;
static int order[30000];

/* Values of the simple tests are ints, which tell in which order they were released. */
static void note(void *value) {
    CHECK(released < sizeof order / sizeof *order);
    order[released++] = *(int *)value;
}

static struct graft_published *publish(void *value) {
    struct graft_published *published = NULL;
    released = 0;
    CHECK_EQUAL(graft_published_create(value, note, &published), GRAFT_OK);
    return published;
}

static void replace(struct graft_published *published, void *value) {
    CHECK_EQUAL(graft_published_replace(published, value), GRAFT_OK);
}

/* One section. */
static int look(struct graft_published *published) {
    int seen = *(const int *)graft_published_enter(published);
    graft_published_leave(published);
    return seen;
}

static int values[] = {0, 1, 2, 3, 4, 5, 6, 7};

static void a_reader_sees_the_latest_value(void) {
    struct graft_published *published = publish(&values[1]);
    CHECK_EQUAL(look(published), 1);
    replace(published, &values[2]);
    CHECK_EQUAL(look(published), 2);
    CHECK_EQUAL(released, 1); /* by the replacement itself */
    CHECK_EQUAL(order[0], 1);
    graft_published_destroy(published);
    CHECK_EQUAL(released, 2);
    CHECK_EQUAL(order[1], 2);
}

static void a_value_waits_for_the_section_that_sees_it(void) {
    struct graft_published *published = publish(&values[1]);
    const int *seen = graft_published_enter(published);
    replace(published, &values[2]);
    CHECK_EQUAL(released, 0);
    CHECK(!graft_published_reclaim(published));
    CHECK_EQUAL(*seen, 1);
    graft_published_leave(published);
    CHECK(graft_published_reclaim(published));
    CHECK_EQUAL(released, 1);
    CHECK(graft_published_reclaim(published));
    CHECK_EQUAL(released, 1);
    graft_published_destroy(published);
}

static void sections_of_one_thread_nest(void) {
    struct graft_published *published = publish(&values[1]);
    const int *outer = graft_published_enter(published);
    replace(published, &values[2]);
    const int *inner = graft_published_enter(published);
    CHECK(*outer == 1 && *inner == 2);
    replace(published, &values[3]);
    graft_published_leave(published);
    CHECK(!graft_published_reclaim(published));
    CHECK_EQUAL(released, 0);
    graft_published_leave(published);
    CHECK(graft_published_reclaim(published));
    CHECK_EQUAL(order[0], 1); /* the oldest first */
    CHECK_EQUAL(order[1], 2);
    graft_published_destroy(published);
}

static void sections_of_several_objects_are_closed_in_any_order(void) {
    struct graft_published *first = publish(&values[1]), *second = publish(&values[2]);
    graft_published_enter(first);
    graft_published_enter(second);
    graft_published_leave(first);
    replace(second, &values[3]);
    CHECK(!graft_published_reclaim(second));
    graft_published_leave(second);
    CHECK(graft_published_reclaim(second));
    graft_published_destroy(first);
    graft_published_destroy(second);
}

static void null_is_a_value_and_is_not_released(void) {
    struct graft_published *published = publish(NULL);
    CHECK(graft_published_enter(published) == NULL);
    graft_published_leave(published);
    replace(published, &values[1]);
    CHECK_EQUAL(released, 0);
    replace(published, NULL);
    CHECK_EQUAL(released, 1);
    graft_published_destroy(published);
    CHECK_EQUAL(released, 1);
    graft_published_destroy(NULL);
}

static void values_may_need_no_release(void) {
    struct graft_published *published = NULL;
    CHECK_EQUAL(graft_published_create(&values[1], NULL, &published), GRAFT_OK);
    replace(published, &values[2]);
    CHECK_EQUAL(look(published), 2);
    graft_published_destroy(published);
}

static void arguments_are_checked(void) {
    CHECK_EQUAL(graft_published_create(&values[1], note, NULL), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(graft_published_replace(NULL, &values[1]), GRAFT_INVALID_ARGUMENT);
}

static struct graft_published *replaced_inside;

static void replace_once_more(void *value) {
    note(value);
    if (*(int *)value == 1)
        replace(replaced_inside, &values[5]);
}

static void release_may_replace_and_read(void) {
    released = 0;
    CHECK_EQUAL(graft_published_create(&values[1], replace_once_more, &replaced_inside), GRAFT_OK);
    replace(replaced_inside, &values[2]);
    CHECK_EQUAL(look(replaced_inside), 5);
    CHECK_EQUAL(released, 2);
    graft_published_destroy(replaced_inside);
}

/* ---- threads ---- */

static struct graft_published *shared;
static pthread_barrier_t line_up;

static void *stay(void *argument) {
    CHECK_EQUAL(*(const int *)graft_published_enter(shared), 1);
    pthread_barrier_wait(&line_up); /* inside */
    pthread_barrier_wait(&line_up); /* may leave */
    graft_published_leave(shared);
    return argument;
}

static void a_reader_that_stays_keeps_all_that_is_replaced_meanwhile(void) {
    enum { REPLACEMENTS = 20000 };
    static int many[REPLACEMENTS];
    pthread_t thread;
    shared = publish(&values[1]);
    CHECK(pthread_barrier_init(&line_up, NULL, 2) == 0);
    CHECK(pthread_create(&thread, NULL, stay, NULL) == 0);
    pthread_barrier_wait(&line_up);
    for (int i = 0; i < REPLACEMENTS; i++) {
        many[i] = i;
        replace(shared, &many[i]);
        CHECK_EQUAL(look(shared), i); /* it keeps nobody from the new ones */
    }
    CHECK_EQUAL(released, 0);
    CHECK(!graft_published_reclaim(shared));
    pthread_barrier_wait(&line_up);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(graft_published_reclaim(shared));
    CHECK_EQUAL(released, REPLACEMENTS);
    CHECK_EQUAL(order[0], 1);
    for (int i = 1; i < REPLACEMENTS; i++)
        CHECK_EQUAL(order[i], i - 1);
    graft_published_destroy(shared);
}

static void *end_inside(void *argument) {
    graft_published_enter(shared);
    graft_published_enter(shared);
    return argument;
}

static void a_thread_that_ends_inside_has_left(void) {
    pthread_t thread;
    shared = publish(&values[1]);
    CHECK(pthread_create(&thread, NULL, end_inside, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    replace(shared, &values[2]);
    CHECK(graft_published_reclaim(shared));
    CHECK_EQUAL(released, 1);
    graft_published_destroy(shared);
}

static pthread_key_t late_key;

/* A destructor that may run after ours, and reads. Its count is atomic for ThreadSanitizer, which sees no destructor that
 * runs after its own. */
static void read_late(void *count) {
    CHECK_EQUAL(look(shared), 1);
    if (atomic_fetch_sub((_Atomic int *)count, 1) > 1)
        CHECK(pthread_setspecific(late_key, count) == 0);
}

static void *read_at_the_end(void *count) {
    CHECK_EQUAL(look(shared), 1);
    CHECK(pthread_setspecific(late_key, count) == 0);
    return NULL;
}

static void destructors_of_a_thread_may_read(void) {
    shared = publish(&values[1]);
    CHECK(pthread_key_create(&late_key, read_late) == 0);
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        _Atomic int count = i + 1;
        CHECK(pthread_create(&thread, NULL, read_at_the_end, &count) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK_EQUAL(atomic_load(&count), 0);
    }
    CHECK(pthread_key_delete(late_key) == 0);
    replace(shared, &values[2]);
    CHECK_EQUAL(released, 1);
    graft_published_destroy(shared);
}

static void *look_once(void *argument) {
    CHECK_EQUAL(look(shared), 1);
    return argument;
}

/* A thousand threads, one after the other, need no memory but that of the first. */
static void records_of_ended_threads_are_used_again(void) {
    pthread_t thread;
    shared = publish(&values[1]);
    gr_fault_clear();
    for (int i = 0; i < 1000; i++) {
        CHECK(pthread_create(&thread, NULL, look_once, NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    CHECK(gr_fault_calls(GR_OS_ALLOCATE) <= 1);
    graft_published_destroy(shared);
}

static void *wait_inside(void *argument) {
    CHECK_EQUAL(*(const int *)graft_published_enter(shared), 1);
    pthread_barrier_wait(&line_up);
    pthread_barrier_wait(&line_up);
    graft_published_leave(shared);
    return argument;
}

/* More threads at once than a page has records. */
static void many_threads_at_once(void) {
    enum { THREADS = 150 };
    pthread_t threads[THREADS];
    shared = publish(&values[1]);
    CHECK(pthread_barrier_init(&line_up, NULL, THREADS + 1) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, wait_inside, NULL) == 0);
    pthread_barrier_wait(&line_up);
    replace(shared, &values[2]);
    CHECK_EQUAL(released, 0);
    pthread_barrier_wait(&line_up);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(graft_published_reclaim(shared));
    CHECK_EQUAL(released, 1);
    graft_published_destroy(shared);
}

/* ---- fork ---- */

static void leave_in_the_child(void) {
    CHECK(!graft_published_reclaim(shared)); /* our own section goes on, the other thread's does not */
    graft_published_leave(shared);
    CHECK(graft_published_reclaim(shared));
    CHECK_EQUAL(released, 1);
    replace(shared, &values[3]);
    CHECK_EQUAL(look(shared), 3);
    CHECK_EQUAL(released, 2);
    graft_published_destroy(shared);
    CHECK_EQUAL(released, 3);
}

static void a_child_forgets_the_sections_of_threads_it_does_not_have(void) {
    pthread_t thread;
    shared = publish(&values[1]);
    CHECK(pthread_barrier_init(&line_up, NULL, 2) == 0);
    CHECK(pthread_create(&thread, NULL, stay, NULL) == 0);
    pthread_barrier_wait(&line_up);
    graft_published_enter(shared);
    replace(shared, &values[2]);
    in_child(leave_in_the_child);
    graft_published_leave(shared);
    CHECK(!graft_published_reclaim(shared)); /* here it goes on */
    pthread_barrier_wait(&line_up);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(graft_published_reclaim(shared));
    graft_published_destroy(shared);
}

/* ---- signals ---- */

static _Atomic unsigned signals;

static void read_in_handler(int number) {
    (void)number;
    const int *seen = graft_published_enter(shared);
    CHECK(*seen >= 0);
    graft_published_leave(shared);
    atomic_fetch_add_explicit(&signals, 1, memory_order_relaxed);
}

/* A handler that reads, again and again while sections open and close; a value that is released is negative. */
static void mark(void *value) {
    *(int *)value = -1;
    released++;
}

static void a_handler_of_a_thread_that_has_read_may_read(void) {
    enum { ENOUGH = 200, TRIES = 20000000 };
    static int numbers[2];
    struct sigaction action = {.sa_handler = read_in_handler}, before;
    struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
    CHECK_EQUAL(graft_published_create(&numbers[0], mark, &shared), GRAFT_OK);
    released = 0;
    CHECK_EQUAL(look(shared), 0);
    CHECK(sigaction(SIGALRM, &action, &before) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (int i = 0; atomic_load_explicit(&signals, memory_order_relaxed) < ENOUGH && i < TRIES; i++) {
        const int *outer = graft_published_enter(shared);
        const int *inner = graft_published_enter(shared);
        CHECK(*inner == 0);
        graft_published_leave(shared);
        CHECK(*outer == 0);
        graft_published_leave(shared);
    }
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    CHECK(sigaction(SIGALRM, &before, NULL) == 0);
    CHECK(atomic_load(&signals) >= ENOUGH);
    replace(shared, &numbers[1]);
    CHECK(graft_published_reclaim(shared)); /* nothing was left open */
    CHECK_EQUAL(released, 1);
    graft_published_destroy(shared);
}

/* ---- without membarrier ---- */

static void read_with_fences(void) {
    gr_fault_set(GR_OS_MEMBARRIER, 0, 1000);
    a_value_waits_for_the_section_that_sees_it();
    sections_of_one_thread_nest();
    a_reader_that_stays_keeps_all_that_is_replaced_meanwhile();
}

static void readers_fence_where_membarrier_is_refused(void) {
    in_child(read_with_fences);
}

/* Membarrier worked when the first object was made, and is refused from now on. */
static void lose_membarrier(void) {
    struct graft_published *published = publish(&values[1]);
    gr_clock_stop();
    gr_fault_clear();
    gr_fault_set(GR_OS_MEMBARRIER, 0, 1000);
    replace(published, &values[2]);
    bool asked = gr_fault_calls(GR_OS_MEMBARRIER) > 0; /* readers had no fences: never so under ThreadSanitizer */
    CHECK_EQUAL(released, asked ? 0 : 1);
    CHECK(graft_published_reclaim(published) == !asked);
    gr_clock_advance(UINT64_C(1000000000));
    CHECK(graft_published_reclaim(published));
    CHECK_EQUAL(released, 1);
    graft_published_destroy(published);
    a_value_waits_for_the_section_that_sees_it();
}

static void membarrier_may_be_refused_later(void) {
    in_child(lose_membarrier);
}

/* ---- without memory ---- */

/* In a process in which no thread has read yet. */
static void be_a_guest(void) {
    shared = publish(&values[1]);
    gr_fault_set(GR_OS_ALLOCATE, 0, 2);
    const int *seen = graft_published_enter(shared);
    CHECK_EQUAL(look(shared), 1);
    CHECK_EQUAL(gr_fault_calls(GR_OS_ALLOCATE), 1); /* it does not ask again inside */
    replace(shared, &values[2]);
    CHECK(!graft_published_reclaim(shared));
    CHECK_EQUAL(*seen, 1);
    graft_published_leave(shared);
    CHECK(graft_published_reclaim(shared));
    CHECK_EQUAL(look(shared), 2);
    CHECK_EQUAL(gr_fault_calls(GR_OS_ALLOCATE), 2);
    CHECK_EQUAL(look(shared), 2); /* with a record now */
    CHECK_EQUAL(gr_fault_calls(GR_OS_ALLOCATE), 3);
    CHECK_EQUAL(look(shared), 2);
    CHECK_EQUAL(gr_fault_calls(GR_OS_ALLOCATE), 3);
    a_value_waits_for_the_section_that_sees_it();
}

static void a_thread_without_memory_for_a_record_reads_all_the_same(void) {
    in_child(be_a_guest);
}

static void fork_as_a_guest(void) {
    shared = publish(&values[1]);
    gr_fault_set(GR_OS_ALLOCATE, 0, 1);
    graft_published_enter(shared);
    replace(shared, &values[2]);
    if (fork() == 0) {
        CHECK(!graft_published_reclaim(shared)); /* our own section goes on */
        graft_published_leave(shared);
        CHECK(graft_published_reclaim(shared));
        _exit(0);
    }
    int status = 0;
    CHECK(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_guest_may_fork(void) {
    in_child(fork_as_a_guest);
}

static void replace_starved(void) {
    struct graft_published *published = publish(&values[1]);
    starve();
    enum graft_status status = graft_published_replace(published, &values[2]);
    CHECK_EQUAL(status, GRAFT_NO_MEMORY);
    CHECK_EQUAL(look(published), 1);
    CHECK_EQUAL(released, 0);
    struct graft_published *another = NULL;
    CHECK_EQUAL(graft_published_create(&values[1], note, &another), GRAFT_NO_MEMORY);
    CHECK(another == NULL);
    graft_published_destroy(published);
    CHECK_EQUAL(released, 1);
}

static void without_memory_nothing_is_replaced(void) {
    if (STARVE_POSSIBLE)
        in_child(replace_starved);
}

int main(void) {
    RUN(a_thread_without_memory_for_a_record_reads_all_the_same); /* first: no thread has read */
    RUN(a_guest_may_fork);
    RUN(readers_fence_where_membarrier_is_refused);
    RUN(arguments_are_checked);
    RUN(a_reader_sees_the_latest_value);
    RUN(a_value_waits_for_the_section_that_sees_it);
    RUN(sections_of_one_thread_nest);
    RUN(sections_of_several_objects_are_closed_in_any_order);
    RUN(null_is_a_value_and_is_not_released);
    RUN(values_may_need_no_release);
    RUN(release_may_replace_and_read);
    RUN(a_reader_that_stays_keeps_all_that_is_replaced_meanwhile);
    RUN(a_thread_that_ends_inside_has_left);
    RUN(destructors_of_a_thread_may_read);
    RUN(records_of_ended_threads_are_used_again);
    RUN(many_threads_at_once);
    RUN(a_child_forgets_the_sections_of_threads_it_does_not_have);
    RUN(a_handler_of_a_thread_that_has_read_may_read);
    RUN(membarrier_may_be_refused_later);
    RUN(without_memory_nothing_is_replaced);
    return 0;
}
