/* around.h: typed around-probes: a handler in the place of a function, with its arguments and its result.
 *
 * A probe of mode GRAFT_MODE_AROUND has a signature and a handler. Each call of the function calls the handler instead,
 * with the arguments as the signature says; it may change them, call the original any number of times or not at all,
 * and set the result, which is zero until the original has been called.
 *
 * A signature is the type of the result and the types of the arguments: "i32(ptr,u64,f64)", "void()",
 * "{i64,f64}(cstr,{f32,{u8,u8}})". Types: void (result only) bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 ptr cstr, and
 * structs, passed by value, as their members in braces, with the padding that C gives them. `this` of a C++ member
 * function is a ptr, the first argument; what C++ passes by invisible reference (classes with a destructor) is a ptr.
 * Arguments behind the `...` of a variadic function are named as any other: "i32(cstr,i32,u32)" for open; `...` itself
 * is refused, for nobody could know what is there. Not expressible: long double, complex numbers, vectors, 128-bit
 * integers, unions, bit-fields, packed and over-aligned structs.
 *
 * A signature that the image's debug information contradicts is refused (GRAFT_SIGNATURE_MISMATCH), as are functions
 * whose convention is not C's: Swift's, and clones that a compiler made (.isra, .constprop, .part). Without debug
 * information the signature is believed: a wrong one passes wrong arguments. One function has one around-probe at most
 * (GRAFT_AROUND_TAKEN); any other probes on it see the calls that the program makes and the results that it gets. */
#ifndef GRAFT_AROUND_H
#define GRAFT_AROUND_H

#include <graft/status.h>
#include <graft/target.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GRAFT_SIGNATURE_MAX = 511, /* bytes of a signature's text */
    GRAFT_ARGUMENTS_MAX = 32,  /* arguments of a signature */
    GRAFT_NESTING_MAX = 4,     /* structs in structs: {{{{i8}}}} */
    GRAFT_STRUCT_MAX = 256,    /* bytes of a struct, padding included */
    GRAFT_SIGNATURES_MAX = 16, /* different signatures that one function may have had, over time */
};

/* Whether the text is a signature. GRAFT_OK, GRAFT_SIGNATURE_SYNTAX, GRAFT_SIGNATURE_LIMIT (one of the limits above),
 * GRAFT_INVALID_ARGUMENT (null). `*offset`, which may be null, is the byte at which reading failed. Any thread. */
enum graft_status graft_signature_check(const char *signature, size_t *offset);

/* One call of a function with an around-probe. Valid during the call of the handler, on its thread. */
struct graft_around;

/* Called in the place of the function. While it runs, calls that it makes itself to instrumented functions are not
 * reported and reach no around-probe; those that the original makes, during graft_around_original, are the program's and
 * are. It must not throw, longjmp or exit the thread; the original may: then the handler is left as well, and what it
 * holds is not cleaned up. errno is the program's: see graft_around_set_errno. */
typedef void (*graft_around_handler)(struct graft_around *call, void *context);

/* Called once when the library needs `context` no more: the probe has been removed, and the last call that had begun has
 * left its handler; that may be long after the removal's outcome, for an original may block for ever. Calls that were
 * left by an exception or a longjmp count as not finished: then it is never called. On the library's own thread, or
 * inside graft_stop; must not wait for the library. */
typedef void (*graft_around_release)(void *context);

/* How many arguments the signature has. Handler only, as all that follow. */
unsigned graft_around_argument_count(const struct graft_around *call);
/* The bytes of argument `index` (0-based), as the signature's type, which may be changed; `*size`, which may be null, is
 * how many. Null when there is no such argument. */
void *graft_around_argument(const struct graft_around *call, unsigned index, size_t *size);
/* The bytes of the result, which may be changed: zero until the original has been called, then what it returned last.
 * Null for void. `*size` may be null. */
void *graft_around_result(const struct graft_around *call, size_t *size);
/* Calls the original with the arguments as they are now. Any number of times; may block, for ever too. */
void graft_around_original(struct graft_around *call);
/* Which function. */
const struct graft_entry_point *graft_around_entry(const struct graft_around *call);
/* The program's errno: as it was at the call, or as the original left it. What the handler itself does to errno is
 * undone; what it sets here is what the caller sees. */
int graft_around_errno(const struct graft_around *call);
void graft_around_set_errno(struct graft_around *call, int number);
/* Sleeps, so that no removal has to wait for it, as it would for a handler that sleeps by itself. */
void graft_around_delay(struct graft_around *call, uint32_t milliseconds);

#ifdef __cplusplus
}
#endif
#endif
