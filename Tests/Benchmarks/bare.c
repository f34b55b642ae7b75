/* bare.c: the same function, never instrumented; see work.h. */
#include "work.h"

int bench_bare(int x) {
    return mix(x);
}
