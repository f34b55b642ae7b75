/* test_os_stack.c: the calling thread's own stack is read directly, whatever else lies on the way is not. */
#include "check.h"
#include "compiler.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOME_ERRNO = 77, PART = 4096, DEEP = 1024 * 1024 };

static bool direct; /* what gr_os_stack_start said */

/* Reads `size` bytes; true when that took no process_vm_readv. */
static bool reads_directly(const void *from, void *to, size_t size, size_t *got) {
    gr_fault_clear();
    errno = SOME_ERRNO;
    *got = gr_os_peek_stack((uintptr_t)from, to, size);
    CHECK_EQUAL(errno, SOME_ERRNO);
    return gr_fault_calls(GR_OS_PEEK) == 0;
}

static void check_own_stack(void) {
    volatile char here[PART];
    static _Thread_local char copy[PART];
    size_t got;
    for (size_t i = 0; i < sizeof here; i++)
        here[i] = (char)(i * 7);
    CHECK_EQUAL(reads_directly((const void *)here, copy, sizeof copy, &got), direct);
    CHECK_EQUAL(got, sizeof copy);
    CHECK(memcmp(copy, (const void *)here, sizeof copy) == 0);
}

static void *check_in_thread(void *unused) {
    check_own_stack();
    return unused;
}

static void run_in_thread(void *(*run)(void *), void *argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run, argument) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void reads_the_main_threads_stack(void) {
    check_own_stack();
}

static void reads_a_threads_stack(void) {
    run_in_thread(check_in_thread, NULL);
}

/* The descriptor of a thread lies at the top of its stack, and nothing is read of what lies behind. */
static void *check_top(void *unused) {
    static char copy[2 * PART];
    uintptr_t top = (uintptr_t)pthread_self();
    size_t got;
    CHECK(reads_directly((const void *)(top - 64), copy, sizeof copy, &got) == direct);
    CHECK(direct ? got == 64 : got >= 64);
    return unused;
}

static void ends_at_the_top(void) {
    run_in_thread(check_top, NULL);
}

static void *check_depth(void *unused) {
    volatile char deep[DEEP];
    char byte;
    size_t got;
    uintptr_t last = (uintptr_t)pthread_self() - GR_OS_STACK_DIRECT;
    for (size_t i = 0; i < sizeof deep; i++)
        deep[i] = 1;
    CHECK(last > (uintptr_t)deep);
    CHECK_EQUAL(reads_directly((const void *)last, &byte, 1, &got), direct);
    CHECK_EQUAL(got, 1);
    CHECK(!reads_directly((const void *)(last - 1), &byte, 1, &got));
    CHECK_EQUAL(got, 1);
    return unused;
}

static void leaves_what_lies_deeper_to_the_kernel(void) {
    run_in_thread(check_depth, NULL);
}

/* Memory just below a stack, where the guard is, and far from it. */
static void *check_elsewhere(void *unused) {
    pthread_attr_t attributes;
    void *low;
    size_t size, got;
    char *heap = malloc(PART), copy[64];
    CHECK(heap != NULL);
    memset(heap, 5, PART);
    CHECK(!reads_directly(heap, copy, sizeof copy, &got) && got == sizeof copy && copy[63] == 5);
    CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
    CHECK(pthread_attr_getstack(&attributes, &low, &size) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0);
    CHECK(!reads_directly((char *)low - sizeof copy, copy, sizeof copy, &got) && got == 0);
    CHECK(!reads_directly((void *)16, copy, sizeof copy, &got) && got == 0);
    free(heap);
    return unused;
}

static void leaves_other_memory_to_the_kernel(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, GR_OS_STACK_DIRECT / 2) == 0); /* so that its guard is near the top */
    CHECK(pthread_create(&thread, &attributes, check_elsewhere, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0);
}

static bool handled;

static void on_signal(int number) {
    char here[64] = {(char)number}, copy[64];
    size_t got;
    CHECK(!reads_directly(here, copy, sizeof copy, &got));
    CHECK(got == sizeof copy && copy[0] == (char)number);
    handled = true;
}

static void leaves_a_signals_stack_to_the_kernel(void) {
    stack_t stack = {.ss_size = 128 * 1024}, before;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK}, old;
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(stack.ss_sp != MAP_FAILED);
    CHECK(sigaltstack(&stack, &before) == 0 && sigaction(SIGUSR1, &action, &old) == 0);
    CHECK(raise(SIGUSR1) == 0 && handled);
    CHECK(sigaltstack(&before, NULL) == 0 && sigaction(SIGUSR1, &old, NULL) == 0);
    CHECK(munmap(stack.ss_sp, stack.ss_size) == 0);
}

/* As a page without access does, and a kernel that does not answer the question. */
static void asks_the_kernel_where_a_page_cannot_be_read(void) {
    char here[64] = {3}, copy[64];
    gr_fault_clear();
    gr_fault_set(GR_OS_PEEK_STACK, 0, 1);
    CHECK_EQUAL(gr_os_peek_stack((uintptr_t)here, copy, sizeof copy), sizeof copy);
    CHECK_EQUAL(gr_fault_calls(GR_OS_PEEK), 1);
    CHECK_EQUAL(copy[0], 3);
    gr_fault_clear();
}

/* Its thread is the child's only one, with the stack that it had: not that of a main thread. */
static void *fork_and_look(void *unused) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char here[64] = {4}, copy[64];
        _exit(gr_os_peek_stack((uintptr_t)here, copy, sizeof copy) == sizeof copy && copy[0] == 4 ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    return unused;
}

static void reads_the_stack_of_a_thread_that_forked(void) {
    run_in_thread(fork_and_look, NULL);
}

/* Below an emulator it may be otherwise. */
static void is_possible_but_under_a_sanitizer(void) {
#if defined(__x86_64__) && !defined(GR_WATCHED_HEAP)
    CHECK(direct);
#elif defined(GR_WATCHED_HEAP)
    CHECK(!direct);
#endif
}

int main(void) {
    direct = gr_os_stack_start();
    RUN(is_possible_but_under_a_sanitizer);
    RUN(reads_the_main_threads_stack);
    RUN(reads_a_threads_stack);
    RUN(ends_at_the_top);
    RUN(leaves_what_lies_deeper_to_the_kernel);
    RUN(leaves_other_memory_to_the_kernel);
    RUN(leaves_a_signals_stack_to_the_kernel);
    RUN(asks_the_kernel_where_a_page_cannot_be_read);
    RUN(reads_the_stack_of_a_thread_that_forked);
    return 0;
}
