/* patch.c: makes and forgets sites; see patch.h. The bytes of functions are commit.c's. */
#include "patch.h"
#include "ahead.h"
#include "arch/arch.h"
#include "codemem.h"
#include "counters.h"
#include "heap.h"
#include "os/os.h"
#include "site_pool.h"
#include "tactic.h"
#include "trap.h"
#include <string.h>

static void free_site(struct gr_site *site) {
    gr_heap_give(site->frames);
    site->frames = NULL;
    /* no image's: a first hit that is still on its way belongs to nobody; capture.c may be reading it */
    __atomic_store_n(&site->image_serial, 0, __ATOMIC_RELAXED);
    gr_site_give(site);
}

static struct gr_ahead ahead;

static size_t read_live(void *context, uint64_t address, void *bytes, size_t size) {
    return gr_ahead_read(context, address, bytes, size);
}

void gr_patch_begin(void) {
    gr_ahead_forget(&ahead);
}

void gr_patch_expect(size_t sites) {
    gr_sites_expect(sites);
    gr_codemem_expect(sites);
}

void gr_patch_end(void) {
    gr_tactic_end();
    gr_ahead_forget(&ahead);
    gr_sites_expect(0);
    gr_codemem_end();
}

static enum gr_keep keep_for(
    const struct graft_entry_point *entry, const struct gr_patch_image *image, const struct gr_plan *plan) {
    enum gr_keep keep = image->vectors;
    if ((entry->flags & GRAFT_ENTRY_ABI_CALLERS) != 0 && keep == GR_KEEP_ALL)
        keep = GR_KEEP_ABI; /* where wide vectors are in use, the ABI itself may pass them through this function */
    if (plan->uses_ymm && keep < GR_KEEP_AVX)
        keep = GR_KEEP_AVX;
    if (plan->uses_zmm)
        keep = GR_KEEP_XSAVE;
    enum gr_keep limit = gr_arch_keep_limit();
    return keep < limit ? keep : limit;
}

/* The addresses that a stub has to reach: the image's code and, unless addresses are made anew, what moved instructions
 * refer to. */
static void span(const struct gr_plan *plan, const struct gr_patch_image *image, uint64_t *low, uint64_t *high) {
    *low = image->code_start;
    *high = image->code_end;
    for (unsigned i = 0; i < plan->count; i++) {
        uint64_t target = plan->instruction[i].target;
        if (target == 0 || !GR_MOVED_REACH)
            continue;
        *low = target < *low ? target : *low;
        *high = target >= *high ? target + 1 : *high;
    }
}

static enum graft_status write_stub(struct gr_site *site, const struct gr_plan *plan, struct gr_stub_place *place) {
    uint8_t code[GR_STUB_SIZE];
    enum graft_status status = gr_arch_emit(plan, place, site, code);
    if (status != GRAFT_OK)
        return status;
    site->stub_code = place->code;
    atomic_store_explicit(&site->slot->shared_count, 0, memory_order_relaxed);
    atomic_store_explicit(site->slot->active, site->slot->relocated, memory_order_relaxed);
    atomic_store_explicit(&site->slot->site, site, memory_order_release); /* pairs with hit.c */
    return gr_stub_write(place, code);
}

/* Everything that a site holds, taken in order and given back in reverse when a step fails. */
static enum graft_status equip(struct gr_site *site, const struct gr_plan *plan, const struct gr_patch_image *image) {
    struct gr_stub_place place;
    uint64_t low, high;
    span(plan, image, &low, &high);
    enum graft_status status = gr_stub_take(low, high, gr_arch_stub_size(plan), &place);
    if (status != GRAFT_OK)
        return status;
    place.counter = site->counter = gr_counter_take();
    status = GRAFT_LIMIT_PROBES;
    if (place.counter == NULL)
        goto give_stub;
    status = write_stub(site, plan, &place);
    if (status == GRAFT_OK)
        status = gr_tactic_choose(site, GR_TACTIC_ANY);
    if (status != GRAFT_OK)
        goto give_counter;
    status = gr_trap_add(site);
    if (status == GRAFT_OK)
        return GRAFT_OK;
    gr_tactic_forget(site);
give_counter:
    gr_counter_give(site->counter);
give_stub:
    gr_stub_give(&place);
    return status;
}

static void fill_in(struct gr_site *site, const struct gr_plan *plan) {
    bool trap = plan->claimed < GR_PATCH_SIZE;
    site->patch_address = plan->address + plan->stays;
    site->push = plan->stays != 0 ? plan->bytes[0] : 0;
    site->boundaries = (uint8_t)(plan->boundaries >> plan->stays & ~1);
    site->block_size = (uint8_t)(plan->size - plan->stays);
    site->kept = plan->kept & 7u;
    site->prefixed = plan->claimed > GR_PATCH_SIZE && plan->stays == 0;
    site->tactic = trap ? GR_TACTIC_TRAP : GR_TACTIC_TRAPS;
    memcpy(site->original, plan->bytes + plan->stays, gr_site_size(site));
}

enum graft_status gr_patch_prepare_as(const struct graft_entry_point *entry, const struct gr_patch_image *image,
    enum gr_shape shape, struct gr_site **site, uint64_t *offender) {
    struct gr_plan plan;
    const struct gr_function function = {
        .address = entry->address, .size = entry->size, .read = read_live, .context = &ahead};
    enum graft_status status = gr_arch_plan(&function, shape, &plan, offender);
    if (status != GRAFT_OK)
        return status;
    *offender = entry->address;
    struct gr_site *made = gr_site_take();
    if (made == NULL)
        return GRAFT_NO_MEMORY;
    memset(made, 0, sizeof *made);
    made->image_serial = image->serial;
    made->keep = keep_for(entry, image, &plan);
    made->entry = *entry;
    fill_in(made, &plan);
    status = equip(made, &plan, image);
    if (status != GRAFT_OK) {
        free_site(made);
        return status;
    }
    *site = made;
    return GRAFT_OK;
}

/* What another shape may be an answer to: the bytes, or their surroundings. */
static bool of_the_entry(enum graft_status status) {
    return status == GRAFT_TOO_SHORT || status == GRAFT_BRANCH_INTO_PATCH || status == GRAFT_NOT_CODE ||
           status == GRAFT_NOT_RELOCATABLE || status == GRAFT_FOREIGN_PATCH || status == GRAFT_NO_SPACE_NEAR;
}

enum graft_status gr_patch_prepare(const struct graft_entry_point *entry, const struct gr_patch_image *image,
    struct gr_site **site, uint64_t *offender) {
    uint64_t unused;
    enum graft_status status = gr_patch_prepare_as(entry, image, GR_SHAPE_JUMP, site, offender);
    if (status == GRAFT_NO_SPACE_NEAR && gr_patch_prepare_as(entry, image, GR_SHAPE_LATE, site, &unused) == GRAFT_OK)
        return GRAFT_OK;
    if (!image->trap || !of_the_entry(status) ||
        gr_patch_prepare_as(entry, image, GR_SHAPE_TRAP, site, &unused) != GRAFT_OK)
        return status;
    (*site)->no_jump = status;
    return GRAFT_OK;
}

void gr_patch_forget(struct gr_site *site) {
    const struct gr_stub_place place = {.slot = site->slot};
    gr_trap_remove(site);
    gr_tactic_forget(site);
    gr_counter_give(site->counter);
    gr_stub_give(&place);
    free_site(site);
}

void gr_patch_aim(struct gr_site *site, uint64_t stub) {
    atomic_store_explicit(site->slot->active, stub, memory_order_release); /* a jump through memory: no pair needed */
}

bool gr_patch_in_place(const struct gr_site *site) {
    return site->in_place;
}
