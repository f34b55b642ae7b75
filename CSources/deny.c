/* deny.c: the named lists (patching.md §2.5, §4): each function with its reason. */
#include "compiler.h"
#include "plane.h"
#include <string.h>

/* Never patched. */
static const char *const denied[] = {
    "__restore_rt",        /* the kernel's return from signals: unwinders know it by its bytes */
    "_dl_runtime_resolve", /* entered by a jump, with the loader's own convention */
    "_dl_runtime_resolve_fxsave", "_dl_runtime_resolve_xsave", "_dl_runtime_resolve_xsavec", "_dl_runtime_profile_sse",
    "_dl_runtime_profile_avx", "_dl_runtime_profile_avx512",
    "_dl_tlsdesc_return",                                     /* called with a convention that keeps every register */
    "_dl_tlsdesc_undefweak", "_dl_tlsdesc_dynamic", "_start", /* has no caller */
    "__morestack",                                            /* rewrites its caller's frame */
    "__start_context",                                        /* returned to, not called: nothing to return to */
};

/* Their meaning depends on the return address or on the stack frame of their caller. */
static const char *const no_exit[] = {
    "setjmp",
    "_setjmp",
    "__setjmp",
    "sigsetjmp",
    "__sigsetjmp", /* return twice, into a frame that must be the caller's */
    "vfork",
    "__vfork",
    "__libc_vfork", /* return twice on one stack */
    "getcontext",
    "__getcontext",
    "swapcontext",
    "__swapcontext",
    "longjmp",
    "_longjmp",
    "siglongjmp",
    "__longjmp",
    "__longjmp_chk",
    "____longjmp_chk",
    "__libc_longjmp",
    "__libc_siglongjmp",
    "setcontext",
    "__setcontext", /* never return */
    "dlsym",
    "dlvsym",
    "dlopen",
    "dlmopen",
    "___dlsym",
    "___dlvsym",
    "___dlopen",
    "___dlmopen",
    "__libc_dlopen_mode",
    "__libc_dlsym",
    "__libc_dlvsym", /* ask who called */
    "_Unwind_RaiseException",
    "_Unwind_Resume",
    "_Unwind_Resume_or_Rethrow",
    "_Unwind_ForcedUnwind",
    "_Unwind_Backtrace",
    "__cxa_throw",
    "__cxa_rethrow", /* begin at their caller's frame */
    "__libc_start_main",
    "__libc_start_call_main", /* the last frames of a program */
    "clone",
    "clone3",
    "__clone",
    "__clone3", /* return on two stacks */
    "mcount",
    "_mcount",
    "__fentry__",
    "__cyg_profile_func_enter",
    "__cyg_profile_func_exit",
};

/* Their callers count on registers that the ABI would let them clobber, whatever compiled the image. */
static const char *const preserving[] = {
    "__fentry__",
    "mcount",
    "_mcount",
    "__tls_get_addr",
    "swift_retain",
    "swift_release",
    "swift_bridgeObjectRetain",
    "swift_bridgeObjectRelease",
    "swift_retain_n",
    "swift_release_n",
    "__asan_report_load1",
    "__chkstk",
};

/* With debug symbols, glibc's functions go by their internal names: __GI___vfork is vfork. */
static bool listed(const char *const *names, size_t count, const char *symbol) {
    static const char internal[] = "__GI_";
    if (strncmp(symbol, internal, sizeof internal - 1) == 0)
        symbol += sizeof internal - 1;
    for (size_t i = 0; i < count; i++)
        if (names[i][0] == symbol[0] && strcmp(names[i], symbol) == 0)
            return true;
    return false;
}
#define LISTED(names, symbol) listed((names), sizeof(names) / sizeof *(names), (symbol))

/* Our own functions, in whatever image they were linked into. */
static bool is_ours(const struct graft_entry_point *entry, const struct gr_image *image) {
    uint64_t here = (uint64_t)(uintptr_t)gr_denied;
    return here >= image->code_start && here < image->code_end &&
           (strncmp(entry->symbol, "gr_", 3) == 0 || strncmp(entry->symbol, "graft_", 6) == 0);
}

bool gr_denied(const struct graft_entry_point *entry, const struct gr_image *image) {
    return LISTED(denied, entry->symbol) || is_ours(entry, image);
}

/* They run with every signal blocked at times, past the functions that guard.c watches: while a thread starts or ends, in the
 * child of posix_spawn. A trap would end the process then. */
bool gr_trap_denied(const struct gr_image *image) {
    static const char *const names[] = {"libc.so", "libc-", "ld-linux", "ld-", "libpthread"};
    const char *slash = strrchr(image->path, '/'), *name = slash != NULL ? slash + 1 : image->path;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Without unwind information a function may be written by hand and do with its return address what it likes. Swift's are
 * not: its compiler leaves the information out where nothing can be thrown, which is a third of a library. */
static bool may_move_its_return(const struct graft_entry_point *entry) {
    return (entry->flags & (GRAFT_ENTRY_HAS_UNWIND | GRAFT_ENTRY_SWIFT)) == 0;
}

static bool begins(const char *symbol, const char *with) {
    return strncmp(symbol, with, strlen(with)) == 0;
}

/* A piece that LLVM took out of several functions: called with the return address anywhere, at its caller's depth of the
 * stack, which a frame of ours would take for a call that is over. */
static bool is_outlined(const char *symbol) {
    return begins(symbol, "OUTLINED_FUNCTION_");
}

bool gr_exit_denied(const struct graft_entry_point *entry) {
    if ((entry->flags & GRAFT_ENTRY_ASYNC) != 0) /* needs no frame on the stack, but a context for certain */
        return (entry->flags & GRAFT_ENTRY_COMPLETES) == 0;
    return may_move_its_return(entry) || is_outlined(entry->symbol) || LISTED(no_exit, entry->symbol);
}

/* aarch64's outlined atomics and outlined pieces have callers that know what they leave alone. */
bool gr_preserves_registers(const struct graft_entry_point *entry) {
    return begins(entry->symbol, "__aarch64_") || is_outlined(entry->symbol) || LISTED(preserving, entry->symbol);
}
