/* completion.c: frames of open async calls, and the code that leads to each; see completion.h.
 *
 * Frames come in chunks: a page of code, a few bytes for each frame, and the frames behind it. Chunks are mapped when
 * needed and never unmapped, so that a completion that is late finds its frame whole. */
#include "completion.h"
#include "arch/arch.h"
#include "free_list.h"
#include "os/os.h"

enum {
    CODE_SIZE = 4096,
    CHUNK_FRAMES = CODE_SIZE / GR_TRAMPOLINE_SIZE,
    CHUNKS = GR_COMPLETIONS_MAX / CHUNK_FRAMES,
};

struct chunk {
    uint8_t code[CODE_SIZE];
    uint64_t thunk; /* what the code jumps through */
    _Atomic uint32_t next[CHUNK_FRAMES];
    struct gr_completion at[CHUNK_FRAMES];
};

enum { PLACES = 2 * CHUNKS };
_Static_assert((PLACES & (PLACES - 1)) == 0, "a place is found by a mask");

static struct chunk *_Atomic chunks[CHUNKS];
static struct chunk *_Atomic by_place[PLACES]; /* the same by address: open addressing, never more than half full */
static _Atomic uint32_t chunk_count;
static struct gr_free_list free_list;

static struct chunk *chunk_of(uint32_t number) {
    return atomic_load_explicit(&chunks[(number - 1) / CHUNK_FRAMES], memory_order_acquire); /* pairs with publish */
}

static _Atomic uint32_t *link_of(uint32_t number) {
    return &chunk_of(number)->next[(number - 1) % CHUNK_FRAMES];
}

static struct chunk *make_chunk(size_t size) {
    void *memory;
    if (gr_os_allocate(size, &memory) != GRAFT_OK)
        return NULL;
    struct chunk *chunk = memory;
    chunk->thunk = gr_arch_completion_thunk();
    for (unsigned i = 0; i < CHUNK_FRAMES; i++) {
        uint8_t *code = &chunk->code[i * GR_TRAMPOLINE_SIZE];
        gr_arch_emit_trampoline(code, &chunk->at[i], &chunk->thunk);
        chunk->at[i].code = (uint64_t)(uintptr_t)code;
    }
    if (gr_os_commit(chunk->code, CODE_SIZE, false, true) == GRAFT_OK)
        return chunk;
    gr_os_release(memory, size);
    return NULL;
}

static uint32_t place_of(uint64_t code) {
    uint64_t page = code / CODE_SIZE;
    return (uint32_t)((page * 0x9e3779b97f4a7c15u) >> 40) & (PLACES - 1);
}

static void note_place(struct chunk *chunk) {
    struct chunk *none = NULL;
    uint32_t at = place_of((uint64_t)(uintptr_t)chunk->code);
    while (!atomic_compare_exchange_strong_explicit(
        &by_place[at], &none, chunk, memory_order_release, memory_order_relaxed)) { /* pairs with chunk_at */
        none = NULL;
        at = (at + 1) & (PLACES - 1);
    }
}

/* The chunk whose code has this address, or null. */
static const struct chunk *chunk_at(uint64_t code) {
    for (uint32_t at = place_of(code);; at = (at + 1) & (PLACES - 1)) {
        const struct chunk *chunk = atomic_load_explicit(&by_place[at], memory_order_acquire);
        if (chunk == NULL || code - (uint64_t)(uintptr_t)chunk->code < CODE_SIZE)
            return chunk;
    }
}

/* Adds a chunk. Threads may race: each adds its own, as far as there are places. */
static bool grow(void) {
    size_t page = gr_os_page_size(), size = (sizeof(struct chunk) + page - 1) & ~(page - 1);
    if (page > CODE_SIZE || atomic_load_explicit(&chunk_count, memory_order_relaxed) >= CHUNKS)
        return false;
    struct chunk *chunk = make_chunk(size);
    if (chunk == NULL)
        return false;
    uint32_t index = atomic_load_explicit(&chunk_count, memory_order_relaxed);
    do {
        if (index >= CHUNKS) {
            gr_os_release(chunk, size);
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        &chunk_count, &index, index + 1, memory_order_relaxed, memory_order_relaxed));
    uint32_t first = index * CHUNK_FRAMES + 1;
    for (uint32_t i = 0; i + 1 < CHUNK_FRAMES; i++)
        atomic_store_explicit(&chunk->next[i], first + i + 1, memory_order_relaxed);
    note_place(chunk);                                                  /* before any of its code can be met */
    atomic_store_explicit(&chunks[index], chunk, memory_order_release); /* pairs with chunk_of */
    gr_free_put(&free_list, first, first + CHUNK_FRAMES - 1, link_of);
    return true;
}

enum graft_status gr_completions_start(void) {
    return atomic_load_explicit(&chunk_count, memory_order_relaxed) > 0 || grow() ? GRAFT_OK : GRAFT_NO_MEMORY;
}

static struct gr_completion *take(void) {
    uint32_t number = gr_free_take(&free_list, link_of);
    if (number == GR_FREE_NONE && grow())
        number = gr_free_take(&free_list, link_of);
    if (number == GR_FREE_NONE)
        return NULL;
    struct gr_completion *completion = &chunk_of(number)->at[(number - 1) % CHUNK_FRAMES];
    completion->number = number;
    return completion;
}

struct gr_completion *gr_completion_open(struct gr_site *site, uint64_t context) {
    struct gr_completion *completion = take();
    if (completion == NULL)
        return NULL;
    completion->context = context;
    completion->frame.return_address = gr_completion_of(context) + 1; /* as every return address: behind the call */
    completion->frame.site = site;
    completion->frame.start = 0;
    completion->frame.count = 0;
    return completion;
}

struct gr_completion *gr_completion_open_yielded(const struct gr_frame *frame, uint64_t resume) {
    struct gr_completion *completion = take();
    if (completion == NULL)
        return NULL;
    completion->context = 0;
    completion->resume = resume;
    gr_frame_take_over(&completion->frame, frame);
    return completion;
}

/* The second word of an async context. */
static uint64_t *resume_of(uint64_t context) {
    return (uint64_t *)(uintptr_t)context + 1;
}

void gr_completion_watch(struct gr_completion *completion) {
    uint64_t *resume = resume_of(completion->context);
    completion->resume = *resume; /* perhaps another one's: a function may end in another, with its own context */
    *resume = completion->code;
}

uint64_t gr_completion_unwatch(struct gr_completion *completion) {
    *resume_of(completion->context) = completion->resume;
    return completion->resume;
}

void gr_completion_close(struct gr_completion *completion) {
    gr_free_put(&free_list, completion->number, completion->number, link_of);
}

uint64_t gr_completion_behind(uint64_t resume) {
    const struct chunk *chunk = chunk_at(resume);
    if (chunk == NULL)
        return resume;
    uint64_t offset = resume - (uint64_t)(uintptr_t)chunk->code;
    return chunk->at[offset / GR_TRAMPOLINE_SIZE].frame.return_address - 1;
}

uint64_t gr_completion_of(uint64_t context) {
    return gr_completion_behind(*resume_of(context));
}
