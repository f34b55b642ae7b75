/* test_explain.c: what graft_explain_file says of files that can be read, and of those that cannot. The verdicts on single
 * functions are tested where they are made (test_patch, test_target). Neighbour: explain.h. */
#include "check.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <graft/explain.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENOUGH = 3 };

/* What a walk has seen. */
struct seen {
    size_t calls, total, limit; /* the walk is stopped after `limit` calls */
    uint64_t last;              /* the offset before */
    char name[64];              /* of the last function */
};

static bool look(const struct graft_explanation *explanation, size_t done, size_t total, void *context) {
    struct seen *seen = context;
    CHECK_EQUAL(done, ++seen->calls);
    CHECK(done <= total && explanation->entry.offset >= seen->last);
    bool jumps = explanation->tactic == GRAFT_TACTIC_JUMP || explanation->tactic == GRAFT_TACTIC_PUNNED;
    CHECK(jumps == (explanation->reason == GRAFT_OK));
    seen->last = explanation->entry.offset;
    seen->total = total;
    snprintf(seen->name, sizeof seen->name, "%s", explanation->entry.symbol);
    return seen->calls < seen->limit;
}

static enum graft_status explain(const char *path, const char *pattern, struct seen *seen) {
    errno = 0;
    return graft_explain_file(path, pattern, look, seen);
}

static void says_why_a_file_cannot_be_read(void) {
    struct seen seen = {.limit = SIZE_MAX};
    CHECK_EQUAL(explain("/nonexistent/file", NULL, &seen), GRAFT_OS);
    CHECK_EQUAL(errno, ENOENT);
    CHECK_EQUAL(explain("/dev/null/file", NULL, &seen), GRAFT_OS);
    CHECK_EQUAL(errno, ENOTDIR);
    gr_fault_set(GR_OS_MAP_FILE, 0, 1);
    CHECK_EQUAL(explain("/proc/self/exe", NULL, &seen), GRAFT_OS);
    CHECK_EQUAL(errno, EACCES);
    gr_fault_clear();
    CHECK_EQUAL(seen.calls, 0);
}

static void refuses_what_is_not_an_image(void) {
    struct seen seen = {.limit = SIZE_MAX};
    CHECK_EQUAL(explain("/etc/passwd", NULL, &seen), GRAFT_BAD_IMAGE);
    CHECK_EQUAL(explain("/dev/null", NULL, &seen), GRAFT_BAD_IMAGE);
    CHECK_EQUAL(explain("/", NULL, &seen), GRAFT_BAD_IMAGE);
    CHECK_EQUAL(seen.calls, 0);
}

static void refuses_arguments_that_make_no_sense(void) {
    struct seen seen = {.limit = SIZE_MAX};
    CHECK_EQUAL(explain(NULL, NULL, &seen), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(graft_explain_file("/proc/self/exe", NULL, NULL, NULL), GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(explain("/proc/self/exe", "", &seen), GRAFT_TARGET_SYNTAX);
    CHECK_EQUAL(seen.calls, 0);
}

static void explains_the_functions_that_match(void) {
    struct seen all = {.limit = SIZE_MAX}, some = {.limit = SIZE_MAX}, none = {.limit = SIZE_MAX};
    CHECK_EQUAL(explain("/proc/self/exe", NULL, &all), GRAFT_OK);
    CHECK(all.calls > ENOUGH && all.calls == all.total);
    CHECK_EQUAL(explain("/proc/self/exe", "graft_explain_fil?", &some), GRAFT_OK);
    CHECK_EQUAL(some.calls, 1);
    CHECK_TEXT(some.name, "graft_explain_file");
    CHECK_EQUAL(explain("/proc/self/exe", "no_function_is_called_so", &none), GRAFT_OK);
    CHECK_EQUAL(none.calls, 0);
}

static void stops_when_it_is_told_to(void) {
    struct seen seen = {.limit = ENOUGH};
    CHECK_EQUAL(explain("/proc/self/exe", NULL, &seen), GRAFT_OK);
    CHECK_EQUAL(seen.calls, ENOUGH);
}

int main(void) {
    RUN(says_why_a_file_cannot_be_read);
    RUN(refuses_what_is_not_an_image);
    RUN(refuses_arguments_that_make_no_sense);
    RUN(explains_the_functions_that_match);
    RUN(stops_when_it_is_told_to);
    return 0;
}
