/* test_elf_hash.c: a dynamic symbol found by the hash of its name is the one that reading them all finds. */
#include "check.h"
#include "elf_fixture.h"
#include "elf_internal.h"

#include <stdlib.h>

enum { WORDS_MAX = 64 };

/* On some machines sections are among the dynamic symbols, as local ones. */
static bool is_defined(const Elf64_Sym *symbol) {
    return symbol->st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) != STB_LOCAL;
}

/* The first dynamic symbol with this name, looked for without a hash; 0 when there is none. */
static uint64_t find_slowly(const struct gr_elf *elf, const char *wanted, uint64_t after) {
    struct gr_elf_dynamic_symbols table = gr_elf_dynamic_symbols(elf);
    for (uint64_t i = after + 1; i < table.symbols.size / sizeof(Elf64_Sym); i++) {
        Elf64_Sym symbol;
        memcpy(&symbol, table.symbols.at + i * sizeof symbol, sizeof symbol);
        const char *name = gr_elf_string(&table.strings, symbol.st_name);
        if (name != NULL && is_defined(&symbol) && strcmp(name, wanted) == 0)
            return i;
    }
    return 0;
}

/* The same by the hash; others may have it too. */
static uint64_t find(const struct gr_elf *elf, const char *wanted, uint64_t after) {
    struct gr_elf_dynamic_symbols table = gr_elf_dynamic_hashed(elf);
    uint64_t i = after;
    while ((i = gr_elf_hash_next(elf, wanted, i)) != 0) {
        Elf64_Sym symbol;
        CHECK(i < table.symbols.size / sizeof symbol);
        memcpy(&symbol, table.symbols.at + i * sizeof symbol, sizeof symbol);
        const char *name = gr_elf_string(&table.strings, symbol.st_name);
        if (name != NULL && is_defined(&symbol) && strcmp(name, wanted) == 0)
            break;
    }
    return i;
}

/* Each name, with all of its versions. */
static void check_all(const char *file) {
    struct gr_elf *elf = elf_open(file);
    struct gr_elf_dynamic_symbols table = gr_elf_dynamic_symbols(elf);
    size_t count = table.symbols.size / sizeof(Elf64_Sym), found = 0;
    for (size_t i = 1; i < count; i++) {
        Elf64_Sym symbol;
        memcpy(&symbol, table.symbols.at + i * sizeof symbol, sizeof symbol);
        const char *name = gr_elf_string(&table.strings, symbol.st_name);
        if (!is_defined(&symbol))
            continue;
        for (uint64_t slow = 0, quick = 0;; found++) {
            slow = find_slowly(elf, name, slow);
            quick = find(elf, name, quick);
            CHECK_EQUAL(quick, slow);
            if (slow == 0)
                break;
        }
    }
    CHECK(found > 0);
    CHECK_EQUAL(find(elf, "nothing_of_that_name", 0), 0);
    CHECK_EQUAL(find(elf, "", 0), 0);
    gr_elf_close(elf);
}

static void finds_what_is_in_the_table(void) {
    elf_run("gcc -O1 -fPIC -shared -Wl,--hash-style=gnu -Wl,--version-script=$F/versions.map $F/versions.c -o gnu.so");
    check_all("gnu.so");
}

static void finds_what_is_in_the_table_of_a_library_of_the_system(void) {
    elf_run("cp $(realpath /lib/x86_64-linux-gnu/libm.so.6) libm.so");
    check_all("libm.so");
}

static void finds_what_is_in_a_table_of_the_old_kind(void) {
    elf_run("gcc -O1 -fPIC -shared -Wl,--hash-style=sysv -Wl,--version-script=$F/versions.map $F/versions.c -o old.so");
    check_all("old.so");
}

static void finds_nothing_where_there_is_no_symbol(void) {
    elf_run("echo 'void _start(void){}' >start.c && gcc -static -nostdlib start.c -o static");
    struct gr_elf *elf = elf_open("static");
    CHECK_EQUAL(gr_elf_hash_next(elf, "_start", 0), 0);
    gr_elf_close(elf);
}

/* Every word of the table wrong, one after the other: a symbol is found or none, and nothing outside is read. */
static void a_damaged_table_leads_nowhere_outside(void) {
    static const uint32_t wrong[] = {0, 1, 2, INT32_MAX, UINT32_MAX};
    size_t size;
    elf_run("gcc -O1 -fPIC -shared -Wl,--hash-style=gnu -Wl,--version-script=$F/versions.map $F/versions.c -o gnu.so");
    struct gr_elf *elf = elf_open("gnu.so");
    uint64_t table = elf->dynamic.gnu_hash; /* in the first segment: its offset in the file too */
    size_t words = gr_elf_table_at(elf, table, WORDS_MAX * sizeof *wrong).size / sizeof *wrong;
    gr_elf_close(elf);
    CHECK(words > 0);
    uint8_t *bytes = elf_load("gnu.so", &size);
    for (size_t i = 0; i < words * (sizeof wrong / sizeof *wrong); i++) {
        uint8_t *at = bytes + table + i / (sizeof wrong / sizeof *wrong) * sizeof *wrong;
        uint32_t right;
        memcpy(&right, at, sizeof right);
        memcpy(at, &wrong[i % (sizeof wrong / sizeof *wrong)], sizeof right);
        elf_store("damaged.so", bytes, size);
        memcpy(at, &right, sizeof right);
        struct gr_elf_function function;
        elf = elf_open("damaged.so");
        gr_elf_exported(elf, "pick", &function);
        gr_elf_exported(elf, "nothing_of_that_name", &function);
        gr_elf_close(elf);
    }
    free(bytes);
}

int main(void) {
    RUN(finds_what_is_in_the_table);
    RUN(finds_what_is_in_the_table_of_a_library_of_the_system);
    RUN(finds_what_is_in_a_table_of_the_old_kind);
    RUN(finds_nothing_where_there_is_no_symbol);
    RUN(a_damaged_table_leads_nowhere_outside);
    return 0;
}
