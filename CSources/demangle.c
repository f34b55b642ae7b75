/* demangle.c: finds the runtimes' demanglers and calls them.
 *
 * Owns two function pointers. They are looked up when first needed, not linked: a C program has neither runtime, and
 * must not get one forced on it at start. Neighbours: demangle.h. */
#include "demangle.h"

#include "compiler.h"
#include "loader.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 1024 };

/* Where a static Swift runtime is linked together with this library (the preload agent), its demangler is here. */
extern char *swift_demangle(
    const char *mangled, size_t length, char *buffer, size_t *buffer_size, uint32_t flags) GR_WEAK;

typedef char *(*cxx_demangler)(const char *mangled, char *buffer, size_t *buffer_size, int *status);

/* Written by gr_demangle_use_swift from any thread, by release; read by acquire in gr_demangle_knows_swift. */
static _Atomic(gr_swift_demangler) swift_demangler;
/* Control plane only. */
static cxx_demangler cxx;
static bool cxx_sought;
static bool swift_sought;
static uint64_t swift_sought_adds; /* images that had been loaded by then */

/* Raises the reference count of the library that a function is in, so that the pointer cannot outlive it. */
static void keep_loaded(void *function) {
    Dl_info where;
    if (dladdr(function, &where) != 0 && where.dli_fname != NULL)
        (void)dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
}

/* In the global scope, or else in a library that was loaded without being made global. */
static void *find(const char *name, const char *library, int flags) {
    void *function = dlsym(RTLD_DEFAULT, name);
    if (function == NULL) {
        void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL | flags);
        return handle == NULL ? NULL : dlsym(handle, name);
    }
    keep_loaded(function);
    return function;
}

void gr_demangle_use_swift(gr_swift_demangler function) {
    gr_swift_demangler none = NULL;
    /* pairs with the acquire in gr_demangle_knows_swift */
    atomic_compare_exchange_strong_explicit(
        &swift_demangler, &none, function, memory_order_release, memory_order_relaxed);
}

static gr_swift_demangler known_swift(void) {
    /* pairs with the release in gr_demangle_use_swift */
    return atomic_load_explicit(&swift_demangler, memory_order_acquire);
}

/* Never loads the runtime: a process without it has no use for one. The program may load it later, so the search is
 * repeated when images were loaded since. */
static void seek_swift(void) {
    uint64_t adds, subs;
    gr_loader_counters(&adds, &subs);
    if (swift_sought && adds == swift_sought_adds)
        return;
    void *found = find("swift_demangle", "libswiftCore.so", RTLD_NOLOAD);
    gr_swift_demangler function;
    _Static_assert(sizeof function == sizeof found, "a function pointer fits a data pointer, as dlsym requires");
    memcpy(&function, &found, sizeof function);
    gr_demangle_use_swift(function != NULL ? function : swift_demangle);
    swift_sought = true;
    swift_sought_adds = adds;
}

bool gr_demangle_knows_swift(void) {
    if (known_swift() == NULL)
        seek_swift();
    return known_swift() != NULL;
}

/* A C program may hold C++ code (a plug-in, a static library) while its loader's scope shows no C++ runtime. Then the
 * system's is loaded: that costs a few pages, once, on the control plane, and only when such a name must be read. */
static cxx_demangler find_cxx(void) {
    if (!cxx_sought) {
        void *found = find("__cxa_demangle", "libstdc++.so.6", 0);
        memcpy(&cxx, &found, sizeof cxx);
        cxx_sought = true;
    }
    return cxx;
}

static bool reserve(struct gr_demangled *demangled, size_t capacity) {
    if (demangled->capacity >= capacity)
        return true;
    char *text = realloc(demangled->text, capacity);
    if (text == NULL)
        return false;
    *demangled = (struct gr_demangled){text, capacity};
    return true;
}

static bool demangle_cxx(const struct gr_symbol *symbol, struct gr_demangled *demangled) {
    cxx_demangler function = find_cxx();
    if (function == NULL || !reserve(demangled, FIRST_CAPACITY))
        return false;
    char *mangled = strndup(symbol->text, symbol->base);
    if (mangled == NULL)
        return false;
    int status = 0;
    size_t capacity = demangled->capacity;
    char *text = function(mangled, demangled->text, &capacity, &status);
    free(mangled);
    if (text == NULL || status != 0)
        return false;
    *demangled = (struct gr_demangled){text, capacity};
    return true;
}

/* The runtime cuts what does not fit and says how long it was. What it cannot read it gives back as it is. */
static bool call_swift(gr_swift_demangler function, const struct gr_symbol *symbol, struct gr_demangled *demangled) {
    size_t needed = demangled->capacity;
    if (function(symbol->text, symbol->base, demangled->text, &needed, 0) == NULL)
        return false;
    if (needed > demangled->capacity) {
        if (!reserve(demangled, needed))
            return false;
        needed = demangled->capacity;
        if (function(symbol->text, symbol->base, demangled->text, &needed, 0) == NULL)
            return false;
    }
    return strncmp(demangled->text, symbol->text, symbol->base) != 0;
}

static bool demangle_swift(const struct gr_symbol *symbol, struct gr_demangled *demangled) {
    if (!reserve(demangled, FIRST_CAPACITY))
        return false;
    if (gr_demangle_knows_swift())
        return call_swift(known_swift(), symbol, demangled);
    return gr_swift_mangled_read(symbol->text, symbol->base, demangled->text, demangled->capacity);
}

bool gr_demangle(const struct gr_symbol *symbol, struct gr_demangled *demangled) {
    if (symbol->base > GR_MANGLED_MAX)
        return false;
    switch (symbol->language) {
    case GR_LANGUAGE_CXX:
        return demangle_cxx(symbol, demangled);
    case GR_LANGUAGE_SWIFT:
        return demangle_swift(symbol, demangled);
    case GR_LANGUAGE_C:
        break;
    }
    return false;
}

void gr_demangled_release(struct gr_demangled *demangled) {
    free(demangled->text);
    *demangled = (struct gr_demangled){NULL, 0};
}
