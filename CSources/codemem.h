/* codemem.h: executable memory at chosen addresses.
 *
 * Arenas hold stubs: code pages that are writable before they can be run and never after, and data pages (slots) that are never executable, near the
 * image that they serve. Places hold hops at addresses that a jump's displacement dictates. Nothing is ever unmapped:
 * a thread may be late in a stub, and the kernel may read a stale restartable-sequence descriptor; a stub is taken
 * again only after its image was unloaded. Control plane only. Neighbours: status, os, arch (sizes). */
#ifndef GR_CODEMEM_H
#define GR_CODEMEM_H

#include "arch/arch.h"

enum {
    GR_ARENA_STUBS = 4096, /* stubs in one arena */
    GR_ARENAS_MAX = 256,
    GR_PLACE_PAGES_MAX = 65536, /* pages that hold hops, in all images */
    GR_PLACE_TRIES = 256,       /* new pages tried before a pattern is given up */
    GR_PLACE_OPEN = 16,         /* pages that are looked through for room before a new one is mapped */
};

/* Room for one stub of `size` bytes, at most GR_STUB_SIZE, within reach of a 32-bit displacement of every address in
 * [low, high). GRAFT_NO_SPACE_NEAR, GRAFT_NO_MEMORY. */
enum graft_status gr_stub_take(uint64_t low, uint64_t high, size_t size, struct gr_stub_place *place);
/* At least so many more stubs will be taken: their memory is asked for at once. 0 forgets what was said, and so does
 * gr_codemem_end. */
void gr_codemem_expect(size_t stubs);
/* Of `place` only the slot is looked at. */
void gr_stub_give(const struct gr_stub_place *place);
/* Writes a stub's place->size bytes. GRAFT_WRITE_DENIED, GRAFT_OS. */
enum graft_status gr_stub_write(const struct gr_stub_place *place, const uint8_t *code);

/* Which displacements will do: (displacement & mask) == value. */
struct gr_pattern {
    uint32_t mask, value;
};

/* Room for a hop at `from` plus a displacement of that pattern, within reach of `slot`. On success `*address` is the
 * hop's address; the page is mapped, readable and executable. GRAFT_NO_SPACE_NEAR. */
enum graft_status gr_place_take(
    uint64_t from, struct gr_pattern pattern, const struct gr_slot *slot, uint64_t *address);
void gr_place_give(uint64_t address);

/* Writes a hop. GRAFT_WRITE_DENIED, GRAFT_OS. */
enum graft_status gr_place_write(uint64_t address, const uint8_t hop[GR_HOP_SIZE]);

/* New pages can be written but not run. Makes those that hold something executable, and no longer writable, before the
 * first jump leads there; later stubs and hops on them are written as text is. What fails is tried again by the next
 * call. GRAFT_NO_MEMORY, GRAFT_OS. */
enum graft_status gr_codemem_seal(void);
/* After a batch: gives back what writing took. */
void gr_codemem_end(void);

/* Finds out, by a function of its own, whether text that is changed through /proc/self/mem is what runs then: below an
 * emulator it may not be. Once, before anything is written; after gr_os_membarrier_prepare. */
void gr_codemem_start(void);

/* Pages mapped for hops so far. */
size_t gr_place_pages(void);

/* An address range that must stay free for the program: the growth of its heap and stack. Read once, from
 * /proc/self/maps. */
bool gr_region_reserved(uint64_t start, uint64_t end);
/* The free range nearest to [low, high), below it if possible, of `size` bytes with every byte within `reach` of both
 * ends; 0 when there is none. */
uint64_t gr_region_near(uint64_t low, uint64_t high, uint64_t size, uint64_t reach);

/* Whether something is mapped there, as far as is known without asking: gr_region_look reads that once, and it holds until
 * the batch ends (gr_region_forget). False when nobody has looked. */
bool gr_region_taken(uint64_t start, uint64_t end);
void gr_region_look(void);
void gr_region_forget(void);

/* Between the files of this room. */
/* Writes code that may be running. */
enum graft_status gr_code_write(uint64_t address, const void *code, size_t size);
enum graft_status gr_place_seal(void);

#endif
