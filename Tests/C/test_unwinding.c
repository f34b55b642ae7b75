/* test_unwinding.c: frames from a copied stack, after the functions have returned and their stack is overwritten.
 *
 * Each test compares with what backtrace() saw while the frames were live. */
#include "check.h"
#include "compiler.h"
#include "grab.h"
#include "os/fault.h"
#include "os/os.h"
#include "random.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#ifndef FIXTURES
#define FIXTURES "."
#endif

_Static_assert(offsetof(struct gr_stack_copy, return_address) == 0, "grab.S");
_Static_assert(offsetof(struct gr_stack_copy, stack_pointer) == 8, "grab.S");
_Static_assert(offsetof(struct gr_stack_copy, rbx) == 16, "grab.S");
_Static_assert(offsetof(struct gr_stack_copy, r15) == 56, "grab.S");

enum {
    FRAMES_MAX = 4096,
    DEPTH = 12,
    DEEP = 2000,
    SEEDS = 1000,
    TIMED_DEPTH = 20,
    TIMED_RUNS = 200,
    THREADS = 4,
    THREAD_RUNS = 50,
    JIT_PLACE = 64
};

/* A copy, and what backtrace() saw from the same function. */
struct look {
    struct gr_stack_copy copy;
    void *live[FRAMES_MAX];
    int live_count;
    uint64_t frames[FRAMES_MAX];
    size_t count;
};

static struct look look;

/* Keeps calls from becoming jumps, which have no frame. */
static _Thread_local volatile int after_call;

/* Drops the frames of a sanitizer's own backtrace(), so that the first is take's and the next its caller's. */
static void drop_inner(struct look *look_at, const void *caller) {
    int inner = 0;
    while (inner < look_at->live_count && look_at->live[inner] != caller) {
        inner++;
    }
    CHECK(inner >= 1 && inner < look_at->live_count);
    look_at->live_count -= inner - 1;
    memmove(look_at->live, look_at->live + inner - 1, (size_t)look_at->live_count * sizeof *look_at->live);
}

GR_NOINLINE static void take(void *context) {
    struct look *to = context;
    to->live_count = backtrace(to->live, FRAMES_MAX);
    drop_inner(to, __builtin_return_address(0));
    grab(&to->copy);
    after_call++;
}

/* Writes over the stack that the frames took. */
GR_NOINLINE static void overwrite_stack(void) {
    volatile char rubbish[2 * GR_STACK_COPY_MAX];
    for (size_t i = 0; i < sizeof rubbish; i++) {
        rubbish[i] = (char)0xa5;
    }
}

static void unwind(struct look *at) {
    overwrite_stack();
    at->count = gr_unwind(&at->copy, at->frames, FRAMES_MAX);
}

/* The first frame is take's own, at another of its calls; the next `count` must be the same. */
static void check_frames(const struct look *at, size_t count) {
    CHECK(at->count > count && (size_t)at->live_count > count);
    CHECK_EQUAL(at->frames[0], at->copy.return_address);
    for (size_t i = 1; i <= count; i++) {
        CHECK_EQUAL(at->frames[i], (uintptr_t)at->live[i]);
    }
}

static void check_all_frames(const struct look *at) {
    CHECK_EQUAL(at->count, at->live_count);
    check_frames(at, at->count - 1);
}

/* Nested calls that use callee-saved registers and frames of different sizes. */
GR_NOINLINE static int descend(int depth, void (*bottom)(void *), void *context) {
    volatile char filler[40];
    filler[depth % 40] = (char)depth;
    int below = 0;
    if (depth == 0) {
        bottom(context);
    } else {
        below = descend(depth - 1, bottom, context);
    }
    after_call++;
    return below + filler[depth % 40];
}

static void sees_the_frames_after_they_are_gone(void) {
    (void)descend(DEPTH, take, &look);
    unwind(&look);
    CHECK(look.count > DEPTH + 2);
    check_all_frames(&look);
}

static void stops_at_the_number_asked_for(void) {
    (void)descend(DEPTH, take, &look);
    uint64_t frames[DEPTH + 1];
    CHECK_EQUAL(gr_unwind(&look.copy, frames, 0), 0);
    for (size_t max = 1; max < DEPTH; max++) {
        frames[max] = 1;
        CHECK_EQUAL(gr_unwind(&look.copy, frames, max), max);
        CHECK_EQUAL(frames[max], 1);
    }
}

static void a_deep_stack_gives_its_inner_part(void) {
    (void)descend(DEEP, take, &look);
    CHECK_EQUAL(look.copy.size, GR_STACK_COPY_MAX);
    unwind(&look);
    CHECK(look.count >= 64 && look.count < DEEP);
    check_frames(&look, look.count - 1);
}

static void every_size_of_copy_gives_a_prefix(void) {
    (void)descend(DEPTH, take, &look);
    unwind(&look);
    size_t whole = look.count, size = look.copy.size, seen = 0;
    for (look.copy.size = 0; look.copy.size < 2048; look.copy.size++) {
        look.count = gr_unwind(&look.copy, look.frames, FRAMES_MAX);
        CHECK(look.count >= 1 && look.count <= whole && look.count >= seen);
        check_frames(&look, look.count - 1);
        seen = look.count;
    }
    CHECK(seen > 3);
    look.copy.size = size;
}

static int compare(const void *left, const void *right) {
    (void)left, (void)right;
    take(&look);
    return after_call == 0;
}

static void passes_frames_of_the_c_library(void) {
    int values[2] = {2, 1};
    qsort(values, 2, sizeof *values, compare);
    unwind(&look);
    check_all_frames(&look);
}

static void take_on_signal(int number) {
    (void)number;
    take(&look);
}

static void passes_a_signals_frame(void) {
    struct sigaction action = {.sa_handler = take_on_signal}, before;
    CHECK(sigaction(SIGUSR1, &action, &before) == 0);
    CHECK(raise(SIGUSR1) == 0);
    CHECK(sigaction(SIGUSR1, &before, NULL) == 0);
    unwind(&look);
    check_all_frames(&look);
}

static void ends_where_a_signal_left_another_stack(void) {
    static char other_stack[256 * 1024];
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack}, no_stack = {.ss_flags = SS_DISABLE};
    struct sigaction action = {.sa_handler = take_on_signal, .sa_flags = SA_ONSTACK}, before;
    stack_t stack_before;
    CHECK(sigaltstack(&stack, &stack_before) == 0 && sigaction(SIGUSR1, &action, &before) == 0);
    CHECK(raise(SIGUSR1) == 0);
    CHECK(sigaction(SIGUSR1, &before, NULL) == 0);
    CHECK(sigaltstack(stack_before.ss_flags & SS_DISABLE ? &no_stack : &stack_before, NULL) == 0);
    unwind(&look);
    CHECK(look.count >= 3 && look.count < (size_t)look.live_count);
    check_frames(&look, look.count - 1);
}

static void ends_at_code_without_a_table(void) {
    call_without_table(take, &look);
    unwind(&look);
    CHECK_EQUAL(look.count, 2);
    check_frames(&look, 1);
}

static void ends_at_code_that_belongs_to_no_image(void) {
    /* push rbx; mov rax, rdi; mov rdi, rsi; call rax; pop rbx; ret */
    static const unsigned char code[] = {0x53, 0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0xff, 0xd0, 0x5b, 0xc3};
    void *memory = NULL;
    CHECK_EQUAL(gr_os_allocate(gr_os_page_size(), &memory), GRAFT_OK);
    char *place = (char *)memory + JIT_PLACE;
    memcpy(place, code, sizeof code);
    CHECK_EQUAL(gr_os_commit(memory, gr_os_page_size(), false, true), GRAFT_OK);
    void (*call)(void (*)(void *), void *);
    memcpy(&call, &place, sizeof call);
    call(take, &look);
    unwind(&look);
    CHECK_EQUAL(look.count, 2);
    CHECK_EQUAL(look.frames[1], (uintptr_t)place + 9);
    gr_os_release(memory, gr_os_page_size());
}

/* A shadow frame's place: memory of neither an image nor a stack. */
static uint64_t *make_cell(void) {
    static void *memory;
    CHECK(memory != NULL || gr_os_allocate(gr_os_page_size(), &memory) == GRAFT_OK);
    return memory;
}

static void passes_a_shadow_frame_whose_words_were_kept(void) {
    uint64_t *cell = make_cell();
    static struct gr_stack_word words[2];
    call_by_cell(take, &look, cell);
    for (size_t i = 0; i < 2; i++) {
        words[i] = (struct gr_stack_word){(uintptr_t)&cell[i], cell[i]};
        cell[i] = 0x5a5a5a5a; /* another call has it now */
    }
    memcpy(look.copy.words, words, sizeof words);
    look.copy.word_count = 2;
    unwind(&look);
    check_all_frames(&look);
    look.copy.word_count = 0;
}

static void ends_at_a_shadow_frame_without_its_words(void) {
    static struct gr_stack_copy copy;
    copy = look.copy; /* of the test before, whose words are not counted */
    uint64_t frames[4];
    CHECK_EQUAL(gr_unwind(&copy, frames, 4), 2);
    CHECK_EQUAL(frames[1], look.frames[1]);
}

static void a_shadow_frame_that_leads_to_itself_ends(void) {
    uint64_t *cell = make_cell();
    call_by_cell(take, &look, cell);
    unwind(&look);
    look.copy.words[0] = (struct gr_stack_word){(uintptr_t)&cell[0], look.frames[1]};
    look.copy.words[1] = (struct gr_stack_word){(uintptr_t)&cell[1], (uintptr_t)cell};
    look.copy.word_count = 2;
    unwind(&look);
    look.copy.word_count = 0;
    CHECK(look.count >= 2 && look.count < 100);
}

static void ends_at_an_image_that_was_unloaded(void) {
    void *image = dlopen(FIXTURES "/call_through.so", RTLD_NOW | RTLD_LOCAL);
    CHECK(image != NULL);
    void *found = dlsym(image, "call_through");
    CHECK(found != NULL);
    void (*call_through)(void (*)(void *), void *);
    memcpy(&call_through, &found, sizeof call_through);
    call_through(take, &look);
    unwind(&look);
    check_all_frames(&look);
    CHECK(dlclose(image) == 0);
    if (dlopen(FIXTURES "/call_through.so", RTLD_NOW | RTLD_NOLOAD) == NULL) {
        unwind(&look);
        CHECK_EQUAL(look.count, 2);
    }
}

static void an_unreadable_stack_gives_one_frame(void) {
    static struct gr_stack_copy copy;
    copy = (struct gr_stack_copy){.return_address = (uintptr_t)&take + 1, .stack_pointer = 16, .size = 99};
    errno = 77;
    gr_stack_capture(&copy);
    CHECK_EQUAL(errno, 77);
    CHECK_EQUAL(copy.size, 0);
    uint64_t frame = 0;
    CHECK_EQUAL(gr_unwind(&copy, &frame, 1), 1);
    CHECK_EQUAL(frame, copy.return_address);
    uint64_t frames[4];
    CHECK_EQUAL(gr_unwind(&copy, frames, 4), 1);
}

static void copies_up_to_the_end_of_the_stack(void) {
    size_t page = gr_os_page_size();
    void *memory = NULL;
    CHECK_EQUAL(gr_os_reserve(0, 3 * page, &memory), GRAFT_OK);
    CHECK_EQUAL(gr_os_commit(memory, 2 * page, true, false), GRAFT_OK);
    memset(memory, 7, 2 * page);
    static struct gr_stack_copy copy;
    for (size_t left = 0; left < 2 * page; left += 8) {
        copy.stack_pointer = (uintptr_t)memory + 2 * page - left;
        gr_stack_capture(&copy);
        CHECK_EQUAL(copy.size, left);
        CHECK(left == 0 || copy.stack[left - 1] == 7);
    }
    gr_os_release(memory, 3 * page);
}

static void a_stack_that_leads_back_to_itself_ends(void) {
    (void)descend(DEPTH, take, &look);
    /* Every word says that the caller is descend with its frame at the copy's beginning. */
    unwind(&look);
    uint64_t words[2] = {look.copy.stack_pointer, look.frames[2]};
    for (size_t i = 0; i + sizeof words <= look.copy.size; i += sizeof words) {
        memcpy(look.copy.stack + i, words, sizeof words);
    }
    look.count = gr_unwind(&look.copy, look.frames, FRAMES_MAX);
    CHECK(look.count < FRAMES_MAX);
}

/* Changes the copy in one of several ways, from a few bytes to all of it. */
static void corrupt(struct gr_stack_copy *copy, uint64_t *random) {
    size_t changes = (size_t)1 << random_below(random, 13);
    for (size_t i = 0; i < changes; i++) {
        size_t at = random_below(random, changes < 64 ? 512 : GR_STACK_COPY_MAX);
        copy->stack[at] = (uint8_t)random_next(random);
    }
    uint64_t *registers[] = {
        &copy->rbx, &copy->rbp, &copy->r12, &copy->r13, &copy->return_address, &copy->stack_pointer};
    if (random_below(random, 2) == 0) {
        *registers[random_below(random, 6)] ^= random_next(random) >> random_below(random, 64);
    }
    if (random_below(random, 8) == 0) {
        copy->size = random_below(random, 2) ? SIZE_MAX : random_below(random, GR_STACK_COPY_MAX);
        copy->word_count = SIZE_MAX;
    }
}

static void no_copy_does_any_harm(void) {
    static struct look base, damaged;
    struct sigaction action = {.sa_handler = take_on_signal}, before;
    CHECK(sigaction(SIGUSR1, &action, &before) == 0 && raise(SIGUSR1) == 0);
    CHECK(sigaction(SIGUSR1, &before, NULL) == 0);
    base.copy = look.copy;
    uint64_t random = random_seed("no_copy_does_any_harm");
    for (unsigned i = 0; i < SEEDS; i++) {
        damaged.copy = base.copy;
        corrupt(&damaged.copy, &random);
        damaged.count = gr_unwind(&damaged.copy, damaged.frames, 64);
        CHECK(damaged.count >= 1 && damaged.count <= 64);
        CHECK_EQUAL(damaged.frames[0], damaged.copy.return_address);
    }
}

static void works_where_peeking_is_refused(void) {
    (void)descend(DEPTH, take, &look);
    gr_fault_set(GR_OS_PEEK, 0, UINT32_MAX / 2);
    gr_fault_set(GR_OS_PEEK_OPEN, 0, UINT32_MAX / 2);
    CHECK_EQUAL(gr_unwind(&look.copy, look.frames, FRAMES_MAX), 1);
    gr_fault_set(GR_OS_PEEK_OPEN, 0, 0);
    (void)descend(DEPTH, take, &look);
    unwind(&look);
    gr_fault_clear();
    check_all_frames(&look);
}

static void *look_in_thread(void *context) {
    struct look *mine = context;
    for (int i = 0; i < THREAD_RUNS; i++) {
        (void)descend(i % DEPTH, take, mine);
        unwind(mine);
        check_all_frames(mine);
    }
    return NULL;
}

static void works_in_several_threads_at_once(void) {
    static struct look looks[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, look_in_thread, &looks[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static void tells_its_time(void) {
    (void)descend(TIMED_DEPTH, take, &look);
    uint64_t start = gr_os_nanoseconds();
    for (int i = 0; i < TIMED_RUNS; i++) {
        CHECK_EQUAL(gr_unwind(&look.copy, look.frames, TIMED_DEPTH), TIMED_DEPTH);
    }
    uint64_t unwinding = (gr_os_nanoseconds() - start) / TIMED_RUNS;
    static struct gr_stack_copy copy;
    start = gr_os_nanoseconds();
    for (int i = 0; i < TIMED_RUNS; i++) {
        grab(&copy);
    }
    uint64_t capture = (gr_os_nanoseconds() - start) / TIMED_RUNS;
    printf("   unwinding %d frames: %llu ns; copying %zu bytes: %llu ns\n", TIMED_DEPTH, (unsigned long long)unwinding,
        copy.size, (unsigned long long)capture);
}

int main(void) {
    gr_fault_clear();
    RUN(sees_the_frames_after_they_are_gone);
    RUN(stops_at_the_number_asked_for);
    RUN(a_deep_stack_gives_its_inner_part);
    RUN(every_size_of_copy_gives_a_prefix);
    RUN(passes_frames_of_the_c_library);
    RUN(passes_a_signals_frame);
    RUN(ends_where_a_signal_left_another_stack);
    RUN(ends_at_code_without_a_table);
    RUN(ends_at_code_that_belongs_to_no_image);
    RUN(passes_a_shadow_frame_whose_words_were_kept);
    RUN(ends_at_a_shadow_frame_without_its_words);
    RUN(a_shadow_frame_that_leads_to_itself_ends);
    RUN(ends_at_an_image_that_was_unloaded);
    RUN(an_unreadable_stack_gives_one_frame);
    RUN(copies_up_to_the_end_of_the_stack);
    RUN(a_stack_that_leads_back_to_itself_ends);
    RUN(no_copy_does_any_harm);
    RUN(works_where_peeking_is_refused);
    RUN(works_in_several_threads_at_once);
    RUN(tells_its_time);
    return 0;
}
