/* codemem.c: arenas of stubs; see codemem.h. */
#include "codemem.h"
#include "log.h"
#include "os/os.h"
#include <stdlib.h>
#include <string.h>

/* An arena: thunk addresses and slots first (data), then the stubs' code. */
enum {
    HEADER = 4096,
    DATA = HEADER + GR_ARENA_STUBS * (int)sizeof(struct gr_slot),
    CODE = GR_ARENA_STUBS * GR_STUB_SIZE,
    ARENA = DATA + CODE,
};
_Static_assert(DATA % 4096 == 0 && CODE % 4096 == 0, "arenas are made of pages");
_Static_assert(GR_THUNKS * sizeof(uint64_t) <= HEADER, "the thunk table is in the header");

struct arena {
    uint64_t base;
    uint64_t sealed;     /* bytes of code that can be run, from the first on */
    uint64_t doubtful;   /* bytes of code that may be so, since making them so failed */
    unsigned used;       /* stubs taken once */
    unsigned free_count; /* of `free`: stubs given back */
    uint16_t *free;
};

static struct arena arenas[GR_ARENAS_MAX];
static unsigned arena_count;

static const uint64_t reach_best = UINT64_C(512) << 20; /* leaves room for places on both sides */
static const uint64_t reach_limit = UINT64_C(1900) << 20;

static bool reaches(const struct arena *arena, uint64_t low, uint64_t high, uint64_t reach) {
    uint64_t start = arena->base < low ? arena->base : low;
    uint64_t end = arena->base + ARENA > high ? arena->base + ARENA : high;
    return end - start <= reach;
}

static bool has_room(const struct arena *arena) {
    return arena->free_count > 0 || arena->used < GR_ARENA_STUBS;
}

static struct arena *existing(uint64_t low, uint64_t high, uint64_t reach) {
    for (unsigned i = 0; i < arena_count; i++)
        if (has_room(&arenas[i]) && reaches(&arenas[i], low, high, reach))
            return &arenas[i];
    return NULL;
}

static enum graft_status map_arena(uint64_t base) {
    void *memory;
    enum graft_status status = gr_os_reserve(base, ARENA, &memory);
    if (status != GRAFT_OK)
        return status;
    status = gr_os_commit(memory, ARENA, true, false);
    if (status != GRAFT_OK) {
        gr_os_release(memory, ARENA);
        return status;
    }
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
    uint16_t *free_list = malloc(GR_ARENA_STUBS * sizeof *free_list);
    if (free_list == NULL)
        return GRAFT_NO_MEMORY;
    enum graft_status status = map_arena(base);
    if (status != GRAFT_OK) {
        free(free_list);
        return status;
    }
    *arena = &arenas[arena_count++];
    **arena = (struct arena){.base = base, .free = free_list};
    gr_log("codemem: arena of %d stubs at %#llx", GR_ARENA_STUBS, (unsigned long long)base);
    return GRAFT_OK;
}

static enum graft_status find_arena(uint64_t low, uint64_t high, struct arena **arena) {
    const uint64_t span = high - low, reaches_tried[] = {span + reach_best, reach_limit};
    enum graft_status status = GRAFT_NO_SPACE_NEAR;
    for (int i = 0; i < 2; i++) {
        if (reaches_tried[i] > reach_limit)
            continue;
        *arena = existing(low, high, reaches_tried[i]);
        status = *arena != NULL ? GRAFT_OK : new_arena(low, high, reaches_tried[i], arena);
        if (status == GRAFT_OK)
            return status;
    }
    return status;
}

enum graft_status gr_stub_take(uint64_t low, uint64_t high, struct gr_stub_place *place) {
    struct arena *arena = NULL;
    enum graft_status status = find_arena(low, high, &arena);
    if (status != GRAFT_OK)
        return status;
    unsigned index = arena->free_count > 0 ? arena->free[--arena->free_count] : arena->used++;
    place->code = arena->base + DATA + (uint64_t)index * GR_STUB_SIZE;
    place->slot = (struct gr_slot *)(uintptr_t)(arena->base + HEADER) + index;
    place->thunks = (const uint64_t *)(uintptr_t)arena->base;
    return GRAFT_OK;
}

static struct arena *arena_of(uint64_t code) {
    for (unsigned i = 0; i < arena_count; i++)
        if (code - (arenas[i].base + DATA) < CODE)
            return &arenas[i];
    return NULL;
}

enum graft_status gr_stub_write(const struct gr_stub_place *place, const uint8_t *code) {
    const struct arena *arena = arena_of(place->code);
    uint64_t offset = place->code - (arena->base + DATA);
    if (offset < arena->sealed || offset < arena->doubtful)
        return gr_code_write(place->code, code, GR_STUB_SIZE);
    memcpy((void *)(uintptr_t)place->code, code, GR_STUB_SIZE); /* nobody can run it yet */
    return GRAFT_OK;
}

static enum graft_status seal_arena(struct arena *arena) {
    const uint64_t page = gr_os_page_size();
    uint64_t end = ((uint64_t)arena->used * GR_STUB_SIZE + page - 1) & ~(page - 1);
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
    return status;
}

void gr_stub_give(const struct gr_stub_place *place) {
    struct arena *arena = arena_of(place->code);
    arena->free[arena->free_count++] = (uint16_t)((place->code - (arena->base + DATA)) / GR_STUB_SIZE);
}
