/* rounds.h: a test that waits for the library's thread without waiting for time to pass. */
#ifndef ROUNDS_H
#define ROUNDS_H

#include "check.h"
#include "control.h"
#include <graft/graft.h>

/* The library's thread begins and ends a round of work: it does so under its lock. */
static inline void let_it_look(void) {
    const struct graft_probe_spec none = {.target = ":none"}; /* and no mode */
    struct graft_outcome outcome;
    gr_control_lock();
    gr_control_unlock();
    CHECK_EQUAL(graft_install(&none, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.status, GRAFT_INVALID_ARGUMENT);
    gr_control_lock();
    gr_control_unlock();
}

static inline void remove_probe(graft_probe_id probe) {
    CHECK_EQUAL(graft_remove(&probe, 1, NULL), GRAFT_OK);
}

#endif
