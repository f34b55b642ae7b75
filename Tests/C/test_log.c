/* test_log.c: where lines of the debug log go, what they look like, and what they never do. */
#include "check.h"
#include "log.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOME_ERRNO = 77, TEXT_MAX = 1023, OUTPUT_MAX = 1 << 22, LOGGERS = 4, LINES = 200, REOPENINGS = 50 };

static char path[] = "/tmp/test_log.XXXXXX";
static char variable[64]; /* "debug:" and the path */
static char output[OUTPUT_MAX + 1];

/* What the file holds; then empties it. */
static const char *take_output(void) {
    int file = open(path, O_RDWR);
    CHECK(file >= 0);
    ssize_t size = read(file, output, OUTPUT_MAX);
    CHECK(size >= 0);
    output[size] = '\0';
    CHECK(ftruncate(file, 0) == 0 && close(file) == 0);
    return output;
}

/* Checks "graft: [seconds.micros] " and returns what follows. */
static const char *after_prefix(const char *line) {
    CHECK(strncmp(line, "graft: [", 8) == 0);
    const char *next = line + 8;
    size_t seconds = strspn(next, "0123456789");
    CHECK(seconds > 0 && next[seconds] == '.');
    next += seconds + 1;
    CHECK_EQUAL(strspn(next, "0123456789"), 6);
    CHECK(strncmp(next + 6, "] ", 2) == 0);
    return next + 8;
}

static void open_by_environment(const char *value) {
    CHECK(setenv("GRAFT_LOG", value, 1) == 0);
    gr_log_open(NULL, NULL);
}

/* Runs `act` with standard error going to the test's file. */
static void with_error_to_file(void (*act)(void)) {
    int saved = dup(STDERR_FILENO), file = open(path, O_WRONLY | O_APPEND);
    CHECK(saved >= 0 && file >= 0 && dup2(file, STDERR_FILENO) == STDERR_FILENO && close(file) == 0);
    act();
    CHECK(dup2(saved, STDERR_FILENO) == STDERR_FILENO && close(saved) == 0);
}

static void stay_off(void) {
    CHECK(unsetenv("GRAFT_LOG") == 0);
    gr_log_open(NULL, NULL);
    CHECK(!gr_log_enabled());
    gr_log("unseen");
    open_by_environment("");
    CHECK(!gr_log_enabled());
    gr_log("unseen");
    gr_log_close();
}

static void is_off_unless_asked_for(void) {
    with_error_to_file(stay_off);
    CHECK_TEXT(take_output(), "");
}

static void log_to_error(void) {
    open_by_environment("debug");
    CHECK(gr_log_enabled());
    errno = SOME_ERRNO;
    gr_log("installed %s at %#x", "PQexec", 0x10);
    CHECK_EQUAL(errno, SOME_ERRNO);
    gr_log_close();
    CHECK(!gr_log_enabled());
    gr_log("unseen");
}

static void writes_to_standard_error(void) {
    with_error_to_file(log_to_error);
    CHECK_TEXT(after_prefix(take_output()), "installed PQexec at 0x10\n");
}

static void writes_to_a_file_and_appends(void) {
    for (int i = 0; i < 2; i++) {
        open_by_environment(variable);
        CHECK(gr_log_enabled());
        gr_log("line");
        gr_log_close();
    }
    const char *second = strchr(take_output(), '\n');
    CHECK(second != NULL);
    CHECK_TEXT(after_prefix(second + 1), "line\n");
}

/* In a child, since a process complains only once. */
static void complains_once(const char *value, const char *complaint) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        int file = open(path, O_WRONLY | O_APPEND);
        CHECK(dup2(file, STDERR_FILENO) == STDERR_FILENO);
        for (int i = 0; i < 2; i++) {
            open_by_environment(value);
            CHECK(!gr_log_enabled());
            gr_log("unseen");
        }
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK_TEXT(take_output(), complaint);
}

static void reports_a_bad_value_once_and_stays_off(void) {
    complains_once("loud", "graft: GRAFT_LOG=loud: not understood; use debug or debug:PATH\n");
    complains_once("debug:", "graft: GRAFT_LOG=debug:: not understood; use debug or debug:PATH\n");
    complains_once("debugger", "graft: GRAFT_LOG=debugger: not understood; use debug or debug:PATH\n");
}

static void reports_an_unopenable_file_once_and_stays_off(void) {
    complains_once("debug:/no/such/file", "graft: GRAFT_LOG=debug:/no/such/file: No such file or directory\n");
    gr_fault_set(GR_OS_APPEND_OPEN, 0, 2);
    char complaint[128];
    (void)snprintf(complaint, sizeof complaint, "graft: GRAFT_LOG=%s: Permission denied\n", variable);
    complains_once(variable, complaint);
    gr_fault_clear();
}

/* A handler that keeps the last line. */
static struct kept {
    char line[TEXT_MAX + 8];
    unsigned count;
} kept;

static void keep(const char *line, void *context) {
    struct kept *to = context;
    CHECK(strlen(line) < sizeof to->line);
    strcpy(to->line, line);
    to->count++;
    errno = SOME_ERRNO + 1;
}

static void gives_a_handler_the_text_alone(void) {
    CHECK(setenv("GRAFT_LOG", variable, 1) == 0);
    kept.count = 0;
    gr_log_open(keep, &kept);
    CHECK(gr_log_enabled());
    errno = SOME_ERRNO;
    gr_log("removed %d", 3);
    CHECK_EQUAL(errno, SOME_ERRNO);
    gr_log_close();
    gr_log("unseen");
    CHECK_TEXT(kept.line, "removed 3");
    CHECK_EQUAL(kept.count, 1);
    CHECK_TEXT(take_output(), "");
}

static void cuts_a_line_past_the_limit(void) {
    char text[TEXT_MAX + 2];
    memset(text, 'x', sizeof text);
    for (size_t length = TEXT_MAX - 1; length <= TEXT_MAX + 1; length++) {
        size_t expected = length < TEXT_MAX ? length : TEXT_MAX;
        gr_log_open(keep, &kept);
        gr_log("%.*s", (int)length, text);
        CHECK_EQUAL(strlen(kept.line), expected);
        open_by_environment(variable);
        gr_log("%.*s", (int)length, text);
        const char *line = after_prefix(take_output());
        CHECK_EQUAL(strlen(line), expected + 1);
        CHECK_EQUAL(line[expected], '\n');
    }
    gr_log_close();
}

static void keeps_a_line_one_line(void) {
    gr_log_open(keep, &kept);
    gr_log("a\nb\tc\x1b[2J\x7f\xc3\xa9");
    CHECK_TEXT(kept.line, "a?b c?[2J?\xc3\xa9");
    gr_log_close();
}

static void log_again(const char *line, void *context) {
    (void)line;
    ++*(unsigned *)context;
    gr_log("about a line");
}

static void a_handler_that_logs_does_not_see_its_own_lines(void) {
    unsigned count = 0;
    gr_log_open(log_again, &count);
    gr_log("first");
    gr_log("second");
    gr_log_close();
    CHECK_EQUAL(count, 2);
}

static void close_inside(const char *line, void *context) {
    (void)line;
    ++*(unsigned *)context;
    gr_log_close();
}

static void a_handler_may_close_the_log(void) {
    unsigned count = 0;
    gr_log_open(close_inside, &count);
    gr_log("first");
    CHECK(!gr_log_enabled());
    gr_log("second");
    CHECK_EQUAL(count, 1);
}

static void writes_nothing_into_a_file_that_took_its_descriptor(void) {
    open_by_environment(variable);
    for (int descriptor = 3; descriptor < 100; descriptor++) {
        (void)close(descriptor); /* as a daemon does */
    }
    char other[] = "/tmp/test_log.XXXXXX";
    int first = mkstemp(other);
    CHECK(first >= 0 && unlink(other) == 0);
    for (int i = 0; i < 20; i++) {
        CHECK(dup(first) >= 0);
    }
    gr_log("unseen");
    gr_log_close();
    CHECK_EQUAL(lseek(first, 0, SEEK_END), 0);
    CHECK_TEXT(take_output(), "");
    for (int descriptor = 3; descriptor < 100; descriptor++) {
        (void)close(descriptor);
    }
}

static void *log_lines(void *name) {
    for (int i = 0; i < LINES; i++) {
        gr_log("%s %d", (const char *)name, i);
    }
    return NULL;
}

static void start_loggers(pthread_t *threads) {
    static const char *const names[LOGGERS] = {"one", "two", "three", "four"};
    for (int i = 0; i < LOGGERS; i++) {
        CHECK(pthread_create(&threads[i], NULL, log_lines, (void *)(uintptr_t)names[i]) == 0);
    }
}

static void join_loggers(const pthread_t *threads) {
    for (int i = 0; i < LOGGERS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static void lines_of_many_threads_stay_whole(void) {
    pthread_t threads[LOGGERS];
    open_by_environment(variable);
    start_loggers(threads);
    join_loggers(threads);
    gr_log_close();
    unsigned lines = 0;
    for (const char *line = take_output(); *line; line = strchr(line, '\n') + 1) {
        char name[8] = "";
        int number = -1;
        CHECK_EQUAL(sscanf(after_prefix(line), "%7s %d\n", name, &number), 2);
        CHECK(strchr(line, '\n') != NULL);
        lines++;
    }
    CHECK_EQUAL(lines, LOGGERS * LINES);
}

/* A handler whose context is only valid while the log is open. */
static void touch(const char *line, void *context) {
    (void)line;
    (void)atomic_fetch_add_explicit((atomic_uint *)context, 1, memory_order_relaxed);
}

static void nobody_is_in_the_handler_after_closing(void) {
    pthread_t threads[LOGGERS];
    start_loggers(threads);
    for (int i = 0; i < REOPENINGS; i++) {
        atomic_uint *context = calloc(1, sizeof *context);
        CHECK(context != NULL);
        gr_log_open(touch, context);
        gr_log("from here");
        gr_log_close();
        CHECK(atomic_load_explicit(context, memory_order_relaxed) >= 1);
        free(context);
    }
    join_loggers(threads);
}

static atomic_bool in_handler, let_go;

static void hold(const char *line, void *context) {
    (void)line;
    (void)context;
    atomic_store_explicit(&in_handler, true, memory_order_release); /* pairs with the loop below */
    while (!atomic_load_explicit(&let_go, memory_order_acquire)) {
        usleep(1000);
    }
}

static void *log_one(void *unused) {
    gr_log("held");
    return unused;
}

static void a_child_closes_without_its_parents_threads(void) {
    pthread_t thread;
    gr_log_open(hold, NULL);
    CHECK(pthread_create(&thread, NULL, log_one, NULL) == 0);
    while (!atomic_load_explicit(&in_handler, memory_order_acquire)) {
        usleep(1000);
    }
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        uint64_t before = gr_os_nanoseconds();
        gr_log_close();
        bool held = gr_os_nanoseconds() - before < 500000000U;
        open_by_environment(variable);
        gr_log("child");
        gr_log_close();
        _exit(held ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK_TEXT(after_prefix(take_output()), "child\n");
    atomic_store_explicit(&let_go, true, memory_order_release); /* pairs with the loop in hold */
    CHECK(pthread_join(thread, NULL) == 0);
    gr_log_close();
}

int main(void) {
    gr_fault_clear();
    int file = mkstemp(path);
    CHECK(file >= 0 && close(file) == 0);
    CHECK(snprintf(variable, sizeof variable, "debug:%s", path) < (int)sizeof variable);
    RUN(is_off_unless_asked_for);
    RUN(writes_to_standard_error);
    RUN(writes_to_a_file_and_appends);
    RUN(reports_a_bad_value_once_and_stays_off);
    RUN(reports_an_unopenable_file_once_and_stays_off);
    RUN(gives_a_handler_the_text_alone);
    RUN(cuts_a_line_past_the_limit);
    RUN(keeps_a_line_one_line);
    RUN(a_handler_that_logs_does_not_see_its_own_lines);
    RUN(a_handler_may_close_the_log);
    RUN(writes_nothing_into_a_file_that_took_its_descriptor);
    RUN(lines_of_many_threads_stay_whole);
    RUN(nobody_is_in_the_handler_after_closing);
    RUN(a_child_closes_without_its_parents_threads);
    CHECK(unlink(path) == 0);
    return 0;
}
