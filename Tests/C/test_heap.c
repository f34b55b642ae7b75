/* test_heap.c: blocks of every size are zeroed, aligned and apart; they come back; threads and a child may take them. */
#include "check.h"
#include "compiler.h"
#include "heap.h"
#include "os/fault.h"
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZES = 3000, THREADS = 8, ROUNDS = 2000, HELD = 64 };

static bool is_all(const unsigned char *bytes, size_t size, unsigned char value) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static size_t size_number(unsigned i) {
    return i < 1100 ? i : i < 2900 ? (size_t)i * 23 : GR_HEAP_SMALL_MAX - 50 + (i - 2900);
}

static void blocks_of_every_size_are_zeroed_aligned_and_apart(void) {
    static unsigned char *blocks[SIZES];
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < SIZES; i++) {
            blocks[i] = gr_heap_take(size_number(i));
            CHECK(blocks[i] != NULL && (uintptr_t)blocks[i] % GR_HEAP_UNIT == 0);
            CHECK(is_all(blocks[i], size_number(i), 0));
            memset(blocks[i], (int)(i % 255 + 1), size_number(i));
        }
        for (unsigned i = 0; i < SIZES; i++) {
            CHECK(is_all(blocks[i], size_number(i), (unsigned char)(i % 255 + 1)));
            gr_heap_give(blocks[i]);
        }
    }
    gr_heap_give(NULL);
}

static void a_block_that_grows_keeps_what_it_holds(void) {
    unsigned char *block = NULL;
    for (size_t size = 1; size <= 4 * GR_HEAP_SMALL_MAX; size = 2 * size + 1) {
        unsigned char *grown = gr_heap_grow(block, size);
        CHECK(grown != NULL && is_all(grown, (size - 1) / 2, 7));
        memset(grown, 7, size);
        block = grown;
    }
    gr_heap_give(block);
    char *text = gr_heap_text("a text");
    CHECK(text != NULL && strcmp(text, "a text") == 0);
    gr_heap_give(text);
}

/* A sanitizer's malloc ends the program instead. */
static void what_has_no_memory_is_refused(void) {
#ifndef GR_WATCHED_HEAP
    CHECK(gr_heap_array(SIZE_MAX / 8, 16) == NULL);
    CHECK(gr_heap_take(SIZE_MAX - 8) == NULL);
    unsigned char *kept = gr_heap_take(40);
    kept[39] = 9;
    gr_fault_set(GR_OS_ALLOCATE, 0, 1);
    CHECK(gr_heap_grow(kept, 8 * GR_HEAP_SMALL_MAX) == NULL && kept[39] == 9);
    gr_fault_clear();
    gr_heap_give(kept);
#endif
}

static void *take_and_give(void *argument) {
    unsigned char *held[HELD] = {NULL}, mark = (unsigned char)(uintptr_t)argument;
    size_t sizes[HELD] = {0};
    for (unsigned round = 0, random = mark; round < ROUNDS; round++) {
        random = random * 1664525 + 1013904223;
        unsigned i = random >> 26;
        CHECK(held[i] == NULL || is_all(held[i], sizes[i], mark));
        gr_heap_give(held[i]);
        sizes[i] = random >> 12 & 2047;
        held[i] = gr_heap_take(sizes[i]);
        CHECK(held[i] != NULL);
        memset(held[i], mark, sizes[i]);
    }
    for (unsigned i = 0; i < HELD; i++)
        gr_heap_give(held[i]);
    return NULL;
}

static void threads_never_get_the_same_block(void) {
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, take_and_give, (void *)(i + 1)) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* malloc sees to its own locks; and in a child a thread sanitizer misses the parent's threads. */
#ifndef GR_WATCHED_HEAP
static void a_forked_child_takes_and_gives_though_others_were_inside(void) {
    pthread_t threads[THREADS];
    unsigned char *before = gr_heap_take(100);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, take_and_give, (void *)(i + 1)) == 0);
    for (int child = 0; child < 10; child++) {
        pid_t process = fork();
        if (process == 0) {
            gr_heap_fork_child();
            gr_heap_give(before);
            take_and_give((void *)(uintptr_t)100);
            _exit(0);
        }
        int status = -1;
        CHECK(waitpid(process, &status, 0) == process && status == 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    gr_heap_give(before);
}
#endif

int main(void) {
    RUN(blocks_of_every_size_are_zeroed_aligned_and_apart);
    RUN(a_block_that_grows_keeps_what_it_holds);
    RUN(what_has_no_memory_is_refused);
    RUN(threads_never_get_the_same_block);
#ifndef GR_WATCHED_HEAP
    RUN(a_forked_child_takes_and_gives_though_others_were_inside);
#endif
    return 0;
}
