/* prologues.h: the functions of prologues.S. */
#ifndef PROLOGUES_H
#define PROLOGUES_H

/* X(name): patchable; returns 7 * argument + 3 for arguments of 0 and more. */
#define PROLOGUES_MAP(X) \
    X(p_swift)           \
    X(p_unaligned)       \
    X(p_odd)             \
    X(p_none)            \
    X(p_push2)           \
    X(p_three)           \
    X(p_four)            \
    X(p_bytes)           \
    X(p_one_three)       \
    X(p_jcc)             \
    X(p_jcc_near)        \
    X(p_rip)             \
    X(p_rip_immediate)   \
    X(p_jump)            \
    X(p_jump_short)      \
    X(p_call)            \
    X(p_push_call)       \
    X(p_call_memory)     \
    X(p_call_register)   \
    X(p_jrcxz)           \
    X(p_endbr)           \
    X(p_nops)            \
    X(p_nop5)            \
    X(p_copy0)           \
    X(p_copy1)           \
    X(p_copy2)           \
    X(p_copy3)           \
    X(p_copy4)           \
    X(p_copy5)           \
    X(p_copy6)           \
    X(p_copy7)           \
    X(p_copy8)

/* X(name, status): refused with this status. */
#define REFUSED_MAP(X)                       \
    X(r_back_call, GRAFT_BRANCH_INTO_PATCH)  \
    X(r_loop_entry, GRAFT_BRANCH_INTO_PATCH) \
    X(r_crowded, GRAFT_TOO_SHORT)            \
    X(r_breakpoint, GRAFT_FOREIGN_PATCH)     \
    X(r_table, GRAFT_BRANCH_INTO_PATCH)      \
    X(p_call_stack, GRAFT_NOT_RELOCATABLE)

/* X(name, offset): the same as the first ones, but jumps back to an instruction at +offset. */
#define KEPT_MAP(X) \
    X(k_one, 1)     \
    X(k_two, 2)     \
    X(k_three, 3)   \
    X(k_four, 4)    \
    X(k_both, 2)

#define PROLOGUE_DECLARE(name) int name(int);
PROLOGUES_MAP(PROLOGUE_DECLARE)
#define REFUSED_DECLARE(name, status) int name(int);
REFUSED_MAP(REFUSED_DECLARE)
#define KEPT_DECLARE(name, offset) int name(int);
KEPT_MAP(KEPT_DECLARE)
int p_short(int);                            /* patchable: returns its argument plus one */
int p_call_table(int (*const *table)(void)); /* patchable: returns what the fourth entry returns plus one */

#endif
