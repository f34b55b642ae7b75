/* test_graft.c: the public interface, whole: install, hit, switch modes, remove, late images, order of updates. */
#include "check.h"
#include <dlfcn.h>
#include <graft/graft.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define TARGET __attribute__((noinline, visibility("default")))

TARGET int g_add(int a, int b);
TARGET int g_other(int a);
TARGET int g_add(int a, int b) {
    __asm__ volatile("");
    return a + b;
}
TARGET int g_other(int a) {
    __asm__ volatile("");
    return a * 3;
}

static int (*volatile add)(int, int) = g_add;
static int (*volatile other)(int) = g_other;

static struct graft_outcome install(const char *target, enum graft_mode mode, graft_handler handler, void *context) {
    const struct graft_probe_spec spec = {
        .target = target, .mode = mode, .flags = GRAFT_PROBE_CALLER, .handler = handler, .context = context};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    if (outcome.status != GRAFT_OK)
        fprintf(stderr, "%s: %s\n", target, graft_status_sentence(outcome.status));
    return outcome;
}

static void remove_probe(graft_probe_id probe) {
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_remove(&probe, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.status, GRAFT_OK);
    CHECK_EQUAL(outcome.state, GRAFT_STATE_REMOVED);
}

static uint64_t hits_of(graft_probe_id probe) {
    uint64_t hits;
    CHECK_EQUAL(graft_probe_hits(probe, &hits), GRAFT_OK);
    return hits;
}

static void a_counting_probe_counts_and_restores(void) {
    uint8_t before[16];
    memcpy(before, (void *)(uintptr_t)g_add, sizeof before);
    struct graft_outcome outcome = install(":g_add", GRAFT_MODE_COUNT, NULL, NULL);
    CHECK_EQUAL(outcome.status, GRAFT_OK);
    CHECK_EQUAL(outcome.state, GRAFT_STATE_INSTALLED);
    CHECK_EQUAL(outcome.installed, 1);
    for (int i = 0; i < 1000; i++)
        CHECK_EQUAL(add(i, 1), i + 1);
    CHECK_EQUAL(hits_of(outcome.probe), 1000);
    remove_probe(outcome.probe);
    CHECK(memcmp(before, (void *)(uintptr_t)g_add, sizeof before) == 0);
    uint64_t hits;
    CHECK_EQUAL(graft_probe_hits(outcome.probe, &hits), GRAFT_NO_SUCH_PROBE);
}

static _Atomic int enters, leaves;

static void on_hit(struct graft_hit *hit, void *context) {
    CHECK(context == &enters);
    CHECK_TEXT(hit->entry->symbol, "g_add");
    if (hit->phase == GRAFT_PHASE_ENTER) {
        enters++;
        hit->cookie = graft_hit_argument(hit, 0);
    } else {
        leaves++;
        CHECK_EQUAL(graft_hit_result(hit), hit->cookie + 1);
    }
}

static void modes_switch_on_an_installed_probe(void) {
    enters = leaves = 0;
    struct graft_outcome outcome = install(":g_add", GRAFT_MODE_ENTRY_EXIT, on_hit, &enters);
    for (int i = 0; i < 10; i++)
        add(i, 1);
    CHECK_EQUAL(enters, 10);
    CHECK_EQUAL(leaves, 10);
    CHECK_EQUAL(graft_set_mode(outcome.probe, GRAFT_MODE_ENTRY), GRAFT_OK);
    add(1, 1);
    CHECK_EQUAL(enters, 11);
    CHECK_EQUAL(leaves, 10);
    CHECK_EQUAL(graft_set_mode(outcome.probe, GRAFT_MODE_COUNT), GRAFT_OK);
    add(1, 1);
    CHECK_EQUAL(enters, 11);
    CHECK_EQUAL(hits_of(outcome.probe), 12);
    remove_probe(outcome.probe);
}

static const struct graft_entry_info *only_entry(const struct graft_snapshot *snapshot) {
    CHECK_EQUAL(snapshot->probe_count, 1);
    CHECK_EQUAL(snapshot->probes[0].entry_count, 1);
    return &snapshot->probes[0].entries[0];
}

static void once_reports_once_keeps_its_caller_and_takes_its_patch_out(void) {
    uint8_t before[16];
    enters = leaves = 0;
    memcpy(before, (void *)(uintptr_t)g_add, sizeof before);
    struct graft_outcome outcome = install(":g_add", GRAFT_MODE_ONCE, on_hit, &enters);
    for (int i = 0; i < 100; i++)
        add(i, 1);
    CHECK_EQUAL(enters, 1);
    enum graft_state state = GRAFT_STATE_INSTALLED;
    while (state == GRAFT_STATE_INSTALLED)
        CHECK_EQUAL(graft_lookup_address((uint64_t)(uintptr_t)g_add, NULL, &state), GRAFT_OK);
    CHECK(memcmp(before, (void *)(uintptr_t)g_add, sizeof before) == 0);
    struct graft_snapshot *snapshot;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    const struct graft_entry_info *entry = only_entry(snapshot);
    CHECK_EQUAL(entry->state, GRAFT_STATE_DISARMED);
    bool through_main = false;
    for (size_t i = 0; i < entry->frame_count; i++) {
        struct graft_symbol symbol;
        CHECK_EQUAL(graft_symbolise(entry->frames[i] - 1, &symbol), GRAFT_OK);
        through_main = through_main || strcmp(symbol.symbol, "main") == 0;
    }
    CHECK(through_main);
    graft_snapshot_free(snapshot);
    add(1, 1);
    CHECK_EQUAL(enters, 1);
    CHECK_EQUAL(graft_set_mode(outcome.probe, GRAFT_MODE_ONCE), GRAFT_OK);
    add(1, 1);
    CHECK_EQUAL(enters, 2);
    remove_probe(outcome.probe);
}

static void several_probes_share_an_entry_point_up_to_the_limit(void) {
    struct graft_outcome outcomes[GRAFT_ATTACHMENTS_MAX + 1];
    for (int i = 0; i < GRAFT_ATTACHMENTS_MAX; i++) {
        outcomes[i] = install(i % 2 != 0 ? ":g_add" : ":g_ad?", GRAFT_MODE_COUNT, NULL, NULL);
        CHECK_EQUAL(outcomes[i].installed, 1);
        add(1, 1);
    }
    struct graft_outcome over = install(":g_add", GRAFT_MODE_COUNT, NULL, NULL);
    CHECK_EQUAL(over.refused, 1);
    CHECK_EQUAL(over.refusal, GRAFT_LIMIT_ATTACHMENTS);
    for (int i = 0; i < GRAFT_ATTACHMENTS_MAX; i++) {
        CHECK_EQUAL(hits_of(outcomes[i].probe), GRAFT_ATTACHMENTS_MAX - i);
        remove_probe(outcomes[i].probe);
    }
    remove_probe(over.probe);
}

static void a_target_that_matches_nothing_is_pending_until_an_image_has_it(void) {
    struct graft_outcome outcome = install("late.so:late_answer", GRAFT_MODE_COUNT, NULL, NULL);
    CHECK_EQUAL(outcome.status, GRAFT_OK);
    CHECK_EQUAL(outcome.state, GRAFT_STATE_PENDING);
    CHECK_EQUAL(outcome.refusal, GRAFT_NOT_FOUND);
    for (int round = 0; round < 3; round++) {
        void *library = dlopen(FIXTURES "/late.so", RTLD_NOW | RTLD_LOCAL);
        CHECK(library != NULL);
        enum graft_state state = GRAFT_STATE_PENDING;
        while (state != GRAFT_STATE_INSTALLED) {
            struct graft_snapshot *snapshot;
            CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
            state = snapshot->probes[0].state;
            CHECK(state != GRAFT_STATE_REFUSED);
            graft_snapshot_free(snapshot);
        }
        void *symbol = dlsym(library, "late_answer");
        int (*answer)(int);
        memcpy(&answer, &symbol, sizeof answer);
        uint64_t before = hits_of(outcome.probe);
        CHECK_EQUAL(answer(21), 43);
        CHECK_EQUAL(hits_of(outcome.probe) - before, 1);
        CHECK_EQUAL(dlclose(library), 0);
        while (state == GRAFT_STATE_INSTALLED) {
            struct graft_snapshot *snapshot;
            CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
            state = snapshot->probes[0].state;
            graft_snapshot_free(snapshot);
        }
        CHECK_EQUAL(state, GRAFT_STATE_PENDING);
    }
    remove_probe(outcome.probe);
}

struct heard {
    _Atomic int count;
    enum graft_status status[8];
    uint64_t sequence[8];
};

static void hear(
    enum graft_status status, uint64_t sequence, const struct graft_outcome *outcomes, size_t count, void *context) {
    struct heard *heard = context;
    (void)outcomes, (void)count;
    heard->status[heard->count] = status;
    heard->sequence[heard->count] = sequence;
    heard->count++;
}

static void updates_are_applied_in_order_and_each_is_answered(void) {
    struct graft_stream *stream;
    static struct heard heard;
    CHECK_EQUAL(graft_stream_open("test", &stream), GRAFT_OK);
    const struct graft_change change = {
        .kind = GRAFT_CHANGE_INSTALL, .spec = {.target = ":g_other", .mode = GRAFT_MODE_COUNT}};
    const uint64_t sequences[] = {2, 3, 1};
    for (int i = 0; i < 3; i++) {
        const struct graft_update update = {.sequence = sequences[i], .changes = &change, .count = 1};
        CHECK_EQUAL(graft_submit(stream, &update, hear, &heard), GRAFT_OK);
    }
    while (heard.count < 3)
        usleep(100);
    for (uint64_t i = 0; i < 3; i++) {
        CHECK_EQUAL(heard.status[i], GRAFT_OK);
        CHECK_EQUAL(heard.sequence[i], i + 1);
    }
    const struct graft_update stale = {.sequence = 2, .changes = &change, .count = 1};
    CHECK_EQUAL(graft_submit(stream, &stale, hear, &heard), GRAFT_STALE);
    CHECK_EQUAL(heard.count, 4);
    CHECK_EQUAL(heard.status[3], GRAFT_STALE);
    const struct graft_update early = {.sequence = 9, .changes = &change, .count = 1};
    CHECK_EQUAL(graft_submit(stream, &early, hear, &heard), GRAFT_OK);
    graft_stream_close(stream);
    CHECK_EQUAL(heard.count, 5);
    CHECK_EQUAL(heard.status[4], GRAFT_CANCELLED);
    struct graft_snapshot *snapshot;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    CHECK_EQUAL(snapshot->probe_count, 3);
    graft_probe_id probes[3];
    for (int i = 0; i < 3; i++)
        probes[i] = snapshot->probes[i].id;
    graft_snapshot_free(snapshot);
    CHECK_EQUAL(other(2), 6);
    CHECK_EQUAL(graft_remove(probes, 3, NULL), GRAFT_OK);
}

static void refused(const char *target, enum graft_status status) {
    const struct graft_probe_spec spec = {.target = target, .mode = GRAFT_MODE_COUNT};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.status, status);
}

static void wrong_requests_are_refused_with_the_reason(void) {
    struct graft_outcome outcome;
    refused("nonsense", GRAFT_TARGET_SYNTAX);
    CHECK_EQUAL(graft_install(NULL, 1, &outcome), GRAFT_INVALID_ARGUMENT);
    graft_probe_id none = 999999;
    CHECK_EQUAL(graft_remove(&none, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.status, GRAFT_NO_SUCH_PROBE);
    CHECK_EQUAL(graft_set_mode(none, GRAFT_MODE_COUNT), GRAFT_NO_SUCH_PROBE);
    outcome = install("libc.so.6:setjmp", GRAFT_MODE_ENTRY_EXIT, NULL, NULL);
    CHECK_EQUAL(outcome.refusal, GRAFT_NO_EXIT);
    remove_probe(outcome.probe);
}

static void on_any(struct graft_hit *hit, void *context) {
    (void)hit, (void)context;
}

static enum graft_status inside;

static void call_back(struct graft_hit *hit, void *context) {
    struct graft_snapshot *snapshot;
    (void)hit, (void)context;
    inside = graft_snapshot_take(&snapshot);
    other(1);
}

static void handlers_may_call_instrumented_functions_but_not_wait(void) {
    struct graft_outcome outer = install(":g_add", GRAFT_MODE_ENTRY, call_back, NULL);
    struct graft_outcome inner = install(":g_other", GRAFT_MODE_ENTRY, call_back, NULL);
    inside = GRAFT_OK;
    CHECK_EQUAL(add(1, 2), 3);
    CHECK_EQUAL(inside, GRAFT_IN_HANDLER);
    CHECK_EQUAL(hits_of(inner.probe), 1);
    remove_probe(outer.probe);
    remove_probe(inner.probe);
}

static void a_forked_child_keeps_its_patches_and_can_change_them(void) {
    struct graft_outcome outcome = install(":g_add", GRAFT_MODE_COUNT, NULL, NULL);
    add(1, 1);
    pid_t child = fork();
    if (child == 0) {
        add(1, 1);
        add(1, 1);
        CHECK_EQUAL(hits_of(outcome.probe), 2);
        remove_probe(outcome.probe);
        CHECK_EQUAL(add(1, 1), 2);
        _exit(0);
    }
    int status;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    add(1, 1);
    CHECK_EQUAL(hits_of(outcome.probe), 2);
    remove_probe(outcome.probe);
}

static void *run_nothing(void *unused) {
    return unused;
}

static void what_a_first_hit_itself_calls_can_be_instrumented(void) {
    static const char *const targets[] = {
        "libc.so.6:mmap", "libc.so.6:sysconf", "libc.so.6:gettid", "libc.so.6:syscall", "libc.so.6:__errno_location"};
    enum { TARGETS = sizeof targets / sizeof *targets };
    graft_probe_id probes[TARGETS];
    for (int i = 0; i < TARGETS; i++)
        probes[i] = install(targets[i], GRAFT_MODE_ENTRY, on_any, NULL).probe;
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        CHECK_EQUAL(pthread_create(&thread, NULL, run_nothing, NULL), 0);
        CHECK_EQUAL(pthread_join(thread, NULL), 0);
    }
    CHECK_EQUAL(graft_remove(probes, TARGETS, NULL), GRAFT_OK);
}

static void counters_agree_with_what_was_done(void) {
    struct graft_snapshot *snapshot;
    CHECK_EQUAL(graft_snapshot_take(&snapshot), GRAFT_OK);
    CHECK_EQUAL(snapshot->probe_count, 0);
    CHECK_EQUAL(snapshot->counters.active, 0);
    CHECK_EQUAL(snapshot->counters.installed, snapshot->counters.removed);
    CHECK(snapshot->counters.hits > 1000);
    CHECK_EQUAL(snapshot->counters.refused_by[GRAFT_LIMIT_ATTACHMENTS], 1);
    graft_snapshot_free(snapshot);
}

static void after_stop_nothing_is_patched_and_start_works_again(void) {
    install(":g_add", GRAFT_MODE_COUNT, NULL, NULL);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    CHECK_EQUAL(add(1, 1), 2);
    struct graft_outcome outcome;
    const struct graft_probe_spec spec = {.target = ":g_add", .mode = GRAFT_MODE_COUNT};
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_NOT_STARTED);
    CHECK_EQUAL(graft_stop(), GRAFT_NOT_STARTED);
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    outcome = install(":g_add", GRAFT_MODE_COUNT, NULL, NULL);
    CHECK_EQUAL(add(1, 1), 2);
    CHECK_EQUAL(hits_of(outcome.probe), 1);
}

int main(void) {
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(a_counting_probe_counts_and_restores);
    RUN(modes_switch_on_an_installed_probe);
    RUN(once_reports_once_keeps_its_caller_and_takes_its_patch_out);
    RUN(several_probes_share_an_entry_point_up_to_the_limit);
    RUN(a_target_that_matches_nothing_is_pending_until_an_image_has_it);
    RUN(updates_are_applied_in_order_and_each_is_answered);
    RUN(wrong_requests_are_refused_with_the_reason);
    RUN(handlers_may_call_instrumented_functions_but_not_wait);
    RUN(a_forked_child_keeps_its_patches_and_can_change_them);
    RUN(what_a_first_hit_itself_calls_can_be_instrumented);
    RUN(counters_agree_with_what_was_done);
    RUN(after_stop_nothing_is_patched_and_start_works_again);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
