/* tactic.c: choosing the jump's displacement (patching.md §3.1).
 *
 * A thread may be asleep on any instruction boundary inside the five bytes. Each such byte of the displacement therefore
 * has to be harmless to run into: a trap (0xcc), or what stood there before. Bytes from the last boundaries on may keep
 * their original values, since an instruction that is whole in memory is the original instruction; when all four keep
 * theirs, only the first byte of the function changes, no thread can ever see a trap, and threads that block SIGTRAP do
 * not matter. That is the preferred tactic as long as its pages are few; it dictates one address for the hop.
 *
 * Where that address is taken and a thread blocks SIGTRAP, the same holds for more addresses when the first instruction
 * is longer than a byte. Keep the bytes from the second instruction on; the others all belong to the first. A thread
 * resumes at the beginning of an instruction only: at a later one it finds what it always found, and at the entry it
 * finds the old instruction or the jump, each whole, because the bytes that differ lie in one aligned word of eight
 * bytes that one store changes, which every processor's instruction fetch sees as a whole. Nothing has to be known
 * about where any thread is, and so nothing about it can be wrong by the time of the store. That is why there is no
 * other way here, with traps at the boundaries and a proof that the thread was asleep elsewhere: it may wake, run and
 * be preempted between two instructions of the entry at any moment between the proof and the store, and a look at its
 * switch counts afterwards would only tell that it is too late. The price is a moment in which the page is writable, so
 * this is the last choice, and one for the time being: commit.c goes back to the first as soon as that may be.
 *
 * The highest byte of the displacement decides how far away the hop is, and it is the worst one to have fixed: then there is
 * one window of 16 MiB, which heaps and stacks of threads take, and which a program at 0x400000 does not have. So where no
 * place is left the jump stands one byte later (GR_SHAPE_LATE): behind a push of one byte, which stays and which the hop
 * takes back, or behind a prefix that means nothing to it. What was the highest byte is the second highest then, and there
 * are 256 windows of 64 KiB within reach. Faulting opcodes other than int3 would widen the choice too, but at the price of
 * another signal to guard in every thread.
 *
 * A first instruction of one byte is a push nearly always. It stays, and the same is done with the second instruction:
 * the hop takes the push back, and all is as at the entry. So the word "first" above means "first that changes". What has
 * no room even so, or lies across two words, waits. */
#ifdef __x86_64__
#include "tactic.h"
#include "arch/arch.h"
#include "codemem.h"
#include "os/os.h"
#include "patch.h"
#include <string.h>

enum { INT3 = 0xcc };

static bool needs_traps;
static uint64_t storable_page; /* the last one found, its number plus one; 0: none in this batch */

bool gr_tactic_needs_traps(void) {
    return needs_traps;
}

/* The displacement whose boundary bytes before `keep_from` trap, and whose bytes from there on stay as they were. */
static struct gr_pattern pattern_of(const struct gr_site *site, unsigned keep_from) {
    struct gr_pattern pattern = {0, 0};
    for (unsigned byte = 0; byte < sizeof(uint32_t); byte++) {
        unsigned i = 1 + site->prefixed + byte;
        bool keep = i >= keep_from, boundary = (site->boundaries >> i & 1) != 0;
        if (keep || boundary) {
            pattern.mask |= UINT32_C(0xff) << (8 * byte);
            pattern.value |= (uint32_t)(keep ? site->original[i] : INT3) << (8 * byte);
        }
    }
    return pattern;
}

/* Writes a hop that was emitted with this status, or gives its place back. */
static enum graft_status write_hop(enum graft_status emitted, uint64_t place, const uint8_t *hop) {
    enum graft_status status = emitted;
    if (status == GRAFT_OK)
        status = gr_place_write(place, hop);
    if (status != GRAFT_OK)
        gr_place_give(place);
    return status;
}

/* The hop of a site whose jump stands where `site->patch_address` is. */
static enum graft_status emit_hop(const struct gr_site *site, uint64_t at, uint8_t hop[GR_HOP_SIZE]) {
    return site->push == 0 ? gr_arch_emit_hop(at, site->slot, hop)
                           : gr_arch_emit_hop_after_push(at, site->push, site->stub_code, hop);
}

/* Makes the hop at a place that the pattern allows. */
static enum graft_status take(struct gr_site *site, struct gr_pattern pattern, uint64_t *place) {
    uint8_t hop[GR_HOP_SIZE];
    uint64_t at;
    uint64_t from = site->patch_address + site->prefixed + GR_PATCH_SIZE;
    enum graft_status status = gr_place_take(from, pattern, site->slot, &at);
    if (status == GRAFT_OK)
        status = write_hop(emit_hop(site, at, hop), at, hop);
    if (status == GRAFT_OK)
        *place = at;
    return status;
}

/* The jump to a place is what the entry will be. */
static void use(struct gr_site *site, uint64_t place, enum gr_tactic tactic) {
    if (site->prefixed)
        gr_arch_emit_prefixed_jump(site->patch_address, place, site->jump);
    else
        gr_arch_emit_jump(site->patch_address, place, site->jump);
    site->tactic = tactic;
}

/* Where the function's own bytes lead, read as a displacement. */
static uint64_t one_byte_place(const struct gr_site *site) {
    int32_t displacement;
    memcpy(&displacement, site->original + 1, sizeof displacement);
    return site->patch_address + GR_PATCH_SIZE + (uint64_t)(int64_t)displacement;
}

static enum graft_status one_byte(struct gr_site *site) {
    uint64_t place = one_byte_place(site);
    if (site->prefixed)
        return GRAFT_NO_SPACE_NEAR; /* two bytes at least */
    if (!site->one_byte_place) {
        enum graft_status status = take(site, pattern_of(site, 1), &place);
        if (status != GRAFT_OK)
            return status;
        site->one_byte_place = true;
    }
    use(site, place, GR_TACTIC_ONE_BYTE);
    return GRAFT_OK;
}

/* No boundary inside: any displacement will do, so the jump goes straight to the stub. */
static bool may_be_direct(const struct gr_site *site) {
    return site->boundaries == 0 && site->push == 0 && !site->prefixed;
}

static enum graft_status direct(struct gr_site *site) {
    if (!gr_arch_emit_jump(site->patch_address, site->stub_code, site->jump))
        return GRAFT_NO_SPACE_NEAR;
    site->tactic = GR_TACTIC_TRAPS;
    return GRAFT_OK;
}

/* The first boundary behind `from`, or the jump's size. */
static unsigned next_boundary(const struct gr_site *site, unsigned from) {
    unsigned end = from + 1;
    while (end < gr_site_size(site) && (site->boundaries >> end & 1) == 0)
        end++;
    return end;
}

uint64_t gr_tactic_word(const struct gr_site *site, unsigned *offset, unsigned *length) {
    *offset = (unsigned)(site->patch_address % sizeof(uint64_t));
    *length = next_boundary(site, 0);
    if (*length == 1) /* a push, which stays: the next instruction changes */
        *length = next_boundary(site, 1);
    return site->patch_address - *offset;
}

/* True when the sixth byte of the entry is the function's own, so that nobody else has a reason to change it. */
static bool has_sixth(const struct gr_site *site) {
    return site->block_size > GR_PATCH_SIZE ||
           site->entry.address + site->entry.size > site->patch_address + GR_PATCH_SIZE;
}

/* The hop for a jump one byte further, behind a push that stays. The last byte of its displacement is the sixth of the
 * entry: that stays too, so that a site's five bytes tell all. */
static enum graft_status take_after_push(struct gr_site *site, unsigned length, uint8_t sixth) {
    struct gr_pattern pattern = {UINT32_C(0xff) << 24, (uint32_t)sixth << 24};
    uint64_t from = site->patch_address + 1, place;
    uint8_t hop[GR_HOP_SIZE];
    for (unsigned i = length; i < GR_PATCH_SIZE; i++) {
        pattern.mask |= UINT32_C(0xff) << (8 * (i - 2));
        pattern.value |= (uint32_t)site->original[i] << (8 * (i - 2));
    }
    enum graft_status status = gr_place_take(from + GR_PATCH_SIZE, pattern, site->slot, &place);
    if (status != GRAFT_OK)
        return status;
    status = gr_arch_emit_hop_after_push(place, site->original[0], site->stub_code, hop);
    status = write_hop(status, place, hop);
    if (status == GRAFT_OK)
        site->store_place = place;
    return status;
}

static enum graft_status after_push(struct gr_site *site, unsigned length, uint8_t sixth) {
    uint8_t jump[GR_PATCH_SIZE];
    enum graft_status status = site->store_place != 0 ? GRAFT_OK : take_after_push(site, length, sixth);
    if (status != GRAFT_OK)
        return status;
    gr_arch_emit_jump(site->patch_address + 1, site->store_place, jump);
    memcpy(site->jump + 1, jump, sizeof jump - 1);
    site->jump[0] = site->original[0];
    site->tactic = GR_TACTIC_ONE_STORE;
    return GRAFT_OK;
}

/* The jump at the entry: all its bytes are the first instruction's, or stay. */
static enum graft_status at_entry(struct gr_site *site, unsigned length) {
    enum graft_status status = GRAFT_OK;
    if (may_be_direct(site)) {
        status = direct(site);
        if (status == GRAFT_OK)
            site->tactic = GR_TACTIC_ONE_STORE;
        return status;
    }
    if (site->store_place == 0)
        status = take(site, pattern_of(site, length), &site->store_place);
    if (status == GRAFT_OK)
        use(site, site->store_place, GR_TACTIC_ONE_STORE);
    return status;
}

/* Whether a page takes such a store at all is found out by one that changes nothing, once in a batch: each makes the page
 * writable for a moment, for which threads that fault on it have to wait. */
static bool takes_stores(uint64_t word) {
    uint64_t bytes, page = word / gr_os_page_size() + 1; /* no page is number 0 */
    if (page == storable_page)
        return true;
    if (gr_os_peek(word, &bytes, sizeof bytes) != sizeof bytes || gr_os_text_exchange(word, bytes, bytes) != GRAFT_OK)
        return false;
    storable_page = page;
    return true;
}

void gr_tactic_end(void) {
    storable_page = 0;
}

static enum graft_status one_store(struct gr_site *site) {
    unsigned offset, length;
    uint64_t word = gr_tactic_word(site, &offset, &length);
    uint8_t entry[GR_PATCH_SIZE + 1];
    bool push = next_boundary(site, 0) == 1;
    bool jumped_to = push && site->kept != 0 && site->kept < length;
    if (offset + length > sizeof word || jumped_to || (push && (site->push != 0 || !has_sixth(site))))
        return GRAFT_NO_SPACE_NEAR;
    if (gr_os_peek(site->patch_address, entry, sizeof entry) != sizeof entry || !takes_stores(word))
        return GRAFT_WRITE_DENIED;
    return push ? after_push(site, length, entry[GR_PATCH_SIZE]) : at_entry(site, length);
}

/* Traps at every boundary in front of what the function jumps to, which stays with all behind it; then with ever more of the
 * last instructions left as they were. */
static enum graft_status take_with_traps(struct gr_site *site) {
    unsigned all = site->kept != 0 ? site->kept : gr_site_size(site);
    enum graft_status status = take(site, pattern_of(site, all), &site->place);
    for (unsigned from = all - 1; status == GRAFT_NO_SPACE_NEAR && from > 1; from--)
        if ((site->boundaries >> from & 1) != 0)
            status = take(site, pattern_of(site, from), &site->place);
    return status;
}

static enum graft_status with_traps(struct gr_site *site) {
    enum graft_status status = site->place != 0 ? GRAFT_OK : take_with_traps(site);
    if (status == GRAFT_OK)
        use(site, site->place, GR_TACTIC_TRAPS);
    return status;
}

/* The tactics that need no trap. */
static enum graft_status safe(struct gr_site *site, bool also_one_byte) {
    enum graft_status status = also_one_byte ? one_byte(site) : GRAFT_NO_SPACE_NEAR;
    return status == GRAFT_NO_SPACE_NEAR ? one_store(site) : status;
}

/* Where no jump fits there is no choice. */
static enum graft_status trap_alone(struct gr_site *site, enum gr_tactic_wish wish) {
    if (wish != GR_TACTIC_ANY)
        return GRAFT_NO_SPACE_NEAR;
    needs_traps = true;
    memcpy(site->jump, site->original, sizeof site->jump);
    site->jump[0] = INT3;
    return GRAFT_OK;
}

enum graft_status gr_tactic_choose(struct gr_site *site, enum gr_tactic_wish wish) {
    if (site->tactic == GR_TACTIC_TRAP)
        return trap_alone(site, wish);
    if (wish == GR_TACTIC_ONLY_SAFE || wish == GR_TACTIC_ONLY_STORE)
        return safe(site, wish == GR_TACTIC_ONLY_SAFE);
    bool frugal = wish == GR_TACTIC_ONLY_TRAPS || gr_place_pages() >= GR_ONE_BYTE_PAGES;
    enum graft_status status = frugal ? GRAFT_NO_SPACE_NEAR : one_byte(site);
    if (status != GRAFT_NO_SPACE_NEAR)
        return status;
    needs_traps = true;
    status = may_be_direct(site) ? direct(site) : with_traps(site);
    if (status == GRAFT_NO_SPACE_NEAR && frugal && wish == GR_TACTIC_ANY)
        status = one_byte(site);
    return status;
}

/* What was chosen before succeeds again, for nothing that it rests on has changed: its hop, or how near the stub is. */
void gr_tactic_return(struct gr_site *site) {
    if (site->one_byte_place)
        use(site, one_byte_place(site), GR_TACTIC_ONE_BYTE);
    else if (site->place != 0)
        use(site, site->place, GR_TACTIC_TRAPS);
    else
        (void)direct(site);
}

void gr_tactic_forget(struct gr_site *site) {
    if (site->place != 0)
        gr_place_give(site->place);
    if (site->store_place != 0)
        gr_place_give(site->store_place);
    if (site->one_byte_place)
        gr_place_give(one_byte_place(site));
    site->place = site->store_place = 0;
    site->one_byte_place = false;
}
#endif
