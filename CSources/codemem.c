/* codemem.c: arenas of stubs; see codemem.h. */
#include "codemem.h"
#include "log.h"
#include "os/os.h"
#include <stdlib.h>
#include <string.h>

/* An arena: thunk addresses, the words that hops jump through and slots first (data), then the stubs' code. */
enum {
    THUNK_TABLE = 4096,
    HEADER = THUNK_TABLE + GR_ARENA_STUBS * (int)sizeof(uint64_t),
    DATA = HEADER + GR_ARENA_STUBS * (int)sizeof(struct gr_slot),
    CODE = GR_ARENA_STUBS * GR_STUB_SIZE,
    ARENA = DATA + CODE,
};
_Static_assert(DATA % 4096 == 0 && CODE % 4096 == 0, "arenas are made of pages");
_Static_assert(GR_THUNKS * sizeof(uint64_t) <= THUNK_TABLE, "the thunk table is in the header");

/* The code of a stub is a number of units, which it keeps: it is taken again by stubs of its size, with its slot. */
enum { UNIT = 16, UNITS_MAX = GR_STUB_SIZE / UNIT };
/* Stubs whose memory is asked for at once: 100 KiB at most, still in a processor's cache when the last one is written. */
enum { MANY = 64, AT_ONCE = 512 };
#define NONE UINT16_MAX
_Static_assert(GR_STUB_SIZE % UNIT == 0 && CODE / UNIT < NONE && GR_ARENA_STUBS < NONE, "numbers of 16 bits");

/* What is known of the stub whose slot has the same index. */
struct piece {
    uint16_t unit;  /* the first */
    uint16_t units; /* how many */
    uint16_t next;  /* given back before this one; NONE: no other */
};

struct arena {
    uint64_t base;
    uint64_t sealed;      /* bytes of code that can be run, from the first on */
    uint64_t doubtful;    /* bytes of code that may be so, since making them so failed */
    unsigned used, units; /* stubs taken once, and their units */
    unsigned ready;       /* stubs whose memory was asked for at once */
    struct piece *pieces;
    uint16_t free[UNITS_MAX + 1]; /* by units: the stub given back last; NONE */
};

static struct arena arenas[GR_ARENAS_MAX];
static unsigned arena_count;
static size_t expected; /* stubs */
static unsigned stubs_made;

static const uint64_t reach_best = UINT64_C(512) << 20; /* leaves room for places on both sides */
static const uint64_t reach_branch = (uint64_t)GR_BRANCH_MIB << 20;
static const uint64_t reach_limit = UINT64_C(1900) << 20;

static bool reaches(const struct arena *arena, uint64_t low, uint64_t high, uint64_t reach) {
    uint64_t start = arena->base < low ? arena->base : low;
    uint64_t end = arena->base + ARENA > high ? arena->base + ARENA : high;
    return end - start <= reach;
}

static bool has_room(const struct arena *arena, unsigned units) {
    return arena->free[units] != NONE || arena->used < GR_ARENA_STUBS;
}

static struct arena *existing(uint64_t low, uint64_t high, unsigned units, uint64_t reach) {
    static unsigned latest; /* mostly the one */
    for (unsigned n = 0; n < arena_count; n++) {
        unsigned i = (latest + n) % arena_count;
        if (has_room(&arenas[i], units) && reaches(&arenas[i], low, high, reach)) {
            latest = i;
            return &arenas[i];
        }
    }
    return NULL;
}

static enum graft_status map_arena(uint64_t base) {
    void *memory;
    enum graft_status status = gr_os_reserve(base, ARENA, &memory);
    if (status != GRAFT_OK)
        return status;
    uint64_t *thunks = memory;
    for (int i = 0; i < GR_THUNKS; i++)
        thunks[i] = gr_arch_thunks[i];
    return GRAFT_OK;
}

static enum graft_status new_arena(uint64_t low, uint64_t high, uint64_t reach, struct arena **arena) {
    if (arena_count == GR_ARENAS_MAX)
        return GRAFT_NO_SPACE_NEAR;
    uint64_t base = gr_region_near(low, high, ARENA, reach);
    if (base == 0)
        return GRAFT_NO_SPACE_NEAR;
    struct piece *pieces = malloc(GR_ARENA_STUBS * sizeof *pieces);
    if (pieces == NULL)
        return GRAFT_NO_MEMORY;
    enum graft_status status = map_arena(base);
    if (status != GRAFT_OK) {
        free(pieces);
        return status;
    }
    *arena = &arenas[arena_count++];
    **arena = (struct arena){.base = base, .pieces = pieces};
    for (unsigned units = 0; units <= UNITS_MAX; units++)
        (*arena)->free[units] = NONE;
    gr_log("codemem: arena of %d stubs at %#llx", GR_ARENA_STUBS, (unsigned long long)base);
    return GRAFT_OK;
}

static enum graft_status find_arena(uint64_t low, uint64_t high, unsigned units, struct arena **arena) {
    const uint64_t best = high - low + reach_best;
    const uint64_t reaches_tried[] = {best < reach_branch ? best : reach_branch, reach_limit};
    enum graft_status status = GRAFT_NO_SPACE_NEAR;
    for (int i = 0; i < 2; i++) {
        if (reaches_tried[i] > reach_limit)
            continue;
        *arena = existing(low, high, units, reaches_tried[i]);
        status = *arena != NULL ? GRAFT_OK : new_arena(low, high, reaches_tried[i], arena);
        if (status == GRAFT_OK)
            return status;
    }
    return status;
}

void gr_codemem_expect(size_t stubs) {
    expected = stubs == 0 || stubs > expected ? stubs : expected;
}

/* Of an arena, from one byte to another. */
static void populate(const struct arena *arena, uint64_t from, uint64_t to) {
    const uint64_t page = gr_os_page_size();
    from &= ~(page - 1);
    to = (to + page - 1) & ~(page - 1);
    gr_os_populate((void *)(uintptr_t)(arena->base + from), to - from);
}

/* A page fault for each page that many stubs need would be a fifth of what they cost. */
static void prepare(struct arena *arena, unsigned units) {
    unsigned room = GR_ARENA_STUBS - arena->used, before = stubs_made + MANY;
    unsigned most = before < AT_ONCE ? before : AT_ONCE; /* not all that is expected comes */
    unsigned count = expected < room ? (unsigned)expected : room;
    stubs_made++;
    if (arena->used < arena->ready || count < MANY)
        return;
    count = count < most ? count : most;
    arena->ready = arena->used + count;
    uint64_t code = (uint64_t)arena->units * UNIT, end = code + (uint64_t)count * units * UNIT;
    populate(arena, THUNK_TABLE + arena->used * sizeof(uint64_t), THUNK_TABLE + arena->ready * sizeof(uint64_t));
    populate(arena, HEADER + arena->used * sizeof(struct gr_slot), HEADER + arena->ready * sizeof(struct gr_slot));
    populate(arena, DATA + (code > arena->sealed ? code : arena->sealed), DATA + (end < CODE ? end : CODE));
}

/* The index of a stub of that many units: one that was given back, or the next one. */
static unsigned take(struct arena *arena, unsigned units) {
    unsigned index = arena->free[units];
    if (index != NONE) {
        arena->free[units] = arena->pieces[index].next;
        return index;
    }
    prepare(arena, units);
    arena->pieces[arena->used] = (struct piece){.unit = (uint16_t)arena->units, .units = (uint16_t)units};
    arena->units += units;
    return arena->used++;
}

enum graft_status gr_stub_take(uint64_t low, uint64_t high, size_t size, struct gr_stub_place *place) {
    struct arena *arena = NULL;
    unsigned units = (unsigned)(size + UNIT - 1) / UNIT;
    enum graft_status status = find_arena(low, high, units, &arena);
    if (status != GRAFT_OK)
        return status;
    unsigned index = take(arena, units);
    expected -= expected > 0;
    place->code = arena->base + DATA + (uint64_t)arena->pieces[index].unit * UNIT;
    place->size = (size_t)units * UNIT;
    place->slot = (struct gr_slot *)(uintptr_t)(arena->base + HEADER) + index;
    place->slot->active = (_Atomic uint64_t *)(uintptr_t)(arena->base + THUNK_TABLE) + index;
    place->thunks = (const uint64_t *)(uintptr_t)arena->base;
    return GRAFT_OK;
}

static struct arena *arena_of(const struct gr_stub_place *place) {
    for (unsigned i = 0; i < arena_count; i++)
        if ((uint64_t)(uintptr_t)place->slot - arenas[i].base < DATA)
            return &arenas[i];
    return NULL;
}

enum graft_status gr_stub_write(const struct gr_stub_place *place, const uint8_t *code) {
    const struct arena *arena = arena_of(place);
    uint64_t offset = place->code - (arena->base + DATA);
    if (offset < arena->sealed || offset < arena->doubtful)
        return gr_code_write(place->code, code, place->size);
    memcpy((void *)(uintptr_t)place->code, code, place->size); /* nobody can run it yet */
    return GRAFT_OK;
}

static enum graft_status seal_arena(struct arena *arena) {
    const uint64_t page = gr_os_page_size();
    uint64_t end = ((uint64_t)arena->units * UNIT + page - 1) & ~(page - 1);
    if (end <= arena->sealed)
        return GRAFT_OK;
    void *from = (void *)(uintptr_t)(arena->base + DATA + arena->sealed);
    enum graft_status status = gr_os_commit(from, end - arena->sealed, false, true);
    if (status == GRAFT_OK)
        arena->sealed = end;
    else
        arena->doubtful = end;
    return status;
}

enum graft_status gr_codemem_seal(void) {
    enum graft_status status = gr_place_seal();
    for (unsigned i = 0; i < arena_count && status == GRAFT_OK; i++)
        status = seal_arena(&arenas[i]);
    if (GR_CODE_NEEDS_BARRIER && gr_os_serialise() != GRAFT_OK)
        gr_log("codemem: the kernel no longer allows membarrier; new code is run without it");
    return status;
}

void gr_stub_give(const struct gr_stub_place *place) {
    struct arena *arena = arena_of(place);
    unsigned index = (unsigned)(place->slot - (struct gr_slot *)(uintptr_t)(arena->base + HEADER));
    struct piece *piece = &arena->pieces[index];
    piece->next = arena->free[piece->units];
    arena->free[piece->units] = (uint16_t)index;
}
