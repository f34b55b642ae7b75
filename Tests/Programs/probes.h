/* probes.h: what programs of this folder ask of the library, with every answer checked. For C and C++.
 *
 * Uses the public interface alone, as a user's program does. */
#ifndef PROBES_H
#define PROBES_H

#include "check.h"
#include <graft/graft.h>

/* A function that compilers keep, as it is written, and that a target can name. */
#define PROBED __attribute__((noinline, used, visibility("default")))

/* Installs one probe; `entries` must be patched, and none refused. */
static inline graft_probe_id install(
    const char *target, enum graft_mode mode, graft_handler handler, void *context, unsigned entries) {
    struct graft_probe_spec spec;
    struct graft_outcome outcome;
    memset(&spec, 0, sizeof spec);
    spec.target = target;
    spec.mode = mode;
    spec.handler = handler;
    spec.context = context;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    if (outcome.status != GRAFT_OK || outcome.installed != entries || outcome.refused != 0)
        fprintf(stderr, "%s: %s; %u installed, %u refused: %s\n", target, graft_status_slug(outcome.status),
            outcome.installed, outcome.refused, graft_status_slug(outcome.refusal));
    CHECK_EQUAL(outcome.status, GRAFT_OK);
    CHECK_EQUAL(outcome.installed, entries);
    CHECK_EQUAL(outcome.refused, 0);
    return outcome.probe;
}

static inline void uninstall(graft_probe_id probe) {
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_remove(&probe, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.status, GRAFT_OK);
}

static inline uint64_t hits_of(graft_probe_id probe) {
    uint64_t hits = 0;
    CHECK_EQUAL(graft_probe_hits(probe, &hits), GRAFT_OK);
    return hits;
}

static inline struct graft_counters counters_now(void) {
    struct graft_snapshot *snapshot = NULL;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    struct graft_counters counters = snapshot->counters;
    graft_snapshot_free(snapshot);
    return counters;
}

/* The flags (GRAFT_ENTRY_*) of the only entry point of a probe. */
static inline uint32_t flags_of(graft_probe_id probe) {
    struct graft_snapshot *snapshot = NULL;
    uint32_t flags = 0;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    for (size_t i = 0; i < snapshot->probe_count; i++)
        if (snapshot->probes[i].id == probe && snapshot->probes[i].entry_count == 1)
            flags = snapshot->probes[i].entries[0].entry.flags;
    graft_snapshot_free(snapshot);
    return flags;
}

#endif
