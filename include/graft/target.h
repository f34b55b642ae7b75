/* target.h: how a caller names functions.
 *
 *   libpq.so.5:PQexec          C: the image by soname or file name, then a symbol; "SSL_write@@OPENSSL_3.0.0" with a version
 *   :main   *:SSL_write        the executable; any image
 *   libfoo.so:ns::Klass::run   C++: the demangled name, parameters optional
 *   Shop:Order.price(_:of:)    Swift: module, then the demangled name, argument labels optional
 *   pkg.module:Klass.method    the same shape; dots before the colon are part of the module's name
 *   build-id:<hex>+0x1234      one address in the image with this build-id, for stripped programs
 *
 * The part before the colon names an image if an image of that name is loaded (soname, file name or path), or if it is
 * empty, "*", or looks like a file name (contains ".so" or "/"); otherwise it is a Swift module. A word may be both: the
 * program Shop and its module Shop. Of "pkg.module" the last part, or an earlier one followed by types, is the module:
 * symbols do not record packages. In an image, a Swift name may begin with its module; "*" demands it.
 *
 * `*` and `?` in the part after the colon are globs, bounded by GRAFT_TARGET_MATCHES_MAX; a glob never spans the
 * parameter list. An exact linker name comes before demangled ones; without a version the default version is meant.
 * A Swift property stands for its accessors ("Order.total" for "Order.total.getter" and the others), `init` and
 * `deinit` for what allocates and frees around them.
 *
 * Compiler-made clones of a function (GCC's .constprop.N, .isra.N, .part.N, LLVM's .llvm.N, Swift's specialisations
 * and merged functions) are matched together with the function that they were made from. Pieces of functions (.cold,
 * the parts of async functions) are not: nobody calls them by that name.
 *
 * What an image only imports is not a function of its own: ":getpid" stays pending, "libc.so.6:getpid" or "*:getpid" is
 * what is meant.
 *
 * An indirect function (memcpy) stands for the implementation that it chose in this process, as the loader has written it
 * into some image's table; its resolver is never called. Where nobody imports it, it is refused (GRAFT_IFUNC). */
#ifndef GRAFT_TARGET_H
#define GRAFT_TARGET_H

#include <graft/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GRAFT_TARGET_MAX = 1024,          /* bytes in a target's text, without the final zero */
    GRAFT_TARGET_MATCHES_MAX = 65536, /* entry points that one target may match */
};

/* Checks a target's grammar without looking at any image. On GRAFT_TARGET_* failures, `*offset` (when not null) is the
 * byte at which reading failed. Any thread; not signal-safe. */
enum graft_status graft_target_check(const char *target, size_t *offset);

/* What is known of one function entry in one image. All strings are owned by the library and live as long as the
 * object (snapshot, hit, explanation) that carried this struct; none is null. */
struct graft_entry_point {
    uint64_t address;     /* where it is in this process; 0 when explained from a file */
    uint64_t offset;      /* virtual address in the image's file (address minus load bias) */
    uint64_t size;        /* bytes, from the symbol or the unwind table; 0 when unknown */
    const char *image;    /* path of the image */
    const char *build_id; /* lower-case hexadecimal, "" when the image has none */
    const char *symbol;   /* linker name, "" for a stripped address */
    const char *name;     /* demangled name, or the same as `symbol` */
    uint32_t aliases;     /* further symbols at the same address (aliases, identical code folding) */
    uint32_t flags;       /* GRAFT_ENTRY_* */
};

enum {
    GRAFT_ENTRY_HAS_UNWIND = 1u << 0,  /* the image has unwind information for it */
    GRAFT_ENTRY_ABI_CALLERS = 1u << 1, /* built by a compiler whose callers assume no more than the ABI */
    GRAFT_ENTRY_SWIFT = 1u << 2,       /* a Swift symbol */
    GRAFT_ENTRY_ASYNC = 1u << 3,       /* a Swift async function or a part of one */
    GRAFT_ENTRY_CLONE = 1u << 4,       /* a compiler-made clone of the named function */
    GRAFT_ENTRY_IFUNC = 1u << 5,       /* an indirect function: the address is its resolver's */
    GRAFT_ENTRY_COMPLETES = 1u << 6,   /* certainly an async function's entry: its LEAVE is its completion */
    GRAFT_ENTRY_THROWS = 1u << 7,      /* a Swift function that can throw */
    GRAFT_ENTRY_YIELDS = 1u << 8,      /* a Swift modify or read accessor: its LEAVE is the end of the access */
    GRAFT_ENTRY_CHOSEN = 1u << 9,      /* what the indirect function `name` chose in this process; `symbol` is its own,
                                          or the same where the file does not name it */
};

/* A canonical identifier survives address randomisation, renaming of the file and repeated updates:
 * build-id, offset and symbol, "b1946ac9+0x1234:PQexec". Writes at most `size` bytes with the final zero and returns
 * the length that the whole text has (as snprintf does). Any thread; async-signal-safe. */
size_t graft_entry_point_identifier(const struct graft_entry_point *entry, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
