/* probe.h: what is installed, in which state, with which counters. */
#ifndef GRAFT_PROBE_H
#define GRAFT_PROBE_H

#include <graft/around.h>
#include <graft/explain.h>
#include <graft/hit.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a probe does when its function is called. Can be changed while it is installed. */
enum graft_mode {
    GRAFT_MODE_COUNT = 1,      /* counts, per CPU and exactly; no handler */
    GRAFT_MODE_ENTRY = 2,      /* counts and calls the handler at ENTER */
    GRAFT_MODE_ENTRY_EXIT = 3, /* and at LEAVE or UNWIND */
    GRAFT_MODE_ONCE = 4,       /* the handler is called at the first ENTER only; then the patch is taken out again */
    GRAFT_MODE_AROUND = 5,     /* counts, and calls `around` in the place of the function: see around.h. For life: no
                                  other mode can be set, and this one cannot be set for another probe */
};

enum {
    GRAFT_PROBE_TIME = 1u << 0,   /* measure the time between ENTER and LEAVE */
    GRAFT_PROBE_CALLER = 1u << 1, /* keep the stack of the first hit of each entry point */
    GRAFT_PROBE_THREAD = 1u << 2, /* fill in graft_hit.thread */
    /* Where no jump fits (GRAFT_TOO_SHORT, GRAFT_BRANCH_INTO_PATCH, …), take a trap: int3 as the first byte, and a signal for
     * each call. That costs microseconds a call (3 to 11 have been seen). While it is there a debugger that attaches must leave SIGTRAP
     * to the program (gdb: `handle SIGTRAP nostop noprint pass`), and no thread may block SIGTRAP past the C library. So it
     * is never taken without this flag, nor for functions of the C library and the loader, nor while a debugger is there. */
    GRAFT_PROBE_TRAP = 1u << 3,
};

/* A wish: which functions, and what to do. The library copies it. Grows: see graft.h. */
struct graft_probe_spec {
    const char *target; /* see target.h */
    enum graft_mode mode;
    uint32_t flags;        /* GRAFT_PROBE_* */
    graft_handler handler; /* null is allowed in every mode */
    void *context;         /* passed to the handler; must outlive the probe's removal outcome */
    /* mode around only */
    const char *signature;        /* see around.h; required then */
    graft_around_handler around;  /* required then; `handler` is not called */
    graft_around_release release; /* of `context`, if the probe was accepted; null: it lives for ever */
    /* Modes entry and entry-exit: the handler is told of one call in so many, evenly spread; 0 and 1: of each. All are
     * counted. What is left out costs little more than a count where no other probe is on the function, and is spread
     * evenly on each processor; else it costs a hit. */
    uint32_t sample_every;
    /* The same modes: of how many calls in a second the handler is told at most, all threads and functions together; 0: of
     * any number. When a second's calls are used up, the rest of it is left out: counted, at the cost of a call that
     * sampling leaves out, once the library's thread has seen to that (tens of microseconds later, if it is idle). The
     * next second begins with the first call that finds the last one over and used up; so any one second may see the end
     * of one and the beginning of the next, and twice as many, but a longer time only one second's number for each, and
     * once more. What sampling leaves out uses up nothing. A call whose entry was told of is also told of when it is left. */
    uint32_t max_per_second;
    /* The same modes: how long one call of the handler may take, in nanoseconds, on average; 0: any time. If it takes
     * longer, the probe trips: it is taken out of its functions, as one of mode once that has reported, and costs nothing.
     * graft_set_mode, with the same mode too, arms it again. The average is over 16 measured calls or more, each counted
     * as four times the limit at most: one that is interrupted does not trip it. A handler that does not return within a
     * second, or the limit if that is longer, trips it too. Calls at entry and at exit count alike. */
    uint32_t max_handler_nanoseconds;
    uint32_t reserved; /* zero */
};

/* The state of a probe and of each of its entry points:
 * PENDING -> INSTALLED <-> REMOVED; REFUSED with a status; INSTALLED -> DISARMED or TRIPPED, and back when its mode is set.
 * A probe is INSTALLED when one of its entry points is. */
enum graft_state {
    GRAFT_STATE_PENDING = 1,   /* nothing matches yet; looked at again when an image is loaded */
    GRAFT_STATE_INSTALLED = 2, /* patched */
    GRAFT_STATE_DISARMED = 3,  /* mode once: it has reported; the patch is out, or about to be */
    GRAFT_STATE_REFUSED = 4,   /* see the status */
    GRAFT_STATE_REMOVED = 5,   /* the original bytes are back */
    GRAFT_STATE_TRIPPED = 6, /* its handler took too long (max_handler_nanoseconds); the patch is out, or about to be */
};

/* "pending", "installed", "disarmed", "refused", "removed", "tripped"; "unknown" otherwise. Static storage. */
const char *graft_state_name(enum graft_state state);
/* "count", "entry", "entry-exit", "once", "around"; "unknown" otherwise. Static storage. */
const char *graft_mode_name(enum graft_mode mode);

enum {
    GRAFT_FRAMES_MAX = 64,        /* frames kept of a first hit's stack */
    GRAFT_PROBES_DEFAULT = 65536, /* probes, and entry points, unless graft_options says otherwise */
    GRAFT_ATTACHMENTS_MAX = 8,    /* probes on one entry point */
};

/* One entry point of a probe, in a snapshot. */
struct graft_entry_info {
    struct graft_entry_point entry;
    enum graft_state state;
    enum graft_status reason; /* GRAFT_OK, or why it is refused or not yet restored */
    uint64_t hits;            /* calls seen since this probe was attached to it */
    const uint64_t *frames;   /* return addresses of the first hit, innermost first; null when none */
    size_t frame_count;
    enum graft_tactic tactic; /* how its bytes are changed; GRAFT_TACTIC_NONE while it is refused */
};

/* One probe, in a snapshot. */
struct graft_probe_info {
    graft_probe_id id;
    const char *target;
    enum graft_mode mode;
    enum graft_state state;
    enum graft_status reason;
    uint64_t hits;                    /* sum over the entry points */
    uint64_t left_out;                /* of those, not told of, by sampling or the budget. Exact, but for calls under
                                         way now, or when its mode was set or it tripped */
    uint64_t handler_nanoseconds;     /* what a call of the handler takes, estimated; 0: not limited, or not called */
    uint32_t sample_every;            /* as asked for; 1: each */
    uint32_t max_per_second;          /* as asked for */
    uint32_t max_handler_nanoseconds; /* as asked for */
    const struct graft_entry_info *entries; /* `entry_count` of them */
    size_t entry_count;
};

/* Named counters of the whole library, since graft_start. X(field, name). */
#define GRAFT_COUNTERS_MAP(X)                                                                             \
    X(installed, "installed")                 /* entry points patched, ever */                            \
    X(removed, "removed")                     /* entry points restored, ever */                           \
    X(refused, "refused")                     /* entry points refused, ever; by reason in `refused_by` */ \
    X(pending, "pending")                     /* probes that match nothing, now */                        \
    X(active, "active")                       /* entry points patched, now */                             \
    X(hits, "hits")                           /* calls of instrumented functions seen */                  \
    X(left_out, "hits_left_out")              /* of those, left out by sampling or a budget */            \
    X(tripped, "tripped")                     /* times that a probe tripped */                            \
    X(suppressed, "hits_suppressed")          /* hits inside a handler, not reported */                   \
    X(frames_exhausted, "frames_exhausted")   /* exits not seen because a thread's frames ran out */      \
    X(traps_redirected, "traps_redirected")   /* threads met on a changing entry and moved on */          \
    X(updates_applied, "updates_applied")     /* updates whose changes were carried out */                \
    X(updates_stale, "updates_stale")         /* dropped: sequence already passed */                      \
    X(updates_duplicate, "updates_duplicate") /* dropped: sequence already waiting */                     \
    X(updates_gaps, "updates_gaps")           /* times an update had to wait for a missing one */         \
    X(updates_dropped, "updates_dropped")     /* refused: the queue was full, or superseded */            \
    X(callers_dropped, "callers_dropped")     /* first hits whose stack could not be kept */              \
    X(unsafe_threads, "unsafe_threads")       /* entry points put off because a thread blocks SIGTRAP */  \
    X(unsafe_retries, "unsafe_retries")       /* times that such an entry point was tried again in vain */

struct graft_counters {
#define GRAFT_COUNTER_FIELD(field, name) uint64_t field;
    GRAFT_COUNTERS_MAP(GRAFT_COUNTER_FIELD)
#undef GRAFT_COUNTER_FIELD
    uint64_t refused_by[GRAFT_STATUS_COUNT]; /* entry points refused, by reason */
};

/* A consistent view of every probe: taken between two updates, never in the middle of one. */
struct graft_snapshot {
    const struct graft_probe_info *probes;
    size_t probe_count;
    struct graft_counters counters;
    uint64_t generation; /* grows with each applied update */
};

/* Takes a snapshot; `*snapshot` is the caller's and is released with graft_snapshot_free. Waits for an update that is
 * being applied (milliseconds). Any thread, not inside a handler. GRAFT_NO_MEMORY, GRAFT_NOT_STARTED, GRAFT_IN_HANDLER. */
enum graft_status graft_snapshot_take(struct graft_snapshot **snapshot);
void graft_snapshot_free(struct graft_snapshot *snapshot);

/* The entry point that is instrumented at this address, or with this canonical identifier (as
 * graft_entry_point_identifier writes it): its hits so far and its state. Lock-free; any thread; async-signal-safe.
 * GRAFT_NOT_FOUND when there is none. Either output may be null. */
enum graft_status graft_lookup_address(uint64_t address, uint64_t *hits, enum graft_state *state);
enum graft_status graft_lookup_identifier(const char *identifier, uint64_t *hits, enum graft_state *state);

/* Hits of a probe so far, summed over its entry points. Waits for an update that is being applied; any thread, not
 * inside a handler. GRAFT_NO_SUCH_PROBE, GRAFT_NOT_STARTED, GRAFT_IN_HANDLER. */
enum graft_status graft_probe_hits(graft_probe_id probe, uint64_t *hits);

#ifdef __cplusplus
}
#endif
#endif
