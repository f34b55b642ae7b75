/* work.c: the function that is instrumented; see work.h. */
#include "work.h"

int bench_work(int x) {
    return mix(x);
}
