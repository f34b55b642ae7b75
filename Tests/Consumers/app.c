/* app.c: a user of Graft outside its tree: counts the calls of one of its own functions, and sees each entry.
 * Built by use-c against what `make install` put down, shared and static. Exit status 0 when the counts are exact. */
#include <graft/graft.h>
#include <stdio.h>
#include <string.h>

enum { CALLS = 1000 };

static unsigned long seen;

__attribute__((noinline)) int work(int value) {
    __asm__ volatile("" ::: "memory");
    return value * 3 + 1;
}

static void on_hit(struct graft_hit *hit, void *context) {
    unsigned long *sum = context;
    *sum += graft_hit_argument(hit, 0);
}

int main(void) {
    if (strcmp(graft_version(), GRAFT_VERSION) != 0 || graft_start(NULL) != GRAFT_OK)
        return fprintf(stderr, "the library does not start\n"), 1;

    struct graft_probe_spec probe = {.target = ":work", .mode = GRAFT_MODE_ENTRY, .handler = on_hit, .context = &seen};
    struct graft_outcome outcome;
    enum graft_status status = graft_install(&probe, 1, &outcome);
    if (status != GRAFT_OK || outcome.installed != 1)
        return fprintf(stderr, "not installed: %s\n", graft_status_sentence(status ? status : outcome.refusal)), 1;

    int (*volatile call)(int) = work;
    unsigned long expected = 0, results = 0;
    for (int i = 0; i < CALLS; i++) {
        expected += (unsigned long)i;
        results += (unsigned long)call(i);
    }

    uint64_t hits = 0;
    if (graft_probe_hits(outcome.probe, &hits) != GRAFT_OK || graft_remove(&outcome.probe, 1, NULL) != GRAFT_OK)
        return fprintf(stderr, "the probe is not there\n"), 1;
    call(1);
    if (graft_stop() != GRAFT_OK)
        return 1;
    printf("%llu hits, arguments %lu, results %lu\n", (unsigned long long)hits, seen, results);
    return hits == CALLS && seen == expected && results == expected * 3 + CALLS ? 0 : 1;
}
