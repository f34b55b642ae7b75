/* explain.h: what could be instrumented in a file, and why the rest could not, without touching a process. */
#ifndef GRAFT_EXPLAIN_H
#define GRAFT_EXPLAIN_H

#include <graft/target.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the entry of a function would be changed. */
enum graft_tactic {
    GRAFT_TACTIC_NONE = 0,   /* refused */
    GRAFT_TACTIC_JUMP = 1,   /* one instruction covers the jump: nothing can rest inside */
    GRAFT_TACTIC_PUNNED = 2, /* several instructions: the jump's bytes are chosen so that each boundary traps */
    GRAFT_TACTIC_TRAP = 3,   /* no jump fits: a trap and a signal for each call, only with GRAFT_PROBE_TRAP */
};

/* "refused", "jump", "punned", "trap". Static storage. */
const char *graft_tactic_name(enum graft_tactic tactic);

/* May grow: see graft.h. */
struct graft_explanation {
    struct graft_entry_point entry;
    enum graft_tactic tactic;
    enum graft_status reason;      /* GRAFT_OK, or why it is refused or, with GRAFT_TACTIC_TRAP, why no jump fits */
    uint64_t reason_offset;        /* virtual address of the offending instruction, or the entry */
    enum graft_status exit_reason; /* GRAFT_OK, or why exits cannot be seen (GRAFT_NO_EXIT) */
    uint32_t patch_size;           /* bytes of original instructions that would move */
};

/* Called for each function, in order of address; `done` of `total` functions of this file. Return false to stop. */
typedef bool (*graft_explain_handler)(
    const struct graft_explanation *explanation, size_t done, size_t total, void *context);

/* Explains the functions of an ELF file whose symbol or demangled name matches `pattern` (a glob as in target.h, or
 * null for all). Calls `handler` on the calling thread. Needs no graft_start. Any thread.
 * GRAFT_OS: the file cannot be opened or read, and errno says why (ENOENT: there is none). GRAFT_BAD_IMAGE: it is not an
 * ELF file for this machine, or a broken one. GRAFT_TARGET_*: the pattern. GRAFT_INVALID_ARGUMENT, GRAFT_NO_MEMORY. */
enum graft_status graft_explain_file(
    const char *path, const char *pattern, graft_explain_handler handler, void *context);

#ifdef __cplusplus
}
#endif
#endif
