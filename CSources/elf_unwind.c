/* elf_unwind.c: the unwind ranges (FDEs) of an image, read once from .eh_frame into a sorted array.
 *
 * Walks the records in the order of the file. It does not use the search table of .eh_frame_hdr but to find .eh_frame in
 * an image without section headers: the table may be missing, and what it adds, the order, costs one sort. Who asks for
 * one address only uses it (elf_unwind_search).
 * A record that cannot be read is left out; a length that leads outside ends the walk. Neighbours: elf, elf_file,
 * elf_cfi (one record), log. */
#include "elf_internal.h"
#include "log.h"
#include <stdlib.h>

enum { FIRST_CAPACITY = 1024 /* ranges */ };

static bool keep_range(struct gr_elf *elf, struct gr_elf_range range, size_t *capacity) {
    if (elf->range_count == *capacity) {
        size_t wanted = *capacity != 0 ? 2 * *capacity : FIRST_CAPACITY;
        wanted = wanted < elf->limits.functions ? wanted : elf->limits.functions;
        struct gr_elf_range *grown = realloc(elf->ranges, wanted * sizeof *grown);
        if (grown == NULL)
            return false;
        elf->ranges = grown;
        *capacity = wanted;
    }
    elf->ranges[elf->range_count++] = range;
    return true;
}

/* Keeps what covers code of this image: linkers leave FDEs of discarded functions behind, at address 0. */
static bool covers_code(const struct gr_elf *elf, struct gr_elf_range range) {
    return range.size > 0 && gr_elf_executable(elf, range.start).size >= range.size;
}

/* GRAFT_NO_MEMORY leaves what was kept so far to the caller. */
static enum graft_status read_frames(struct gr_elf *elf, struct gr_elf_bytes frames, bool ends_at_zero) {
    struct gr_elf_cie cie = {.at = UINT64_MAX, .encoding = GR_ELF_ENCODING_OMIT};
    size_t capacity = 0;
    struct gr_elf_reader walk = {.bytes = frames};
    while (frames.size - walk.at >= 4) {
        uint64_t length = gr_elf_read(&walk, 4);
        if (length == GR_ELF_WIDE)
            length = gr_elf_read(&walk, 8);
        if (walk.bad || length > frames.size - walk.at || (length == 0 && ends_at_zero))
            break;
        struct gr_elf_bytes record = {.at = frames.at, .size = walk.at + length, .address = frames.address};
        struct gr_elf_reader reader = {.bytes = record, .at = walk.at};
        struct gr_elf_range range;
        walk.at += length;
        if (!gr_elf_read_fde(frames, &reader, &cie, &range) || !covers_code(elf, range))
            continue;
        if (elf->range_count == elf->limits.functions) {
            gr_log("elf: %s: more than %zu unwind ranges; the rest is ignored", elf->path, elf->range_count);
            break;
        }
        if (!keep_range(elf, range, &capacity))
            return GRAFT_NO_MEMORY;
    }
    return GRAFT_OK;
}

struct gr_elf_bytes gr_elf_frames(const struct gr_elf *elf, bool *ends_at_zero) {
    struct gr_elf_bytes frames = {0};
    *ends_at_zero = !gr_elf_section_named(&elf->file, ".eh_frame", NULL, &frames);
    Elf64_Phdr header;
    for (size_t i = 0; frames.at == NULL && gr_elf_program_header(&elf->file, i, &header); i++) {
        if (header.p_type != PT_GNU_EH_FRAME)
            continue;
        struct gr_elf_reader reader = {.bytes = gr_elf_loaded(elf, header.p_vaddr)};
        uint64_t version = gr_elf_read(&reader, 1);
        uint8_t encoding = (uint8_t)gr_elf_read(&reader, 1);
        gr_elf_read(&reader, 2); /* encodings of the count and of the table */
        uint64_t address = gr_elf_read_address(&reader, encoding);
        if (!reader.bad && version == 1)
            frames = gr_elf_loaded(elf, address);
    }
    return frames;
}

/* By start, and then the longest last, where gr_elf_unwind_range finds it. */
static int compare_ranges(const void *left, const void *right) {
    const struct gr_elf_range *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return (a->size > b->size) - (a->size < b->size);
}

enum graft_status gr_elf_ranges(struct gr_elf *elf, const struct gr_elf_range **ranges, size_t *count) {
    if (!elf->ranges_read) {
        bool ends_at_zero;
        struct gr_elf_bytes frames = gr_elf_frames(elf, &ends_at_zero);
        enum graft_status status = read_frames(elf, frames, ends_at_zero);
        if (status != GRAFT_OK) {
            free(elf->ranges);
            elf->ranges = NULL;
            elf->range_count = 0;
            return status;
        }
        if (elf->range_count > 0)
            qsort(elf->ranges, elf->range_count, sizeof *elf->ranges, compare_ranges);
        elf->ranges_read = true;
    }
    *ranges = elf->ranges;
    *count = elf->range_count;
    return GRAFT_OK;
}

bool gr_elf_unwind_range(struct gr_elf *elf, uint64_t address, uint64_t *start, uint64_t *size) {
    const struct gr_elf_range *ranges;
    size_t low = 0, high;
    if (gr_elf_ranges(elf, &ranges, &high) != GRAFT_OK)
        return false;
    while (low < high) { /* the ranges before `low` start at or below the address, those from `high` on above it */
        size_t middle = low + (high - low) / 2;
        if (ranges[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address - ranges[low - 1].start >= ranges[low - 1].size)
        return false;
    *start = ranges[low - 1].start;
    *size = ranges[low - 1].size;
    return true;
}
