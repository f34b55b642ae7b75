/* cancel.cpp: threads that end inside probed functions: cancelled, by pthread_exit, inside a handler.
 *
 * Destructors run, handlers are told of each function that is left so, and the library can still be used after. */
#include "probes.h"
#include <atomic>
#include <pthread.h>
#include <semaphore.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

enum { THREADS = 8, ROUNDS = 25, DEPTH = 4 };

namespace {

std::atomic<uint64_t> enters, leaves, unwinds, destroyed;
std::atomic<bool> released; /* never: compilers cannot know */
sem_t waiting;              /* posted by each thread that is about to wait */

void count(struct graft_hit *hit, void *context) {
    (void)context;
    (hit->phase == GRAFT_PHASE_ENTER ? enters : hit->phase == GRAFT_PHASE_LEAVE ? leaves : unwinds)++;
}

struct Counted {
    ~Counted() {
        destroyed++;
    }
};

} // namespace

extern "C" {
PROBED void wait_for_end(void *how) {
    Counted counted;
    if (how != nullptr)
        pthread_exit(how);
    sem_post(&waiting);
    while (!released)
        pause();
}
PROBED void wait_through(int level, void *how) {
    Counted counted;
    if (level == 0)
        wait_for_end(how);
    else
        wait_through(level - 1, how);
}
PROBED int spin_a_little(int x) {
    __asm__ volatile("");
    return x * 3 + 1;
}
}

namespace {

void *begin(void *how) {
    wait_through(DEPTH - 2, how);
    return nullptr;
}

void reset() {
    enters = leaves = unwinds = destroyed = 0;
}

void all_left_by_unwinding(uint64_t threads) {
    CHECK_EQUAL(enters, threads * DEPTH);
    CHECK_EQUAL(unwinds, threads * DEPTH);
    CHECK_EQUAL(leaves, 0);
    CHECK_EQUAL(destroyed, threads * DEPTH);
    CHECK_EQUAL(counters_now().frames_exhausted, 0);
}

void cancelled_threads_unwind_through_probed_functions() {
    reset();
    graft_probe_id probe = install(":wait_*", GRAFT_MODE_ENTRY_EXIT, count, nullptr, 2);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        for (auto &thread : threads)
            CHECK_EQUAL(pthread_create(&thread, nullptr, begin, nullptr), 0);
        for (int i = 0; i < THREADS; i++)
            while (sem_wait(&waiting) != 0) {
            }
        for (auto thread : threads) {
            void *result = nullptr;
            CHECK_EQUAL(pthread_cancel(thread), 0);
            CHECK_EQUAL(pthread_join(thread, &result), 0);
            CHECK(result == PTHREAD_CANCELED);
        }
    }
    all_left_by_unwinding(THREADS * ROUNDS);
    uninstall(probe);
}

void a_std_thread_is_cancelled_through_probed_functions() {
    reset();
    graft_probe_id probe = install(":wait_*", GRAFT_MODE_ENTRY_EXIT, count, nullptr, 2);
    std::thread thread([] { begin(nullptr); });
    while (sem_wait(&waiting) != 0) {
    }
    CHECK_EQUAL(pthread_cancel(thread.native_handle()), 0);
    thread.join();
    all_left_by_unwinding(1);
    uninstall(probe);
}

void threads_exit_from_inside_probed_functions() {
    reset();
    graft_probe_id probe = install(":wait_*", GRAFT_MODE_ENTRY_EXIT, count, nullptr, 2);
    for (uintptr_t i = 1; i <= THREADS * ROUNDS; i++) {
        pthread_t thread;
        void *result = nullptr;
        CHECK_EQUAL(pthread_create(&thread, nullptr, begin, reinterpret_cast<void *>(i)), 0);
        CHECK_EQUAL(pthread_join(thread, &result), 0);
        CHECK(result == reinterpret_cast<void *>(i));
    }
    all_left_by_unwinding(THREADS * ROUNDS);
    uninstall(probe);
}

/* Not what a handler should do, but what a cancellation may do to one. */
void wait_in_handler(struct graft_hit *hit, void *context) {
    (void)context;
    if (hit->phase != GRAFT_PHASE_ENTER)
        return;
    sem_post(&waiting);
    while (!released)
        pause();
}

void a_thread_that_is_cancelled_inside_a_handler_holds_up_nothing() {
    for (int mode = GRAFT_MODE_ENTRY; mode <= GRAFT_MODE_ENTRY_EXIT; mode++) {
        graft_probe_id probe = install(":spin_a_little", static_cast<graft_mode>(mode), wait_in_handler, nullptr, 1);
        pthread_t thread;
        void *result = nullptr;
        auto spin = [](void *x) -> void * { return spin_a_little(1) == 4 ? x : nullptr; };
        CHECK_EQUAL(pthread_create(&thread, nullptr, spin, nullptr), 0);
        while (sem_wait(&waiting) != 0) {
        }
        CHECK_EQUAL(pthread_cancel(thread), 0);
        CHECK_EQUAL(pthread_join(thread, &result), 0);
        CHECK(result == PTHREAD_CANCELED);
        uninstall(probe);
        CHECK_EQUAL(spin_a_little(2), 7);
    }
}

} // namespace

int main() {
    try { /* a libgcc that was linked into a program can cancel only after it has thrown */
        throw 1;
    } catch (int) {
    }
    CHECK_EQUAL(sem_init(&waiting, 0, 0), 0);
    CHECK_EQUAL(graft_start(nullptr), GRAFT_OK);
    RUN(cancelled_threads_unwind_through_probed_functions);
    RUN(a_std_thread_is_cancelled_through_probed_functions);
    RUN(threads_exit_from_inside_probed_functions);
    RUN(a_thread_that_is_cancelled_inside_a_handler_holds_up_nothing);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
}
