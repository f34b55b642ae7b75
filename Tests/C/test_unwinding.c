/* test_unwinding.c: frames from a copied stack, after the functions have returned and their stack is overwritten.
 *
 * Each test compares with what backtrace() saw while the frames were live. Where frames end, and damaged copies, are in
 * test_unwinding_ends.c. */
#include "check.h"
#include "look.h"
#include "os/fault.h"
#include "os/os.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

_Static_assert(offsetof(struct gr_stack_copy, return_address) == 0, "grab.S");
_Static_assert(offsetof(struct gr_stack_copy, stack_pointer) == 8, "grab.S");
_Static_assert(offsetof(struct gr_stack_copy, rbx) == 16, "grab.S");
_Static_assert(offsetof(struct gr_stack_copy, r15) == 56, "grab.S");

enum { DEEP = 2000, TIMED_DEPTH = 20, TIMED_RUNS = 200, THREADS = 4, THREAD_RUNS = 50 };

static void sees_the_frames_after_they_are_gone(void) {
    (void)look_descend(LOOK_DEPTH, look_take, &look);
    look_unwind(&look);
    CHECK(look.count > LOOK_DEPTH + 2);
    look_check_all(&look);
}

static void stops_at_the_number_asked_for(void) {
    (void)look_descend(LOOK_DEPTH, look_take, &look);
    uint64_t frames[LOOK_DEPTH + 1];
    CHECK_EQUAL(gr_unwind(&look.copy, frames, 0), 0);
    for (size_t max = 1; max < LOOK_DEPTH; max++) {
        frames[max] = 1;
        CHECK_EQUAL(gr_unwind(&look.copy, frames, max), max);
        CHECK_EQUAL(frames[max], 1);
    }
}

static void a_deep_stack_gives_its_inner_part(void) {
    (void)look_descend(DEEP, look_take, &look);
    CHECK_EQUAL(look.copy.size, GR_STACK_COPY_MAX);
    look_unwind(&look);
    CHECK(look.count >= 64 && look.count < DEEP);
    look_check_frames(&look, look.count - 1);
}

static void every_size_of_copy_gives_a_prefix(void) {
    (void)look_descend(LOOK_DEPTH, look_take, &look);
    look_unwind(&look);
    size_t whole = look.count, size = look.copy.size, seen = 0;
    for (look.copy.size = 0; look.copy.size < 2048; look.copy.size++) {
        look.count = gr_unwind(&look.copy, look.frames, LOOK_FRAMES_MAX);
        CHECK(look.count >= 1 && look.count <= whole && look.count >= seen);
        look_check_frames(&look, look.count - 1);
        seen = look.count;
    }
    CHECK(seen > 3);
    look.copy.size = size;
}

static int compare(const void *left, const void *right) {
    (void)left, (void)right;
    look_take(&look);
    return look_after_call == 0;
}

static void passes_frames_of_the_c_library(void) {
    int values[2] = {2, 1};
    qsort(values, 2, sizeof *values, compare);
    look_unwind(&look);
    look_check_all(&look);
}

static void passes_a_signals_frame(void) {
    struct sigaction action = {.sa_handler = look_on_signal}, before;
    CHECK(sigaction(SIGUSR1, &action, &before) == 0);
    CHECK(raise(SIGUSR1) == 0);
    CHECK(sigaction(SIGUSR1, &before, NULL) == 0);
    look_unwind(&look);
    look_check_all(&look);
}

static void passes_a_shadow_frame_whose_words_were_kept(void) {
    uint64_t *cell = look_cell();
    static struct gr_stack_word words[2];
    call_by_cell(look_take, &look, cell);
    for (size_t i = 0; i < 2; i++) {
        words[i] = (struct gr_stack_word){(uintptr_t)&cell[i], cell[i]};
        cell[i] = 0x5a5a5a5a; /* another call has it now */
    }
    memcpy(look.copy.words, words, sizeof words);
    look.copy.word_count = 2;
    look_unwind(&look);
    look_check_all(&look);
    look.copy.word_count = 0;
}

static void works_where_peeking_is_refused(void) {
    (void)look_descend(LOOK_DEPTH, look_take, &look);
    gr_fault_set(GR_OS_PEEK, 0, UINT32_MAX / 2);
    gr_fault_set(GR_OS_PEEK_OPEN, 0, UINT32_MAX / 2);
    CHECK_EQUAL(gr_unwind(&look.copy, look.frames, LOOK_FRAMES_MAX), 1);
    gr_fault_set(GR_OS_PEEK_OPEN, 0, 0);
    (void)look_descend(LOOK_DEPTH, look_take, &look);
    look_unwind(&look);
    gr_fault_clear();
    look_check_all(&look);
}

static void *look_in_thread(void *context) {
    struct look *mine = context;
    for (int i = 0; i < THREAD_RUNS; i++) {
        (void)look_descend(i % LOOK_DEPTH, look_take, mine);
        look_unwind(mine);
        look_check_all(mine);
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
    (void)look_descend(TIMED_DEPTH, look_take, &look);
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
    RUN(passes_a_shadow_frame_whose_words_were_kept);
    RUN(works_where_peeking_is_refused);
    RUN(works_in_several_threads_at_once);
    RUN(tells_its_time);
    return 0;
}
