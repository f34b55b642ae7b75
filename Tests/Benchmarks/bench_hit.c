/* bench_hit.c: what one call of an instrumented function costs, beside its floor in the same run.
 *
 *   bench_hit [--json]
 *
 * Each figure is the least of many repetitions, in thread CPU time, over the same function bare: a shared machine only
 * ever adds. The goals are those of the README. Uses the public interface only. */
#include "work.h"
#include <ffi.h>
#include <graft/graft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPETITIONS = 25, CALLS = 1000000 };

int floor_count(int), floor_entry_abi(int), floor_entry_all(int), floor_exit_abi(int), floor_exit_all(int);

typedef int (*function)(int);

static double cpu_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static volatile int sink;

/* Nanoseconds of one call. */
static double measure(function call) {
    double best = 1e9;
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
        int x = 1;
        double start = cpu_nanoseconds();
        for (int i = 0; i < CALLS; i++)
            x = call(i) + (x & 1);
        double each = (cpu_nanoseconds() - start) / (double)CALLS;
        sink = x;
        best = each < best ? each : best;
    }
    return best;
}

static void ignore(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
}

static void require(enum graft_status status, const char *what) {
    if (status == GRAFT_OK)
        return;
    fprintf(stderr, "bench_hit: %s: %s\n", what, graft_status_sentence(status));
    exit(1);
}

/* What the handler is told of. */
struct share {
    uint32_t every, per_second, nanoseconds;
};

static const struct share all;

static graft_probe_id install(enum graft_mode mode, struct share share) {
    const struct graft_probe_spec spec = {.target = ":bench_work",
        .mode = mode,
        .handler = ignore,
        .sample_every = share.every,
        .max_per_second = share.per_second,
        .max_handler_nanoseconds = share.nanoseconds};
    struct graft_outcome outcome;
    require(graft_install(&spec, 1, &outcome), "install");
    require(outcome.status, "probe");
    if (outcome.installed != 1)
        require(outcome.refusal != GRAFT_OK ? outcome.refusal : GRAFT_NOT_FOUND, "entry point");
    return outcome.probe;
}

struct row {
    const char *name;
    double cost, floor, goal;
};

static double with_probe(enum graft_mode mode, struct share share, double bare) {
    graft_probe_id probe = install(mode, share);
    double cost = measure(bench_work) - bare;
    require(graft_remove(&probe, 1, NULL), "remove");
    return cost;
}

static void pass_on(struct graft_around *call, void *context) {
    (void)context;
    graft_around_original(call);
}

static double around(double bare) {
    const struct graft_probe_spec spec = {
        .target = ":bench_work", .mode = GRAFT_MODE_AROUND, .signature = "i32(i32)", .around = pass_on};
    struct graft_outcome outcome;
    require(graft_install(&spec, 1, &outcome), "install");
    require(outcome.installed == 1 ? outcome.status : outcome.refusal, "around");
    double cost = measure(bench_work) - bare;
    require(graft_remove(&outcome.probe, 1, NULL), "remove");
    return cost;
}

/* The floor of an around-probe: a closure that calls the function, both by libffi and nothing else. */
static void call_bare(ffi_cif *cif, void *result, void **arguments, void *context) {
    (void)context;
    ffi_call(cif, FFI_FN(bench_bare), result, arguments);
}

static double floor_around(double bare) {
    ffi_cif cif;
    ffi_type *type = &ffi_type_sint32;
    void *code;
    ffi_closure *closure = ffi_closure_alloc(sizeof *closure, &code);
    if (closure == NULL || ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 1, type, &type) != FFI_OK ||
        ffi_prep_closure_loc(closure, &cif, call_bare, NULL, code) != FFI_OK)
        require(GRAFT_UNSUPPORTED, "closure");
    double cost = measure((function)(uintptr_t)code) - bare;
    ffi_closure_free(closure);
    return cost;
}

/* A probe that has reported: waits until its patch is out. */
static double disarmed(double bare) {
    graft_probe_id probe = install(GRAFT_MODE_ONCE, all);
    enum graft_state state = GRAFT_STATE_INSTALLED;
    sink = bench_work(1);
    while (state == GRAFT_STATE_INSTALLED)
        require(graft_lookup_address((uint64_t)(uintptr_t)bench_work, NULL, &state), "lookup");
    double cost = measure(bench_work) - bare;
    require(graft_remove(&probe, 1, NULL), "remove");
    return cost;
}

static void print_table(const struct row *rows, size_t count, double bare) {
    printf("bare call %.2f ns; over it:\n\n  %-30s %8s %8s %8s\n", bare, "probe", "ns", "floor", "goal");
    for (size_t i = 0; i < count; i++)
        printf("  %-30s %8.2f %8.2f %8.2f %s\n", rows[i].name, rows[i].cost, rows[i].floor, rows[i].goal,
            rows[i].cost <= rows[i].goal + 0.3 ? "" : "missed");
}

static void print_json(const struct row *rows, size_t count, double bare) {
    printf("{\"bare_ns\":%.3f,\"over_bare\":[", bare);
    for (size_t i = 0; i < count; i++)
        printf("%s{\"probe\":\"%s\",\"ns\":%.3f,\"floor_ns\":%.3f,\"goal_ns\":%.2f}", i != 0 ? "," : "", rows[i].name,
            rows[i].cost, rows[i].floor, rows[i].goal);
    printf("]}\n");
}

int main(int argc, char **argv) {
    require(graft_start(NULL), "start");
    double bare = measure(bench_bare);
    const bool abi = getenv("BENCH_ABI") != NULL; /* a clang-built program: callers assume the ABI only */
    const function floor_entry = abi ? floor_entry_abi : floor_entry_all;
    const struct share sampled = {.every = 1000}, past = {.per_second = 1};
    const struct share within = {.per_second = UINT32_MAX}, timed = {.nanoseconds = UINT32_MAX};
    const double count = measure(floor_count) - bare;
    const struct row rows[] = {
        {"count", with_probe(GRAFT_MODE_COUNT, all, bare), count, 1.5},
        {abi ? "entry" : "entry, preserving all", with_probe(GRAFT_MODE_ENTRY, all, bare), measure(floor_entry) - bare,
            abi ? 6 : 9},
        {abi ? "entry + exit" : "entry + exit, preserving all", with_probe(GRAFT_MODE_ENTRY_EXIT, all, bare),
            measure(abi ? floor_exit_abi : floor_exit_all) - bare, abi ? 10 : 17},
        {"entry, 1 call in 1,000 told", with_probe(GRAFT_MODE_ENTRY, sampled, bare), count, 6},
        {"entry + exit, 1 in 1,000", with_probe(GRAFT_MODE_ENTRY_EXIT, sampled, bare), count, 6},
        {"entry, past its budget", with_probe(GRAFT_MODE_ENTRY, past, bare), count, 6},
        {"entry + exit, past its budget", with_probe(GRAFT_MODE_ENTRY_EXIT, past, bare), count, 6},
        {"entry, within its budget", with_probe(GRAFT_MODE_ENTRY, within, bare), measure(floor_entry) - bare, 25},
        {"entry, timed now and then", with_probe(GRAFT_MODE_ENTRY, timed, bare), measure(floor_entry) - bare, 25},
        {abi ? "around" : "around, preserving all", around(bare), floor_around(bare), abi ? 100 : 120},
        {"disarmed", disarmed(bare), 0, 0},
        {"removed", measure(bench_work) - bare, 0, 0},
    };
    size_t rows_count = sizeof rows / sizeof *rows;
    if (argc > 1 && strcmp(argv[1], "--json") == 0)
        print_json(rows, rows_count, bare);
    else
        print_table(rows, rows_count, bare);
    require(graft_stop(), "stop");
    return 0;
}
