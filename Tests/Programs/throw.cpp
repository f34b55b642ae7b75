/* throw.cpp: C++ exceptions from, through and beside functions whose entry and exit are probed.
 *
 * Every exception must arrive where it would have, with every destructor run on the way; a handler is told of each
 * function that is left so, once; and no frame is lost, however many are thrown. The end of a program by an exception
 * is unwind.cpp's, cancellation is cancel.cpp's. */
#include "probes.h"
#include <atomic>
#include <chrono>
#include <exception>
#include <string>
#include <thread>
#include <vector>

enum { ARGUMENTS = 9, THREADS = 8, THROWS = 40000, DEEP = 100, TIMED = 10000, SHORT_ROUNDS = 100 };

namespace {

/* What the handlers of all probes were told. */
struct Told {
    std::atomic<uint64_t> enters{0}, leaves{0}, unwinds{0};
    std::atomic<uint64_t> suppressed{0}; /* calls inside a handler: counted as hits, not told */
};

void count(struct graft_hit *hit, void *context) {
    auto *told = static_cast<Told *>(context);
    if (hit->phase == GRAFT_PHASE_ENTER) {
        hit->cookie = hit->stack_pointer;
        told->enters++;
        return;
    }
    CHECK_EQUAL(hit->cookie, hit->stack_pointer);
    (hit->phase == GRAFT_PHASE_LEAVE ? told->leaves : told->unwinds)++;
}

/* A probe on everything that begins so, for a scope; at its end nothing is still open and no frame was missing. */
class Probed {
  public:
    Probed(const char *target, unsigned entries, graft_handler handler = count)
        : id(install(target, GRAFT_MODE_ENTRY_EXIT, handler, &told, entries)) {
    }
    ~Probed() {
        CHECK_EQUAL(told.enters, told.leaves + told.unwinds);
        CHECK_EQUAL(hits_of(id), told.enters + told.suppressed);
        CHECK_EQUAL(counters_now().frames_exhausted, 0);
        uninstall(id);
    }
    Told told;

  private:
    graft_probe_id id;
};

/* Thrown by the functions below: carries what the thrower saw of its arguments. */
struct Thrown {
    long sum;
};

std::atomic<uint64_t> inside; /* calls of throw_inside */
std::string order;            /* of what destructors and catchers did; for one thread */

struct Noted {
    char name;
    ~Noted() {
        order += name;
    }
};

} // namespace

extern "C" {
PROBED long throw_0() {
    throw Thrown{0};
}
PROBED long throw_1(long a) {
    throw Thrown{a};
}
PROBED long throw_2(long a, long b) {
    throw Thrown{a + 2 * b};
}
PROBED long throw_3(long a, long b, long c) {
    throw Thrown{a + 2 * b + 3 * c};
}
PROBED long throw_4(long a, long b, long c, long d) {
    throw Thrown{a + 2 * b + 3 * c + 4 * d};
}
PROBED long throw_5(long a, long b, long c, long d, long e) {
    throw Thrown{a + 2 * b + 3 * c + 4 * d + 5 * e};
}
PROBED long throw_6(long a, long b, long c, long d, long e, long f) {
    throw Thrown{a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f};
}
PROBED long throw_7(long a, long b, long c, long d, long e, long f, long g) {
    throw Thrown{a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g};
}
PROBED long throw_8(long a, long b, long c, long d, long e, long f, long g, long h) {
    throw Thrown{a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h};
}

/* Throws for odd numbers; through `level` calls of itself, each with something to destroy. */
PROBED long sometimes(long number, int level) {
    std::string kept(40, static_cast<char>('a' + level % 26)); /* long enough for the heap */
    long result = number;
    if (level > 0)
        result = sometimes(number, level - 1);
    else if (number % 2 != 0)
        throw Thrown{number};
    CHECK_EQUAL(kept.size(), 40);
    return result + 1;
}

/* Each ends with a jump to the next, in the caller's stack slot. */
PROBED long tail_last(long number) {
    if (number % 2 != 0)
        throw Thrown{number};
    return number;
}
PROBED long tail_second(long number) {
    return tail_last(number + 1);
}
PROBED long tail_first(long number) {
    return tail_second(number + 1);
}

PROBED void nested_inner() {
    Noted noted{'1'};
    throw Thrown{1};
}
PROBED void nested_catching() {
    Noted noted{'2'};
    try {
        nested_inner();
    } catch (const Thrown &) {
        order += 'c';
        throw; /* again, through the same frames that are still open */
    }
}
PROBED void nested_outer() {
    Noted noted{'3'};
    nested_catching();
}

/* Called by a destructor while an exception is on its way, and throws and catches one of its own. */
PROBED void cleanup_throw() {
    throw std::string("inside");
}
PROBED void cleanup() {
    try {
        cleanup_throw();
    } catch (const std::string &text) {
        order += text[0];
    }
}
PROBED void cleanup_through(int level);
}

namespace {

struct Cleaned {
    ~Cleaned() {
        cleanup();
    }
};

template <typename Call> long caught(Call call) {
    try {
        call();
    } catch (const Thrown &thrown) {
        return thrown.sum;
    }
    return -1;
}

void exceptions_are_thrown_by_functions_with_up_to_eight_arguments() {
    Probed probed(":throw_?", ARGUMENTS);
    for (long a = 1; a <= 100; a++) {
        CHECK_EQUAL(caught([&] { throw_0(); }), 0);
        CHECK_EQUAL(caught([&] { throw_1(a); }), a);
        CHECK_EQUAL(caught([&] { throw_2(a, 2); }), a + 4);
        CHECK_EQUAL(caught([&] { throw_3(a, 2, 3); }), a + 13);
        CHECK_EQUAL(caught([&] { throw_4(a, 2, 3, 4); }), a + 29);
        CHECK_EQUAL(caught([&] { throw_5(a, 2, 3, 4, 5); }), a + 54);
        CHECK_EQUAL(caught([&] { throw_6(a, 2, 3, 4, 5, 6); }), a + 90);
        CHECK_EQUAL(caught([&] { throw_7(a, 2, 3, 4, 5, 6, 7); }), a + 139);
        CHECK_EQUAL(caught([&] { throw_8(a, 2, 3, 4, 5, 6, 7, 8); }), a + 203);
    }
    CHECK_EQUAL(probed.told.unwinds, 100 * ARGUMENTS);
    CHECK_EQUAL(probed.told.leaves, 0);
}

void exceptions_pass_nested_functions_are_caught_on_the_way_and_rethrown() {
    Probed probed(":nested_*", 3);
    for (int i = 0; i < 1000; i++) {
        order.clear();
        CHECK_EQUAL(caught(nested_outer), 1);
        CHECK_TEXT(order.c_str(), "1c23");
    }
    CHECK_EQUAL(probed.told.unwinds, 3000);
    CHECK_EQUAL(probed.told.leaves, 0);
}

void exceptions_are_kept_and_thrown_again_elsewhere() {
    Probed probed(":throw_1", 1);
    std::exception_ptr kept;
    std::thread([&] {
        try {
            throw_1(77);
        } catch (...) {
            kept = std::current_exception();
        }
    }).join();
    CHECK_EQUAL(caught([&] { std::rethrow_exception(kept); }), 77);
    CHECK_EQUAL(probed.told.unwinds, 1);
}

void destructors_call_probed_functions_that_throw_while_an_exception_is_on_its_way() {
    Probed probed(":cleanup*", 3);
    for (int i = 0; i < 1000; i++) {
        order.clear();
        CHECK_EQUAL(caught([] { cleanup_through(3); }), 5);
        CHECK_TEXT(order.c_str(), "iiii");
    }
    CHECK_EQUAL(probed.told.unwinds, 1000 * (4 + 4));
    CHECK_EQUAL(probed.told.leaves, 1000 * 4);
}

void deep_calls_return_or_throw() {
    Probed probed(":sometimes", 1);
    for (long number = 0; number < 100; number++) {
        long sum = caught([&] { CHECK_EQUAL(sometimes(number, DEEP - 1), number + DEEP); });
        CHECK_EQUAL(sum, number % 2 != 0 ? number : -1);
    }
    CHECK_EQUAL(probed.told.unwinds, 50 * DEEP);
    CHECK_EQUAL(probed.told.leaves, 50 * DEEP);
}

void tail_calls_return_and_throw() {
    Probed probed(":tail_*", 3);
    for (long number = 0; number < 1000; number++) {
        long sum = caught([&] { CHECK_EQUAL(tail_first(number), number + 2); });
        CHECK_EQUAL(sum, number % 2 != 0 ? number + 2 : -1);
    }
    CHECK_EQUAL(probed.told.leaves, 3 * 500);
    CHECK_EQUAL(probed.told.unwinds, 3 * 500);
}

void threads_throw_by_the_ten_thousand_and_lose_no_frame() {
    Probed probed(":sometimes", 1);
    std::vector<std::thread> threads;
    for (int t = 0; t < THREADS; t++)
        threads.emplace_back([t] {
            for (long i = 0; i < THROWS / THREADS; i++)
                CHECK_EQUAL(caught([&] { sometimes(2 * i + 1, (t + static_cast<int>(i)) % 4); }), 2 * i + 1);
        });
    for (auto &thread : threads)
        thread.join();
    CHECK_EQUAL(probed.told.leaves, 0);
    CHECK_EQUAL(probed.told.unwinds, THROWS * 5 / 2); /* one to four calls, in turn */
}

double microseconds_per_throw() {
    auto began = std::chrono::steady_clock::now();
    for (long i = 0; i < TIMED; i++)
        CHECK_EQUAL(caught([&] { throw_1(i); }), i);
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count() / TIMED;
}

/* The dearest case, since the thunk takes the exception over: the catcher is the caller. A figure, no goal. */
void what_a_throw_costs_is_shown() {
    double plain = microseconds_per_throw();
    Probed probed(":throw_1", 1);
    printf("  an exception caught by the caller takes %.1f us, and %.1f us when entry and exit are probed\n", plain,
        microseconds_per_throw());
    CHECK_EQUAL(probed.told.unwinds, TIMED);
}

/* Threads that end one after the other take over each other's blocks, which exceptions left as they were. */
void short_threads_throw_and_call_in_turn() {
    Probed probed(":sometimes", 1);
    for (int round = 0; round < SHORT_ROUNDS; round++) {
        std::vector<std::thread> threads;
        for (long t = 0; t < THREADS; t++)
            threads.emplace_back([t] {
                CHECK_EQUAL(sometimes(2 * t, 3), 2 * t + 4);
                CHECK_EQUAL(caught([&] { sometimes(2 * t + 1, 3); }), 2 * t + 1);
            });
        for (auto &thread : threads)
            thread.join();
    }
    CHECK_EQUAL(probed.told.leaves, SHORT_ROUNDS * THREADS * 4);
    CHECK_EQUAL(probed.told.unwinds, SHORT_ROUNDS * THREADS * 4);
}

/* A handler may throw what it catches itself, and call functions that are probed. */
void throw_inside(struct graft_hit *hit, void *context) {
    inside++;
    try {
        throw_8(1, 1, 1, 1, 1, 1, 1, 1);
    } catch (const Thrown &thrown) {
        CHECK_EQUAL(thrown.sum, 36);
        count(hit, context);
        return;
    }
    CHECK(false);
}

void handlers_throw_and_catch_inside() {
    Probed probed(":throw_?", ARGUMENTS, throw_inside), through(":sometimes", 1, throw_inside);
    for (long i = 0; i < 1000; i++) {
        CHECK_EQUAL(caught([&] { throw_3(i, 0, 0); }), i);
        CHECK_EQUAL(caught([&] { sometimes(i, 3); }), i % 2 != 0 ? i : -1);
    }
    CHECK_EQUAL(probed.told.unwinds, 1000);
    CHECK_EQUAL(through.told.unwinds, 2000);
    CHECK_EQUAL(through.told.leaves, 2000);
    CHECK_EQUAL(inside, 2 * (1000 + 4000));
    probed.told.suppressed = inside.load();
}

} // namespace

void cleanup_through(int level) {
    Cleaned cleaned;
    if (level == 0)
        throw Thrown{5};
    cleanup_through(level - 1);
}

int main() {
    CHECK_EQUAL(graft_start(nullptr), GRAFT_OK);
    RUN(exceptions_are_thrown_by_functions_with_up_to_eight_arguments);
    RUN(exceptions_pass_nested_functions_are_caught_on_the_way_and_rethrown);
    RUN(exceptions_are_kept_and_thrown_again_elsewhere);
    RUN(destructors_call_probed_functions_that_throw_while_an_exception_is_on_its_way);
    RUN(deep_calls_return_or_throw);
    RUN(tail_calls_return_and_throw);
    RUN(threads_throw_by_the_ten_thousand_and_lose_no_frame);
    RUN(short_threads_throw_and_call_in_turn);
    RUN(handlers_throw_and_catch_inside);
    RUN(what_a_throw_costs_is_shown);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
}
