/* elf_fixture.h: small ELF files for the tests of the ELF view, made by the compilers and tools of this machine.
 *
 * Everything lives in one temporary folder, which is removed when the program ends. */
#ifndef ELF_FIXTURE_H
#define ELF_FIXTURE_H

#include "check.h"
#include "compiler.h"
#include "elf_internal.h"

/* Runs a shell command in the folder; it must succeed. $F is the folder of the checked-in sources. */
void elf_run(const char *format, ...) GR_PRINTF(1, 2);
/* True when a shell command succeeds. */
bool elf_try(const char *command);
/* The path of a name in the folder; valid until the fourth next call. */
const char *elf_path(const char *name);

/* Options like those of gr_elf_open, with `debug-root` in the folder as root of debug files. */
struct gr_elf_options elf_options(void);
/* Opens a file of the folder, with elf_options; it must succeed. */
struct gr_elf *elf_open(const char *name);
enum graft_status elf_try_open(const char *name, const struct gr_elf_options *options, struct gr_elf **elf);

/* The function of this symbol and version (null: any); null when there is none. */
const struct gr_elf_function *elf_find(struct gr_elf *elf, const char *symbol, const char *version);
/* How many functions have this symbol. */
size_t elf_count(struct gr_elf *elf, const char *symbol);
/* The number of the first line of a checked-in source that contains the text. */
uint32_t elf_line_of(const char *source, const char *text);

/* Reads a file of the folder into malloc'd memory; writes one. */
uint8_t *elf_load(const char *name, size_t *size);
void elf_store(const char *name, const void *bytes, size_t size);

#endif
