/* unwind_table.c: from an address to the .eh_frame_hdr of its image.
 *
 * Only numbers leave the loader's lock, so an image may be unloaded at any time after: reads of it then fail.
 * Neighbours: unwind_memory.h. */
#include "unwind_table.h"

#include <link.h>

/* The header of .eh_frame_hdr as every linker writes it: 4-byte fields, a table relative to the header itself. */
struct header {
    uint8_t version, frame_encoding, count_encoding, table_encoding;
    uint32_t frame, count;
};
enum {
    HEADER_VERSION = 1,
    ENCODING_SIZE_MASK = 0x07, /* of DW_EH_PE_*: the width of the value */
    ENCODING_4_BYTES = 0x03,   /* DW_EH_PE_udata4 and, with its sign bit, sdata4 */
    COUNT_ENCODING = 0x03,     /* DW_EH_PE_udata4 */
    TABLE_ENCODING = 0x3b,     /* DW_EH_PE_datarel | DW_EH_PE_sdata4 */
    PAIR_SIZE = 8
};

/* What is asked of the loader, and its answer. */
struct search {
    uint64_t address;
    uint64_t start, end;   /* of the image: all its segments */
    uint64_t header, size; /* of .eh_frame_hdr; size 0: none */
};

/* Called by the loader for each image, under its lock: copies numbers, nothing more. */
static int look_at(struct dl_phdr_info *image, size_t unused, void *context) {
    (void)unused;
    struct search *search = context;
    struct search found = {.address = search->address, .start = UINT64_MAX};
    bool contains = false;
    for (size_t i = 0; i < image->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &image->dlpi_phdr[i];
        uint64_t start = image->dlpi_addr + segment->p_vaddr, end = start + segment->p_memsz;
        if (segment->p_type == PT_GNU_EH_FRAME) {
            found.header = start;
            found.size = segment->p_memsz;
        } else if (segment->p_type == PT_LOAD) {
            contains = contains || (search->address >= start && search->address < end && (segment->p_flags & PF_X));
            found.start = start < found.start ? start : found.start;
            found.end = end > found.end ? end : found.end;
        }
    }
    if (contains) {
        *search = found;
    }
    return contains;
}

bool gr_unwind_table_find(struct gr_unwind_memory *memory, uint64_t address, struct gr_unwind_table *table) {
    struct search search = {.address = address};
    if (!dl_iterate_phdr(look_at, &search) || search.size < sizeof(struct header)) {
        return false;
    }
    memory->image_start = search.start;
    memory->image_end = search.end;
    struct header header;
    if (!gr_unwind_read(memory, search.header, &header, sizeof header) || header.version != HEADER_VERSION ||
        (header.frame_encoding & ENCODING_SIZE_MASK) != ENCODING_4_BYTES || header.count_encoding != COUNT_ENCODING ||
        header.table_encoding != TABLE_ENCODING || header.count > (search.size - sizeof header) / PAIR_SIZE) {
        return false;
    }
    *table = (struct gr_unwind_table){
        .base = search.header, .entries = search.header + sizeof header, .count = header.count};
    return true;
}
