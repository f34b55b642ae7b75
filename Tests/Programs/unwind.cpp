/* unwind.cpp: who looks at the stack from inside probed functions sees what is there without us; and where a program
 * ends by an exception, it ends as it would have.
 *
 * Built also with libunwind, which then replaces the compiler's own unwinder for the whole process. */
#include "probes.h"
#include <dlfcn.h>
#include <exception>
#include <execinfo.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <unwind.h>
#include <vector>
#ifdef WITH_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#endif

enum { FRAMES_MAX = 64, TERMINATED = 42 };

namespace {

using Frames = std::vector<uint64_t>;

Frames by_backtrace() {
    void *found[FRAMES_MAX];
    int count = backtrace(found, FRAMES_MAX);
    Frames frames;
    for (int i = 0; i < count; i++)
        frames.push_back(reinterpret_cast<uint64_t>(found[i]));
    return frames;
}

_Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *frames) {
    int before = 0;
    static_cast<Frames *>(frames)->push_back(_Unwind_GetIPInfo(context, &before));
    return _URC_NO_REASON;
}

Frames by_unwinder() {
    Frames frames;
    _Unwind_Backtrace(add_frame, &frames);
    return frames;
}

#ifdef WITH_LIBUNWIND
Frames by_libunwind() {
    unw_context_t context;
    unw_cursor_t cursor;
    Frames frames;
    unw_getcontext(&context);
    unw_init_local(&cursor, &context);
    do {
        unw_word_t address = 0;
        unw_get_reg(&cursor, UNW_REG_IP, &address);
        frames.push_back(address);
    } while (unw_step(&cursor) > 0);
    return frames;
}
#endif

/* How the probed functions look at their callers, and what they saw. */
Frames (*look)();
Frames seen;

} // namespace

extern "C" {
PROBED long look_leaf(long a) {
    seen = look();
    return a + 1;
}
PROBED long look_middle(long a, long b) {
    return look_leaf(a) * b;
}
PROBED long look_outer(long a, long b, long c) {
    volatile char space[200];
    space[0] = 1;
    return look_middle(a, b) + c + space[0];
}
PROBED void end_inner(int number) {
    if (number != 0)
        throw std::runtime_error("number " + std::to_string(number));
}
PROBED void end_noexcept(int number) noexcept {
    end_inner(number);
}
PROBED void end_uncaught(int number) {
    end_inner(number);
}
}

namespace {

std::string image_of(uint64_t address) {
    Dl_info info;
    return dladdr(reinterpret_cast<void *>(address - 1), &info) != 0 ? info.dli_fname : "";
}

/* The same frames, but for those of the library itself. A frame's address is that behind its call, or in the call. */
void compare(const Frames &plain, const Frames &probed, size_t ours) {
    Frames theirs;
    for (uint64_t address : probed)
        if (image_of(address).find("libgraft.so") == std::string::npos)
            theirs.push_back(address);
    CHECK_EQUAL(probed.size() - theirs.size(), ours);
    CHECK_EQUAL(theirs.size(), plain.size());
    for (size_t i = 0; i < plain.size(); i++)
        if (theirs[i] != plain[i] && theirs[i] + 1 != plain[i]) {
            fprintf(stderr, "frame %zu: %#lx became %#lx\n", i, plain[i], theirs[i]);
            CHECK(false);
        }
}

void look_around(Frames (*how)()) {
    look = how;
    Frames plain;
    graft_probe_id probe = 0;
    long (*volatile from_one_call)(long, long, long) = look_outer; /* so that the callers are the same */
    for (volatile int round = 0; round < 2; round++) {
        if (round == 1)
            probe = install(":look_*", GRAFT_MODE_ENTRY_EXIT, nullptr, nullptr, 3);
        CHECK_EQUAL(from_one_call(1, 2, 3), 8);
        if (round == 0)
            plain = seen;
    }
    compare(plain, seen, 3);
    uninstall(probe);
}

void backtrace_sees_the_same_callers() {
    look_around(by_backtrace);
}

void the_unwinder_sees_the_same_callers() {
    look_around(by_unwinder);
}

#ifdef WITH_LIBUNWIND
void libunwind_sees_the_same_callers() {
    look_around(by_libunwind);
}
#endif

Frames in_handler;
void look_from_handler(struct graft_hit *hit, void *context) {
    (void)context;
    if (hit->phase == GRAFT_PHASE_ENTER)
        in_handler = by_backtrace();
}

/* From a handler, the callers of the function are seen; the function itself has no frame yet. */
void a_handler_sees_the_callers_of_its_function() {
    look = by_backtrace;
    for (int mode = GRAFT_MODE_ENTRY; mode <= GRAFT_MODE_ENTRY_EXIT; mode++) {
        graft_probe_id probe = install(":look_leaf", static_cast<graft_mode>(mode), look_from_handler, nullptr, 1);
        CHECK_EQUAL(look_outer(1, 2, 3), 8);
        size_t common = 0; /* from the outermost inwards */
        while (common < seen.size() && common < in_handler.size() &&
               seen[seen.size() - 1 - common] - in_handler[in_handler.size() - 1 - common] <= 1)
            common++;
        CHECK(common >= seen.size() - (mode == GRAFT_MODE_ENTRY_EXIT ? 4 : 3)); /* look(), the leaf, and our own */
        uninstall(probe);
    }
}

/* Ends a child process by `end`, and says how: the terminate handler's exit, with the exception that it saw. */
int end_child(void (*end)(int)) {
    fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        std::set_terminate([] {
            try {
                std::rethrow_exception(std::current_exception());
            } catch (const std::runtime_error &error) {
                if (std::string(error.what()) == "number 7")
                    _exit(TERMINATED);
            } catch (...) {
            }
            _exit(1);
        });
        end(7);
        _exit(0);
    }
    int status = 0;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

void end_in_thread(int number) {
    std::thread(end_uncaught, number).join();
}

void exceptions_that_nobody_may_catch_terminate_as_they_would() {
    for (bool probed : {false, true}) {
        graft_probe_id probe = 0;
        if (probed)
            probe = install(":end_*", GRAFT_MODE_ENTRY_EXIT, nullptr, nullptr, 3);
        CHECK_EQUAL(end_child(end_noexcept), TERMINATED);
        CHECK_EQUAL(end_child(end_in_thread), TERMINATED);
        CHECK_EQUAL(end_child([](int) { end_noexcept(0); }), 0);
        if (probed)
            uninstall(probe);
    }
}

} // namespace

int main() {
    CHECK_EQUAL(graft_start(nullptr), GRAFT_OK);
    RUN(backtrace_sees_the_same_callers);
    RUN(the_unwinder_sees_the_same_callers);
#ifdef WITH_LIBUNWIND
    RUN(libunwind_sees_the_same_callers);
#endif
    RUN(a_handler_sees_the_callers_of_its_function);
    RUN(exceptions_that_nobody_may_catch_terminate_as_they_would);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
}
