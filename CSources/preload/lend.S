/* lend.S: borrowed functions, under their own names: each jumps to where borrow.c found it.
 *
 * A worked example: elf_dwarf.c calls elf_memory as if it were linked with libelf; it finds elf_memory here, and behind
 * gr_lent_elf_memory libelf's. Registers and stack are as the caller left them, so nothing has to be known of the
 * arguments, and nothing here needs unwinding. Until the library is loaded each of them answers 0. */
#include "borrowed.h"

/* clang-format off */
#define LEND(name) .globl name; .hidden name; .type name, @function; .balign 16; name: endbr64; jmpq *gr_lent_##name(%rip); .size name, . - name;
/* clang-format on */

    .text
GR_BORROWED_DW(LEND)
GR_BORROWED_UNWIND(LEND)

    .section .note.GNU-stack, "", @progbits
