/* tactic.c: choosing the jump. On aarch64 there is one way: the entry is one instruction, the jump is another, and one
 * store of an aligned word puts it there. No thread can be inside of an instruction, so no boundary needs a trap.
 *
 * The jump leads straight to the stub, which lies within reach of its image wherever there is room (codemem.c). Where
 * there is none, it leads to a hop in a gap within reach, and the hop to the stub. */
#ifdef __aarch64__
#include "tactic.h"
#include "arch/arch.h"
#include "codemem.h"
#include "patch.h"

bool gr_tactic_needs_traps(void) {
    return false;
}

uint64_t gr_tactic_word(const struct gr_site *site, unsigned *offset, unsigned *length) {
    *offset = (unsigned)(site->patch_address % sizeof(uint64_t));
    *length = GR_PATCH_SIZE;
    return site->patch_address - *offset;
}

/* Displacements that a branch can have: a multiple of 4, whose upper bits are all its sign. */
static const struct gr_pattern ahead = {UINT32_C(0xf8000003), 0}, behind = {UINT32_C(0xf8000003), UINT32_C(0xf8000000)};

static enum graft_status by_hop(struct gr_site *site) {
    uint8_t hop[GR_HOP_SIZE];
    uint64_t place;
    enum graft_status status = gr_place_take(site->patch_address, behind, site->slot, &place);
    if (status == GRAFT_NO_SPACE_NEAR)
        status = gr_place_take(site->patch_address, ahead, site->slot, &place);
    if (status != GRAFT_OK)
        return status;
    status = gr_arch_emit_hop(place, site->slot, hop);
    if (status == GRAFT_OK)
        status = gr_place_write(place, hop);
    if (status != GRAFT_OK) {
        gr_place_give(place);
        return status;
    }
    gr_arch_emit_jump(site->patch_address, place, site->jump);
    site->place = place;
    return GRAFT_OK;
}

enum graft_status gr_tactic_choose(struct gr_site *site, enum gr_tactic_wish wish) {
    (void)wish; /* all the same: no way needs a trap */
    enum graft_status status = GRAFT_OK;
    if (site->place == 0 && !gr_arch_emit_jump(site->patch_address, site->stub_code, site->jump))
        status = by_hop(site);
    if (status == GRAFT_OK)
        site->tactic = GR_TACTIC_ONE_WORD;
    return status;
}

void gr_tactic_return(struct gr_site *site) {
    (void)site; /* the only choice is the first */
}

void gr_tactic_end(void) {
}

void gr_tactic_forget(struct gr_site *site) {
    if (site->place != 0)
        gr_place_give(site->place);
    site->place = 0;
}
#endif
