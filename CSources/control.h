/* control.h: the control thread: one writer of everything in plane.h. */
#ifndef GR_CONTROL_H
#define GR_CONTROL_H

#include "plane.h"

/* The control lock. Taken by the control thread for each round of work, and by threads that take snapshots. */
void gr_control_lock(void);
void gr_control_unlock(void);
bool gr_control_try_lock(int milliseconds);
/* Unwinds the stacks of first hits that wait, so that who looks sees whole ones. Under the lock. */
void gr_control_read_captures(void);
/* True between graft_start and the last graft_stop. Any thread. */
bool gr_control_running(void);

/* Starts and ends the thread. */
enum graft_status gr_control_start(void);
void gr_control_stop(void);

/* stream.c: hands every update that is due to gr_apply; called by the control thread under the lock. */
void gr_streams_drain(void);
/* Times that an update had to wait for a missing one, in all streams. */
uint64_t gr_streams_gaps(void);
/* Cancels what still waits in every stream. */
void gr_streams_cancel(void);

/* graft_submit_sized, with an update of ours and changes and outcomes of the sizes told; `outcome` is not called when it fails. */
enum graft_status gr_stream_submit(struct graft_stream *stream, const struct graft_update *update,
    const struct graft_sizes *sizes, graft_outcome_handler outcome, void *context);
extern const struct gr_sized gr_sized_outcomes; /* sized.h: of graft_outcome */

/* install.c: the stream of waiting calls is opened anew after a stop. */
void gr_streams_forget_own(void);

/* apply.c: carries out one update; fills in one outcome for each change. */
void gr_apply(const struct graft_change *changes, size_t count, struct graft_outcome *outcomes);
/* How many of the changes install something. */
size_t gr_installs(const struct graft_change *changes, size_t count);
/* Starts the guard (guard.h) before there is a probe that needs it. */
void gr_apply_guard(void);
/* Removes every probe, also our own; restores every byte. */
void gr_apply_nothing(void);

/* In the child of a fork. `consistent`: the control lock was ours when the process was copied. */
void gr_control_fork_child(bool consistent);

#endif
