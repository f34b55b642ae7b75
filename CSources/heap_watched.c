/* heap_watched.c: heap.h by malloc, for builds whose sanitizer watches malloc: there a use after the end is found. */
#include "compiler.h"
#ifdef GR_WATCHED_HEAP

#include "heap.h"
#include <stdlib.h>
#include <string.h>

void *gr_heap_take(size_t size) {
    return calloc(1, size != 0 ? size : 1);
}
void *gr_heap_array(size_t count, size_t size) {
    return calloc(count != 0 ? count : 1, size);
}
void *gr_heap_grow(void *block, size_t size) {
    return realloc(block, size);
}
char *gr_heap_text(const char *text) {
    return strdup(text);
}
void gr_heap_give(void *block) {
    free(block);
}
void gr_heap_fork_child(void) {
}

#endif
