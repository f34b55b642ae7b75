/* entries.h: the functions of entries.S. */
#ifndef ENTRIES_H
#define ENTRIES_H

/* X(name): patchable; returns 7 * argument + 3 for arguments of 0 and more. */
#define ENTRIES_MAP(X) \
    X(e_copy)          \
    X(e_frame)         \
    X(e_adr)           \
    X(e_adrp)          \
    X(e_load32)        \
    X(e_load64)        \
    X(e_load_signed)   \
    X(e_load_s)        \
    X(e_load_d)        \
    X(e_load_q)        \
    X(e_prefetch)      \
    X(e_branch)        \
    X(e_cbz)           \
    X(e_cbnz)          \
    X(e_cbz64)         \
    X(e_tbz)           \
    X(e_tbnz)          \
    X(e_tbnz63)        \
    X(e_equal)         \
    X(e_not_equal)     \
    X(e_landing)       \
    X(e_signed)        \
    X(e_signed_b)

/* The same, but only called by call_odd: their first instruction is a call. */
#define ODD_MAP(X) X(e_call) X(e_call_register)

/* X(name, status): refused with this status. */
#define REFUSED_MAP(X)                 \
    X(f_loop, GRAFT_BRANCH_INTO_PATCH) \
    X(f_break, GRAFT_FOREIGN_PATCH)    \
    X(f_undefined, GRAFT_NOT_CODE)     \
    X(f_short, GRAFT_TOO_SHORT)

#define ENTRY_DECLARE(name) int name(int);
ENTRIES_MAP(ENTRY_DECLARE)
ODD_MAP(ENTRY_DECLARE)
int call_odd(int argument, int (*function)(int));

#endif
