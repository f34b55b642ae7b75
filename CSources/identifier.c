/* identifier.c: the canonical identifier of an entry point, "build-id+0xoffset:symbol".
 *
 * Async-signal-safe: no stdio, no allocation. Keeps no state. Neighbours: target.h. */
#include "identifier.h"
#include "compiler.h"

#include <graft/target.h>
#include <string.h>

/* Text that may be longer than its buffer. */
struct writer {
    char *buffer;
    size_t size;   /* of the buffer */
    size_t length; /* of the whole text so far */
};

static void put(struct writer *writer, const char *text, size_t size) {
    size_t room = writer->size > writer->length ? writer->size - writer->length - 1 : 0;
    if (room > 0)
        memcpy(writer->buffer + writer->length, text, size < room ? size : room);
    writer->length += size;
}

static void put_hexadecimal(struct writer *writer, uint64_t number) {
    char digits[16];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number != 0);
    put(writer, digits + at, sizeof digits - at);
}

const char *gr_identifier_file(const struct graft_entry_point *entry) {
    const char *slash = strrchr(entry->image, '/');
    /* without a build-id, the file's name is the best that there is */
    return entry->build_id[0] != 0 ? entry->build_id : slash == NULL ? entry->image : slash + 1;
}

GR_PUBLIC size_t graft_entry_point_identifier(const struct graft_entry_point *entry, char *buffer, size_t size) {
    struct writer writer = {buffer, size, 0};
    const char *file = gr_identifier_file(entry);
    put(&writer, file, strlen(file));
    put(&writer, "+0x", 3);
    put_hexadecimal(&writer, entry->offset);
    if (entry->symbol[0] != 0) {
        put(&writer, ":", 1);
        put(&writer, entry->symbol, strlen(entry->symbol));
    }
    if (size > 0)
        buffer[writer.length < size ? writer.length : size - 1] = 0;
    return writer.length;
}
