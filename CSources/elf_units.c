/* elf_units.c: the compilation units of the debug information, by address: each with what made it.
 *
 * Read once, in one walk over the units' first entries; libdw's own look-up needs .debug_aranges, which clang does not
 * write. Neighbours: elf_dwarf (the session), elf_producer (judges what made a unit), log. */
#include "elf_internal.h"
#include "log.h"
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 256 /* ranges */ };

/* Assembly made by clang says "clang" too, but its author may have assumed anything of what it calls. */
static bool is_assembly(Dwarf_Die *unit) {
    return dwarf_srclang(unit) == DW_LANG_Mips_Assembler;
}

static bool keeps_abi(Dwarf_Die *unit) {
    Dwarf_Attribute attribute;
    const char *producer = dwarf_formstring(dwarf_attr(unit, DW_AT_producer, &attribute));
    return producer != NULL && !is_assembly(unit) && gr_elf_producer_keeps_abi(producer);
}

static bool keep(struct gr_elf *elf, struct gr_elf_unit unit, size_t *capacity) {
    if (elf->unit_count == *capacity) {
        size_t wanted = *capacity != 0 ? 2 * *capacity : FIRST_CAPACITY;
        struct gr_elf_unit *grown = realloc(elf->units, wanted * sizeof *grown);
        if (grown == NULL)
            return false;
        elf->units = grown;
        *capacity = wanted;
    }
    elf->units[elf->unit_count++] = unit;
    return true;
}

/* False when there is no room for more. Ranges outside code are of functions that the linker discarded. */
static bool read_ranges(struct gr_elf *elf, Dwarf_Die *die, size_t *capacity) {
    struct gr_elf_unit unit = {.die = dwarf_dieoffset(die), .keeps_abi = keeps_abi(die)};
    Dwarf_Addr base, end;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(die, at, &base, &unit.start, &end)) > 0;) {
        unit.size = end - unit.start;
        if (end <= unit.start || gr_elf_executable(elf, unit.start).size < unit.size)
            continue;
        if (elf->unit_count == elf->limits.functions || !keep(elf, unit, capacity)) {
            gr_log("elf: %s: only %zu ranges of compilation units are known", elf->path, elf->unit_count);
            return false;
        }
    }
    return true;
}

static int compare(const void *left, const void *right) {
    const struct gr_elf_unit *a = left, *b = right;
    return (a->start > b->start) - (a->start < b->start);
}

static void read_units(struct gr_elf *elf) {
    Dwarf *session = gr_elf_dwarf_session(elf);
    Dwarf_CU *unit = NULL;
    Dwarf_Die die;
    size_t capacity = 0;
    bool room = session != NULL;
    while (room && dwarf_get_units(session, unit, &unit, NULL, NULL, &die, NULL) == 0) {
        int tag = dwarf_tag(&die);
        if (tag == DW_TAG_compile_unit || tag == DW_TAG_skeleton_unit)
            room = read_ranges(elf, &die, &capacity);
    }
    if (elf->unit_count > 0)
        qsort(elf->units, elf->unit_count, sizeof *elf->units, compare);
}

const struct gr_elf_unit *gr_elf_unit_at(struct gr_elf *elf, uint64_t address) {
    if (!elf->units_read)
        read_units(elf);
    elf->units_read = elf->dwarf_tried;
    size_t low = 0, high = elf->unit_count;
    while (low < high) { /* units before `low` start at or below the address, those from `high` on above it */
        size_t middle = low + (high - low) / 2;
        if (elf->units[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    const struct gr_elf_unit *unit = low > 0 ? &elf->units[low - 1] : NULL;
    return unit != NULL && address - unit->start < unit->size ? unit : NULL;
}
