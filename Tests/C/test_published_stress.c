/* test_published_stress.c: readers that would notice a value released too early, while several writers replace it, threads
 * come and go, processes fork, and sections nest. Values are plain memory, so that ThreadSanitizer sees whether they are
 * passed on properly. */
#include "check.h"
#include "os/os.h"
#include "starve.h"
#include <graft/published.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

enum { READERS = 4, WRITERS = 2, PASSERS_BY = 300, FORKS = 20 };
static const uint64_t stress_nanoseconds = 700000000;
static const uint64_t alive = 0x600d600d600d600d, dead = 0xdeaddeaddeaddead;

struct value {
    uint64_t mark, number, check; /* alive; any; ~number */
};

static struct {
    struct graft_published *first, *second;
    atomic_bool done;
    atomic_ullong reads, made, released;
} stress;

static struct value *new_value(uint64_t number) {
    struct value *value = malloc(sizeof *value);
    CHECK(value != NULL);
    *value = (struct value){alive, number, ~number};
    atomic_fetch_add_explicit(&stress.made, 1, memory_order_relaxed);
    return value;
}

static void poison(void *value) {
    CHECK(((struct value *)value)->mark == alive);
    *(struct value *)value = (struct value){dead, 0, 0};
    free(value);
    atomic_fetch_add_explicit(&stress.released, 1, memory_order_relaxed);
}

static uint64_t check_whole(const struct value *value) {
    uint64_t number = value->number;
    CHECK(value->mark == alive && value->check == ~number);
    return number;
}

/* One section, now and then with another inside. */
static uint64_t look(struct graft_published *published, bool nests) {
    const struct value *value = graft_published_enter(published);
    uint64_t number = check_whole(value);
    if (nests) {
        struct graft_published *other = published == stress.first ? stress.second : stress.first;
        check_whole(graft_published_enter(other));
        check_whole(graft_published_enter(published));
        graft_published_leave(other);
        graft_published_leave(published);
    }
    for (int i = 0; i < 8; i++) { /* stays a little, as a reader does */
        CHECK(check_whole(value) == number);
        atomic_signal_fence(memory_order_seq_cst);
    }
    graft_published_leave(published);
    return number;
}

static void *read_all_the_time(void *argument) {
    uint64_t reads = 0;
    for (; !atomic_load_explicit(&stress.done, memory_order_relaxed); reads++)
        look(reads % 3 == 0 ? stress.second : stress.first, reads % 5 == 0);
    atomic_fetch_add(&stress.reads, reads);
    return argument;
}

static void *read_once_and_end(void *argument) {
    look(stress.first, true);
    if (argument != NULL)
        graft_published_enter(stress.second); /* ends inside */
    return NULL;
}

/* Threads that come and go, one at a time. */
static void *pass_by(void *argument) {
    for (size_t i = 0; i < PASSERS_BY; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, read_once_and_end, i % 2 ? argument : NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    return NULL;
}

static void *write_all_the_time(void *argument) {
    uint64_t number = 1;
    for (; !atomic_load_explicit(&stress.done, memory_order_relaxed); number++) {
        CHECK_EQUAL(
            graft_published_replace(number % 4 == 0 ? stress.second : stress.first, new_value(number)), GRAFT_OK);
        if (number % 16 == 0)
            graft_published_reclaim(stress.second);
        if (number % 64 == 0)
            sched_yield();
    }
    return argument;
}

static const struct value *seen; /* by the thread that forks, whose section is open then; or null */

static void read_and_replace_in_child(void) {
    if (seen != NULL) {
        graft_published_replace(stress.second, new_value(0));
        check_whole(seen);
        graft_published_leave(stress.second);
    }
    for (uint64_t i = 0; i < 100; i++) {
        look(stress.first, true);
        CHECK_EQUAL(graft_published_replace(stress.first, new_value(i)), GRAFT_OK);
    }
    CHECK(graft_published_reclaim(stress.first)); /* nobody else is here */
    CHECK(graft_published_reclaim(stress.second));
}

static void begin(pthread_t *threads) {
    atomic_store(&stress.done, false);
    atomic_store(&stress.made, 0);
    atomic_store(&stress.released, 0);
    CHECK_EQUAL(graft_published_create(new_value(0), poison, &stress.first), GRAFT_OK);
    CHECK_EQUAL(graft_published_create(new_value(0), poison, &stress.second), GRAFT_OK);
    for (size_t i = 0; i < READERS; i++)
        CHECK(pthread_create(&threads[i], NULL, read_all_the_time, NULL) == 0);
    for (size_t i = 0; i < WRITERS; i++)
        CHECK(pthread_create(&threads[READERS + i], NULL, write_all_the_time, NULL) == 0);
}

static void end(const pthread_t *threads) {
    atomic_store(&stress.done, true);
    for (size_t i = 0; i < READERS + WRITERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(graft_published_reclaim(stress.first));
    CHECK(graft_published_reclaim(stress.second));
    CHECK_EQUAL(atomic_load(&stress.made), atomic_load(&stress.released) + 2);
    graft_published_destroy(stress.first);
    graft_published_destroy(stress.second);
    CHECK_EQUAL(atomic_load(&stress.made), atomic_load(&stress.released));
    CHECK(atomic_load(&stress.reads) > 0);
    printf("   %llu reads, %llu values\n", atomic_load(&stress.reads), atomic_load(&stress.made));
}

static void readers_never_see_a_released_value(void) {
    pthread_t threads[READERS + WRITERS], passing;
    begin(threads);
    uint64_t until = gr_os_nanoseconds() + stress_nanoseconds;
    CHECK(pthread_create(&passing, NULL, pass_by, &stress) == 0);
    CHECK(pthread_join(passing, NULL) == 0);
    while (gr_os_nanoseconds() < until)
        sched_yield();
    end(threads);
}

/* Forked at any moment, by a thread that is inside a section or not. */
static void children_go_on_alone(void) {
    pthread_t threads[READERS + WRITERS];
    begin(threads);
    for (int i = 0; i < FORKS; i++) {
        seen = i % 2 ? graft_published_enter(stress.second) : NULL;
        in_child(read_and_replace_in_child);
        if (seen != NULL) {
            check_whole(seen);
            graft_published_leave(stress.second);
        }
    }
    end(threads);
}

int main(void) {
    RUN(readers_never_see_a_released_value);
    RUN(children_go_on_alone);
    return 0;
}
