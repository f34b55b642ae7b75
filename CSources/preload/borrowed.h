/* borrowed.h: the functions that the agent's library borrows, for borrow.c and lend.S. What is missing here does not link. */
#ifndef GR_BORROWED_H
#define GR_BORROWED_H

/* libdw, which has libelf with it. */
#define GR_BORROWED_DW(X)   \
    X(elf_version)          \
    X(elf_memory)           \
    X(elf_end)              \
    X(dwarf_attr)           \
    X(dwarf_attr_integrate) \
    X(dwarf_begin_elf)      \
    X(dwarf_child)          \
    X(dwarf_dieoffset)      \
    X(dwarf_end)            \
    X(dwarf_entrypc)        \
    X(dwarf_formflag)       \
    X(dwarf_formref_die)    \
    X(dwarf_formstring)     \
    X(dwarf_formudata)      \
    X(dwarf_get_units)      \
    X(dwarf_getfuncs)       \
    X(dwarf_getsrc_die)     \
    X(dwarf_lineno)         \
    X(dwarf_linesrc)        \
    X(dwarf_offdie)         \
    X(dwarf_ranges)         \
    X(dwarf_setalt)         \
    X(dwarf_siblingof)      \
    X(dwarf_srclang)        \
    X(dwarf_tag)            \
    X(dwelf_dwarf_gnu_debugaltlink)

#define GR_BORROWED_UNWIND(X)             \
    X(_Ux86_64_create_addr_space)         \
    X(_Ux86_64_destroy_addr_space)        \
    X(_Ux86_64_dwarf_search_unwind_table) \
    X(_Ux86_64_get_reg)                   \
    X(_Ux86_64_init_remote)               \
    X(_Ux86_64_step)

#endif
