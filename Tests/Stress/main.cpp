/* main.cpp: graft-stress, which shows on the user's own machine that changing running code breaks nothing there.
 *
 * Starts threads that do what programs do, and changes the functions that they call, batch after batch, with every
 * result and every count checked. The order of the phases and the report are here; stress.h names the other parts. */
#include "stress.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <getopt.h>
#include <sys/time.h>
#include <unistd.h>

namespace stress {

namespace {

constexpr unsigned secondsMax = 86400;
constexpr uint64_t progressSteps = 100;
constexpr unsigned stallWindows = 5, stallMilliseconds = 400;
constexpr unsigned stallBatch = 200; /* so that windows without and with changes are of about the same length */

constexpr char help[] = "Usage: graft-stress [OPTION]...\n"
                        "Patches and restores functions while threads call them, throw, jump, fork, sleep and trap; "
                        "checks every result and\n"
                        "every count; measures what it costs the threads. Exits with 0 if all was right; prints the "
                        "phase and the seed if not.\n"
                        "\n"
                        "  --threads N   threads that call, 1 to 1024 (64)\n"
                        "  --toggles N   functions patched and restored, in all (1000000)\n"
                        "  --seconds N   changes functions for this time at most; 0 is for ever (0)\n"
                        "  --batch N     functions changed at once, 1 to N; at most 10000 (10000)\n"
                        "  --seed N      repeats a run as far as threads allow; 0 takes the time of day (0)\n"
                        "  --busy        threads never rest: many more want a processor than there are\n"
                        "  --json        reports as one JSON object\n"
                        "  --alone       without the process that watches, for debuggers\n"
                        "  --help        prints this\n";

/* A number of the command line, at most `most`; or the program ends. */
uint64_t number(const char *option, const char *text, uint64_t least, uint64_t most) {
    char *end = nullptr;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value < least || value > most) {
        fprintf(stderr, "graft-stress: --%s takes a number from %llu to %llu, not \"%s\"\n", option,
            static_cast<unsigned long long>(least), static_cast<unsigned long long>(most), text);
        exit(64);
    }
    return value;
}

Options read(int count, char **arguments) {
    static const option known[] = {{"threads", required_argument, nullptr, 't'},
        {"toggles", required_argument, nullptr, 'n'}, {"seconds", required_argument, nullptr, 's'},
        {"batch", required_argument, nullptr, 'b'}, {"seed", required_argument, nullptr, 'r'},
        {"busy", no_argument, nullptr, 'y'}, {"json", no_argument, nullptr, 'j'}, {"alone", no_argument, nullptr, 'a'},
        {"help", no_argument, nullptr, 'h'}, {nullptr, 0, nullptr, 0}};
    Options options;
    int index = 0;
    for (int found; (found = getopt_long(count, arguments, "", known, &index)) != -1;) {
        const char *name = known[index].name;
        switch (found) {
        case 't':
            options.threads = static_cast<unsigned>(number(name, optarg, 1, threadsMax));
            break;
        case 'n':
            options.toggles = number(name, optarg, 1, UINT64_MAX / 2);
            break;
        case 's':
            options.seconds = static_cast<unsigned>(number(name, optarg, 0, secondsMax));
            break;
        case 'b':
            options.batch = static_cast<unsigned>(number(name, optarg, 1, batchMax));
            break;
        case 'r':
            options.seed = number(name, optarg, 0, UINT64_MAX - 1);
            break;
        case 'y':
            options.busy = true;
            break;
        case 'j':
            options.json = true;
            break;
        case 'a':
            options.alone = true;
            break;
        case 'h':
            fputs(help, stdout);
            exit(0);
        default:
            fputs(help, stderr);
            exit(64);
        }
    }
    if (optind != count) {
        fputs(help, stderr);
        exit(64);
    }
    if (options.seed == 0) {
        timeval now;
        gettimeofday(&now, nullptr);
        options.seed = static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_usec);
    }
    return options;
}

/* A row of the report: a name for JSON, a sentence for people. */
struct Row {
    const char *name, *meaning;
    double value;
};

void report(const Options &options, const std::vector<Row> &rows) {
    if (!options.json) {
        for (const Row &row : rows)
            printf("%16.10g  %s\n", row.value, row.meaning);
        return;
    }
    printf("{\"seed\": %llu", static_cast<unsigned long long>(options.seed));
    for (const Row &row : rows)
        printf(", \"%s\": %.10g", row.name, row.value);
    printf("}\n");
}

double median(std::vector<float> values) {
    if (values.empty())
        return 0;
    std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
    return static_cast<double>(values[values.size() / 2]);
}

std::vector<Row> rows(const Options &options, const graft_counters &counters, double seconds) {
    Stalls quiet = stallsOf(Window::quiet), busy = stallsOf(Window::changing);
    auto d = [](uint64_t value) { return static_cast<double>(value); };
    return {
        {"threads", "threads", d(options.threads)},
        {"seconds", "seconds", seconds},
        {"toggles", "functions patched and restored", d(changed.toggles)},
        {"batches", "batches", d(changed.batches)},
        {"largest_batch", "functions in the largest batch", d(changed.largest)},
        {"mode_changes", "changes of mode of installed probes", d(changed.modeChanges)},
        {"put_off", "functions put off for a while, since a thread blocked every signal", d(changed.putOff)},
        {"install_us", "microseconds to install a function, median over the batches",
            median(changed.installMicroseconds)},
        {"calls", "calls, each result checked", d(calls())},
        {"hits", "calls that the library counted", d(counters.hits)},
        {"counts_checked", "counts held against the calls", d(changed.countsChecked)},
        {"told", "entries and exits told to a handler", d(changed.told)},
        {"traps_redirected", "threads met on a changing function and moved on", d(counters.traps_redirected)},
        {"throws", "exceptions through functions", d(happened.throws)},
        {"jumps", "longjmps through functions", d(happened.jumps)},
        {"sleeps", "system calls slept in inside functions", d(happened.sleeps)},
        {"starts", "threads started", d(happened.starts)},
        {"exits", "threads ended inside functions", d(happened.exits)},
        {"forks", "forked children that called and ended well", d(happened.forks)},
        {"spawns", "programs spawned", d(happened.spawns)},
        {"profiles", "profiling signals on other stacks that called and unwound", d(happened.profiles)},
        {"frames", "frames that they saw", d(happened.frames)},
        {"traps", "traps of the program's own", d(happened.traps)},
        {"quiet_calls", "calls measured without changes", d(quiet.calls)},
        {"quiet_worst_us", "  the longest, in microseconds of processor time", d(quiet.worst) / 1000},
        {"quiet_over", "  those over 100 us", d(quiet.over)},
        {"quiet_over_preempted", "  of these, preempted meanwhile", d(quiet.overPreempted)},
        {"quiet_waits", "  those that waited in the kernel without asking to", d(quiet.waits)},
        {"quiet_fault_waits", "  of these, for a page that was touched for the first time", d(quiet.faultWaits)},
        {"quiet_worst_wait_us", "  the longest wait, in microseconds", d(quiet.worstWait) / 1000},
        {"changing_calls", "calls measured while functions changed", d(busy.calls)},
        {"changing_worst_us", "  the longest, in microseconds of processor time", d(busy.worst) / 1000},
        {"changing_over", "  those over 100 us", d(busy.over)},
        {"changing_over_preempted", "  of these, preempted meanwhile", d(busy.overPreempted)},
        {"changing_waits", "  those that waited in the kernel without asking to", d(busy.waits)},
        {"changing_fault_waits", "  of these, for a page that was touched for the first time", d(busy.faultWaits)},
        {"changing_worst_wait_us", "  the longest wait, in microseconds", d(busy.worstWait) / 1000},
    };
}

graft_counters counters() {
    graft_snapshot *snapshot = nullptr;
    if (graft_snapshot_take(&snapshot) != GRAFT_OK)
        fail("no snapshot");
    if (snapshot->probe_count != 0)
        fail("%zu probes are left", snapshot->probe_count);
    graft_counters now = snapshot->counters;
    graft_snapshot_free(snapshot);
    return now;
}

void changeAll(const Options &options, Random &random, uint64_t until) {
    uint64_t step = options.toggles / progressSteps + 1, next = step;
    while (changed.toggles < options.toggles && (until == 0 || nanoseconds() < until)) {
        uint64_t left = options.toggles - changed.toggles;
        changeBatch(random, static_cast<unsigned>(std::min<uint64_t>(options.batch, left)));
        if (changed.toggles >= next) {
            fprintf(stderr, "graft-stress: %llu toggles in %llu batches\n",
                static_cast<unsigned long long>(changed.toggles), static_cast<unsigned long long>(changed.batches));
            next = changed.toggles / step * step + step;
        }
    }
}

int work(const Options &options) {
    Random random(options.seed);
    uint64_t began = nanoseconds();
    graft_options start;
    memset(&start, 0, sizeof start);
    start.guard_threads = true;
    makeSlots(options.threads + 1);
    useSlot(options.threads);
    useAlternateStack();
    keepOriginals();
    trapBeforeStart();
    graft_status status = graft_start(&start);
    if (status != GRAFT_OK)
        fail("graft_start: %s", graft_status_sentence(status));
    phase("changes all functions at once, with one thread");
    changeAllAtOnce();
    startThreads(options.threads, random.next(), options.busy);
    phase("measures calls, without and with changes");
    measureStalls(random, std::min(options.batch, stallBatch), stallWindows, stallMilliseconds);
    phase("changes functions under everything");
    setDisturbances(true);
    changeAll(options, random, options.seconds == 0 ? 0 : nanoseconds() + UINT64_C(1000000000) * options.seconds);
    setDisturbances(false);
    phase("ends its threads");
    joinThreads();
    phase("looks at what is left");
    checkOriginals();
    graft_counters last = counters();
    if ((status = graft_stop()) != GRAFT_OK)
        fail("graft_stop: %s", graft_status_sentence(status));
    checkOriginals();
    report(options, rows(options, last, static_cast<double>(nanoseconds() - began) / 1e9));
    return 0;
}

} // namespace

} // namespace stress

int main(int count, char **arguments) {
    return stress::watch(stress::read(count, arguments), stress::work);
}
