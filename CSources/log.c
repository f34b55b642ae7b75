/* log.c: the debug log: where lines go, and one line at a time to there.
 *
 * Owns the choice of sink: a handler of the host, a file that it opened, standard error, or nothing. No lock is held
 * while the handler runs; gr_log_close waits until no other thread is inside. A handler that causes a line does not
 * see that line: it would never end. Never on the hit path. Neighbours: os. */
#include "log.h"
#include "os/os.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TEXT_MAX = 1023,       /* bytes of a line's text; the rest is cut */
    PREFIX_MAX = 48,       /* "graft: [18446744073.709551] " */
    CLOSE_WAIT = 10,       /* milliseconds between two looks at the threads that are inside */
    CLOSE_WAITS_MAX = 100, /* looks: after that the file is left open rather than the host waiting on */
    NANOSECONDS_PER_MICRO = 1000,
    MICROS_PER_SECOND = 1000000
};

/* Written by gr_log_open and gr_log_close alone (the control plane calls them one at a time); read by gr_log between
 * `inside` and the check of `enabled`. */
static struct sink {
    graft_log_handler handler;
    void *context;
    int descriptor;    /* when there is no handler */
    bool owned;        /* opened here */
    uint64_t identity; /* of the descriptor's file when it was chosen */
    uint32_t process;  /* that opened the log */
} sink;

static atomic_bool enabled;          /* release in gr_log_open, pairs with the acquire in enter */
static _Atomic uint32_t inside;      /* threads in gr_log; the last one out wakes gr_log_close */
static atomic_bool told;             /* a bad GRAFT_LOG has been reported */
static _Thread_local uint32_t depth; /* this thread's share of `inside` */

/* Says once per process what is wrong with GRAFT_LOG; the log stays off. */
static void complain(const char *value, const char *reason) {
    if (atomic_exchange_explicit(&told, true, memory_order_relaxed)) {
        return;
    }
    char line[TEXT_MAX + 1];
    int size = snprintf(line, sizeof line, "graft: GRAFT_LOG=%.512s: %.256s\n", value, reason);
    if (size > 0) {
        gr_os_append(STDERR_FILENO, line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
    }
}

/* Reads GRAFT_LOG; true when there is somewhere to write to. secure_getenv: a program with more rights than its caller
 * must not append to a file of the caller's choice. */
static bool choose_from_environment(void) {
    const char *value = secure_getenv("GRAFT_LOG");
    if (!value || !*value) {
        return false;
    }
    if (strcmp(value, "debug") == 0) {
        sink.descriptor = STDERR_FILENO;
        return true;
    }
    const char *path = strncmp(value, "debug:", strlen("debug:")) == 0 ? value + strlen("debug:") : "";
    if (!*path) {
        complain(value, "not understood; use debug or debug:PATH");
        return false;
    }
    if (gr_os_append_open(path, &sink.descriptor) != GRAFT_OK) {
        complain(value, strerror(errno));
        return false;
    }
    sink.owned = true;
    return true;
}

void gr_log_open(graft_log_handler handler, void *context) {
    int saved = errno;
    gr_log_close();
    sink = (struct sink){.handler = handler, .context = context, .process = gr_os_process_id()};
    if (handler || choose_from_environment()) {
        sink.identity = handler ? 0 : gr_os_file_identity(sink.descriptor);
        atomic_store_explicit(&enabled, true, memory_order_release);
    }
    errno = saved;
}

/* Whether every other thread has left. In a child of fork the others do not exist, and their count says nothing. */
static bool wait_for_others(void) {
    if (gr_os_process_id() != sink.process) {
        atomic_store_explicit(&inside, depth, memory_order_relaxed);
        return true;
    }
    for (unsigned looks = 0; looks < CLOSE_WAITS_MAX; looks++) {
        /* Sequentially consistent, with the store in gr_log_close and both steps of enter: either enter sees the log
         * closed, or this sees it inside. */
        uint32_t now = atomic_load_explicit(&inside, memory_order_seq_cst);
        if (now == depth) {
            return true;
        }
        gr_os_wait((const uint32_t *)&inside, now, CLOSE_WAIT);
    }
    return false;
}

void gr_log_close(void) {
    int saved = errno;
    atomic_store_explicit(&enabled, false, memory_order_seq_cst);
    if (wait_for_others() && sink.owned && gr_os_file_identity(sink.descriptor) == sink.identity) {
        gr_os_close(sink.descriptor);
    }
    sink.owned = false;
    errno = saved;
}

bool gr_log_enabled(void) {
    return atomic_load_explicit(&enabled, memory_order_relaxed);
}

static void leave(void) {
    depth--;
    (void)atomic_fetch_sub_explicit(&inside, 1, memory_order_release); /* pairs with wait_for_others */
    if (!gr_log_enabled()) {
        gr_os_wake((const uint32_t *)&inside);
    }
}

/* True: the sink stays as it is until leave. */
static bool enter(void) {
    (void)atomic_fetch_add_explicit(&inside, 1, memory_order_seq_cst);
    depth++;
    if (depth == 1 && atomic_load_explicit(&enabled, memory_order_seq_cst)) {
        return true;
    }
    leave();
    return false;
}

/* Prefix, text and newline in one write, unless the host has closed the descriptor and opened something else there. */
static void write_line(const char *text, size_t size) {
    if (gr_os_file_identity(sink.descriptor) != sink.identity) {
        return;
    }
    char line[PREFIX_MAX + TEXT_MAX + 2];
    uint64_t micros = gr_os_nanoseconds() / NANOSECONDS_PER_MICRO;
    int prefix = snprintf(line, PREFIX_MAX, "graft: [%llu.%06llu] ", (unsigned long long)(micros / MICROS_PER_SECOND),
        (unsigned long long)(micros % MICROS_PER_SECOND));
    size_t start = prefix > 0 ? (size_t)prefix : 0;
    memcpy(line + start, text, size);
    line[start + size] = '\n';
    gr_os_append(sink.descriptor, line, start + size + 1);
}

/* A line stays one line whatever a symbol or path contains. */
static void flatten(char *text) {
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            *text = *text == '\t' ? ' ' : '?';
        }
    }
}

void gr_log(const char *format, ...) {
    if (!gr_log_enabled()) {
        return;
    }
    int saved = errno;
    if (enter()) {
        char text[TEXT_MAX + 1];
        va_list arguments;
        va_start(arguments, format);
        int size = vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        if (size >= 0) {
            flatten(text);
            if (sink.handler) {
                sink.handler(text, sink.context);
            } else {
                write_line(text, strlen(text));
            }
        }
        leave();
    }
    errno = saved;
}
