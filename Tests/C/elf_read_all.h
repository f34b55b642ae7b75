/* elf_read_all.h: asks a view everything there is to ask, and checks what holds for every file, also for a hostile one.
 * For the tests and the fuzzer. */
#ifndef ELF_READ_ALL_H
#define ELF_READ_ALL_H

#include "check.h"
#include "elf_view.h"

static inline void elf_check_function(struct gr_elf *elf, const struct gr_elf_function *function, bool detail) {
    size_t available = 0, version_length = strlen(function->version);
    uint64_t start, size;
    const char *file;
    uint32_t line;
    const uint8_t *code = gr_elf_code(elf, function->address, &available);
    CHECK(code != NULL && available >= function->size);
    CHECK(version_length == 0 || function->symbol[0] != 0);
    bool covered = gr_elf_unwind_range(elf, function->address, &start, &size);
    CHECK_EQUAL(covered, function->has_unwind);
    CHECK(!covered || function->address - start < size);
    if (!detail)
        return;
    CHECK(code[0] + code[available - 1] >= 0); /* both can be read */
    gr_elf_abi_function(elf, function);
    if (gr_elf_source_line(elf, function->address, &file, &line))
        CHECK(strlen(file) + line > 0);
}

/* Closes the view. */
static inline void elf_read_all(struct gr_elf *elf) {
    const struct gr_elf_function *functions;
    size_t count, available;
    enum { DETAILED = 64 }; /* functions of which everything is asked */
    struct gr_elf_function exported;
    if (gr_elf_exported(elf, "exported_one", &exported)) /* before all ranges are read: by the search table */
        CHECK(gr_elf_code(elf, exported.address, &available) != NULL && available >= exported.size);
    CHECK(strlen(gr_elf_build_id(elf)) % 2 == 0);
    CHECK(strlen(gr_elf_soname(elf)) < (size_t)GR_ELF_FILE_MAX);
    CHECK_EQUAL(gr_elf_functions(elf, &functions, &count), GRAFT_OK);
    for (size_t i = 0; i < count; i++) {
        elf_check_function(elf, &functions[i], i < DETAILED);
        if (i > 0) {
            CHECK(functions[i - 1].address <= functions[i].address);
            CHECK(functions[i - 1].address < functions[i].address ||
                  strcmp(functions[i - 1].symbol, functions[i].symbol) <= 0);
        }
    }
    gr_elf_abi_callers(elf);
    CHECK(gr_elf_code(elf, UINT64_MAX, &available) == NULL);
    gr_elf_close(elf);
}

#endif
