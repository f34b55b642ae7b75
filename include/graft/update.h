/* update.h: ordered changes: submit them, and be told what became of each.
 *
 * A stream orders the updates of one source of configuration by sequence number. Order is decided there once: an
 * update whose sequence has passed is stale, one that is already waiting is a duplicate, one that comes too early waits
 * for the missing ones until they arrive or a snapshot update replaces everything before it. Sequences start at 1.
 * Changes are carried out by the library's own thread, one update at a time. */
#ifndef GRAFT_UPDATE_H
#define GRAFT_UPDATE_H

#include <graft/probe.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GRAFT_STREAM_CAPACITY = 4096, /* updates that may wait in one stream */
    GRAFT_STREAMS_MAX = 64,       /* streams open at once */
};

enum graft_change_kind {
    GRAFT_CHANGE_INSTALL = 1, /* `spec`: add a probe; its id comes with the outcome */
    GRAFT_CHANGE_REMOVE = 2,  /* `probe`: restore its functions and forget it */
    GRAFT_CHANGE_MODE = 3,    /* `probe`, `mode`: switch what it does; re-arms a disarmed or tripped probe */
};

/* Grows with its last member, and in no other way. */
struct graft_change {
    enum graft_change_kind kind;
    graft_probe_id probe;         /* REMOVE, MODE */
    enum graft_mode mode;         /* MODE */
    struct graft_probe_spec spec; /* INSTALL */
};

/* What became of one change. Grows. */
struct graft_outcome {
    enum graft_change_kind kind;
    graft_probe_id probe;      /* the new id for INSTALL */
    enum graft_status status;  /* GRAFT_OK, also when pending or partly refused; else why nothing was done */
    enum graft_state state;    /* of the probe afterwards */
    uint32_t installed;        /* entry points patched (INSTALL, MODE) or restored (REMOVE) */
    uint32_t refused;          /* entry points refused */
    enum graft_status refusal; /* the first refusal's reason */
    uint64_t refusal_address;  /* and its address */
};

/* Called once for each submitted update: on the library's thread when it was applied, or on the submitting thread,
 * before graft_submit returns, when it was dropped (`status` says why and `count` is 0). `outcomes` is in the order of
 * the update's changes, each as large as the caller of graft_submit knows it, and is valid during the call. May submit; may not wait. */
typedef void (*graft_outcome_handler)(
    enum graft_status status, uint64_t sequence, const struct graft_outcome *outcomes, size_t count, void *context);

struct graft_stream;

/* Opens an ordered stream. `name` (at most 63 bytes) appears in logs. The stream is released by graft_stream_close,
 * which cancels what still waits. Any thread, not inside a handler.
 * GRAFT_INVALID_ARGUMENT, GRAFT_NOT_STARTED, GRAFT_LIMIT_QUEUE (too many streams), GRAFT_NO_MEMORY. */
enum graft_status graft_stream_open(const char *name, struct graft_stream **stream);
void graft_stream_close(struct graft_stream *stream);

/* Grows. One update: `count` changes that are carried out together. `snapshot` makes it replace every earlier or missing one
 * of its stream: it is applied at once, and the stream continues after its sequence. */
struct graft_update {
    uint64_t sequence; /* 1, 2, 3, …; 0 takes the next free one */
    bool snapshot;
    const struct graft_change *changes;
    size_t count;
};

/* What the structs that grow are to the caller, in bytes: what the inline functions below pass. Never changes itself. */
struct graft_sizes {
    size_t update, change, outcome;
};

/* What those functions call; for languages without C's headers. `sizes` is not kept. GRAFT_INVALID_ARGUMENT: no version has a
 * struct of that size, or a member that this version does not know is not zero. */
enum graft_status graft_submit_sized(struct graft_stream *stream, const struct graft_update *update,
    const struct graft_sizes *sizes, graft_outcome_handler outcome, void *context);
enum graft_status graft_install_sized(const struct graft_probe_spec *specs, size_t spec_size, size_t count,
    struct graft_outcome *outcomes, size_t outcome_size);
enum graft_status graft_remove_sized(
    const graft_probe_id *probes, size_t count, struct graft_outcome *outcomes, size_t outcome_size);

/* Submits an update; everything that it points to is copied. Does not wait. Any thread, also inside a handler; not
 * async-signal-safe (allocates). `outcome` may be null. Returns GRAFT_OK when the update was accepted, and otherwise
 * the same status that `outcome` is called with: GRAFT_STALE, GRAFT_DUPLICATE, GRAFT_LIMIT_QUEUE, GRAFT_NO_MEMORY,
 * GRAFT_INVALID_ARGUMENT, GRAFT_NOT_STARTED. */
static inline enum graft_status graft_submit(
    struct graft_stream *stream, const struct graft_update *update, graft_outcome_handler outcome, void *context) {
    const struct graft_sizes sizes = {
        sizeof(struct graft_update), sizeof(struct graft_change), sizeof(struct graft_outcome)};
    return graft_submit_sized(stream, update, &sizes, outcome, context);
}

/* Installs probes as one batch and waits. `outcomes` has room for `count`. Any thread, not inside a handler.
 * The status is that of the whole update; each probe's own is in its outcome. */
static inline enum graft_status graft_install(
    const struct graft_probe_spec *specs, size_t count, struct graft_outcome *outcomes) {
    return graft_install_sized(specs, sizeof *specs, count, outcomes, sizeof *outcomes);
}

/* Removes probes as one batch and waits: on return no new call reaches their handlers, and every call that had
 * begun has left them. `outcomes` may be null. Any thread, not inside a handler. */
static inline enum graft_status graft_remove(
    const graft_probe_id *probes, size_t count, struct graft_outcome *outcomes) {
    return graft_remove_sized(probes, count, outcomes, sizeof *outcomes);
}

/* Switches a probe's mode and waits. Any thread, not inside a handler. */
enum graft_status graft_set_mode(graft_probe_id probe, enum graft_mode mode);

#ifdef __cplusplus
}
#endif
#endif
