/* loaded.c: the library that loads.c loads and unloads. */
long loaded_add(long x);
long loaded_twice(long x);

static volatile long kept = 1; /* so that the library has data of its own */

__attribute__((noinline)) long loaded_add(long x) {
    return x + kept;
}

__attribute__((noinline)) long loaded_twice(long x) {
    return loaded_add(x) + loaded_add(x);
}
