/* ifunc.c: indirect functions: the implementation that was chosen is instrumented, under both names; one that nobody has
 * bound is refused. And functions that a program only imports. */
#include "probes.h"
#include <stdlib.h>
#include <unistd.h>

static int plainly(int x) {
    return x + 1;
}
__attribute__((used)) static int better(int x) {
    return x + 1;
}
typedef int function(int);
static unsigned resolved;
static function *choose(void) {
    resolved++;
    return resolved == 0 ? plainly : better;
}
PROBED int by_choice(int x) __attribute__((ifunc("choose")));

/* Through memory that the compiler does not look through, so that calls are calls. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*volatile copy_on)(void *, const void *, size_t) = mempcpy;
static size_t (*volatile length)(const char *) = strlen;
static int (*volatile chosen)(int) = by_choice;

static struct graft_entry_point entry_of(graft_probe_id probe, char *name, char *symbol) {
    struct graft_snapshot *snapshot = NULL;
    struct graft_entry_point entry;
    memset(&entry, 0, sizeof entry);
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    for (size_t i = 0; i < snapshot->probe_count; i++)
        if (snapshot->probes[i].id == probe)
            entry = snapshot->probes[i].entries[0].entry;
    CHECK(entry.name != NULL);
    snprintf(name, 64, "%s", entry.name);
    snprintf(symbol, 64, "%s", entry.symbol);
    graft_snapshot_free(snapshot);
    return entry;
}

static uint64_t told;
static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    told += hit->phase == GRAFT_PHASE_ENTER && graft_hit_argument(hit, 2) == 33;
}

static void the_implementation_that_libc_chose_is_instrumented_under_its_name(void) {
    char to[64], from[64] = "what is copied", name[64], symbol[64];
    graft_probe_id probe = install("libc.so.6:memcpy", GRAFT_MODE_ENTRY_EXIT, on_hit, NULL, 1);
    struct graft_entry_point entry = entry_of(probe, name, symbol);
    CHECK(strcmp(name, "memcpy") == 0 && symbol[0] != 0);
    CHECK((entry.flags & GRAFT_ENTRY_CHOSEN) != 0 && (entry.flags & GRAFT_ENTRY_IFUNC) == 0);
    uint64_t before = told;
    for (int i = 0; i < 1000; i++)
        copy(to, from, 33);
    CHECK_EQUAL(told - before, 1000);
    uint64_t traps = counters_now().traps_redirected;
    for (int i = 0; i < 1000; i++)
        copy_on(to, from, 33);
    printf("  memcpy is %s; %llu traps by 1,000 calls of mempcpy\n", symbol,
        (unsigned long long)(counters_now().traps_redirected - traps));
    uninstall(probe);
    probe = install("libc.so.6:strlen", GRAFT_MODE_COUNT, NULL, NULL, 1);
    uint64_t hits = hits_of(probe);
    CHECK_EQUAL(length(from), 14);
    CHECK(hits_of(probe) > hits);
    uninstall(probe);
}

static void the_choice_of_the_program_itself_is_found_without_asking_again(void) {
    unsigned before = resolved;
    char name[64], symbol[64];
    graft_probe_id probe = install(":by_choice", GRAFT_MODE_COUNT, NULL, NULL, 1);
    entry_of(probe, name, symbol);
    CHECK_TEXT(name, "by_choice");
    CHECK_TEXT(symbol, "better");
    for (int i = 0; i < 100; i++)
        CHECK_EQUAL(chosen(i), i + 1);
    CHECK_EQUAL(hits_of(probe), 100);
    CHECK_EQUAL(resolved, before);
    uninstall(probe);
}

static struct graft_outcome try(const char *target) {
    struct graft_probe_spec spec;
    struct graft_outcome outcome;
    memset(&spec, 0, sizeof spec);
    spec.target = target;
    spec.mode = GRAFT_MODE_COUNT;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    return outcome;
}

static void what_the_program_only_imports_is_meant_where_it_is_defined(void) {
    struct graft_outcome outcome = try(":getpagesize");
    CHECK_EQUAL(outcome.installed, 0);
    uninstall(outcome.probe);
    outcome = try("*:getpagesize");
    CHECK_EQUAL(outcome.installed, 1);
    uninstall(outcome.probe);
}

int main(void) {
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(the_implementation_that_libc_chose_is_instrumented_under_its_name);
    RUN(the_choice_of_the_program_itself_is_found_without_asking_again);
    RUN(what_the_program_only_imports_is_meant_where_it_is_defined);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
