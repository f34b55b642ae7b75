/* allocations.c: counts allocations, for a program before which it is loaded.
 *
 * Owns the names of malloc, calloc, realloc and the aligned ones, and passes each call on to glibc. A reallocation is an
 * allocation. The count is that of all threads together. */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static _Atomic uint64_t made;

__attribute__((visibility("default"))) uint64_t graft_bench_allocations(void) {
    return atomic_load_explicit(&made, memory_order_relaxed);
}

static void count(void) {
    atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
}

__attribute__((visibility("default"))) void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t number, size_t size) {
    count();
    return __libc_calloc(number, size);
}

__attribute__((visibility("default"))) void *realloc(void *block, size_t size) {
    count();
    return __libc_realloc(block, size);
}

__attribute__((visibility("default"))) void *aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

__attribute__((visibility("default"))) int posix_memalign(void **block, size_t alignment, size_t size) {
    count();
    *block = __libc_memalign(alignment, size);
    return *block != NULL ? 0 : ENOMEM;
}
