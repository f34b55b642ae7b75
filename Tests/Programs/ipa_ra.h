/* ipa_ra.h: the leaves that ipa_ra.c calls with live values in every register that they leave alone. */
#ifndef IPA_RA_H
#define IPA_RA_H

/* Functions that compilers keep as they are written, and which they may look into. */
#ifdef __clang__
#define LEAF __attribute__((noinline))
#else
#define LEAF __attribute__((noinline, noclone))
#endif

int leaf_integers(int x);
int leaf_vectors(int x);
int leaf_wide(int x);

#endif
