/* writer.h: gathers the bytes that one step of a batch changes, and writes those of a page with one system call; and the
 * words that have to change by one store each, for which a page is made writable once.
 *
 * Each byte gets its value once; in which order those of one step are written does not matter (patching.md §3.2). What
 * lies between the changes of a page is read and written back as it is in the same moment: whoever changes program text
 * besides us in those microseconds loses. So a page where little changes is written byte by byte.
 * Control plane only. Neighbours: site, os. */
#ifndef GR_WRITER_H
#define GR_WRITER_H

#include "site.h"

enum {
    GR_WRITER_CHANGES = 512, /* of one page, gathered */
    GR_WRITER_FEW = 4,       /* changes of a page that are written one by one */
    GR_WRITER_WORDS = 64,    /* of one page, gathered */
};

struct gr_change {
    uint64_t address;
    struct gr_site *site;
    uint8_t byte;
};

/* A part of an aligned word. */
struct gr_word {
    uint64_t address;
    struct gr_site *site;
    const uint8_t *to; /* `length` bytes, which stay until the flush */
    unsigned offset, length;
};

/* Begins as all zero but for `text`. */
struct gr_writer {
    int text; /* an open gr_os_text_open */
    size_t count;
    struct gr_site *failed; /* whose byte could not be written */
    struct gr_change changes[GR_WRITER_CHANGES];
    size_t word_count;
    struct gr_word words[GR_WRITER_WORDS];
};

/* Notes a byte. May write those that were noted before, and fail for them. GRAFT_WRITE_DENIED, GRAFT_OS. */
enum graft_status gr_writer_put(struct gr_writer *writer, struct gr_site *site, unsigned offset, uint8_t byte);
/* Notes a part of a word, which is stored at once, so that no processor fetches a part of it. Fails likewise. */
enum graft_status gr_writer_put_word(struct gr_writer *writer, const struct gr_word *word);
/* Writes what was noted, bytes before words. Nothing is noted any more, also after a failure. */
enum graft_status gr_writer_flush(struct gr_writer *writer);

#endif
