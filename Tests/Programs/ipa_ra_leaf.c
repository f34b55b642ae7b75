/* ipa_ra_leaf.c: functions that touch hardly any register; -flto makes them local to the program, and their callers
 * (ipa_ra.c) know what they leave alone. */
#include "ipa_ra.h"

/* What the compiler cannot see through: nothing of a caller moves across the call. */
#define STAYS __asm__ volatile("" ::: "memory")

LEAF int leaf_integers(int x) {
    STAYS;
    return x * 7 + 3;
}

LEAF int leaf_vectors(int x) {
    STAYS;
    return x * 5 + 1;
}

LEAF int leaf_wide(int x) {
    STAYS;
    return x * 9 + 2;
}
