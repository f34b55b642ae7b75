/* start.c: what the agent costs a program that does nothing: its start and end, and its memory at rest.
 *
 *   start [--json | --check] FOLDER [TOOL]
 *
 * FOLDER has libgraft-preload.so and the agent; TOOL is the tool. Each case is the same program, started many times in turn with the
 * others: time from before it is started to its end, and the processor time of all its threads. Memory is that of a program whose
 * main has begun and waits, after the first configuration has been applied. --check holds the least of them against bounds that a
 * slow machine meets too. */
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 60, CHECK_RUNS = 15, VARIABLES_MAX = 512, PATH_SIZE = 512 };

/* How a program is started. */
enum kind { BARE, CLOSED, NOTHING, EMPTY, REMOTE, ONE, TOOL, KINDS };

static const char *const names[KINDS] = {"bare", "preload, gate closed", "agent, no configuration",
    "agent, empty configuration", "agent, Remote Configuration", "agent, one probe", "graft run, agent"};
static const char *const keys[KINDS] = {"bare", "closed", "nothing", "empty", "remote", "one", "tool"};
static const char *const configurations[KINDS] = {
    [EMPTY] = "{\"targets\": []}\n", [ONE] = "{\"targets\": [\"libc.so.6:getppid\"]}\n"};

/* Bounds of --check: milliseconds of processor time and MB of memory beyond those of the bare program; 0: none. Time is twice
 * or three times what was seen. Memory is what remains of the goal of 8 MB, or a tenth more than was seen: it depends on the
 * machine only in how many pages the kernel maps at once. */
static const struct {
    double processor, resident;
} bounds[KINDS] = {[CLOSED] = {3, 0.3}, [NOTHING] = {8, 5}, [EMPTY] = {12, 6.4}, [REMOTE] = {20, 9}};

struct figures {
    double wall[RUNS], processor[RUNS]; /* milliseconds */
    double resident, shared_out, own;   /* MB: Rss, Pss, anonymous */
    int threads;
};

static struct figures figures[KINDS];
static char folder[PATH_SIZE], scratch[] = "/tmp/graft-start.XXXXXX";
static const char *tool;
extern char **environ;

static void require(bool condition, const char *what) {
    if (condition)
        return;
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static const char *file_of(enum kind kind) {
    static char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s.json", scratch, keys[kind]);
    return path;
}

static void write_configurations(void) {
    require(mkdtemp(scratch) != NULL, "mkdtemp");
    for (int kind = 0; kind < KINDS; kind++) {
        FILE *file = configurations[kind] != NULL ? fopen(file_of((enum kind)kind), "w") : NULL;
        if (file != NULL) {
            fputs(configurations[kind], file);
            fclose(file);
        }
    }
}

/* The caller's variables but for ours, and those of the case. */
static char **environment_of(enum kind kind) {
    static char *variables[VARIABLES_MAX];
    static char preload[PATH_SIZE], configuration[PATH_SIZE];
    /* Nobody listens at port 1: what is measured is this side, with the first question. */
    static char waits[] = "GRAFT_START_WAIT_MS=2000";
    static char asks[] = "DD_TRACE_AGENT_URL=http://127.0.0.1:1", asks_not[] = "DD_REMOTE_CONFIGURATION_ENABLED=false";
    static char gate[][32] = {"DD_SCA_DETECTION_ENABLED=1", "DD_APPSEC_ENABLED=1", "DD_APPSEC_SCA_ENABLED=1"};
    size_t count = 0;
    for (char **at = environ; *at != NULL && count < VARIABLES_MAX - 10; at++)
        if (strncmp(*at, "DD_", 3) != 0 && strncmp(*at, "GRAFT_", 6) != 0 && strncmp(*at, "LD_PRELOAD=", 11) != 0)
            variables[count++] = *at;
    snprintf(preload, sizeof preload, "LD_PRELOAD=%.400s/libgraft-preload.so", folder);
    snprintf(configuration, sizeof configuration, "GRAFT_CONFIG=%.400s", file_of(kind));
    if (kind != BARE && kind != TOOL)
        variables[count++] = preload;
    for (int i = 0; i < 3 && kind >= NOTHING; i++)
        variables[count++] = gate[i];
    if (configurations[kind] != NULL)
        variables[count++] = configuration;
    if (kind >= NOTHING)
        variables[count++] = kind == REMOTE ? asks : asks_not;
    if (kind == REMOTE)
        variables[count++] = waits;
    variables[count] = NULL;
    return variables;
}

/* Starts a program of one word, with its input and output at these descriptors (-1: ours). */
static pid_t start(enum kind kind, const char *program, int input, int output) {
    const char *plain[] = {program, NULL}, *wrapped[] = {tool, "run", "--", program, NULL};
    const char **arguments = kind == TOOL ? wrapped : plain;
    posix_spawn_file_actions_t actions;
    pid_t child;
    posix_spawn_file_actions_init(&actions);
    if (input >= 0)
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (output >= 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    int failure =
        posix_spawn(&child, arguments[0], &actions, NULL, (char *const *)(const void *)arguments, environment_of(kind));
    require(failure == 0, "posix_spawn");
    posix_spawn_file_actions_destroy(&actions);
    return child;
}

static double milliseconds(struct timeval time) {
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

static void time_once(enum kind kind, int run) {
    struct rusage usage;
    int status;
    double began = now();
    pid_t child = start(kind, "/bin/true", -1, -1);
    require(wait4(child, &status, 0, &usage) == child && status == 0, "the program failed");
    figures[kind].wall[run] = now() - began;
    figures[kind].processor[run] = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
}

/* A line "Key: 123 kB" of a file in /proc, in MB; a number without a unit is divided alike. */
static double read_line(pid_t process, const char *file, const char *key) {
    char path[PATH_SIZE], line[256];
    double kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, file);
    FILE *stream = fopen(path, "r");
    require(stream != NULL, path);
    while (fgets(line, sizeof line, stream) != NULL)
        if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
            kilobytes = strtod(line + strlen(key) + 1, NULL);
    fclose(stream);
    return kilobytes / 1024;
}

/* A byte that comes back says that main has begun. */
static void weigh(enum kind kind) {
    int to[2], from[2], status;
    char byte = 'x';
    require(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0, "pipe2");
    pid_t child = start(kind, "/bin/cat", to[0], from[1]);
    close(to[0]);
    close(from[1]);
    require(write(to[1], &byte, 1) == 1 && read(from[0], &byte, 1) == 1, "cat");
    figures[kind].resident = read_line(child, "status", "VmRSS");
    figures[kind].threads = (int)(read_line(child, "status", "Threads") * 1024);
    figures[kind].shared_out = read_line(child, "smaps_rollup", "Pss");
    figures[kind].own = read_line(child, "smaps_rollup", "Anonymous");
    close(to[1]);
    require(waitpid(child, &status, 0) == child && status == 0, "cat failed");
    close(from[0]);
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static bool wanted(int kind) {
    return kind != TOOL || tool != NULL;
}

static void measure(int runs) {
    for (int run = 0; run < runs; run++)
        for (int kind = 0; kind < KINDS; kind++)
            if (wanted(kind))
                time_once((enum kind)kind, run);
    for (int kind = 0; kind < KINDS; kind++) {
        if (kind != TOOL)
            weigh((enum kind)kind);
        qsort(figures[kind].wall, (size_t)runs, sizeof(double), ascending);
        qsort(figures[kind].processor, (size_t)runs, sizeof(double), ascending);
    }
}

static void show(bool json) {
    if (json)
        printf("[");
    else
        printf("                              wall: ms      processor: ms | memory: MB                  threads\n"
               "                            least  median   least  median |  resident   Pss  anonymous\n");
    for (int kind = 0; kind < KINDS; kind++) {
        const struct figures *f = &figures[kind];
        if (!wanted(kind))
            continue;
        if (json)
            printf("%s\n  {\"start\": \"%s\", \"wall_ms\": %.2f, \"wall_median_ms\": %.2f, \"processor_ms\": %.2f,"
                   " \"processor_median_ms\": %.2f, \"resident_mb\": %.2f, \"pss_mb\": %.2f, \"anonymous_mb\": %.2f,"
                   " \"threads\": %d}",
                kind == 0 ? "" : ",", keys[kind], f->wall[0], f->wall[RUNS / 2], f->processor[0],
                f->processor[RUNS / 2], f->resident, f->shared_out, f->own, f->threads);
        else
            printf("%-26s %6.2f %7.2f %7.2f %7.2f | %9.1f %5.1f %10.1f %8d\n", names[kind], f->wall[0],
                f->wall[RUNS / 2], f->processor[0], f->processor[RUNS / 2], f->resident, f->shared_out, f->own,
                f->threads);
    }
    printf(json ? "\n]\n" : "");
}

static int check(void) {
    int failures = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        double processor = figures[kind].processor[0] - figures[BARE].processor[0];
        double resident = figures[kind].resident - figures[BARE].resident;
        if (bounds[kind].processor == 0)
            continue;
        bool held = processor <= bounds[kind].processor && resident <= bounds[kind].resident;
        printf("%s start: %s: %.1f ms of at most %.0f, %.1f MB of at most %.1f\n", held ? "ok" : "not ok", names[kind],
            processor, bounds[kind].processor, resident, bounds[kind].resident);
        failures += !held;
    }
    return failures;
}

int main(int count, char **arguments) {
    bool json = count > 1 && strcmp(arguments[1], "--json") == 0;
    bool checks = count > 1 && strcmp(arguments[1], "--check") == 0;
    int first = json || checks ? 2 : 1;
    if (count <= first || realpath(arguments[first], folder) == NULL) {
        fprintf(stderr, "usage: start [--json | --check] FOLDER [TOOL]\n");
        return 2;
    }
    tool = count > first + 1 ? arguments[first + 1] : NULL;
    write_configurations();
    measure(checks ? CHECK_RUNS : RUNS);
    for (int kind = 0; kind < KINDS; kind++)
        if (configurations[kind] != NULL)
            unlink(file_of((enum kind)kind));
    rmdir(scratch);
    if (checks)
        return check() != 0;
    show(json);
    return 0;
}
