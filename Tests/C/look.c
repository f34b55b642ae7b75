/* look.c: see look.h. */
#include "look.h"
#include "check.h"
#include "os/os.h"

#include <execinfo.h>

struct look look;
_Thread_local volatile int look_after_call;

/* Drops the frames of a sanitizer's own backtrace(), so that the first is look_take's and the next its caller's. */
static void drop_inner(struct look *look_at, const void *caller) {
    int inner = 0;
    while (inner < look_at->live_count && look_at->live[inner] != caller) {
        inner++;
    }
    CHECK(inner >= 1 && inner < look_at->live_count);
    look_at->live_count -= inner - 1;
    memmove(look_at->live, look_at->live + inner - 1, (size_t)look_at->live_count * sizeof *look_at->live);
}

GR_NOINLINE void look_take(void *context) {
    struct look *to = context;
    to->live_count = backtrace(to->live, LOOK_FRAMES_MAX);
    drop_inner(to, __builtin_return_address(0));
    grab(&to->copy);
    look_after_call++;
}

void look_on_signal(int number) {
    (void)number;
    look_take(&look);
}

GR_NOINLINE static void overwrite_stack(void) {
    volatile char rubbish[2 * GR_STACK_COPY_MAX];
    for (size_t i = 0; i < sizeof rubbish; i++) {
        rubbish[i] = (char)0xa5;
    }
}

void look_unwind(struct look *at) {
    overwrite_stack();
    at->count = gr_unwind(&at->copy, at->frames, LOOK_FRAMES_MAX);
}

void look_check_frames(const struct look *at, size_t count) {
    CHECK(at->count > count && (size_t)at->live_count > count);
    CHECK_EQUAL(at->frames[0], at->copy.return_address);
    for (size_t i = 1; i <= count; i++) {
        CHECK_EQUAL(at->frames[i], (uintptr_t)at->live[i]);
    }
}

void look_check_all(const struct look *at) {
    CHECK_EQUAL(at->count, at->live_count);
    look_check_frames(at, at->count - 1);
}

GR_NOINLINE int look_descend(int depth, void (*bottom)(void *), void *context) {
    volatile char filler[40];
    filler[depth % 40] = (char)depth;
    int below = 0;
    if (depth == 0) {
        bottom(context);
    } else {
        below = look_descend(depth - 1, bottom, context);
    }
    look_after_call++;
    return below + filler[depth % 40];
}

uint64_t *look_cell(void) {
    static void *memory;
    CHECK(memory != NULL || gr_os_allocate(gr_os_page_size(), &memory) == GRAFT_OK);
    return memory;
}
