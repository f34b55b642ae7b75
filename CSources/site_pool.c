/* site_pool.c: see site_pool.h. Sites are cut from slabs, and listed when they are given back. */
#include "site_pool.h"
#include "os/os.h"
#include <stdlib.h>

/* Sites: 16 KiB, and 128 KiB, which are still in a processor's cache when the last of them is filled in. */
enum { SLAB_LEAST = 64, SLAB_MOST = 512 };

static struct gr_site *given; /* linked by `next` */
static struct gr_site *fresh; /* of the latest slab */
static size_t fresh_count, made, expected;

void gr_sites_expect(size_t count) {
    expected = count == 0 || count > expected ? count : expected;
}

#ifdef GR_WATCHED_HEAP
/* A sanitizer finds what only a site refers to in memory that it knows. */
static void *slab(size_t sites) {
    return aligned_alloc(GR_CACHE_LINE, sites * sizeof *fresh);
}
#else
static void *slab(size_t sites) {
    void *memory;
    if (gr_os_allocate(sites * sizeof *fresh, &memory) != GRAFT_OK)
        return NULL;
    if (sites > SLAB_LEAST)
        gr_os_populate(memory, sites * sizeof *fresh);
    return memory;
}
#endif

static bool make_slab(size_t sites) {
    struct gr_site *made_now = slab(sites);
    if (made_now == NULL)
        return false;
    fresh = made_now;
    fresh_count = sites;
    made += sites;
    return true;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* A slab for what is expected, but for no more than there are: not all that is expected comes. Where there is no memory
 * for that, a small one. Slabs are whole pages. */
static bool grow(void) {
    size_t wanted = least(least(expected, made), SLAB_MOST) / SLAB_LEAST * SLAB_LEAST;
    return (wanted > SLAB_LEAST && make_slab(wanted)) || make_slab(SLAB_LEAST);
}
_Static_assert(SLAB_LEAST * sizeof(struct gr_site) % 4096 == 0, "slabs are whole pages");

struct gr_site *gr_site_take(void) {
    struct gr_site *site = given;
    if (site == NULL && fresh_count == 0 && !grow())
        return NULL;
    expected -= expected > 0;
    if (site != NULL) {
        given = site->next;
        return site;
    }
    fresh_count--;
    return fresh++;
}

void gr_site_give(struct gr_site *site) {
    site->next = given;
    given = site;
}
