/* target_text.h: a target's text, read into a value.
 *
 * Owns the grammar of target.h and nothing else: no image, symbol or file is looked at. Neighbours: match reads the
 * name part, resolve the part that says where. */
#ifndef GR_TARGET_TEXT_H
#define GR_TARGET_TEXT_H

#include <graft/target.h>

enum {
    GR_BUILD_ID_PREFIX_MIN = 8, /* hexadecimal digits that a target must give of a build-id */
    GR_BUILD_ID_MAX = 64,       /* bytes of a build-id that we keep (SHA-1 has 20) */
};

/* Where a target looks. */
enum gr_target_kind {
    GR_TARGET_EXECUTABLE, /* ":name" */
    GR_TARGET_ANY,        /* "*:name" */
    GR_TARGET_FILE,       /* a file name or path: contains ".so" or "/" */
    GR_TARGET_WORD,       /* a Swift module, or the name of an image that is loaded */
    GR_TARGET_BUILD_ID,   /* "build-id:hex+0xoffset" */
};

/* A target. The pointers point into `text`, so the value stays where it was read. */
struct gr_target {
    enum gr_target_kind kind;
    const char *qualifier; /* the part before the colon, or the digits of the build-id in lower case */
    const char *name;      /* the part after the colon, without a version; "" in the build-id form */
    const char *version;   /* symbol version; null when none was given */
    bool default_version;  /* "@@": only if that version is the default one */
    uint64_t offset;       /* in the build-id form */
    char text[GRAFT_TARGET_MAX + 1];
};

/* Reads a target. On failure `*value` is spoilt, and for GRAFT_TARGET_* `*offset` (when not null) is the byte at which
 * reading stopped. */
enum graft_status gr_target_read(const char *target, struct gr_target *value, size_t *offset);

/* Reads what explain calls a pattern: a target whose image, if it names one, is the file at hand and so GR_TARGET_FILE,
 * or a bare name ("Order.*", "ns::f"), of that kind too. */
enum graft_status gr_target_read_pattern(const char *pattern, struct gr_target *value);

#endif
