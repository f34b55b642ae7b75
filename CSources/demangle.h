/* demangle.h: mangled C++ and Swift names made readable.
 *
 * The runtimes' own demanglers do the work: __cxa_demangle of the C++ runtime, and swift_demangle of the process's
 * Swift runtime, or the one that was handed in; gr_swift_mangled_read reads the plain cases where there is none.
 * Control plane only; one thread at a time, except gr_demangle_use_swift. */
#ifndef GR_DEMANGLE_H
#define GR_DEMANGLE_H

#include "match.h"

enum {
    GR_MANGLED_MAX = 16384, /* bytes of a mangled name that we hand to a demangler */
};

/* The type of swift_demangle, whose signature the Swift runtime keeps stable. */
typedef char *(*gr_swift_demangler)(
    const char *mangled, size_t mangled_size, char *buffer, size_t *buffer_size, uint32_t flags);

/* Hands in a Swift demangler that the dynamic loader cannot find: one that is linked statically, with hidden symbols.
 * It must stay loaded. The first one wins. Any thread. */
void gr_demangle_use_swift(gr_swift_demangler function);

/* Whether a Swift demangler is at hand: handed in, or exported by a library of this process (which is then kept
 * loaded). */
bool gr_demangle_knows_swift(void);

/* Text that a demangler wrote; begins as {NULL, 0}; released by gr_demangled_release. */
struct gr_demangled {
    char *text; /* malloc'd */
    size_t capacity;
};

/* Demangles the first `symbol->base` bytes. False when it cannot be done: not mangled, unreadable, too long, no
 * demangler. */
bool gr_demangle(const struct gr_symbol *symbol, struct gr_demangled *demangled);
void gr_demangled_release(struct gr_demangled *demangled);

/* The reader of last resort: writes "Module.Type.method(label:)" for plain functions, initialisers and accessors.
 * False for every name with a part that it does not know for certain. */
bool gr_swift_mangled_read(const char *mangled, size_t mangled_size, char *text, size_t size);

#endif
