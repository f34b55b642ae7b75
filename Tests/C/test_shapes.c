/* test_shapes.c: the shapes of a patch beside the jump at the entry: one byte later, and a trap alone; and which of them
 * is taken when memory around the program leaves no choice. Neighbours: test_patch (the jump), test_toggle (load). */
#include "attach.h"
#include "core.h"
#include "prologues.h"
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    const char *name;
    int (*function)(int);
} prologues[] = {
#define ROW(name) {#name, name},
    PROLOGUES_MAP(ROW)
#undef ROW
};
enum { PROLOGUES = sizeof prologues / sizeof *prologues, CALLS = 50, BYTES = 32 };

int r_neighbour(int);

static struct gr_site *counting(const char *name, enum gr_shape shape) {
    struct gr_site *site;
    enum graft_status status = core_prepare_as(name, shape, GR_KEEP_ALL, &site);
    if (status != GRAFT_OK)
        return NULL;
    gr_patch_aim(site, gr_site_stub(site, site->count_at));
    return site;
}

static void commit(struct gr_site *site) {
    struct gr_site *failed;
    CHECK_EQUAL(gr_patch_commit(&site, 1, &failed), GRAFT_OK);
}

static void restore(struct gr_site *site) {
    CHECK_EQUAL(gr_patch_restore(&site, 1), GRAFT_OK);
    CHECK(!gr_patch_in_place(site));
}

/* Counts some calls of a function, and finds its bytes as they were. */
static void count_calls(struct gr_site *site, int (*function)(int), const int *results) {
    uint8_t before[BYTES];
    memcpy(before, (const void *)(uintptr_t)function, BYTES);
    uint64_t hits = gr_counter_read(site);
    commit(site);
    for (int argument = 0; argument < CALLS; argument++)
        CHECK_EQUAL(function(argument), results[argument]);
    CHECK_EQUAL(gr_counter_read(site) - hits, CALLS);
    CHECK(memcmp(before, (const void *)(uintptr_t)function, BYTES) != 0);
    restore(site);
    CHECK(memcmp(before, (const void *)(uintptr_t)function, BYTES) == 0);
    CHECK_EQUAL(function(1), results[1]);
    CHECK_EQUAL(gr_counter_read(site) - hits, CALLS);
}

/* One function has one site: so does the table of traps. */
static void forget(struct gr_site *site) {
    gr_patch_forget(site);
}

static void note_results(int (*function)(int), int *results) {
    for (int argument = 0; argument < CALLS; argument++)
        results[argument] = function(argument);
}

static void each_shape_counts_and_restores_every_prologue(void) {
    unsigned pushes = 0, prefixes = 0, neither = 0;
    for (unsigned i = 0; i < PROLOGUES; i++) {
        int results[CALLS];
        note_results(prologues[i].function, results);
        struct gr_site *trap = counting(prologues[i].name, GR_SHAPE_TRAP);
        CHECK(trap != NULL && trap->tactic == GR_TACTIC_TRAP && gr_site_size(trap) == 1);
        count_calls(trap, prologues[i].function, results);
        forget(trap);
        struct gr_site *late = counting(prologues[i].name, GR_SHAPE_LATE);
        pushes += late != NULL && late->push != 0;
        prefixes += late != NULL && late->prefixed;
        neither += late == NULL;
        if (late == NULL)
            continue;
        count_calls(late, prologues[i].function, results);
        forget(late);
    }
    printf("  behind a push %u, behind a prefix %u, impossible %u\n", pushes, prefixes, neither);
    CHECK(pushes >= PROLOGUES / 3 && prefixes >= PROLOGUES / 4 && neither <= 6);
}

static uint64_t entered, left;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    entered += hit->phase == GRAFT_PHASE_ENTER;
    left += hit->phase == GRAFT_PHASE_LEAVE;
    if (hit->phase == GRAFT_PHASE_ENTER)
        CHECK_EQUAL(graft_hit_argument(hit, 0), (uint64_t)hit->cookie + entered - 1);
}

static void each_shape_reports_entry_and_exit(void) {
    static const enum gr_shape shapes[] = {GR_SHAPE_LATE, GR_SHAPE_TRAP};
    for (unsigned i = 0; i < 2 * PROLOGUES; i++) {
        struct gr_site *site = counting(prologues[i / 2].name, shapes[i % 2]);
        if (site == NULL)
            continue;
        static struct gr_attachment attachments[2 * PROLOGUES];
        attachments[i] = (struct gr_attachment){
            .probe = 1, .mode = GRAFT_MODE_ENTRY_EXIT, .handler = on_hit, .users = 1, .plain = i % 3 == 0};
        CHECK_EQUAL(gr_attach(site, &attachments[i]), GRAFT_OK);
        gr_patch_aim(site, gr_attach_stub(site));
        entered = left = 0;
        commit(site);
        for (int argument = 0; argument < CALLS; argument++)
            CHECK_EQUAL(prologues[i / 2].function(argument), 7 * argument + 3);
        restore(site);
        CHECK_EQUAL(entered, CALLS);
        CHECK_EQUAL(left, CALLS);
        forget(site);
    }
}

/* Functions that no jump fits: too short, and with branches back into their first bytes. */
static void a_trap_fits_where_no_jump_does(void) {
    static const struct {
        const char *name;
        int (*function)(int);
    } awkward[] = {{"r_crowded", r_crowded}, {"r_neighbour", r_neighbour}, {"r_back_call", r_back_call},
        {"p_short", p_short}, {"r_table", NULL}};
    for (unsigned i = 0; i < sizeof awkward / sizeof *awkward; i++) {
        struct gr_site *site = counting(awkward[i].name, GR_SHAPE_TRAP);
        CHECK(site != NULL);
        int results[CALLS];
        if (awkward[i].function != NULL) { /* the other's table makes a bad function, though a good refusal */
            note_results(awkward[i].function, results);
            count_calls(site, awkward[i].function, results);
        }
        forget(site);
    }
}

/* Neighbours whose patches touch do not disturb each other. */
static void traps_of_neighbours_come_and_go_in_any_order(void) {
    struct gr_site *first = counting("r_crowded", GR_SHAPE_TRAP), *second = counting("r_neighbour", GR_SHAPE_TRAP);
    uint64_t hits = gr_counter_read(first), others = gr_counter_read(second);
    commit(first);
    commit(second);
    CHECK_EQUAL(r_crowded(1), 2);
    CHECK_EQUAL(r_neighbour(1), 3);
    restore(first);
    CHECK_EQUAL(r_crowded(1), 2);
    CHECK_EQUAL(r_neighbour(1), 3);
    restore(second);
    CHECK_EQUAL(gr_counter_read(first) - hits, 1);
    CHECK_EQUAL(gr_counter_read(second) - others, 2);
    forget(first);
    forget(second);
}

static void a_trap_is_refused_where_it_would_count_loops_or_hide_a_breakpoint(void) {
    struct gr_site *site;
    CHECK_EQUAL(core_prepare_as("r_loop_entry", GR_SHAPE_TRAP, GR_KEEP_ALL, &site), GRAFT_BRANCH_INTO_PATCH);
    CHECK_EQUAL(core_prepare_as("r_breakpoint", GR_SHAPE_TRAP, GR_KEEP_ALL, &site), GRAFT_FOREIGN_PATCH);
}

enum { GAPS_MAX = 4096 };
static const uint64_t reach = UINT64_C(2) << 30;

/* Takes all free address space around the program but for one hole. */
static void fill_around(uint64_t from, uint64_t hole, uint64_t size) {
    static struct { uint64_t start, end; } gaps[GAPS_MAX];
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned count = 0;
    uint64_t around = from & ~(uint64_t)4095, low = around - reach, high = around + reach;
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL && count + 2 < GAPS_MAX) {
        uint64_t start = strtoull(line, NULL, 16), end = strtoull(strchr(line, '-') + 1, NULL, 16);
        gaps[count].start = low;
        gaps[count].end = start < high ? start : high;
        count += low < gaps[count].end;
        low = end > low ? end : low;
    }
    fclose(maps);
    gaps[count].start = low;
    gaps[count].end = high;
    count += low < high;
    for (unsigned i = 0; i < count; i++) {
        const uint64_t parts[2][2] = {{gaps[i].start, gaps[i].end < hole ? gaps[i].end : hole},
            {gaps[i].start > hole + size ? gaps[i].start : hole + size, gaps[i].end}};
        for (int part = 0; part < 2; part++)
            if (parts[part][0] < parts[part][1])
                mmap((void *)(uintptr_t)parts[part][0], parts[part][1] - parts[part][0], PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    }
}

static enum graft_status prepare_anyhow(const char *name, bool trap, struct gr_site **site) {
    struct graft_entry_point entry = core_entry(name);
    struct gr_patch_image image = core_image(GR_KEEP_ALL);
    uint64_t offender;
    image.trap = trap;
    return gr_patch_prepare(&entry, &image, site, &offender);
}

/* What a program says whose heap may grow into the hole, where nothing is put. */
enum { HEAP_IN_THE_WAY = 2, LAYOUTS = 50 };

/* In a program of its own, for it leaves no room. p_swift begins as Swift's functions do: push %rbp; mov %rsp,%rbp; push
 * %rbx; and then sub, whose first byte 0x48 stays. */
static int leave_no_place(void) {
    core_start();
    enum { HOLE = 1 << 16 };
    uint64_t from = (uint64_t)(uintptr_t)p_swift + 1 + GR_PATCH_SIZE, hole = (from + 0x48cc0000) & ~(uint64_t)4095;
    struct gr_site *site;
    if (gr_region_reserved(hole, hole + HOLE))
        return HEAP_IN_THE_WAY;
    CHECK_EQUAL(core_prepare("p_none", GR_KEEP_ALL, &site), GRAFT_OK); /* there is an arena with room */
    fill_around(from, hole, HOLE);
    CHECK_EQUAL(prepare_anyhow("p_swift", false, &site), GRAFT_OK);
    CHECK(site->push == 0x55 && site->place - hole < HOLE);
    gr_patch_aim(site, gr_site_stub(site, site->count_at));
    uint64_t hits = gr_counter_read(site);
    commit(site);
    CHECK_EQUAL(p_swift(2), 17);
    restore(site);
    CHECK_EQUAL(gr_counter_read(site) - hits, 1);
    fill_around(from, 0, 0);
    CHECK_EQUAL(prepare_anyhow("p_three", false, &site), GRAFT_NO_SPACE_NEAR);
    CHECK_EQUAL(prepare_anyhow("p_three", true, &site), GRAFT_OK);
    CHECK(site->tactic == GR_TACTIC_TRAP && site->no_jump == GRAFT_NO_SPACE_NEAR);
    return 0;
}

static void where_memory_leaves_no_place_the_jump_stands_later_and_then_only_a_trap_fits(void) {
    int status = HEAP_IN_THE_WAY << 8;
    for (int i = 0; i < LAYOUTS && status == HEAP_IN_THE_WAY << 8; i++) { /* each is laid out anew */
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            execl("/proc/self/exe", "test_shapes", "crowded", (char *)NULL);
            _exit(1);
        }
        CHECK_EQUAL(waitpid(child, &status, 0), child);
    }
    CHECK_EQUAL(status, 0);
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1)
        return leave_no_place();
    RUN(where_memory_leaves_no_place_the_jump_stands_later_and_then_only_a_trap_fits);
    core_start();
    RUN(each_shape_counts_and_restores_every_prologue);
    RUN(each_shape_reports_entry_and_exit);
    RUN(a_trap_fits_where_no_jump_does);
    RUN(traps_of_neighbours_come_and_go_in_any_order);
    RUN(a_trap_is_refused_where_it_would_count_loops_or_hide_a_breakpoint);
    return 0;
}
