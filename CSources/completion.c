/* completion.c: frames of open async calls, and the code that leads to each; see completion.h.
 *
 * Frames come in chunks: a page of code, a few bytes for each frame, and the frames behind it. Chunks are mapped when
 * needed and never unmapped, so that a completion that is late finds its frame whole. The free list is a Treiber stack of
 * frame numbers with a tag in the same word (no ABA). A frame's link is atomic, since a thread that is about to lose the
 * race for it may still read it. */
#include "completion.h"
#include "arch/arch.h"
#include "os/os.h"

enum {
    CODE_SIZE = 4096,
    CHUNK_FRAMES = CODE_SIZE / GR_TRAMPOLINE_SIZE,
    CHUNKS = GR_COMPLETIONS_MAX / CHUNK_FRAMES,
    NONE = 0, /* numbers begin at 1 */
};

struct chunk {
    uint8_t code[CODE_SIZE];
    uint64_t thunk; /* what the code jumps through */
    _Atomic uint32_t next[CHUNK_FRAMES];
    struct gr_completion at[CHUNK_FRAMES];
};

static struct chunk *_Atomic chunks[CHUNKS];
static _Atomic uint32_t chunk_count;
static _Atomic uint64_t free_list; /* number in the low half, tag in the high half */

static struct chunk *chunk_of(uint32_t number) {
    return atomic_load_explicit(&chunks[(number - 1) / CHUNK_FRAMES], memory_order_acquire); /* pairs with publish */
}

static void push(uint32_t first, uint32_t last) {
    _Atomic uint32_t *link = &chunk_of(last)->next[(last - 1) % CHUNK_FRAMES];
    uint64_t head = atomic_load_explicit(&free_list, memory_order_relaxed), next;
    do {
        atomic_store_explicit(link, (uint32_t)head, memory_order_relaxed);
        next = ((head >> 32) + 1) << 32 | first;
    } while (!atomic_compare_exchange_weak_explicit(
        &free_list, &head, next, memory_order_release, memory_order_relaxed)); /* pairs with pop */
}

static uint32_t pop(void) {
    uint64_t head = atomic_load_explicit(&free_list, memory_order_acquire);
    while ((uint32_t)head != NONE) {
        uint32_t number = (uint32_t)head;
        uint32_t below =
            atomic_load_explicit(&chunk_of(number)->next[(number - 1) % CHUNK_FRAMES], memory_order_relaxed);
        uint64_t next = ((head >> 32) + 1) << 32 | below;
        if (atomic_compare_exchange_weak_explicit(&free_list, &head, next, memory_order_acq_rel, memory_order_acquire))
            return number;
    }
    return NONE;
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
    atomic_store_explicit(&chunks[index], chunk, memory_order_release); /* pairs with chunk_of */
    push(first, first + CHUNK_FRAMES - 1);
    return true;
}

enum graft_status gr_completions_start(void) {
    return atomic_load_explicit(&chunk_count, memory_order_relaxed) > 0 || grow() ? GRAFT_OK : GRAFT_NO_MEMORY;
}

static struct gr_completion *take(void) {
    uint32_t number = pop();
    if (number == NONE && grow())
        number = pop();
    if (number == NONE)
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
    push(completion->number, completion->number);
}

uint64_t gr_completion_behind(uint64_t resume) {
    uint32_t count = atomic_load_explicit(&chunk_count, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        const struct chunk *chunk = atomic_load_explicit(&chunks[i], memory_order_acquire);
        uint64_t offset = chunk != NULL ? resume - (uint64_t)(uintptr_t)chunk->code : UINT64_MAX;
        if (offset < CODE_SIZE)
            return chunk->at[offset / GR_TRAMPOLINE_SIZE].frame.return_address - 1;
    }
    return resume;
}

uint64_t gr_completion_of(uint64_t context) {
    return gr_completion_behind(*resume_of(context));
}
