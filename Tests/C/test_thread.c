/* test_thread.c: blocks of threads that have ended are taken back, and only those. */
#include "check.h"
#include "os/os.h"
#include "thread.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum { THREADS = 64, ROUNDS = 20 };

static void *take(void *unused) {
    CHECK(gr_self == NULL);
    struct gr_thread *thread = gr_thread_take();
    CHECK(thread != NULL && thread == gr_self);
    CHECK_EQUAL(thread->id, gr_os_thread_id());
    CHECK(thread->open == NULL);
    return unused;
}

static void blocks_of_dead_threads_are_used_again(void) {
    uint32_t highest = 0;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            CHECK_EQUAL(pthread_create(&threads[i], NULL, take, NULL), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        gr_threads_reap();
        struct gr_thread *mine = gr_self != NULL ? gr_self : gr_thread_take();
        highest = mine->index > highest ? mine->index : highest;
    }
    CHECK(highest <= THREADS + 1);
}

static _Atomic int stage;

static void *stay(void *unused) {
    struct gr_thread *thread = gr_thread_take();
    thread->open = &thread->frame[0];
    atomic_store(&stage, 1);
    while (atomic_load(&stage) == 1)
        sched_yield();
    CHECK(gr_self == thread);
    CHECK_EQUAL(thread->id, gr_os_thread_id());
    CHECK(thread->open == &thread->frame[0]);
    thread->open = NULL;
    return unused;
}

static void the_block_of_a_living_thread_stays_its_own(void) {
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, stay, NULL), 0);
    while (atomic_load(&stage) != 1)
        sched_yield();
    for (int i = 0; i < 100; i++)
        gr_threads_reap();
    atomic_store(&stage, 2);
    pthread_join(thread, NULL);
    gr_threads_reap();
}

static void a_second_block_taken_by_a_signal_handler_is_given_back(void) {
    struct gr_thread *first = gr_thread_take(), *second = gr_thread_take();
    CHECK(first != second && gr_self == second);
    gr_threads_reap();
    CHECK_EQUAL(first->id, 0);
    CHECK_EQUAL(second->id, gr_os_thread_id());
}

static void *leave_frames_closed(void *unused) {
    struct gr_thread *thread = gr_thread_take();
    uint64_t stack[4] = {0};
    for (int i = 3; i >= 0; i--) {
        struct gr_frame *frame = gr_frame_open(thread, (uint64_t)(uintptr_t)&stack[i], 0);
        CHECK(frame != NULL && !frame->closed && frame->exception == NULL);
    }
    for (struct gr_frame *frame = thread->open; frame != NULL; frame = frame->below) {
        gr_frame_close(frame, NULL); /* as another thread does */
        frame->exception = frame;
    }
    return unused;
}

static void frames_of_a_block_that_is_used_again_are_open(void) {
    for (int round = 0; round < 2; round++) {
        pthread_t thread;
        CHECK_EQUAL(pthread_create(&thread, NULL, leave_frames_closed, NULL), 0);
        pthread_join(thread, NULL);
        gr_threads_reap();
    }
}

/* Below: words that stand for a thread's stack. Above: the stack of its signal handlers. */
enum { STACK_WORDS = 512, SIGNAL_STACK = 64 * 1024 };
static uint64_t *stack_words;
static struct gr_frame *passed, *of_handler;

static void open_in_handler(int number) {
    (void)number;
    uint64_t word = 0;
    of_handler = gr_frame_open(gr_self, (uint64_t)(uintptr_t)&word, 0);
    CHECK(of_handler != NULL && of_handler != passed);
    CHECK(passed->passed && passed->return_address == 42);
    gr_frame_close(of_handler, gr_self);
}

static void a_handler_on_a_higher_stack_leaves_what_an_unwinder_reads(void) {
    extern const uint64_t gr_arch_returns[];
    struct gr_thread *thread = gr_self != NULL ? gr_self : gr_thread_take();
    size_t below = STACK_WORDS * sizeof *stack_words;
    stack_words = mmap(NULL, below + SIGNAL_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(stack_words != MAP_FAILED);
    const stack_t stack = {.ss_sp = stack_words + STACK_WORDS, .ss_size = SIGNAL_STACK},
                  none = {.ss_flags = SS_DISABLE};
    const struct sigaction action = {.sa_handler = open_in_handler, .sa_flags = SA_ONSTACK};
    CHECK(sigaltstack(&stack, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(!gr_os_on_signal_stack());
    passed = gr_frame_open(thread, (uint64_t)(uintptr_t)&stack_words[9], 0);
    passed->return_address = 42;
    stack_words[4] = stack_words[9] = gr_arch_returns[0]; /* at the entry, or in the function's frame */
    CHECK(gr_frame_passed(thread, (uint64_t)(uintptr_t)stack_words) == passed);
    raise(SIGUSR1);
    CHECK(of_handler != NULL && thread->open == passed);
    struct gr_frame *lower = gr_frame_open(thread, (uint64_t)(uintptr_t)&stack_words[8], 0);
    CHECK(lower != passed && passed->passed);
    gr_frame_close(lower, thread);
    struct gr_frame *cut_back = gr_frame_open(thread, (uint64_t)(uintptr_t)&stack_words[10], 0);
    CHECK(!passed->passed && cut_back->below != passed);
    gr_frame_close(cut_back, thread);
    CHECK(sigaltstack(&none, NULL) == 0);
    munmap(stack_words, below + SIGNAL_STACK);
}

int main(void) {
    RUN(blocks_of_dead_threads_are_used_again);
    RUN(the_block_of_a_living_thread_stays_its_own);
    RUN(frames_of_a_block_that_is_used_again_are_open);
    RUN(a_handler_on_a_higher_stack_leaves_what_an_unwinder_reads);
    RUN(a_second_block_taken_by_a_signal_handler_is_given_back);
    return 0;
}
