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

/* Checks that 995 of 1,000 functions took a probe at least, with the counters of before it was installed; tells what did not.
 * Apart are what the named lists leave out, what gives no exit in mode entry-exit, and indirect functions for which nobody
 * in this process has an implementation: there is nothing that could be called. */
static inline void check_nearly_all(
    const char *what, const struct graft_outcome *outcome, struct graft_counters before) {
    struct graft_counters after = counters_now();
    uint64_t apart = 0;
    printf("  %s: %u of %u", what, outcome->installed, outcome->installed + outcome->refused);
    for (int reason = 0; reason < GRAFT_STATUS_COUNT; reason++) {
        uint64_t refused = after.refused_by[reason] - before.refused_by[reason];
        if (refused != 0)
            printf(", %llu %s", (unsigned long long)refused, graft_status_slug((enum graft_status)reason));
        if (reason == GRAFT_DENIED || reason == GRAFT_NO_EXIT || reason == GRAFT_IFUNC)
            apart += refused;
    }
    uint64_t functions = outcome->installed + outcome->refused - apart;
    printf(": %.2f %%\n", 100.0 * (double)outcome->installed / (double)functions);
    CHECK(outcome->installed > 0 && outcome->installed * UINT64_C(1000) >= functions * 995);
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
