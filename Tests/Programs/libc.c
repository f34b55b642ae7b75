/* libc.c: a program that uses the C library as programs do, while all of it is instrumented.
 *
 * It works once before the library is started; then, in each mode that was put on every function of libc that takes it,
 * it works again: what it finds must be the same, byte for byte. Where the debug symbols of libc are installed, its
 * internal functions are among them. At most one function in 200 may be refused. */
#include "probes.h"
#include <errno.h>
#include <ftw.h>
#include <iconv.h>
#include <langinfo.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <regex.h>
#include <search.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

enum { THREADS = 4, ROUNDS = 20, NUMBERS = 500, FUNCTIONS_MIN = 1500 };

static void numbers(FILE *out) {
    double sum = 0;
    char text[64];
    for (int i = 0; i < NUMBERS; i++) {
        snprintf(text, sizeof text, "%.17g", i * 1.1e-3);
        sum += strtod(text, NULL);
        fprintf(out, "%s %ld %a %5.2Lf\n", text, strtol("0x7fff", NULL, 0) + i, sum, (long double)sum);
    }
    int number;
    char word[16];
    CHECK_EQUAL(sscanf("42 answers", "%d %15s", &number, word), 2);
    fprintf(out, "%d %s\n", number, word);
}

static int by_value(const void *left, const void *right) {
    return *(const int *)left - *(const int *)right;
}

static void sorting_and_searching(FILE *out) {
    int values[NUMBERS];
    unsigned seed = 7;
    for (int i = 0; i < NUMBERS; i++)
        values[i] = rand_r(&seed) % 1000;
    qsort(values, NUMBERS, sizeof *values, by_value);
    int key = values[NUMBERS / 3];
    const int *found = bsearch(&key, values, NUMBERS, sizeof *values, by_value);
    CHECK(found != NULL && *found == key);
    fprintf(out, "%d %d %d\n", values[0], values[NUMBERS / 2], values[NUMBERS - 1]);
}

static void memory_and_strings(FILE *out) {
    char *pieces[64];
    for (size_t i = 0; i < 64; i++) {
        pieces[i] = malloc(i * 97 + 1);
        CHECK(pieces[i] != NULL);
        memset(pieces[i], (int)('a' + i % 26), i * 97);
        pieces[i][i * 97] = '\0';
        pieces[i] = realloc(pieces[i], i * 131 + 1);
    }
    for (size_t i = 0; i < 64; i++) {
        fprintf(out, "%zu %.3s\n", strlen(pieces[i]), pieces[i]);
        free(pieces[i]);
    }
    char text[] = "one,two;three", *state, *copy = strdup("copied");
    for (char *word = strtok_r(text, ",;", &state); word != NULL; word = strtok_r(NULL, ",;", &state))
        fprintf(out, "%s %d\n", word, strcmp(word, "two"));
    fprintf(out, "%s %s %s\n", copy, strstr("haystack", "st"), strerror(ENOENT));
    free(copy);
}

static void locales(FILE *out) {
    CHECK(setlocale(LC_ALL, "C.UTF-8") != NULL);
    wchar_t wide[16];
    CHECK_EQUAL(mbstowcs(wide, "gr\xc3\xbc\xc3\x9f", 16), 4);
    fprintf(out, "%s %d %ls\n", nl_langinfo(CODESET), wcwidth(wide[2]), wide);
    char from[] = "gr\xc3\xbc\xc3\x9f", to[32] = "", *in = from, *at = to;
    size_t left = sizeof from - 1, room = sizeof to;
    iconv_t converter = iconv_open("UTF-16LE", "UTF-8");
    CHECK(converter != (iconv_t)-1);
    CHECK_EQUAL(iconv(converter, &in, &left, &at, &room), 0);
    CHECK_EQUAL(iconv_close(converter), 0);
    fprintf(out, "%zu %02x\n", sizeof to - room, (unsigned char)to[4]);
    regex_t pattern;
    regmatch_t match[2];
    CHECK_EQUAL(regcomp(&pattern, "([a-z]+)[0-9]{2}", REG_EXTENDED), 0);
    CHECK_EQUAL(regexec(&pattern, "## abc42 ##", 2, match, 0), 0);
    fprintf(out, "%d %d\n", (int)match[1].rm_so, (int)match[1].rm_eo);
    regfree(&pattern);
}

static void times_and_names(FILE *out) {
    time_t moment = 1700000000;
    struct tm parts;
    char text[64];
    CHECK_EQUAL(setenv("TZ", "UTC0", 1), 0);
    tzset();
    CHECK(gmtime_r(&moment, &parts) != NULL);
    CHECK(strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts) > 0);
    fprintf(out, "%s %ld\n", text, (long)mktime(&parts));
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *found = NULL;
    CHECK_EQUAL(getaddrinfo("127.0.0.1", "80", &hints, &found), 0);
    fprintf(out, "%d\n", found->ai_family);
    freeaddrinfo(found);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)path, (void)status, (void)type;
    return place->level > 1 ? 1 : 0;
}

static void files(FILE *out) {
    char name[] = "/tmp/graft-libc-XXXXXX", line[128];
    int descriptor = mkstemp(name);
    CHECK(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w+");
    CHECK(file != NULL);
    for (int i = 0; i < 100; i++)
        fprintf(file, "line %d\n", i);
    rewind(file);
    int lines = 0;
    while (fgets(line, sizeof line, file) != NULL)
        lines++;
    CHECK_EQUAL(fclose(file), 0);
    CHECK_EQUAL(unlink(name), 0);
    CHECK_EQUAL(access(name, F_OK), -1);
    CHECK_EQUAL(errno, ENOENT);
    CHECK_EQUAL(nftw("/proc/self/fdinfo", visit, 8, FTW_PHYS), 0);
    fprintf(out, "%d\n", lines);
}

static _Thread_local int mine;
static _Atomic int caught;

static void on_signal(int number) {
    (void)number;
    caught++;
}

static void *in_thread(void *number) {
    pthread_mutex_t *mutex = number;
    char text[32];
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(mutex);
        mine += snprintf(text, sizeof text, "%d", i);
        pthread_mutex_unlock(mutex);
        free(malloc((size_t)i * 64));
    }
    return (void *)(intptr_t)mine;
}

static void *wait_for_ever(void *unused) {
    for (;;)
        pause();
    return unused;
}

static void threads(FILE *out) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread[THREADS], waiting;
    void *result;
    long sum = 0;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&thread[i], NULL, in_thread, &mutex), 0);
    CHECK_EQUAL(pthread_create(&waiting, NULL, wait_for_ever, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQUAL(pthread_join(thread[i], &result), 0);
        sum += (intptr_t)result;
    }
    CHECK_EQUAL(pthread_cancel(waiting), 0);
    CHECK_EQUAL(pthread_join(waiting, &result), 0);
    fprintf(out, "%ld %d\n", sum, result == PTHREAD_CANCELED);
}

static void signals_and_jumps(FILE *out) {
    struct sigaction action = {.sa_handler = on_signal}, old;
    CHECK_EQUAL(sigaction(SIGUSR1, &action, &old), 0);
    caught = 0;
    CHECK_EQUAL(raise(SIGUSR1), 0);
    CHECK_EQUAL(kill(getpid(), SIGUSR1), 0);
    static jmp_buf place;
    static sigjmp_buf other;
    volatile int jumps = 0;
    if (setjmp(place) < 3) {
        jumps++;
        longjmp(place, jumps);
    }
    if (sigsetjmp(other, 1) < 2) {
        jumps++;
        siglongjmp(other, jumps - 2);
    }
    CHECK_EQUAL(sigaction(SIGUSR1, &old, NULL), 0);
    fprintf(out, "%d %d\n", caught, jumps);
}

static int status_of(pid_t child) {
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void processes(FILE *out) {
    extern char **environ;
    char *const arguments[] = {"sh", "-c", "exit 5", NULL};
    pid_t child;
    CHECK_EQUAL(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ), 0);
    fprintf(out, "%d", status_of(child));
    fflush(out);
    child = fork();
    if (child == 0) {
        free(malloc(100));
        _exit(6);
    }
    fprintf(out, " %d", status_of(child));
    child = vfork();
    if (child == 0)
        _exit(7);
    fprintf(out, " %d", status_of(child));
    fprintf(out, " %d", WEXITSTATUS(system("exit 8")));
    char line[64] = "";
    FILE *pipe = popen("echo spoken | tr a-z A-Z", "r");
    CHECK(pipe != NULL && fgets(line, sizeof line, pipe) != NULL);
    fprintf(out, " %d %s", pclose(pipe), line);
}

/* Everything once; what it found, as text. */
static char *work(void) {
    static void (*const parts[])(FILE *) = {numbers, sorting_and_searching, memory_and_strings, locales,
        times_and_names, files, threads, signals_and_jumps, processes};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    CHECK(out != NULL);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        parts[i](out);
    CHECK_EQUAL(fclose(out), 0);
    return text;
}

static char *plain; /* the work's result before anything was instrumented */
static _Atomic uint64_t entered, left;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    atomic_fetch_add_explicit(hit->phase == GRAFT_PHASE_ENTER ? &entered : &left, 1, memory_order_relaxed);
}

/* Returns the calls that were counted. */
static uint64_t work_instrumented(enum graft_mode mode) {
    const struct graft_probe_spec spec = {.target = "libc.so.6:*", .mode = mode, .handler = on_hit};
    struct graft_outcome outcome;
    struct graft_counters before = counters_now();
    entered = left = 0;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    check_nearly_all(graft_mode_name(mode), &outcome, before);
    for (int round = 0; round < ROUNDS; round++) {
        char *probed = work();
        CHECK_TEXT(probed, plain);
        free(probed);
    }
    uint64_t hits = hits_of(outcome.probe);
    uninstall(outcome.probe);
    char *after = work();
    CHECK_TEXT(after, plain);
    free(after);
    printf("  %llu calls, %llu entries and %llu exits told\n", (unsigned long long)hits, (unsigned long long)entered,
        (unsigned long long)left);
    CHECK(outcome.installed > FUNCTIONS_MIN);
    CHECK(hits > ROUNDS * FUNCTIONS_MIN);
    return hits;
}

static void all_of_libc_is_counted(void) {
    work_instrumented(GRAFT_MODE_COUNT);
    CHECK_EQUAL(entered + left, 0);
}

static void all_of_libc_tells_its_entries(void) {
    uint64_t hits = work_instrumented(GRAFT_MODE_ENTRY);
    CHECK(entered > hits / 2 && entered <= hits);
}

static void all_of_libc_tells_its_entries_and_exits(void) {
    uint64_t hits = work_instrumented(GRAFT_MODE_ENTRY_EXIT);
    CHECK(entered > hits / 2 && entered <= hits);
    CHECK(left > entered / 2 && left <= entered); /* those that never return are left by nobody */
}

/* Where debug symbols are installed, glibc's own names come first; this one stands for them where they are not. */
PROBED int __GI___vfork(void);
PROBED int __GI___vfork(void) {
    return 1;
}

static void functions_that_return_twice_or_ask_who_called_take_no_exit_probe(void) {
    static const char *const targets[] = {"libc.so.6:vfork", "libc.so.6:clone", "libc.so.6:_setjmp",
        "libc.so.6:__sigsetjmp", "libc.so.6:longjmp", "libc.so.6:getcontext", "libc.so.6:swapcontext",
        "libc.so.6:dlsym", "libc.so.6:dlopen", ":__GI___vfork"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        const struct graft_probe_spec spec = {.target = targets[i], .mode = GRAFT_MODE_ENTRY_EXIT};
        struct graft_outcome outcome;
        CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
        if (outcome.refusal != GRAFT_NO_EXIT)
            fprintf(stderr, "%s: %s\n", targets[i], graft_status_slug(outcome.refusal));
        CHECK_EQUAL(outcome.refusal, GRAFT_NO_EXIT);
        CHECK_EQUAL(outcome.installed, 0);
        uninstall(outcome.probe);
    }
}

int main(void) {
    plain = work();
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(all_of_libc_is_counted);
    RUN(all_of_libc_tells_its_entries);
    RUN(all_of_libc_tells_its_entries_and_exits);
    RUN(functions_that_return_twice_or_ask_who_called_take_no_exit_probe);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    free(plain);
    return 0;
}
