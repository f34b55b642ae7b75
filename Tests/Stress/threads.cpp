/* threads.cpp: what programs do in their threads, all at once, while the functions that they call are changed.
 *
 * Threads that block every signal, that sleep in system calls inside a function, that start and end others all the time,
 * fork, spawn, throw, jump, and trap on their own account; and profiling signals on alternate stacks whose handlers call
 * the functions and unwind. Every thread calls and checks. Never calls the library itself. */
#include "stress.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <execinfo.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace stress {

Happened happened;

namespace {

constexpr long xMax = 1000;
constexpr unsigned callsEach = 16;      /* between two things that a thread does */
constexpr unsigned childCalls = 200;    /* of a forked child */
constexpr unsigned sampledFrames = 64;  /* of a profiling signal */
constexpr unsigned sampleMicros = 2000; /* of processor time, between two of them */
constexpr unsigned forkPause = 300000;  /* microseconds: a fork stops every thread's page faults for a while */

constexpr unsigned startPause = 2000; /* microseconds: threads that start or end block every signal for a moment */

/* The priority of threads that never pause: the thread that makes the changes has its turn among very many of them, and
 * threads that have only just been started, with every signal blocked, do not wait for ever to go on. */
constexpr int lowered = 5;

/* A turn: a thread that is preempted in it may hold a lock of the kernel or of malloc, for which the others wait until all
 * that want a processor have had one. So threads that never rest measure little but that. */
constexpr uint64_t turnNanoseconds = 2000000;

std::atomic<bool> stop, disturb;
uint64_t restNanoseconds; /* on average, after a turn; set before threads start */
std::vector<pthread_t> threads;
struct Begin {
    unsigned slot, kind;
    uint64_t seed;
};

void callSome(Random &random, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        call(static_cast<unsigned>(random.below(STRESS_ALL)), static_cast<long>(random.below(xMax)));
}

unsigned anyThrough(Random &random) {
    return static_cast<unsigned>(random.below(STRESS_THROUGH));
}

/* ---- The kinds; each is called again and again --------------------------------------------------------------------- */

void justCall(Random &random) {
    callSome(random, 64);
}

void blockEverything(Random &random) {
    sigset_t every, old;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &old);
    callSome(random, 64);
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    happened.blocks++;
}

void sleepInside(Random &random) {
    callThrough(anyThrough(random), 5, [](long x) {
        const timespec time = {0, x * 100000};
        if (x % 2 == 0)
            poll(nullptr, 0, 1);
        else
            nanosleep(&time, nullptr);
    });
    happened.sleeps++;
}

/* While the unwinder of libgcc installs the context of a catcher, its own frame cannot be unwound: a program that unwinds
 * in a signal handler at that moment may crash, whoever is in the process besides. */
thread_local std::atomic<bool> throwing;

void throwThrough(Random &random) {
    long x = static_cast<long>(random.below(xMax));
    bool caught = false;
    throwing = true;
    try {
        callThrough(anyThrough(random), x, [](long number) { throw number; });
    } catch (long number) {
        caught = number == x;
    }
    throwing = false;
    if (!caught)
        fail("an exception did not arrive as it was thrown");
    happened.throws++;
}

void jumpThrough(Random &random) {
    callThroughJump(anyThrough(random), 7);
    happened.jumps++;
}

void *shortThread(void *argument) {
    auto *begin = static_cast<Begin *>(argument);
    Random random(begin->seed);
    useAlternateStack();
    useSlot(begin->slot);
    callSome(random, callsEach);
    if (begin->kind % 2 != 0)
        callThrough(anyThrough(random), 1, [](long) {
            happened.exits++;
            pthread_exit(nullptr); /* unwinds through the function under test */
        });
    return nullptr;
}

void startAndEnd(Random &random) {
    pthread_t short_[4];
    Begin begin[4];
    for (unsigned i = 0; i < 4; i++) {
        begin[i] = {slotNumber(), i, random.next()};
        if (pthread_create(&short_[i], nullptr, shortThread, &begin[i]) != 0)
            fail("no thread: %s", strerror(errno));
    }
    for (pthread_t thread : short_)
        pthread_join(thread, nullptr);
    happened.starts += 4;
    usleep(startPause);
}

/* Returns how the child ended; 0 is well. */
int statusOf(pid_t child) {
    int status = -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            fail("a child is lost: %s", strerror(errno));
    return status;
}

void forkChild(Random &random) {
    if (!disturb) {
        justCall(random);
        return;
    }
    if (random.below(4) == 0) {
        char *const arguments[] = {const_cast<char *>("true"), nullptr};
        pid_t child;
        if (posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, environ) != 0 || statusOf(child) != 0)
            fail("a spawned program did not end well");
        happened.spawns++;
    } else {
        pid_t child = fork();
        if (child == 0) {
            callSome(random, childCalls);
            throwThrough(random);
            jumpThrough(random);
            _exit(0);
        }
        if (child < 0)
            fail("no child: %s", strerror(errno));
        int status = statusOf(child);
        if (status != 0)
            fail("a forked child ended with status %#x", static_cast<unsigned>(status));
        happened.forks++;
    }
    usleep(forkPause);
}

/* ---- The program's own traps --------------------------------------------------------------------------------------- */

thread_local std::atomic<unsigned> trapped;

void onTrap(int, siginfo_t *info, void *) {
    if (info->si_code != SI_KERNEL && info->si_code != TRAP_BRKPT)
        fail("a trap of ours came with code %d", info->si_code);
    trapped++;
    happened.traps++;
}
void onTrapAfter(int number, siginfo_t *info, void *context) {
    onTrap(number, info, context);
}

void handleTraps(void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    if (sigaction(SIGTRAP, &action, nullptr) != 0)
        fail("no handler for SIGTRAP: %s", strerror(errno));
}

void trapOurselves(Random &random) {
    unsigned before = trapped;
    if (random.below(16) == 0)
        handleTraps(random.below(2) == 0 ? onTrap : onTrapAfter, random.below(2) == 0 ? SA_ONSTACK : 0);
    __asm__ volatile("int3");
    if (trapped != before + 1)
        fail("a trap of the program's own was heard %u times", trapped - before);
    callSome(random, callsEach);
}

/* ---- Profiling ----------------------------------------------------------------------------------------------------- */

thread_local Random *sampling;

void onProfile(int) {
    int kept = errno;
    uint64_t began = threadNanoseconds();
    void *found[sampledFrames];
    if (sampling != nullptr) {
        callSome(*sampling, 3);
        if (!throwing)
            happened.frames += static_cast<uint64_t>(backtrace(found, sampledFrames));
        happened.profiles++;
    }
    explain(threadNanoseconds() - began);
    errno = kept;
}

void rest(Random &random) {
    if (restNanoseconds == 0)
        return;
    uint64_t length = random.below(2 * restNanoseconds);
    const timespec time = {static_cast<time_t>(length / 1000000000), static_cast<long>(length % 1000000000)};
    nanosleep(&time, nullptr); /* a signal may end it early */
}

using Kind = void (*)(Random &random);
constexpr Kind kinds[] = {trapOurselves, forkChild, blockEverything, sleepInside, startAndEnd, throwThrough,
    jumpThrough, justCall, justCall, blockEverything, sleepInside, justCall, throwThrough, jumpThrough, justCall,
    justCall};
constexpr unsigned kindCount = sizeof kinds / sizeof *kinds;

void *runThread(void *argument) {
    auto *begin = static_cast<Begin *>(argument);
    Random random(begin->seed), forHandlers(~begin->seed);
    useAlternateStack();
    useSlot(begin->slot);
    sampling = &forHandlers;
    Kind kind = kinds[begin->kind % kindCount];
    if (kind == trapOurselves && begin->kind != 0)
        kind = justCall; /* the action belongs to the process: one thread changes it */
    if (kind != startAndEnd && kind != forkChild)
        setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), getpriority(PRIO_PROCESS, 0) + lowered);
    while (!stop.load(std::memory_order_relaxed)) {
        for (uint64_t until = nanoseconds() + turnNanoseconds; nanoseconds() < until;) {
            kind(random);
            callSome(random, callsEach);
        }
        rest(random);
    }
    sampling = nullptr;
    delete begin;
    return nullptr;
}

/* Gives an alternate stack back when its thread ends. */
struct AlternateStack {
    void *memory = MAP_FAILED;
    ~AlternateStack() {
        const stack_t none = {nullptr, SS_DISABLE, 0};
        if (memory != MAP_FAILED && sigaltstack(&none, nullptr) == 0)
            munmap(memory, crashStack);
    }
};

} // namespace

void useAlternateStack() {
    static thread_local AlternateStack stack;
    stack.memory = mmap(nullptr, crashStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.memory == MAP_FAILED)
        fail("no memory for an alternate stack");
    const stack_t alternate = {stack.memory, 0, crashStack};
    sigaltstack(&alternate, nullptr);
}

void trapBeforeStart() {
    handleTraps(onTrap, SA_ONSTACK);
    __asm__ volatile("int3");
    if (trapped != 1)
        fail("the program's own trap is not heard before the library is started");
}

void setDisturbances(bool wanted) {
    const long microseconds = wanted ? sampleMicros : 0;
    const itimerval timer = {{0, microseconds}, {0, microseconds}};
    struct sigaction action;
    void *warm[4];
    backtrace(warm, 4); /* loads what it needs, outside a handler */
    memset(&action, 0, sizeof action);
    action.sa_handler = onProfile;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    if (sigaction(SIGPROF, &action, nullptr) != 0 || setitimer(ITIMER_PROF, &timer, nullptr) != 0)
        fail("no profiling signals: %s", strerror(errno));
    disturb = wanted;
}

void startThreads(unsigned count, uint64_t seed, bool busy) {
    Random random(seed);
    long processors = std::max(1L, sysconf(_SC_NPROCESSORS_ONLN));
    restNanoseconds = busy ? 0 : turnNanoseconds * count / static_cast<uint64_t>(processors);
    stop = false;
    for (unsigned i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, runThread, new Begin{i, i, random.next()}) != 0)
            fail("no thread %u: %s", i, strerror(errno));
        threads.push_back(thread);
    }
}

void joinThreads() {
    stop = true;
    for (pthread_t thread : threads)
        pthread_join(thread, nullptr);
    threads.clear();
}

} // namespace stress
