/* elf_lines.c: source file and line of an address, from the line table of its compilation unit.
 *
 * Neighbours: elf_units (which unit), elf_dwarf (the session). */
#include "elf_internal.h"
#include <elfutils/libdw.h>

bool gr_elf_source_line(struct gr_elf *elf, uint64_t address, const char **file, uint32_t *line) {
    const struct gr_elf_unit *unit = gr_elf_unit_at(elf, address);
    Dwarf_Die die;
    if (unit == NULL || dwarf_offdie(gr_elf_dwarf_session(elf), unit->die, &die) == NULL)
        return false;
    Dwarf_Line *row = dwarf_getsrc_die(&die, address);
    const char *name = dwarf_linesrc(row, NULL, NULL);
    int number;
    /* line 0: code that the compiler made up */
    if (name == NULL || dwarf_lineno(row, &number) != 0 || number <= 0)
        return false;
    *file = name;
    *line = (uint32_t)number;
    return true;
}
