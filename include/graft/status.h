/* status.h: every status code of the C interface, from one table, each with its sentence.
 *
 * Fallible functions return `enum graft_status` and leave their outputs untouched on failure. A status also
 * serves as the reason that an entry point was refused, and then it is accompanied by an address or an offset. */
#ifndef GRAFT_STATUS_H
#define GRAFT_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, slug, sentence). Slugs are what reports and the tools print; they never change their meaning.
 * The numeric value is the position in the table: new codes are added at the end of their group's table only. */
#define GRAFT_STATUS_MAP(X)                                                                                           \
    X(OK, "ok", "success")                                                                                            \
    /* the caller's mistakes */                                                                                       \
    X(INVALID_ARGUMENT, "invalid-argument", "an argument is null, empty or outside its documented range")             \
    X(NOT_STARTED, "not-started", "graft_start has not been called, or graft_stop has")                               \
    X(NO_SUCH_PROBE, "no-such-probe", "no probe has this identifier")                                                 \
    X(IN_HANDLER, "in-handler", "this call waits for the control plane and so is not allowed inside a handler")       \
    /* target texts */                                                                                                \
    X(TARGET_SYNTAX, "target-syntax", "the target is not of the form image:name, name:name or build-id:hex+0xoffset") \
    X(TARGET_TOO_LONG, "target-too-long", "the target is longer than GRAFT_TARGET_MAX bytes")                         \
    X(TARGET_TOO_BROAD, "target-too-broad", "the target matches more than GRAFT_TARGET_MATCHES_MAX entry points")     \
    X(NOT_FOUND, "not-found", "no loaded image has a function that the target names")                                 \
    X(SIGNATURE_SYNTAX, "signature-syntax", "the signature is not of the form result(argument,argument)")             \
    X(SIGNATURE_LIMIT, "signature-limit", "the signature is longer, wider or deeper than graft/around.h allows")      \
    /* the world's refusals, decided before a byte is written */                                                      \
    X(TOO_SHORT, "too-short", "the function and its padding are shorter than a jump")                                 \
    X(BRANCH_INTO_PATCH, "branch-into-patch", "the function branches back into its own first bytes")                  \
    X(NOT_CODE, "not-code", "the bytes at the entry are not valid instructions")                                      \
    X(NOT_RELOCATABLE, "not-relocatable", "an instruction at the entry cannot be executed at another address")        \
    X(IFUNC, "ifunc", "the symbol is an indirect function, and which implementation it chose is not known here")      \
    X(DENIED, "denied", "the function is on the list of those that must not be instrumented")                         \
    X(NO_EXIT, "no-exit", "the return of this function cannot be observed; use mode entry or count")                  \
    X(NO_SPACE_NEAR, "no-space-near", "no free memory within reach of a jump from the function")                      \
    X(UNSAFE_THREADS, "unsafe-threads",                                                                               \
        "a thread blocks SIGTRAP or a debugger takes it, so the bytes cannot be changed safely now")                  \
    X(FOREIGN_PATCH, "foreign-patch", "the entry has been modified by something else")                                \
    X(IMAGE_GONE, "image-gone", "the image was unloaded")                                                             \
    X(SIGNATURE_MISMATCH, "signature-mismatch", "the debug information says that the function has another signature") \
    X(SIGNATURE_UNKNOWN, "signature-unknown", "the function has a calling convention that a signature cannot state")  \
    X(AROUND_TAKEN, "around-taken", "the function has an around-probe already")                                       \
    X(UNSUPPORTED, "unsupported", "not supported on this machine or kernel")                                          \
    /* limits */                                                                                                      \
    X(LIMIT_PROBES, "limit-probes", "the configured number of probes or entry points is in use")                      \
    X(LIMIT_ATTACHMENTS, "limit-attachments", "too many probes on one entry point")                                   \
    X(LIMIT_QUEUE, "limit-queue", "the update queue is full")                                                         \
    /* order of updates */                                                                                            \
    X(STALE, "stale", "the update's sequence is not after the last one applied")                                      \
    X(DUPLICATE, "duplicate", "an update with this sequence is already waiting")                                      \
    X(SUPERSEDED, "superseded", "a snapshot replaced this update before it was applied")                              \
    X(CANCELLED, "cancelled", "stopped before the update was applied")                                                \
    /* the operating system */                                                                                        \
    X(NO_MEMORY, "no-memory", "the system refused memory")                                                            \
    X(OS, "os-error", "a system call failed; errno has been logged")                                                  \
    X(WRITE_DENIED, "write-denied", "the kernel refuses writes to program text")                                      \
    X(BAD_IMAGE, "bad-image", "the file is not a readable ELF image")

/* One code for each row of GRAFT_STATUS_MAP, in its order, beginning with GRAFT_OK = 0. */
enum graft_status {
#define GRAFT_STATUS_ENUM(name, slug, sentence) GRAFT_##name,
    GRAFT_STATUS_MAP(GRAFT_STATUS_ENUM)
#undef GRAFT_STATUS_ENUM
        GRAFT_STATUS_COUNT
};

/* The slug ("too-short") of a status; "unknown" for a value outside the table. Static storage; any thread,
 * async-signal-safe. */
const char *graft_status_slug(enum graft_status status);

/* The sentence of a status, without a final full stop. Static storage; any thread, async-signal-safe. */
const char *graft_status_sentence(enum graft_status status);

#ifdef __cplusplus
}
#endif
#endif
