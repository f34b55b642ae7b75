/* writer.c: see writer.h. */
#include "writer.h"
#include "os/os.h"

enum { PAGE = 4096 };

/* Changes of neighbouring bytes are one write. */
static enum graft_status write_one_by_one(struct gr_writer *writer) {
    for (size_t at = 0; at < writer->count;) {
        const struct gr_change *first = &writer->changes[at];
        uint8_t bytes[GR_PATCH_SIZE];
        size_t size = 0;
        while (at < writer->count && size < sizeof bytes && writer->changes[at].address == first->address + size)
            bytes[size++] = writer->changes[at++].byte;
        enum graft_status status = gr_os_text_write(writer->text, first->address, bytes, size);
        if (status != GRAFT_OK) {
            writer->failed = first->site;
            return status;
        }
    }
    return GRAFT_OK;
}

/* False when the bytes between cannot be had, or the write fails: then one by one, so that the site at fault is known. */
static bool write_page(struct gr_writer *writer) {
    uint8_t bytes[PAGE];
    uint64_t start = writer->changes[0].address;
    size_t size = (size_t)(writer->changes[writer->count - 1].address + 1 - start);
    if (gr_os_peek(start, bytes, size) != size)
        return false;
    for (size_t i = 0; i < writer->count; i++)
        bytes[writer->changes[i].address - start] = writer->changes[i].byte;
    return gr_os_text_write(writer->text, start, bytes, size) == GRAFT_OK;
}

enum graft_status gr_writer_flush(struct gr_writer *writer) {
    enum graft_status status = GRAFT_OK;
    if (writer->count <= GR_WRITER_FEW || !write_page(writer))
        status = write_one_by_one(writer);
    writer->count = 0;
    return status;
}

/* What was noted is in ascending order and on one page. */
enum graft_status gr_writer_put(struct gr_writer *writer, struct gr_site *site, unsigned offset, uint8_t byte) {
    uint64_t address = site->patch_address + offset;
    enum graft_status status = GRAFT_OK;
    if (writer->count > 0) {
        uint64_t last = writer->changes[writer->count - 1].address;
        if (writer->count == GR_WRITER_CHANGES || address <= last || address / PAGE != last / PAGE)
            status = gr_writer_flush(writer);
    }
    if (status == GRAFT_OK)
        writer->changes[writer->count++] = (struct gr_change){address, site, byte};
    return status;
}
