/* names.h: demangled names, read into the parts that a user's target is compared with.
 *
 * Owns the reading of text; knows neither symbols nor patterns. What it cannot read it refuses: a name that is not
 * plainly that of a function (a thunk, a witness, metadata, a closure) has no parts. Neighbours: match uses it. */
#ifndef GR_NAMES_H
#define GR_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum {
    GR_NAME_PATH_MAX = 2048,  /* bytes of "Order.price" or "ns::Klass::run", with the final zero */
    GR_NAME_MODULE_MAX = 256, /* bytes of a Swift module's name, with the final zero */
};

/* Skips a bracketed group: `at` is at ( [ { or <; returns the byte after its partner, or null when there is none.
 * Inside < > an arrow's > does not count and other groups are skipped whole. */
const char *gr_skip_group(const char *at);

/* A Swift function's name. */
struct gr_swift_name {
    char module[GR_NAME_MODULE_MAX];      /* where it is defined: the extension's module for an extension */
    char type_module[GR_NAME_MODULE_MAX]; /* the extended type's module; otherwise the same as `module` */
    char path[GR_NAME_PATH_MAX];          /* "Order.price", "Order.total.getter", "Order.init": no generics */
    char labels[GR_NAME_PATH_MAX];        /* "(_:of:)"; "" when the name has no parameter list */
    size_t accessor;                      /* where ".getter" and its like begin in `path`; 0 when it has none */
    bool clone;                           /* a specialisation, or a merged function */
    bool part;                            /* a piece of an async function, not its entry */
    bool async;
    bool throws;
};

/* Reads what swift_demangle gave. False when it is not a function that a user would name. */
bool gr_swift_name_read(const char *text, struct gr_swift_name *name);

/* Writes the labels of a parameter list that begins at `at` ("(_: Swift.Int, of: Swift.String)" or "(_:of:)") as
 * "(_:of:)". False when it is not one, or does not fit. */
bool gr_swift_labels(const char *at, char *labels, size_t size);

/* A C++ function's name. Spaces are left out; the brackets of operator() and of anonymous namespaces become braces,
 * so that a glob which stops at a parameter list does not stop at those. */
struct gr_cxx_name {
    char path[GR_NAME_PATH_MAX];       /* "ns::Klass::run", with template arguments if they were asked for */
    char parameters[GR_NAME_PATH_MAX]; /* "(int,charconst*)const"; "" when there is no parameter list */
    bool templates;                    /* template arguments were seen */
};

/* Reads what __cxa_demangle gave, or a user's C++ name. False when it is not a function's name, or too long. */
bool gr_cxx_name_read(const char *text, bool keep_templates, struct gr_cxx_name *name);

#endif
