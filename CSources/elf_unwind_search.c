/* elf_unwind_search.c: the unwind range at one address, by the search table that the linker has made (.eh_frame_hdr).
 *
 * For a file of which only a few functions are asked for: reading and sorting all its ranges would take milliseconds.
 * Where there is no table, or one of a kind that linkers do not write, all ranges are read. A damaged table leads at
 * worst to a range that does not cover the address, which is then none. Neighbours: elf_unwind (all ranges), elf_cfi (one record). */
#include "elf_internal.h"

enum {
    VERSION = 1,
    COUNT_ENCODING = 0x03, /* unsigned, 4 bytes */
    TABLE_ENCODING = 0x3b, /* signed, 4 bytes, relative to the header */
    ENTRY_SIZE = 8,
    LENGTH_SIZE = 4,
};

/* The table: pairs of where a range starts and where its FDE is, sorted. */
struct search_table {
    struct gr_elf_bytes header;
    uint64_t at, count; /* the first pair's offset in the header, and how many there are */
};

static bool read_table(const struct gr_elf *elf, struct search_table *table) {
    Elf64_Phdr segment = {.p_type = PT_NULL};
    for (size_t i = 0; segment.p_type != PT_GNU_EH_FRAME; i++)
        if (!gr_elf_program_header(&elf->file, i, &segment))
            return false;
    struct gr_elf_reader reader = {.bytes = gr_elf_loaded(elf, segment.p_vaddr)};
    uint64_t version = gr_elf_read(&reader, 1);
    uint8_t frames = (uint8_t)gr_elf_read(&reader, 1);
    uint64_t count = gr_elf_read(&reader, 1), pairs = gr_elf_read(&reader, 1);
    gr_elf_read_address(&reader, frames);
    if (reader.bad || version != VERSION || count != COUNT_ENCODING || pairs != TABLE_ENCODING)
        return false;
    table->count = gr_elf_read(&reader, 4);
    table->header = reader.bytes;
    table->at = reader.at;
    return !reader.bad && table->count <= (reader.bytes.size - reader.at) / ENTRY_SIZE;
}

/* The address in a pair: its first or second half. */
static uint64_t address_in(const struct search_table *table, uint64_t pair, uint64_t half) {
    struct gr_elf_reader reader = {
        .bytes = table->header, .at = table->at + pair * ENTRY_SIZE + half * (ENTRY_SIZE / 2)};
    return table->header.address + (uint64_t)(int64_t)(int32_t)(uint32_t)gr_elf_read(&reader, ENTRY_SIZE / 2);
}

/* How many pairs start at or below the address. */
static uint64_t pairs_up_to(const struct search_table *table, uint64_t address) {
    uint64_t low = 0, high = table->count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (address_in(table, middle, 0) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The range of the FDE at an address. */
static bool read_range(const struct gr_elf *elf, uint64_t address, struct gr_elf_range *range) {
    bool ends_at_zero;
    struct gr_elf_bytes frames = gr_elf_frames(elf, &ends_at_zero);
    struct gr_elf_reader reader = {.bytes = frames, .at = address - frames.address};
    struct gr_elf_cie cie = {.at = UINT64_MAX, .encoding = GR_ELF_ENCODING_OMIT};
    if (reader.at >= frames.size)
        return false;
    uint64_t length = gr_elf_read(&reader, LENGTH_SIZE);
    if (reader.bad || length == GR_ELF_WIDE || length > frames.size - reader.at)
        return false;
    reader.bytes.size = reader.at + length;
    return gr_elf_read_fde(frames, &reader, &cie, range) && gr_elf_executable(elf, range->start).size >= range->size;
}

bool gr_elf_unwind_at(struct gr_elf *elf, uint64_t address, uint64_t *start, uint64_t *size) {
    struct search_table table;
    struct gr_elf_range range;
    if (elf->ranges_read || !read_table(elf, &table))
        return gr_elf_unwind_range(elf, address, start, size);
    uint64_t pairs = pairs_up_to(&table, address);
    if (pairs == 0 || !read_range(elf, address_in(&table, pairs - 1, 1), &range) || address - range.start >= range.size)
        return false;
    *start = range.start;
    *size = range.size;
    return true;
}
