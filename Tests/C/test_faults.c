/* test_faults.c: each request to the kernel fails once, at each step from start to stop: the process is as it was.
 *
 * A child for each request and each of its turns: it starts the library, installs probes, calls, removes them, stops, and
 * one request on the way is refused. Whatever that brings, each function gives its result all the time, a function that is
 * said to be patched counts, and in the end every byte is the original one and a second round without refusals works. */
#include "check.h"
#include "os/fault.h"
#include "prologues.h"
#include <graft/graft.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *target;
    int (*function)(int);
} all[] = {{":p_swift", p_swift}, {":p_none", p_none}, {":p_jcc", p_jcc}, {":p_rip", p_rip}, {":p_call", p_call},
    {":p_three", p_three}};
enum {
    FUNCTIONS = sizeof all / sizeof *all,
    BYTES = 16,
    CALLS = 10,
    TURNS_MAX = 400,
    LAST_TURN = 10,
    SETTLE_MS = 5000
};

static uint8_t original[FUNCTIONS][BYTES];

static void call_all(void) {
    for (int i = 0; i < FUNCTIONS; i++)
        for (int argument = 0; argument < CALLS; argument++)
            CHECK_EQUAL(all[i].function(argument), 7 * argument + 3);
}

static bool as_before(void) {
    for (int i = 0; i < FUNCTIONS; i++)
        if (memcmp(original[i], (const void *)(uintptr_t)all[i].function, BYTES) != 0)
            return false;
    return true;
}

/* Those that are said to be patched count every call; those that are not count none. */
static void check_hits(const struct graft_outcome *outcomes) {
    for (int i = 0; i < FUNCTIONS; i++) {
        uint64_t hits = 0;
        if (outcomes[i].status != GRAFT_OK)
            continue;
        CHECK_EQUAL(graft_probe_hits(outcomes[i].probe, &hits), GRAFT_OK);
        CHECK_EQUAL(hits, outcomes[i].state == GRAFT_STATE_INSTALLED ? CALLS : 0);
    }
}

/* Returns how many functions were patched. */
static int round_trip(void) {
    struct graft_probe_spec specs[FUNCTIONS];
    struct graft_outcome outcomes[FUNCTIONS];
    graft_probe_id ids[FUNCTIONS];
    int installed = 0;
    memset(specs, 0, sizeof specs);
    for (int i = 0; i < FUNCTIONS; i++)
        specs[i] = (struct graft_probe_spec){.target = all[i].target, .mode = GRAFT_MODE_COUNT};
    if (graft_install(specs, FUNCTIONS, outcomes) != GRAFT_OK)
        return 0;
    call_all();
    check_hits(outcomes);
    for (int i = 0; i < FUNCTIONS; i++) {
        ids[i] = outcomes[i].probe;
        installed += outcomes[i].installed != 0;
    }
    (void)graft_remove(ids, FUNCTIONS, outcomes);
    call_all();
    return installed;
}

static bool about_files(enum gr_os_call call) {
    return call == GR_OS_READ_FILE || call == GR_OS_READ || call == GR_OS_MAP_FILE;
}

/* The child's whole life; `turn` requests of this kind pass before one is refused. Ends with LAST_TURN when none was. */
static void live(enum gr_os_call call, unsigned turn) {
    gr_fault_clear();
    gr_fault_set(call, turn, 1);
    enum graft_status started = graft_start(NULL);
    if (started == GRAFT_OK) {
        (void)round_trip();
        (void)graft_stop();
    }
    bool refused = gr_fault_calls(call) > turn;
    gr_fault_clear();
    call_all();
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    for (int waited = 0; !as_before() && waited < SETTLE_MS; waited += 10)
        usleep(10000);
    CHECK(as_before());
    int installed = round_trip(); /* a file that could not be read once is not read again */
    CHECK(installed == FUNCTIONS || (about_files(call) && installed == 0));
    CHECK(as_before());
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    call_all();
    _exit(refused ? 0 : LAST_TURN);
}

/* Returns how many turns of the request were refused. */
static unsigned refuse_each_turn(enum gr_os_call call) {
    for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
        fflush(NULL);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0)
            live(call, turn);
        int status = 0;
        CHECK_EQUAL(waitpid(child, &status, 0), child);
        if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != LAST_TURN))
            fprintf(stderr, "request %d, refused at turn %u: status %#x\n", (int)call, turn, (unsigned)status);
        CHECK(WIFEXITED(status));
        if (WEXITSTATUS(status) == LAST_TURN)
            return turn;
        CHECK_EQUAL(WEXITSTATUS(status), 0);
    }
    return TURNS_MAX;
}

static void a_refusal_at_any_step_leaves_the_process_as_it_was(void) {
    unsigned refused = 0;
    for (int call = 0; call < GR_OS_CALL_COUNT; call++) {
        unsigned turns = refuse_each_turn((enum gr_os_call)call);
        printf("  request %d: %u turns\n", call, turns);
        refused += turns;
    }
    printf("  refused at %u steps\n", refused);
    CHECK(refused > GR_OS_CALL_COUNT);
}

int main(void) {
    for (int i = 0; i < FUNCTIONS; i++)
        memcpy(original[i], (const void *)(uintptr_t)all[i].function, BYTES);
    setvbuf(stdout, NULL, _IOLBF, 0);
    RUN(a_refusal_at_any_step_leaves_the_process_as_it_was);
    return 0;
}
