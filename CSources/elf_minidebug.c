/* elf_minidebug.c: unpacks .gnu_debugdata (MiniDebugInfo): an xz-compressed ELF file with a static symbol table.
 *
 * Neither what it unpacks to nor what the decoder needs may exceed the limit, whatever the data claims. Nothing that is
 * unpacked is looked into for a further .gnu_debugdata. Neighbours: elf_file, log. */
#include "elf_internal.h"
#include "log.h"
#include <lzma.h>
#include <stdlib.h>

enum { FIRST_BYTES = 1 << 16 };

/* Doubles the output, up to `limit` bytes. */
static bool grow(lzma_stream *stream, uint8_t **bytes, size_t *capacity, size_t limit) {
    size_t wanted = *capacity != 0 ? 2 * *capacity : FIRST_BYTES, done = stream->total_out;
    wanted = wanted < limit ? wanted : limit;
    uint8_t *grown = wanted > *capacity ? realloc(*bytes, wanted) : NULL;
    if (grown == NULL)
        return false;
    *bytes = grown;
    *capacity = wanted;
    stream->next_out = grown + done;
    stream->avail_out = wanted - done;
    return true;
}

/* Null when the data is damaged or exceeds the limit. */
static uint8_t *unpack(struct gr_elf_bytes packed, size_t limit, size_t *size) {
    lzma_stream stream = LZMA_STREAM_INIT;
    uint8_t *bytes = NULL;
    size_t capacity = 0;
    lzma_ret result = lzma_stream_decoder(&stream, limit, 0);
    stream.next_in = packed.at;
    stream.avail_in = packed.size;
    while (result == LZMA_OK) {
        if (stream.avail_out == 0 && !grow(&stream, &bytes, &capacity, limit))
            break;
        result = lzma_code(&stream, LZMA_FINISH);
    }
    *size = stream.total_out;
    lzma_end(&stream);
    if (result == LZMA_STREAM_END)
        return bytes;
    free(bytes);
    return NULL;
}

const struct gr_elf_file *gr_elf_minidebug(struct gr_elf *elf) {
    struct gr_elf_bytes packed;
    if (!elf->minidebug_tried && gr_elf_section_named(&elf->file, ".gnu_debugdata", NULL, &packed)) {
        size_t size;
        uint8_t *bytes = unpack(packed, elf->limits.minidebug, &size);
        if (bytes == NULL || gr_elf_file_adopt(bytes, size, &elf->minidebug) != GRAFT_OK)
            gr_log("elf: %s: .gnu_debugdata cannot be read", elf->path);
    }
    elf->minidebug_tried = true;
    return elf->minidebug.bytes != NULL ? &elf->minidebug : NULL;
}
