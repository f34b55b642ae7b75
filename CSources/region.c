/* region.c: where in the address space there is room, from /proc/self/maps. Keeps the program's own growth areas and, for
 * the length of a batch that has met taken memory, what is taken. Neighbours: os. */
#include "codemem.h"
#include "os/os.h"
#include <stdlib.h>
#include <string.h>

enum { MAPS_MAX = 64 << 20 };

static const uint64_t lowest = 0x10000; /* above every vm.mmap_min_addr in use */
static const uint64_t highest = GR_ADDRESS_END;
static const uint64_t heap_growth = UINT64_C(256) << 20; /* left free above the heap */
static const uint64_t stack_growth = UINT64_C(64) << 20; /* left free below the main stack */

struct range {
    uint64_t start, end;
};

/* Reads digits; returns what is behind them. strtoull would be a tenth of a small program's start. */
static const char *read_hex(const char *text, uint64_t *value) {
    *value = 0;
    for (;; text++) {
        unsigned digit = (unsigned)(*text - '0'), letter = (unsigned)(*text - 'a');
        if (digit < 10)
            *value = *value * 16 + digit;
        else if (letter < 6)
            *value = *value * 16 + 10 + letter;
        else
            return text;
    }
}

/* Reads the next line's range; false at the end. */
static bool next_mapping(const char **text, struct range *range, bool *heap, bool *stack) {
    const char *after = read_hex(*text, &range->start);
    if (after == *text || *after != '-')
        return false;
    const char *end = strchr(read_hex(after + 1, &range->end), '\n');
    size_t length = end != NULL ? (size_t)(end - *text) : strlen(*text);
    *heap = length > 6 && memcmp(*text + length - 6, "[heap]", 6) == 0;
    *stack = length > 7 && memcmp(*text + length - 7, "[stack]", 7) == 0;
    *text += length + (end != NULL);
    return true;
}

static char *read_maps(void) {
    char *text;
    size_t size;
    return gr_os_read_file("/proc/self/maps", MAPS_MAX, &text, &size) == GRAFT_OK ? text : NULL;
}

/* The program's growth areas, as they were when the mappings were first read. */
static struct range areas[2];
static bool areas_known;

static void learn_areas(const char *maps) {
    const char *line = maps;
    struct range range;
    bool heap, stack;
    while (!areas_known && line != NULL && next_mapping(&line, &range, &heap, &stack)) {
        if (heap)
            areas[0] = (struct range){range.end, range.end + heap_growth};
        if (stack)
            areas[1] = (struct range){range.start - stack_growth, range.start};
    }
    areas_known = areas_known || maps != NULL;
}

static const struct range *growth_areas(void) {
    char *maps = areas_known ? NULL : read_maps();
    learn_areas(maps);
    free(maps);
    return areas;
}

bool gr_region_reserved(uint64_t start, uint64_t end) {
    const struct range *areas = growth_areas();
    for (int i = 0; i < 2; i++)
        if (start < areas[i].end && end > areas[i].start)
            return true;
    return start < lowest || end > highest;
}

/* The best address in one gap: as near to the image as it goes. */
static uint64_t fit(struct range gap, uint64_t low, uint64_t high, uint64_t size, uint64_t reach) {
    uint64_t start = gap.end <= low ? gap.end - size : gap.start;
    if (gap.end - gap.start < size || gr_region_reserved(start, start + size))
        return 0;
    uint64_t far_end = start + size > high ? start + size : high, far_start = start < low ? start : low;
    return far_end - far_start <= reach ? start : 0;
}

static uint64_t distance(uint64_t at, uint64_t low, uint64_t high) {
    return at < low ? low - at : at > high ? at - high : 0;
}

uint64_t gr_region_near(uint64_t low, uint64_t high, uint64_t size, uint64_t reach) {
    char *maps = read_maps();
    learn_areas(maps);
    const char *line = maps;
    uint64_t below = 0, above = 0;
    struct range gap = {.start = lowest}, range;
    bool heap, stack, more = maps != NULL;
    while (more) {
        more = next_mapping(&line, &range, &heap, &stack);
        gap.end = more ? range.start : highest;
        uint64_t at = gap.end > gap.start ? fit(gap, low, high, size, reach) : 0;
        if (at != 0 && at < low)
            below = at; /* gaps come in ascending order: the last one below is the nearest */
        if (at != 0 && at >= high && (above == 0 || distance(at, low, high) < distance(above, low, high)))
            above = at;
        gap.start = range.end;
    }
    free(maps);
    return below != 0 ? below : above;
}

/* Taken ranges in ascending order, those that touch as one; null: nobody has looked. */
static struct range *taken;
static size_t taken_count;

static size_t count_lines(const char *text) {
    size_t count = 0;
    for (; *text != 0; text++)
        count += *text == '\n';
    return count;
}

void gr_region_look(void) {
    char *maps = taken == NULL ? read_maps() : NULL;
    if (maps == NULL)
        return;
    taken_count = 0;
    taken = malloc((count_lines(maps) + 1) * sizeof *taken);
    const char *line = maps;
    struct range range;
    bool heap, stack;
    while (taken != NULL && next_mapping(&line, &range, &heap, &stack)) {
        if (taken_count > 0 && taken[taken_count - 1].end == range.start)
            taken[taken_count - 1].end = range.end;
        else
            taken[taken_count++] = range;
    }
    free(maps);
}

bool gr_region_taken(uint64_t start, uint64_t end) {
    size_t low = 0, high = taken_count; /* the first range that ends behind `start` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (taken[middle].end <= start)
            low = middle + 1;
        else
            high = middle;
    }
    return low < taken_count && taken[low].start < end;
}

void gr_region_forget(void) {
    free(taken);
    taken = NULL;
    taken_count = 0;
}
