/* match.h: does this symbol bear the name that a target asks for?
 *
 * Owns globs, the suffixes of compiler-made clones, and the comparison of names; reads no image and calls no
 * demangler. A pattern is prepared once for a target and then asked about many symbols. Neighbours: target_text and
 * names above it, resolve uses it. */
#ifndef GR_MATCH_H
#define GR_MATCH_H

#include "names.h"
#include "target_text.h"

/* Whether `pattern` matches all of `text`: `?` is one byte and `*` any run of bytes, neither ever "(". Takes at most
 * pattern_size * text_size steps, whatever they hold. */
bool gr_glob(const char *pattern, size_t pattern_size, const char *text, size_t text_size);

/* The language whose mangling a linker name shows. */
enum gr_language { GR_LANGUAGE_C, GR_LANGUAGE_CXX, GR_LANGUAGE_SWIFT };

/* A linker name, cut in front of what a compiler appended to it (".constprop.0.cold"). */
struct gr_symbol {
    const char *text; /* the whole name */
    size_t size;      /* bytes of the whole name, without "@VERSION" */
    size_t base;      /* bytes before the suffixes */
    enum gr_language language;
    bool clone; /* .constprop, .isra, .part, .llvm, ...: another version of the whole function */
    bool part;  /* .resume, .destroy, ...: a piece, entered by nobody who calls the function */
    bool cold;  /* .cold: a piece that is jumped to; never an entry point */
};

void gr_symbol_read(const char *text, struct gr_symbol *symbol);

/* Which module a Swift function must be of. */
enum gr_module_rule {
    GR_MODULE_NAMED,    /* the target's qualifier is the module */
    GR_MODULE_SPELT,    /* the name begins with the module */
    GR_MODULE_OPTIONAL, /* the name may begin with the module */
};

enum {
    GR_QUALIFIER_DOTS_MAX = 8, /* dots of a qualifier that may be where a module's name begins */
};

/* Bytes that occur in the linker name of whatever matches; size 0 when nothing is certain to. */
struct gr_needle {
    const char *text;
    size_t size;
};

/* Which groups of three bytes a text holds, each as one of 128 bits. What holds a needle has all of its bits. */
struct gr_signature {
    uint64_t bits[2];
};

struct gr_signature gr_signature_of(const char *text, size_t size);
/* False only when `whole` cannot hold what `part` is the signature of. Inline: asked of every name of every image. */
static inline bool gr_signature_covers(const struct gr_signature *whole, const struct gr_signature *part) {
    return ((part->bits[0] & ~whole->bits[0]) | (part->bits[1] & ~whole->bits[1])) == 0;
}

/* A target's name part, ready to be compared. Prepared by gr_pattern_prepare; points into the target. */
struct gr_pattern {
    /* for linker names */
    const struct gr_target *target;
    size_t name_size;
    bool glob; /* the name, without its parameter list, has a * or ? */
    struct gr_signature linker_signature;
    struct gr_needle module_needle; /* of an image that a module may have pieces in */
    /* for demangled names */
    bool complete; /* what follows has been filled in */
    bool cxx_readable;
    struct gr_cxx_name cxx;        /* the name read as C++ */
    size_t swift_size;             /* bytes of the name that are a Swift path: up to the parameter list */
    char labels[GR_NAME_PATH_MAX]; /* "" when the target leaves them out */
    bool swift_readable;
    char dotted[2 * (GRAFT_TARGET_MAX + 1)]; /* "pkg.module.Class.method" */
    size_t starts[GR_QUALIFIER_DOTS_MAX];    /* where in `dotted` the module may begin */
    size_t start_count;
    struct gr_needle swift_needle, cxx_needle;
    struct gr_signature swift_signature, module_signature, cxx_signature;
};

void gr_pattern_prepare(const struct gr_target *target, struct gr_pattern *pattern);
/* The same in two steps. After the first, linker names can be compared and nothing else: of thousands of targets, most
 * need no more. */
void gr_pattern_begin(const struct gr_target *target, struct gr_pattern *pattern);
void gr_pattern_complete(struct gr_pattern *pattern);

/* Fill in the needles, and then the signatures that a linker name must cover to match. Called by gr_pattern_prepare. */
void gr_pattern_needles(struct gr_pattern *pattern);
/* That of the module, which most images are asked for and for nothing else: called by gr_pattern_begin. */
void gr_pattern_module_needle(struct gr_pattern *pattern);
void gr_pattern_signatures(struct gr_pattern *pattern);
struct gr_signature gr_pattern_linker_signature(const struct gr_pattern *pattern);

/* False only when the symbol's demangled name cannot match: saves demangling it. `named`: only GR_MODULE_NAMED counts
 * for Swift. */
bool gr_pattern_could_match(const struct gr_pattern *pattern, const struct gr_symbol *symbol, bool named);

/* Compares a linker name: C symbols, and mangled ones spelt out. */
bool gr_pattern_matches_linker_name(const struct gr_pattern *pattern, const struct gr_symbol *symbol);

/* Compares a demangled C++ name. */
bool gr_pattern_matches_cxx(const struct gr_pattern *pattern, const char *demangled);

/* Compares a Swift name that has been read. */
bool gr_pattern_matches_swift(
    const struct gr_pattern *pattern, enum gr_module_rule rule, const struct gr_swift_name *name);

#endif
