/* calls.cpp: every call of a function under test: counted before and after, its result checked, its time measured.
 *
 * How a stall is told from scheduling: a call is measured by the processor time of its thread, which stands still while
 * another thread has the processor; and by whether the thread left the processor of its own accord (getrusage counts
 * that), which these functions never ask for: then it waited for a lock of the kernel, and the whole time counts; where
 * a page fault came with it, the lock was asked for that (the first trap of a thread touches its alternate stack). Time
 * in our own signal handlers is taken off. Interrupts, a hypervisor's pauses and what a preemption costs remain in it, so
 * windows without any change are measured in the same way, and those that were preempted are counted apart. Changes nothing; never calls the library. */
#include "stress.h"
#include <csetjmp>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <sys/resource.h>

namespace stress {

namespace {

constexpr uint64_t unsuspicious =
    20000; /* a call this short by the clock on the wall is no stall, whatever is said of it */

std::unique_ptr<Slot[]> all;
unsigned count;
std::atomic<int> window{-1};
thread_local Slot *mine;
thread_local std::atomic<uint64_t> explained; /* written by handlers of this thread */

uint64_t read(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

rusage usage() {
    rusage now;
    getrusage(RUSAGE_THREAD, &now);
    return now;
}

void raise(std::atomic<uint64_t> &most, uint64_t value) {
    for (uint64_t now = most; now < value && !most.compare_exchange_weak(now, value);) {
    }
}

/* What one call took; opened before it and closed after it. */
class Measure {
  public:
    explicit Measure(Slot::Stalls &into) : stalls(into) {
        before = usage();
        explainedBefore = explained;
        processor = threadNanoseconds();
        wall = nanoseconds();
    }
    ~Measure() {
        uint64_t took = nanoseconds() - wall;
        stalls.calls.fetch_add(1, std::memory_order_relaxed);
        if (took < unsuspicious) {
            raise(stalls.worst, took);
            return;
        }
        uint64_t busy = threadNanoseconds() - processor;
        const rusage after = usage();
        uint64_t spent = explained - explainedBefore;
        uint64_t stall = busy > spent ? busy - spent : 0;
        raise(stalls.worst, stall);
        stalls.over += stall > stallLimit;
        stalls.overPreempted += stall > stallLimit && after.ru_nivcsw != before.ru_nivcsw;
        if (after.ru_nvcsw != before.ru_nvcsw) {
            stalls.waits++;
            stalls.faultWaits += after.ru_minflt != before.ru_minflt;
            raise(stalls.worstWait, took);
        }
    }

  private:
    Slot::Stalls &stalls;
    rusage before;
    uint64_t explainedBefore, processor, wall;
};

struct Counted {
    Counted(Slot *slot, unsigned number) : ended(slot->ended[number]) {
        slot->begun[number].fetch_add(1, std::memory_order_relaxed);
    }
    ~Counted() {
        ended.fetch_add(1, std::memory_order_relaxed);
    }
    std::atomic<uint32_t> &ended;
};

long plain(unsigned index, long x) {
    Counted counted(mine, index);
    if (index < STRESS_PLAIN)
        return stress_plains[index](x);
    return stress_throughs[index - STRESS_PLAIN](x, nullptr);
}

long numberOf(unsigned index) {
    return static_cast<long>(index < STRESS_PLAIN ? index : index - STRESS_PLAIN);
}

void check(unsigned index, long x, long result) {
    if (result != 3 * x + numberOf(index))
        fail("function %u gave %ld for %ld, not %ld", index, result, x, 3 * x + numberOf(index));
}

thread_local jmp_buf place;

void jump(long) {
    longjmp(place, 1);
}

} // namespace

uint64_t nanoseconds() {
    return read(CLOCK_MONOTONIC);
}
uint64_t threadNanoseconds() {
    return read(CLOCK_THREAD_CPUTIME_ID);
}
Slot *slots() {
    return all.get();
}
unsigned slotCount() {
    return count;
}
void makeSlots(unsigned wanted) {
    all = std::make_unique<Slot[]>(wanted);
    count = wanted;
}
void useSlot(unsigned number) {
    mine = &all[number];
}
unsigned slotNumber() {
    return static_cast<unsigned>(mine - all.get());
}
void explain(uint64_t spent) {
    explained += spent;
}
void setWindow(Window now) {
    window.store(static_cast<int>(now), std::memory_order_relaxed);
}

void call(unsigned index, long x) {
    int now = window.load(std::memory_order_relaxed);
    long result;
    if (now < 0) {
        result = plain(index, x);
    } else {
        Measure measure(mine->stalls[now]);
        result = plain(index, x);
    }
    check(index, x, result);
}

void callThrough(unsigned index, long x, void (*back)(long x)) {
    Counted counted(mine, STRESS_PLAIN + index);
    check(STRESS_PLAIN + index, x, stress_throughs[index](x, back));
}

void callThroughJump(unsigned index, long x) {
    Counted counted(mine, STRESS_PLAIN + index);
    if (setjmp(place) == 0)
        stress_throughs[index](x, jump);
}

uint64_t calls() {
    uint64_t sum = 0;
    for (unsigned slot = 0; slot < count; slot++)
        for (unsigned i = 0; i < STRESS_ALL; i++)
            sum += all[slot].ended[i].load(std::memory_order_relaxed);
    return sum;
}

} // namespace stress
