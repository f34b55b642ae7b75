/* test_os_file.c: whole files, mappings and the log's descriptor: os/file.c. */
#include "check.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOME_ERRNO = 77, PATH_SIZE = 256, LONG_FILE = 10000 };

static char folder[] = "/tmp/test_os_file.XXXXXX";

/* The path of a name in the test's folder; valid until the fourth next call. */
static const char *in_folder(const char *name) {
    static char paths[4][PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % 4];
    CHECK(snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE);
    return path;
}

static const char *make_file(const char *name, size_t size) {
    const char *path = in_folder(name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    for (size_t i = 0; i < size; i++) {
        CHECK(fputc((int)('a' + i % 26), file) != EOF);
    }
    CHECK(fclose(file) == 0);
    return path;
}

static void reads_a_file_up_to_the_limit(void) {
    static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 8191, 8192, LONG_FILE};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *path = make_file("read", sizes[i]);
        char *text = NULL;
        size_t size = SIZE_MAX;
        CHECK_EQUAL(gr_os_read_file(path, sizes[i], &text, &size), GRAFT_OK);
        CHECK_EQUAL(size, sizes[i]);
        CHECK_EQUAL(strlen(text), size);
        CHECK(size == 0 || text[size - 1] == (char)('a' + (size - 1) % 26));
        free(text);
        text = NULL;
        if (sizes[i] > 0) {
            CHECK_EQUAL(gr_os_read_file(path, sizes[i] - 1, &text, &size), GRAFT_NO_MEMORY);
            CHECK(text == NULL);
        }
    }
}

static void reads_files_that_the_kernel_makes_up(void) {
    char *text = NULL;
    size_t size = 0;
    CHECK_EQUAL(gr_os_read_file("/proc/self/status", 1 << 16, &text, &size), GRAFT_OK);
    CHECK(strstr(text, "\nSigBlk:") != NULL);
    free(text);
}

static void tells_a_missing_file_from_an_unreadable_one(void) {
    char *text = NULL;
    size_t size = 0;
    CHECK_EQUAL(gr_os_read_file(in_folder("none"), 100, &text, &size), GRAFT_NOT_FOUND);
    CHECK_EQUAL(gr_os_read_file(folder, 100, &text, &size), GRAFT_OS);
    CHECK_EQUAL(errno, EISDIR);
    const char *path = make_file("refused", 10);
    gr_fault_set(GR_OS_READ_FILE, 0, 1);
    CHECK_EQUAL(gr_os_read_file(path, 100, &text, &size), GRAFT_OS);
    CHECK_EQUAL(errno, EACCES);
    for (unsigned reads = 0; reads < 2; reads++) {
        gr_fault_set(GR_OS_READ, reads, 1);
        CHECK_EQUAL(gr_os_read_file(path, 100, &text, &size), GRAFT_OS);
        CHECK_EQUAL(errno, EIO);
    }
    CHECK(text == NULL && size == 0);
    gr_fault_clear();
}

static void leaves_no_descriptor_open(void) {
    int before = dup(0);
    CHECK(before >= 0 && close(before) == 0);
    reads_a_file_up_to_the_limit();
    tells_a_missing_file_from_an_unreadable_one();
    int after = dup(0);
    CHECK(after >= 0 && close(after) == 0);
    CHECK_EQUAL(after, before);
}

static void is_not_stopped_by_a_fifo(void) {
    const char *path = in_folder("fifo");
    CHECK(mkfifo(path, 0600) == 0);
    char *text = NULL;
    size_t size = 1;
    CHECK_EQUAL(gr_os_read_file(path, 100, &text, &size), GRAFT_OK);
    CHECK_EQUAL(size, 0);
    free(text);
    const void *bytes = NULL;
    CHECK_EQUAL(gr_os_map_file(path, &bytes, &size), GRAFT_BAD_IMAGE);
    int descriptor = -1;
    CHECK_EQUAL(gr_os_append_open(path, &descriptor), GRAFT_OS);
    CHECK_EQUAL(errno, ENXIO);
    CHECK_EQUAL(descriptor, -1);
}

static void maps_a_regular_file(void) {
    const char *path = make_file("map", LONG_FILE);
    const void *bytes = NULL;
    size_t size = 0;
    CHECK_EQUAL(gr_os_map_file(path, &bytes, &size), GRAFT_OK);
    CHECK_EQUAL(size, LONG_FILE);
    CHECK_EQUAL(((const char *)bytes)[LONG_FILE - 1], 'a' + (LONG_FILE - 1) % 26);
    gr_os_unmap_file(bytes, size);
    char byte;
    CHECK_EQUAL(gr_os_peek((uintptr_t)bytes, &byte, 1), 0);
}

static void maps_nothing_else(void) {
    const void *bytes = NULL;
    size_t size = 0;
    CHECK_EQUAL(gr_os_map_file(make_file("empty", 0), &bytes, &size), GRAFT_BAD_IMAGE);
    CHECK_EQUAL(gr_os_map_file(folder, &bytes, &size), GRAFT_BAD_IMAGE);
    CHECK_EQUAL(gr_os_map_file(in_folder("none"), &bytes, &size), GRAFT_NOT_FOUND);
    gr_fault_set(GR_OS_MAP_FILE, 0, 1);
    CHECK_EQUAL(gr_os_map_file(make_file("map", 1), &bytes, &size), GRAFT_OS);
    gr_fault_clear();
    CHECK(bytes == NULL && size == 0);
}

static void appends_to_a_private_file(void) {
    const char *path = in_folder("log");
    for (int i = 0; i < 2; i++) {
        int descriptor = -1;
        CHECK_EQUAL(gr_os_append_open(path, &descriptor), GRAFT_OK);
        CHECK(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
        CHECK(gr_os_file_identity(descriptor) != 0);
        errno = SOME_ERRNO;
        gr_os_append(descriptor, "line\n", 5);
        gr_os_close(descriptor);
        CHECK_EQUAL(gr_os_file_identity(descriptor), 0);
        gr_os_append(descriptor, "lost\n", 5);
        CHECK_EQUAL(errno, SOME_ERRNO);
    }
    struct stat file;
    CHECK(stat(path, &file) == 0);
    CHECK_EQUAL(file.st_mode & 0777, 0600);
    char *text = NULL;
    size_t size = 0;
    CHECK_EQUAL(gr_os_read_file(path, 100, &text, &size), GRAFT_OK);
    CHECK_TEXT(text, "line\nline\n");
    free(text);
}

static void reports_a_log_that_cannot_be_opened(void) {
    int descriptor = -1;
    CHECK_EQUAL(gr_os_append_open(in_folder("no/such/folder"), &descriptor), GRAFT_OS);
    gr_fault_set(GR_OS_APPEND_OPEN, 0, 1);
    CHECK_EQUAL(gr_os_append_open(in_folder("log"), &descriptor), GRAFT_OS);
    gr_fault_clear();
    CHECK_EQUAL(descriptor, -1);
}

static void a_log_is_never_a_standard_stream(void) {
    int saved = dup(0), descriptor = -1;
    CHECK(saved > 2 && close(0) == 0);
    CHECK_EQUAL(gr_os_append_open(in_folder("log"), &descriptor), GRAFT_OK);
    CHECK(descriptor > 2);
    CHECK(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
    CHECK_EQUAL(gr_os_file_identity(0), 0);
    gr_os_close(descriptor);
    CHECK(dup2(saved, 0) == 0 && close(saved) == 0);
}

static void tells_files_apart(void) {
    int first = -1, second = -1, again = -1;
    CHECK_EQUAL(gr_os_append_open(in_folder("first"), &first), GRAFT_OK);
    CHECK_EQUAL(gr_os_append_open(in_folder("second"), &second), GRAFT_OK);
    CHECK_EQUAL(gr_os_append_open(in_folder("first"), &again), GRAFT_OK);
    CHECK(gr_os_file_identity(first) != gr_os_file_identity(second));
    CHECK(gr_os_file_identity(first) == gr_os_file_identity(again));
    gr_os_close(first);
    gr_os_close(second);
    gr_os_close(again);
}

static volatile sig_atomic_t pipes_seen;

static void see_pipe(int number) {
    (void)number;
    pipes_seen++;
}

static void a_reader_that_went_away_raises_nothing(void) {
    struct sigaction see = {.sa_handler = see_pipe}, before;
    CHECK(sigaction(SIGPIPE, &see, &before) == 0);
    int ends[2];
    CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
    gr_os_append(ends[1], "x", 1);
    CHECK_EQUAL(pipes_seen, 0);
    sigset_t pending;
    CHECK(sigpending(&pending) == 0);
    CHECK_EQUAL(sigismember(&pending, SIGPIPE), 0);
    CHECK(write(ends[1], "x", 1) == -1); /* the host's own writes still raise it */
    CHECK_EQUAL(pipes_seen, 1);
    CHECK(close(ends[1]) == 0 && sigaction(SIGPIPE, &before, NULL) == 0);
}

static void leaves_a_pending_sigpipe_of_the_host(void) {
    sigset_t set, before, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    CHECK(sigprocmask(SIG_BLOCK, &set, &before) == 0 && raise(SIGPIPE) == 0);
    int ends[2];
    CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
    gr_os_append(ends[1], "x", 1);
    CHECK(sigpending(&pending) == 0);
    CHECK_EQUAL(sigismember(&pending, SIGPIPE), 1);
    CHECK(sigtimedwait(&set, NULL, &(struct timespec){0}) == SIGPIPE);
    CHECK(close(ends[1]) == 0 && sigprocmask(SIG_SETMASK, &before, NULL) == 0);
}

static void a_refused_append_is_lost_quietly(void) {
    int descriptor = -1;
    CHECK_EQUAL(gr_os_append_open(in_folder("refused-log"), &descriptor), GRAFT_OK);
    gr_fault_set(GR_OS_APPEND, 0, 1);
    gr_os_append(descriptor, "lost", 4);
    gr_os_append(descriptor, "kept", 4);
    gr_fault_clear();
    gr_os_close(descriptor);
    char *text = NULL;
    size_t size = 0;
    CHECK_EQUAL(gr_os_read_file(in_folder("refused-log"), 100, &text, &size), GRAFT_OK);
    CHECK_TEXT(text, "kept");
    free(text);
}

static void remove_folder(void) {
    static const char *const names[] = {
        "read", "refused", "fifo", "map", "empty", "log", "first", "second", "refused-log"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)unlink(in_folder(names[i]));
    }
    CHECK(rmdir(folder) == 0);
}

int main(void) {
    gr_fault_clear();
    CHECK(mkdtemp(folder) != NULL);
    RUN(reads_a_file_up_to_the_limit);
    RUN(reads_files_that_the_kernel_makes_up);
    RUN(tells_a_missing_file_from_an_unreadable_one);
    RUN(leaves_no_descriptor_open);
    RUN(is_not_stopped_by_a_fifo);
    RUN(maps_a_regular_file);
    RUN(maps_nothing_else);
    RUN(appends_to_a_private_file);
    RUN(reports_a_log_that_cannot_be_opened);
    RUN(a_log_is_never_a_standard_stream);
    RUN(tells_files_apart);
    RUN(a_reader_that_went_away_raises_nothing);
    RUN(leaves_a_pending_sigpipe_of_the_host);
    RUN(a_refused_append_is_lost_quietly);
    remove_folder();
    return 0;
}
