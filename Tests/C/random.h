/* random.h: repeatable random numbers for tests. The seed is printed; GRAFT_TEST_SEED repeats a run. */
#ifndef RANDOM_H
#define RANDOM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The next number of a sequence (splitmix64). Each thread has its own state. */
static inline uint64_t random_next(uint64_t *state) {
    uint64_t value = (*state += 0x9e3779b97f4a7c15u);
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/* A number below `limit`. */
static inline uint64_t random_below(uint64_t *state, uint64_t limit) {
    return random_next(state) % limit;
}

/* The state to start with: from GRAFT_TEST_SEED, or else from the clock. Prints it with the test's name. */
static inline uint64_t random_seed(const char *test) {
    const char *given = getenv("GRAFT_TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec;
    printf("   %s: GRAFT_TEST_SEED=%" PRIu64 "\n", test, seed);
    return seed;
}

#endif
