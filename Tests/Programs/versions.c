/* versions.c: a program that was built with the headers of another version: an older one (OLDER), a later one (LATER), or
 * this one. Arrays of structs, in and out, are as it knows them, and nothing beside them is read or written. */
#include "probes.h"
#include <dlfcn.h>
#include <pthread.h>

PROBED int version_one(int x) {
    return x + 1;
}
PROBED int version_two(int x) {
    return x + 2;
}
PROBED int version_three(int x) {
    return x + 3;
}

enum { COUNT = 3, CALLS = 10, RUBBISH = 0xff, BESIDE = 64 };
static const char *const targets[COUNT] = {":version_one", ":version_two", ":version_three"};

/* What is beside the program's structs means nothing to anybody, and stays. */
struct options {
    struct graft_options options;
    unsigned char beside[BESIDE];
};
struct specs {
    struct graft_probe_spec specs[COUNT];
    unsigned char beside[BESIDE];
};
struct outcomes {
    struct graft_outcome outcomes[COUNT];
    unsigned char beside[BESIDE];
};
struct symbol {
    struct graft_symbol symbol;
    unsigned char beside[BESIDE];
};

static bool untouched(const unsigned char *bytes) {
    for (int i = 0; i < BESIDE; i++)
        if (bytes[i] != RUBBISH)
            return false;
    return true;
}

static struct specs wishes(void) {
    struct specs wishes;
    memset(&wishes, RUBBISH, sizeof wishes);
    for (int i = 0; i < COUNT; i++)
        wishes.specs[i] = (struct graft_probe_spec){.target = targets[i], .mode = GRAFT_MODE_ENTRY};
    return wishes;
}

static void call_all(void) {
    for (int i = 0; i < CALLS; i++)
        CHECK_EQUAL(version_one(i) + version_two(i) + version_three(i), 3 * i + 6);
}

/* Installed, each as wished, and told each in its place. */
static void check_installed(const struct graft_outcome *outcomes, size_t count) {
    CHECK_EQUAL(count, COUNT);
    for (size_t i = 0; i < count; i++) {
        CHECK(outcomes[i].kind == GRAFT_CHANGE_INSTALL && outcomes[i].status == GRAFT_OK);
        CHECK(outcomes[i].state == GRAFT_STATE_INSTALLED && outcomes[i].installed == 1 && outcomes[i].refused == 0);
        CHECK(i == 0 || outcomes[i].probe == outcomes[i - 1].probe + 1);
#ifdef LATER
        CHECK_EQUAL(outcomes[i].later, 0);
#endif
    }
}

static void starts_with_the_options_that_it_knows(void) {
    struct options given;
    memset(&given, RUBBISH, sizeof given);
    given.options = (struct graft_options){.probes_max = 100};
#ifdef LATER
    given.options.later = 1;
    CHECK_EQUAL(graft_start(&given.options), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(graft_stop(), GRAFT_NOT_STARTED);
    given.options.later = 0;
#endif
    CHECK_EQUAL(graft_start(&given.options), GRAFT_OK);
}

static void installs_and_removes_arrays(void) {
    struct specs given = wishes();
    struct outcomes told;
    graft_probe_id probes[COUNT];
    memset(&told, RUBBISH, sizeof told);
    CHECK_EQUAL(graft_install(given.specs, COUNT, told.outcomes), GRAFT_OK);
    check_installed(told.outcomes, COUNT);
    call_all();
    for (int i = 0; i < COUNT; i++) {
        probes[i] = told.outcomes[i].probe;
        CHECK_EQUAL(hits_of(probes[i]), CALLS);
    }
    CHECK(untouched(told.beside));
    memset(&told, RUBBISH, sizeof told);
    CHECK_EQUAL(graft_remove(probes, COUNT, told.outcomes), GRAFT_OK);
    for (int i = 0; i < COUNT; i++)
        CHECK(told.outcomes[i].probe == probes[i] && told.outcomes[i].state == GRAFT_STATE_REMOVED);
    CHECK(untouched(told.beside) && untouched(given.beside));
}

static void what_a_later_version_asks_for_is_refused(void) {
#ifdef LATER
    struct specs given = wishes();
    struct outcomes told;
    uint64_t installed = counters_now().installed;
    memset(&told, RUBBISH, sizeof told);
    given.specs[COUNT - 1].later = 1;
    CHECK_EQUAL(graft_install(given.specs, COUNT, told.outcomes), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(told.outcomes[0].probe, UINT64_MAX); /* outputs stay as they are when a call fails */
    given.specs[COUNT - 1].later = 0;
    given.specs[0].reserved = 1;
    CHECK_EQUAL(graft_install(given.specs, COUNT, told.outcomes), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(counters_now().installed, installed);
#endif
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned answers;
static graft_probe_id last;

static void on_outcome(
    enum graft_status status, uint64_t sequence, const struct graft_outcome *outcomes, size_t count, void *context) {
    CHECK_EQUAL(status, *(enum graft_status *)context);
    CHECK_EQUAL(sequence, 1);
    if (status == GRAFT_OK) {
        check_installed(outcomes, count);
        last = outcomes[count - 1].probe;
    }
    pthread_mutex_lock(&lock);
    answers++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void submits_changes_and_is_told_of_each(void) {
    struct specs given = wishes();
    struct graft_change changes[COUNT];
    struct graft_stream *stream;
    enum graft_status expected = GRAFT_OK;
    memset(changes, 0, sizeof changes);
    for (int i = 0; i < COUNT; i++) {
        changes[i].kind = GRAFT_CHANGE_INSTALL;
        changes[i].spec = given.specs[i];
    }
    struct graft_update update = {.sequence = 1, .changes = changes, .count = COUNT};
    CHECK_EQUAL(graft_stream_open("versions", &stream), GRAFT_OK);
#ifdef LATER
    expected = GRAFT_INVALID_ARGUMENT;
    changes[1].spec.later = 1;
    CHECK_EQUAL(graft_submit(stream, &update, on_outcome, &expected), expected);
    changes[1].spec.later = 0;
    update.later = 1;
    CHECK_EQUAL(graft_submit(stream, &update, on_outcome, &expected), expected);
    update.later = 0;
    CHECK_EQUAL(answers, 2);
    answers = 0;
    expected = GRAFT_OK;
#endif
    CHECK_EQUAL(graft_submit(stream, &update, on_outcome, &expected), GRAFT_OK);
    pthread_mutex_lock(&lock);
    while (answers == 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    call_all();
    CHECK_EQUAL(hits_of(last), CALLS);
    graft_stream_close(stream);
}

static void symbolises_into_what_it_knows(void) {
    struct symbol found;
    memset(&found, RUBBISH, sizeof found);
    CHECK_EQUAL(graft_symbolise((uint64_t)(uintptr_t)version_one, &found.symbol), GRAFT_OK);
    CHECK_TEXT(found.symbol.symbol, "version_one");
    CHECK_EQUAL(found.symbol.offset, 0);
#ifdef LATER
    CHECK_EQUAL(found.symbol.later, 0);
#endif
    CHECK(untouched(found.beside));
}

int main(void) {
    printf("  options %zu, spec %zu, change %zu, outcome %zu, symbol %zu bytes\n", sizeof(struct graft_options),
        sizeof(struct graft_probe_spec), sizeof(struct graft_change), sizeof(struct graft_outcome),
        sizeof(struct graft_symbol));
    RUN(starts_with_the_options_that_it_knows);
    RUN(installs_and_removes_arrays);
    RUN(what_a_later_version_asks_for_is_refused);
    RUN(submits_changes_and_is_told_of_each);
    RUN(symbolises_into_what_it_knows);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
