/* stress.h: what the parts of graft-stress share: options, the calls that are checked, the threads, what is reported.
 *
 * main.cpp reads the options and orders the phases; watch.cpp looks at the working process from outside; calls.cpp makes
 * and counts each call; threads.cpp is what programs do in their threads; batches.cpp changes functions under them;
 * stall.cpp measures what a change costs the threads. Uses the public interface of the library alone. */
#ifndef STRESS_H
#define STRESS_H

#include "functions.h"
#include <atomic>
#include <cstdint>
#include <graft/graft.h>
#include <sys/types.h>
#include <vector>

namespace stress {

constexpr unsigned threadsMax = 1024;
constexpr unsigned batchMax = 10000;
constexpr unsigned crashStack = 64 * 1024; /* alternate stacks for signal handlers */

struct Options {
    unsigned threads = 64;
    uint64_t toggles = 1000000; /* one is one function patched and restored */
    unsigned seconds = 0;       /* at most this long; 0 is for ever */
    unsigned batch = batchMax;  /* functions changed at once: 1 to this */
    uint64_t seed = 0;          /* 0 takes the time of day */
    bool busy = false;          /* threads never rest */
    bool json = false;
    bool alone = false; /* no watching process: for debuggers */
};

/* Shared with the watching process: what it says when the working one is gone. */
struct Watched {
    std::atomic<const char *> phase{"start"}; /* literals: at the same address in both processes */
    std::atomic<uint64_t> seed{0}, batch{0}, toggles{0}, beats{0};
};
extern Watched *watched;

/* Runs `work` in a process of its own and returns what this one shall exit with. */
int watch(const Options &options, int (*work)(const Options &options));
void phase(const char *name);
/* Prints what went wrong, with the phase and the seed, and ends the process so that a core may be had. */
[[noreturn]] void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A generator of pseudo-random numbers, the same for the same seed (splitmix64). */
class Random {
  public:
    explicit Random(uint64_t seed) : state(seed) {
    }
    uint64_t next() {
        uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
    }
    uint64_t below(uint64_t limit) {
        return next() % limit;
    }

  private:
    uint64_t state;
};

/* ---- calls.cpp ------------------------------------------------------------------------------------------------- */

/* What one thread has called, and what its calls cost. Shared by the threads that it starts. */
struct Slot {
    std::atomic<uint32_t> begun[STRESS_ALL], ended[STRESS_ALL];
    struct Stalls {
        std::atomic<uint64_t> calls{0}, worst{0}, over{0}, overPreempted{0}; /* nanoseconds */
        std::atomic<uint64_t> waits{0}, faultWaits{0}, worstWait{0};
    } stalls[2]; /* without and with changes */
};

/* One for each thread, and one more for the thread that makes the changes. */
Slot *slots();
unsigned slotCount();
void makeSlots(unsigned count);
/* The slot of the calling thread from now on. */
void useSlot(unsigned number);
unsigned slotNumber();

/* Calls function `index` and checks its result; any thread that has a slot, also in a signal handler. */
void call(unsigned index, long x);
/* Calls function `index`, which calls `back(x)`; what `back` throws passes. */
void callThrough(unsigned index, long x, void (*back)(long x));
/* The same, for a `back` that jumps to here: this returns normally. */
void callThroughJump(unsigned index, long x);
/* Time that signal handlers of ours spent in the calling thread, which no call is to blame for. */
void explain(uint64_t nanoseconds);
uint64_t calls();

/* Which window the calls are counted in: none, or that of Slot::stalls. */
enum class Window { none = -1, quiet = 0, changing = 1 };
void setWindow(Window window);

uint64_t threadNanoseconds();
uint64_t nanoseconds();

/* ---- threads.cpp ----------------------------------------------------------------------------------------------- */

/* Starts `count` threads, of every kind in turn, and joins them. Unless they are `busy`, each rests between its turns for so
 * long that together they ask for what the processors have, and not for many times that. */
void startThreads(unsigned count, uint64_t seed, bool busy);
void joinThreads();
/* Whether threads fork and profiling signals arrive: what stalls threads by itself. */
void setDisturbances(bool wanted);
/* Installs the program's own SIGTRAP handlers: one before the library is started, others from a thread later. */
void trapBeforeStart();
/* Gives the calling thread an alternate stack, until it ends. */
void useAlternateStack();

struct Happened {
    std::atomic<uint64_t> throws{0}, jumps{0}, forks{0}, spawns{0}, starts{0}, exits{0}, sleeps{0}, blocks{0},
        profiles{0}, frames{0}, traps{0};
};
extern Happened happened;

/* ---- batches.cpp ----------------------------------------------------------------------------------------------- */

struct Changed {
    uint64_t batches = 0, toggles = 0, modeChanges = 0, putOff = 0, largest = 0;
    std::atomic<uint64_t> told{0};
    uint64_t countsChecked = 0;
    std::vector<float> installMicroseconds; /* for each function, by batch */
};
extern Changed changed;

void keepOriginals();
/* Every function at once, in each mode but once, called by this thread alone: counts are exact. Before other threads start:
 * their stacks and heaps may take the addresses that the jumps of some functions need. */
void changeAllAtOnce();
/* One batch: installs, calls, counts, switches modes, removes, each checked. Returns the number of functions. */
unsigned changeBatch(Random &random, unsigned most);
/* Every byte is as it was, perhaps after threads that block signals let the last ones be restored. */
void checkOriginals();

/* ---- stall.cpp ------------------------------------------------------------------------------------------------- */

constexpr uint64_t stallLimit = 100000; /* nanoseconds: the goal */

struct Stalls {
    uint64_t calls, worst, over, overPreempted, waits, faultWaits, worstWait;
};
/* Windows without and with changes in turn, each `milliseconds` long. */
void measureStalls(Random &random, unsigned most, unsigned windows, unsigned milliseconds);
Stalls stallsOf(Window window);

} // namespace stress

#endif
