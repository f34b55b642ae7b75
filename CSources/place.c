/* place.c: room for hops at addresses that a jump's displacement dictates; see codemem.h.
 *
 * Owns the pages that hold hops and a bitmap of the bytes in use on each. A displacement's fixed bytes decide which
 * addresses will do; the free ones are used to fill pages that are mapped already before new ones are. */
#include "codemem.h"
#include "os/os.h"
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, BUCKETS = 1 << 14, RUNS = 4, AHEAD_FIRST = 2, AHEAD_LAST = 16 /* pages */ };

/* Whether a page of hops can be run. A page that could not be made so may be, for all that is known. */
enum state { FRESH, DOUBTFUL, SEALED };

struct page {
    uint64_t address;
    struct page *next;       /* in its bucket */
    struct page *next_fresh; /* in the list of those that are not sealed */
    enum state state;
    uint16_t room;            /* bytes free */
    uint64_t used[PAGE / 64]; /* bit for each byte */
};

static struct page *buckets[BUCKETS];
static struct page *open_pages[GR_PLACE_OPEN]; /* the latest ones with room */
static unsigned open_next;
static size_t page_count;
static struct page *first_fresh;

size_t gr_place_pages(void) {
    return page_count;
}

static struct page **bucket_of(uint64_t address) {
    return &buckets[(address / PAGE * UINT64_C(0x9e3779b97f4a7c15)) >> 50];
}
_Static_assert(BUCKETS == 1 << (64 - 50), "bucket_of takes the top bits");

static struct page *find_page(uint64_t address) {
    uint64_t start = address & ~(uint64_t)(PAGE - 1);
    static struct page *last;
    if (last != NULL && last->address == start)
        return last;
    struct page *page = *bucket_of(start);
    while (page != NULL && page->address != start)
        page = page->next;
    last = page != NULL ? page : last;
    return page;
}

static bool reserve(uint64_t start, uint64_t end) {
    void *memory;
    return !gr_region_reserved(start, end) && !gr_region_taken(start, end) &&
           gr_os_reserve(start, end - start, &memory) == GRAFT_OK;
}

static void release(uint64_t start, uint64_t end) {
    if (start < end)
        gr_os_release((void *)(uintptr_t)start, end - start);
}

/* Functions that follow each other and begin alike have hops that do so, too: behind a page that is there already, more
 * than one is mapped, with their memory, and the longer the run the more. What was not used goes back when another run
 * takes its place, or the batch ends. */
static struct run {
    uint64_t next, end; /* pages that are mapped, and nobody's */
    unsigned pages;     /* how many were mapped the last time */
} runs[RUNS];
static unsigned next_run;

static void release_run(struct run *run) {
    release(run->next, run->end);
    *run = (struct run){0};
}

static bool take_ahead(uint64_t start) {
    for (struct run *run = runs; run < runs + RUNS; run++) {
        if (start < run->next || start >= run->end)
            continue;
        release(run->next, start);
        run->next = start + PAGE;
        return true;
    }
    return false;
}

static bool map_ahead(uint64_t start) {
    if (find_page(start - PAGE) == NULL)
        return false;
    struct run *run = runs;
    while (run < runs + RUNS && run->end != start)
        run++;
    bool goes_on = run < runs + RUNS;
    if (!goes_on)
        release_run(run = &runs[next_run++ % RUNS]);
    unsigned pages = !goes_on ? AHEAD_FIRST : run->pages < AHEAD_LAST ? 2 * run->pages : AHEAD_LAST;
    uint64_t end = start + (uint64_t)pages * PAGE;
    if (!reserve(start, end))
        return false;
    gr_os_populate((void *)(uintptr_t)start, end - start);
    *run = (struct run){.next = start + PAGE, .end = end, .pages = pages};
    return true;
}

static bool get_page(uint64_t start) {
    if (take_ahead(start) || map_ahead(start) || reserve(start, start + PAGE))
        return true;
    gr_region_look(); /* where one page is taken, the next ones will be */
    return false;
}

static struct page *map_page(uint64_t address) {
    uint64_t start = address & ~(uint64_t)(PAGE - 1);
    if (page_count == GR_PLACE_PAGES_MAX || !get_page(start))
        return NULL;
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        release(start, start + PAGE);
        return NULL;
    }
    page->address = start;
    page->room = PAGE;
    struct page **bucket = bucket_of(start);
    page->next = *bucket;
    *bucket = page;
    page->next_fresh = first_fresh;
    first_fresh = page;
    page_count++;
    open_pages[open_next++ % GR_PLACE_OPEN] = page;
    return page;
}

static bool byte_used(const struct page *page, uint64_t address) {
    uint64_t offset = address % PAGE;
    return (page->used[offset / 64] >> (offset % 64) & 1) != 0;
}

/* True when every byte of a hop at `address` is free on pages that exist. */
static bool hop_free(uint64_t address) {
    for (uint64_t at = address; at < address + GR_HOP_SIZE; at++) {
        const struct page *page = find_page(at);
        if (page == NULL || byte_used(page, at))
            return false;
    }
    return true;
}

static void mark(uint64_t address, bool used) {
    for (uint64_t at = address; at < address + GR_HOP_SIZE; at++) {
        struct page *page = find_page(at);
        uint64_t bit = UINT64_C(1) << (at % 64);
        if (used) {
            page->used[at % PAGE / 64] |= bit;
            page->room--;
        } else {
            page->used[at % PAGE / 64] &= ~bit;
            page->room++;
        }
    }
}

static bool within_reach(uint64_t address, const struct gr_slot *slot) {
    int64_t distance = (int64_t)(address - (uint64_t)(uintptr_t)slot->active);
    return distance == (int32_t)distance && distance + GR_HOP_SIZE == (int32_t)(distance + GR_HOP_SIZE) &&
           distance > INT32_MIN + PAGE;
}

static bool fits(uint64_t address, uint64_t from, struct gr_pattern pattern) {
    int64_t displacement = (int64_t)(address - from);
    return displacement == (int32_t)displacement && ((uint32_t)displacement & pattern.mask) == pattern.value;
}

/* Whether the upper half of a displacement to somewhere on the page could be the pattern's: it has two values at most. */
static bool page_may_fit(uint64_t page, uint64_t from, struct gr_pattern pattern) {
    uint32_t mask = pattern.mask & UINT32_C(0xffff0000), first = (uint32_t)(page - from), last = first + PAGE - 1;
    return (first & mask) == (pattern.value & mask) || (last & mask) == (pattern.value & mask);
}

/* A free hop that fits, on a page that is mapped already. */
static uint64_t on_open_page(uint64_t from, struct gr_pattern pattern, const struct gr_slot *slot) {
    bool low_fixed = (pattern.mask & 0xff) == 0xff;
    for (unsigned i = 0; i < GR_PLACE_OPEN; i++) {
        const struct page *page = open_pages[(open_next + GR_PLACE_OPEN - 1 - i) % GR_PLACE_OPEN];
        if (page == NULL || page->room < GR_HOP_SIZE || !within_reach(page->address, slot) ||
            !page_may_fit(page->address, from, pattern))
            continue;
        uint64_t first = low_fixed ? (from + pattern.value) % 256 : 0, step = low_fixed ? 256 : GR_HOP_SIZE;
        for (uint64_t at = page->address + first; at + GR_HOP_SIZE <= page->address + PAGE; at += step)
            if (fits(at, from, pattern) && hop_free(at))
                return at;
    }
    return 0;
}

/* The n-th displacement of a pattern: the bits of `n`, spread over the pattern's free bits from the top down. */
static uint32_t nth(struct gr_pattern pattern, uint32_t n) {
    uint32_t value = pattern.value;
    for (int bit = 31; bit >= 0 && n != 0; bit--)
        if ((pattern.mask >> bit & 1) == 0) {
            value |= (n & 1) << bit;
            n >>= 1;
        }
    return value;
}

/* Maps the page or two that a hop at `address` needs. */
static bool make_room(uint64_t address) {
    uint64_t last = address + GR_HOP_SIZE - 1;
    return (find_page(address) != NULL || map_page(address) != NULL) &&
           (find_page(last) != NULL || map_page(last) != NULL) && hop_free(address);
}

static uint64_t on_new_page(uint64_t from, struct gr_pattern pattern, const struct gr_slot *slot) {
    uint32_t tries = pattern.mask == UINT32_MAX ? 1 : GR_PLACE_TRIES;
    for (uint32_t n = 0; n < tries; n++) {
        uint64_t address = from + (uint64_t)(int64_t)(int32_t)nth(pattern, n);
        if (within_reach(address, slot) && make_room(address))
            return address;
    }
    return 0;
}

enum graft_status gr_place_take(
    uint64_t from, struct gr_pattern pattern, const struct gr_slot *slot, uint64_t *address) {
    uint64_t at = pattern.mask == UINT32_MAX ? 0 : on_open_page(from, pattern, slot);
    if (at == 0)
        at = on_new_page(from, pattern, slot);
    if (at == 0)
        return GRAFT_NO_SPACE_NEAR;
    mark(at, true);
    *address = at;
    return GRAFT_OK;
}

void gr_place_give(uint64_t address) {
    mark(address, false);
}

enum graft_status gr_place_write(uint64_t address, const uint8_t hop[GR_HOP_SIZE]) {
    if (find_page(address)->state != FRESH || find_page(address + GR_HOP_SIZE - 1)->state != FRESH)
        return gr_code_write(address, hop, GR_HOP_SIZE);
    memcpy((void *)(uintptr_t)address, hop, GR_HOP_SIZE); /* nobody can run it yet */
    return GRAFT_OK;
}

/* How many pages from the first of the list on lie side by side, and where the lowest is. */
static size_t side_by_side(uint64_t *start) {
    size_t count = 0;
    uint64_t end = first_fresh->address;
    *start = end;
    for (const struct page *page = first_fresh; page != NULL; page = page->next_fresh, count++) {
        if (page->address == end)
            end += PAGE;
        else if (page->address == *start - PAGE)
            *start -= PAGE;
        else
            break;
    }
    return count;
}

static void tell_all(struct page *page, size_t count, enum state state) {
    for (; count > 0; count--, page = page->next_fresh)
        page->state = state;
}

enum graft_status gr_place_seal(void) {
    for (unsigned i = 0; i < RUNS; i++)
        release_run(&runs[i]);
    while (first_fresh != NULL) {
        uint64_t start;
        size_t count = side_by_side(&start);
        enum graft_status status = gr_os_commit((void *)(uintptr_t)start, count * PAGE, false, true);
        tell_all(first_fresh, count, status == GRAFT_OK ? SEALED : DOUBTFUL);
        if (status != GRAFT_OK)
            return status;
        for (; count > 0; count--)
            first_fresh = first_fresh->next_fresh;
    }
    return GRAFT_OK;
}
