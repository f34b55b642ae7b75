/* graft.h: the umbrella header: start, stop, version, log, symbols.
 *
 * Graft changes what a running Linux process observes about itself: which functions are instrumented, with which
 * settings, while it runs, without a restart, without root and without stopping a thread.
 *
 * Structs that grow: a program may run with another version of the library than that whose headers it was built with, as
 * long as the soname is the same. Members are added at the end only, and only to structs that say that they grow. Where the
 * program makes such a struct, its size goes along: the functions that take one are inline, and call one of the library's
 * whose name ends in _sized. What the program does not know is zero to the library, which means: as before. What the
 * library does not know has to be zero, or the call is refused with GRAFT_INVALID_ARGUMENT. What the library writes is cut
 * to what the program knows, or filled up with zeros. So let each struct be zero before it is filled in, as initialisers of C do.
 * A struct that only the library makes and hands out one at a time (graft_hit, graft_explanation) may grow at its end as
 * well: use it through the pointer, and do not copy it whole. All others stay as they are. */
#ifndef GRAFT_GRAFT_H
#define GRAFT_GRAFT_H

#include <graft/around.h>
#include <graft/explain.h>
#include <graft/hit.h>
#include <graft/probe.h>
#include <graft/product.h>
#include <graft/published.h>
#include <graft/queue.h>
#include <graft/status.h>
#include <graft/target.h>
#include <graft/update.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GRAFT_VERSION "0.1.0"

/* GRAFT_VERSION of the library that is loaded. Static storage. */
const char *graft_version(void);

/* Called with one line for each change of state, never for a hit. `line` has no newline and is valid during the call.
 * May be called from any thread that calls the library, and from the library's own; never from a hit. It must not load
 * or unload images, fork, or call this library, which holds its locks then. */
typedef void (*graft_log_handler)(const char *line, void *context);

/* Grows. */
struct graft_options {
    uint32_t probes_max;   /* probes, and entry points; 0 is GRAFT_PROBES_DEFAULT */
    graft_log_handler log; /* debug lines go here; null follows the environment variable GRAFT_LOG:
                              "debug" (to standard error) or "debug:PATH" (appended to a file) */
    void *log_context;
    bool guard_threads; /* keep SIGTRAP deliverable from now on, and not only from the first entry that needs it: in the
                           calling thread, and in all that start or change their mask later. See graft_start */
    uint8_t reserved[7]; /* zero */
};

/* What graft_start calls; for languages without C's headers. GRAFT_INVALID_ARGUMENT: no version has options of that size, or
 * a member that this version does not know is not zero. */
enum graft_status graft_start_sized(const struct graft_options *options, size_t options_size);

/* Starts the library: one thread, named "graft", with every signal but SIGTRAP blocked. Nothing is patched before the
 * first probe, unless `guard_threads` is asked for: then the C library's functions that set signal masks and actions
 * are, at once. A program that installs probes late gains by it when it starts threads that block every signal: a thread
 * that blocks SIGTRAP keeps some functions from being changed (GRAFT_UNSAFE_THREADS), and one that did so before cannot
 * be helped. Calling it again is counted and has no other effect, but that `guard_threads` is honoured. `options` may be
 * null. Any thread, not in a signal handler. GRAFT_UNSUPPORTED, GRAFT_NO_MEMORY, GRAFT_OS. */
static inline enum graft_status graft_start(const struct graft_options *options) {
    return graft_start_sized(options, sizeof *options);
}

/* Undoes one graft_start; the last one removes every probe, restores every byte and ends the thread. Waits for that.
 * Any thread, not inside a handler. */
enum graft_status graft_stop(void);

/* Whether what the calling thread calls is left out: it is not reported to any probe and, except in mode count, not
 * counted. For the threads of a product that itself uses the functions which it watches. Returns what was so before.
 * Any thread, also before graft_start; not inside a handler. */
bool graft_thread_exempt(bool exempt);

/* Where an address of this process lies in the source. Strings are owned by the library for the life of the process;
 * empty when unknown; `line` 0 when unknown. Grows. */
struct graft_symbol {
    const char *image;
    const char *symbol; /* demangled */
    uint64_t offset;    /* of the address from the symbol's start, or from the image's when there is no symbol */
    const char *file;
    uint32_t line;
    uint32_t reserved; /* zero */
};

/* What graft_symbolise calls; for languages without C's headers. GRAFT_INVALID_ARGUMENT: no version has a symbol of that size. */
enum graft_status graft_symbolise_sized(uint64_t address, struct graft_symbol *symbol, size_t symbol_size);

/* Symbolises an address: for a return address, pass it minus one. Reads files; any thread, not inside a handler.
 * GRAFT_NOT_FOUND when no image contains it. */
static inline enum graft_status graft_symbolise(uint64_t address, struct graft_symbol *symbol) {
    return graft_symbolise_sized(address, symbol, sizeof *symbol);
}

#ifdef __cplusplus
}
#endif
#endif
