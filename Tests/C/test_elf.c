/* test_elf.c: what the ELF view says of functions, code, unwinding and lines, on files made here. */
#include "elf_fixture.h"
#include "elf_read_all.h"
#include <elf.h>

static void make_files(void) {
    elf_run("gcc -g -O1 -fPIC -shared -Wl,-soname,libkinds.so.1 -Wl,--build-id=sha1 $F/kinds.c -o kinds.so");
    elf_run("gcc -O1 -fPIC -shared -Wl,--version-script=$F/versions.map $F/versions.c -o versions.so");
    elf_run("strip -o kinds-stripped.so kinds.so");
    elf_run("strip -o versions-stripped.so versions.so");
}

static void finds_exported_and_local_functions(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    const struct gr_elf_function *exported = elf_find(elf, "exported_one", ""), *local = elf_find(elf, "local_one", "");
    CHECK(exported != NULL && local != NULL);
    CHECK(exported->size > 0 && local->size > 0);
    CHECK(exported->has_unwind && exported->default_version && !exported->ifunc);
    gr_elf_close(elf);
}

static void leaves_out_what_is_not_a_function_of_this_image(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    CHECK(elf_find(elf, "table", NULL) == NULL); /* data */
    CHECK(elf_find(elf, "abs", NULL) == NULL);   /* undefined */
    CHECK(elf_find(elf, "fixed", NULL) == NULL); /* absolute, though there is code at this address: */
    CHECK(gr_elf_code(elf, 0x1008, &(size_t){0}) != NULL);
    CHECK(elf_find(elf, "second_range", NULL) == NULL); /* a label */
    gr_elf_close(elf);
}

static void lists_aliases_as_functions_at_one_address(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    const struct gr_elf_function *alias = elf_find(elf, "alias_one", NULL), *one = elf_find(elf, "exported_one", NULL);
    CHECK(alias != NULL && one == alias + 1);
    CHECK_EQUAL(alias->address, one->address);
    gr_elf_close(elf);
}

static void names_a_function_of_both_tables_once(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    CHECK_EQUAL(elf_count(elf, "exported_one"), 1);
    CHECK_EQUAL(elf_count(elf, "chosen"), 1);
    gr_elf_close(elf);
}

static void flags_indirect_functions_and_not_their_resolvers(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    const struct gr_elf_function *chosen = elf_find(elf, "chosen", NULL), *choose = elf_find(elf, "choose", NULL);
    CHECK(chosen != NULL && chosen->ifunc);
    CHECK(choose != NULL && !choose->ifunc);
    CHECK_EQUAL(chosen->address, choose->address);
    gr_elf_close(elf);
}

static void gives_a_symbol_without_size_that_of_its_unwind_range(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    const struct gr_elf_function *sizeless = elf_find(elf, "sizeless", NULL), *bare = elf_find(elf, "bare", NULL);
    CHECK(sizeless != NULL && bare != NULL);
    CHECK_EQUAL(sizeless->size, 3);
    CHECK(sizeless->has_unwind);
    CHECK_EQUAL(bare->size, 0);
    CHECK(!bare->has_unwind);
    gr_elf_close(elf);
}

/* Its record begins a byte early and describes no call: so a trampoline counts as a function that is not unwound. */
static void takes_no_unwind_range_from_a_signal_trampoline(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    const struct gr_elf_function *trampoline = elf_find(elf, "trampoline", NULL);
    CHECK(trampoline != NULL && !trampoline->has_unwind);
    gr_elf_close(elf);
}

static void keeps_old_and_default_versions_apart(const char *name) {
    struct gr_elf *elf = elf_open(name);
    const struct gr_elf_function *old = elf_find(elf, "pick", "V1"), *new = elf_find(elf, "pick", "V2");
    CHECK(old != NULL && !old->default_version);
    CHECK(new != NULL &&new->default_version);
    CHECK(old->address != new->address);
    CHECK_EQUAL(elf_count(elf, "pick"), 2);
    const struct gr_elf_function *removed = elf_find(elf, "removed", "V1"), *steady = elf_find(elf, "steady", "V2");
    CHECK(removed != NULL && !removed->default_version);
    CHECK(steady != NULL && steady->default_version);
    CHECK_EQUAL(elf_count(elf, "steady"), 1);
    const struct gr_elf_function *plain = elf_find(elf, "plain", "");
    CHECK(plain != NULL && plain->default_version);
    gr_elf_close(elf);
}

static void reads_versions_from_dynamic_symbols(void) {
    keeps_old_and_default_versions_apart("versions-stripped.so");
}

static void folds_versions_of_both_tables(void) {
    keeps_old_and_default_versions_apart("versions.so");
}

/* Without dynamic symbols the static table alone has the versions, inside its names. */
static void reads_versions_from_static_names(void) {
    size_t size;
    uint8_t *bytes = elf_load("versions.so", &size);
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)bytes;
    Elf64_Phdr *segments = (Elf64_Phdr *)(void *)(bytes + header->e_phoff);
    for (size_t i = 0; i < header->e_phnum; i++)
        if (segments[i].p_type == PT_DYNAMIC)
            segments[i].p_type = PT_NULL;
    elf_store("versions-static.so", bytes, size);
    free(bytes);
    struct gr_elf *elf = elf_open("versions-static.so");
    const struct gr_elf_function *old = elf_find(elf, "pick", "V1"), *new = elf_find(elf, "pick", "V2");
    CHECK(old != NULL && !old->default_version);
    CHECK(new == NULL || new->default_version); /* some linkers leave the default version out of the static name */
    CHECK_EQUAL(elf_count(elf, "pick"), 2);
    gr_elf_close(elf);
}

static void lists_stripped_functions_by_their_unwind_ranges(void) {
    struct gr_elf *whole = elf_open("kinds.so"), *stripped = elf_open("kinds-stripped.so");
    const struct gr_elf_function *local = elf_find(whole, "local_one", NULL), *functions;
    size_t count, nameless = 0, found = 0;
    CHECK(local != NULL);
    CHECK_EQUAL(gr_elf_functions(stripped, &functions, &count), GRAFT_OK);
    for (size_t i = 0; i < count; i++) {
        nameless += functions[i].symbol[0] == 0;
        if (functions[i].address == local->address) {
            CHECK_TEXT(functions[i].symbol, "");
            CHECK_EQUAL(functions[i].size, local->size);
            CHECK(functions[i].has_unwind);
            found++;
        }
    }
    CHECK_EQUAL(found, 1);
    /* local_one, unlikely_one, chosen_fast: no stub of the linker, no part of two_ranges, no trampoline */
    CHECK_EQUAL(nameless, 3);
    CHECK(elf_find(stripped, "exported_one", NULL) != NULL);
    gr_elf_close(whole);
    gr_elf_close(stripped);
}

static void gives_the_code_of_executable_segments_only(void) {
    size_t available = 0, size;
    uint8_t *bytes = elf_load("kinds.so", &size);
    struct gr_elf *elf = elf_open("kinds.so");
    const struct gr_elf_function *bare = elf_find(elf, "bare", NULL);
    const uint8_t *code = gr_elf_code(elf, bare->address, &available);
    CHECK(code != NULL && available > 0);
    CHECK(memcmp(code, bytes + bare->address, 1) == 0); /* this linker places the first segments at their offsets */
    CHECK(gr_elf_code(elf, bare->address + available - 1, &size) != NULL);
    CHECK_EQUAL(size, 1);
    CHECK(gr_elf_code(elf, bare->address + available, &available) == NULL);
    CHECK(gr_elf_code(elf, 0, &available) == NULL); /* the headers: loaded, but not executable */
    gr_elf_close(elf);
    free(bytes);
}

static void finds_the_unwind_range_around_an_address(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    const struct gr_elf_function *one = elf_find(elf, "exported_one", NULL), *bare = elf_find(elf, "bare", NULL);
    uint64_t start = 7, size = 7;
    CHECK(gr_elf_unwind_range(elf, one->address + one->size - 1, &start, &size));
    CHECK_EQUAL(start, one->address);
    CHECK_EQUAL(size, one->size);
    start = size = 7;
    CHECK(!gr_elf_unwind_range(elf, bare->address, &start, &size));
    CHECK(!gr_elf_unwind_range(elf, 0, &start, &size));
    CHECK(!gr_elf_unwind_range(elf, UINT64_MAX, &start, &size));
    CHECK_EQUAL(start + size, 14); /* untouched on failure */
    gr_elf_close(elf);
}

/* A view that has read all ranges and one that has not must agree, about each function and about its last byte. */
static void check_search(const char *name) {
    struct gr_elf *all = elf_open(name), *searched = elf_open(name);
    const struct gr_elf_function *functions;
    size_t count;
    CHECK_EQUAL(gr_elf_functions(all, &functions, &count), GRAFT_OK);
    CHECK(count > 0);
    for (size_t i = 0; i < 2 * count; i++) {
        const struct gr_elf_function *function = &functions[i / 2];
        uint64_t address = function->address + (i % 2 == 1 && function->size > 0 ? function->size - 1 : 0);
        uint64_t start = 7, size = 7, found_start = 7, found_size = 7;
        bool known = gr_elf_unwind_range(all, address, &start, &size);
        CHECK_EQUAL(gr_elf_unwind_at(searched, address, &found_start, &found_size), known);
        CHECK(found_start == start && found_size == size);
    }
    uint64_t start, size;
    CHECK(!gr_elf_unwind_at(searched, 0, &start, &size) && !gr_elf_unwind_at(searched, UINT64_MAX, &start, &size));
    gr_elf_close(searched);
    gr_elf_close(all);
}

static void finds_one_unwind_range_without_reading_all(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    struct gr_elf_function function;
    CHECK(gr_elf_exported(elf, "exported_one", &function));
    CHECK(function.has_unwind && !elf->ranges_read);
    CHECK(!gr_elf_exported(elf, "nothing_of_that_name", &function));
    gr_elf_close(elf);
    check_search("kinds.so");
    elf_run("cp $(realpath /lib/x86_64-linux-gnu/libc.so.6) libc.so");
    check_search("libc.so");
}

static void reads_all_ranges_where_there_is_no_search_table(void) {
    elf_run("gcc -O1 -fPIC -shared -Wl,--no-eh-frame-hdr $F/kinds.c -o no-table.so");
    struct gr_elf *elf = elf_open("no-table.so");
    struct gr_elf_function function;
    CHECK(gr_elf_exported(elf, "exported_one", &function));
    CHECK(function.has_unwind && elf->ranges_read);
    gr_elf_close(elf);
}

static void finds_unwind_ranges_that_the_file_has_out_of_order(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    const struct gr_elf_function *first = elf_find(elf, "unlikely_one", NULL),
                                 *local = elf_find(elf, "local_one", NULL);
    uint64_t start, size;
    CHECK(first->address < local->address);
    CHECK(gr_elf_unwind_range(elf, first->address, &start, &size));
    CHECK_EQUAL(start, first->address);
    CHECK(gr_elf_unwind_range(elf, local->address, &start, &size));
    CHECK_EQUAL(start, local->address);
    gr_elf_close(elf);
}

static void tells_build_id_and_soname(void) {
    struct gr_elf *elf = elf_open("kinds.so"), *none = NULL;
    CHECK_TEXT(gr_elf_soname(elf), "libkinds.so.1");
    CHECK_EQUAL(strlen(gr_elf_build_id(elf)), 40);
    CHECK_EQUAL(strspn(gr_elf_build_id(elf), "0123456789abcdef"), 40);
    gr_elf_close(elf);
    elf_run("gcc -O1 -fPIC -shared -Wl,--build-id=none $F/kinds.c -o nameless.so");
    none = elf_open("nameless.so");
    CHECK_TEXT(gr_elf_soname(none), "");
    CHECK_TEXT(gr_elf_build_id(none), "");
    gr_elf_close(none);
}

static void tells_source_lines(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    const struct gr_elf_function *one = elf_find(elf, "exported_one", NULL), *bare = elf_find(elf, "bare", NULL);
    const char *file = NULL;
    uint32_t line = 7;
    CHECK(gr_elf_source_line(elf, one->address, &file, &line));
    CHECK_TEXT(strrchr(file, '/'), "/kinds.c");
    CHECK_EQUAL(line, elf_line_of("kinds.c", "int exported_one"));
    line = 7;
    CHECK(!gr_elf_source_line(elf, bare->address, &file, &line));
    CHECK(!gr_elf_source_line(elf, 0, &file, &line));
    CHECK_EQUAL(line, 7);
    uint64_t address = one->address;
    gr_elf_close(elf);
    elf = elf_open("kinds-stripped.so");
    CHECK(!gr_elf_source_line(elf, address, &file, &line));
    gr_elf_close(elf);
}

static void tells_no_line_of_code_that_the_compiler_made_up(void) {
    elf_run("clang -w -g -shared -fPIC $F/made_up.c -o made_up.so");
    struct gr_elf *elf = elf_open("made_up.so");
    const char *file;
    uint32_t line;
    CHECK(gr_elf_source_line(elf, elf_find(elf, "written", NULL)->address, &file, &line));
    CHECK_EQUAL(line, elf_line_of("made_up.c", "int written(int value) {"));
    CHECK(!gr_elf_source_line(elf, elf_find(elf, "made_up", NULL)->address, &file, &line));
    gr_elf_close(elf);
}

/* Removes the section headers, as sstrip does. */
static void reads_an_image_without_section_headers(void) {
    size_t size;
    uint8_t *bytes = elf_load("versions.so", &size);
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)bytes;
    header->e_shoff = 0;
    header->e_shnum = header->e_shstrndx = 0;
    elf_store("bald.so", bytes, size);
    free(bytes);
    keeps_old_and_default_versions_apart("bald.so");
    struct gr_elf *elf = elf_open("bald.so"), *whole = elf_open("versions.so");
    CHECK_TEXT(gr_elf_build_id(elf), gr_elf_build_id(whole));
    CHECK(elf_find(elf, "pick", "V1")->has_unwind);
    gr_elf_close(elf);
    gr_elf_close(whole);
}

static void reads_a_table_with_the_older_hash(void) {
    elf_run(
        "gcc -O1 -fPIC -shared -Wl,--hash-style=sysv -Wl,--version-script=$F/versions.map $F/versions.c -s -o old.so");
    keeps_old_and_default_versions_apart("old.so");
}

static void reads_an_executable_at_fixed_addresses(void) {
    elf_run("echo 'int main(void){return 0;}' >main.c && gcc -no-pie main.c -o fixed && strip -o fixed-stripped fixed");
    struct gr_elf *elf = elf_open("fixed"), *stripped = elf_open("fixed-stripped");
    const struct gr_elf_function *entry = elf_find(elf, "main", NULL);
    uint64_t start, size;
    CHECK(entry != NULL && entry->address >= 0x400000 && entry->has_unwind);
    CHECK(elf_find(elf, "__libc_start_main", NULL) == NULL);
    CHECK(gr_elf_unwind_range(stripped, entry->address, &start, &size));
    CHECK_EQUAL(start, entry->address);
    gr_elf_close(elf);
    gr_elf_close(stripped);
}

static bool any_string(const char *string) {
    return string != NULL;
}

static bool begins_with_e(const char *string) {
    return string[0] == 'e';
}

static bool named(struct gr_elf *elf, const char *text, bool (*counts)(const char *string)) {
    return gr_elf_any_name(elf, text, strlen(text), counts);
}

static void tells_whether_a_text_is_among_the_names_without_reading_them(void) {
    struct gr_elf *elf = elf_open("kinds.so");
    CHECK(named(elf, "exported_one", any_string) && named(elf, "ported_on", any_string));
    CHECK(!named(elf, "exported_one_more", any_string) && !named(elf, "EXPORTED", any_string));
    CHECK(named(elf, "ported_on", begins_with_e)); /* of the whole string */
    CHECK(!named(elf, "local", begins_with_e) && named(elf, "local", any_string));
    CHECK(elf->functions == NULL && !elf->functions_read);
    struct gr_elf *stripped = elf_open("kinds-stripped.so");
    CHECK(named(stripped, "exported_one", any_string) && !named(stripped, "local_one", any_string));
    gr_elf_close(stripped);
    gr_elf_close(elf);
}

static void reads_the_system_s_own_libraries(void) {
    static const char *const paths[] = {"/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libm.so.6",
        "/lib64/ld-linux-x86-64.so.2", "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/proc/self/exe"};
    size_t read = 0;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct gr_elf *elf;
        if (gr_elf_open(paths[i], &elf) != GRAFT_OK)
            continue;
        elf_read_all(elf);
        read++;
    }
    CHECK(read >= 2);
}

int main(void) {
    make_files();
    RUN(finds_exported_and_local_functions);
    RUN(leaves_out_what_is_not_a_function_of_this_image);
    RUN(lists_aliases_as_functions_at_one_address);
    RUN(names_a_function_of_both_tables_once);
    RUN(flags_indirect_functions_and_not_their_resolvers);
    RUN(gives_a_symbol_without_size_that_of_its_unwind_range);
    RUN(takes_no_unwind_range_from_a_signal_trampoline);
    RUN(reads_versions_from_dynamic_symbols);
    RUN(folds_versions_of_both_tables);
    RUN(reads_versions_from_static_names);
    RUN(lists_stripped_functions_by_their_unwind_ranges);
    RUN(gives_the_code_of_executable_segments_only);
    RUN(finds_the_unwind_range_around_an_address);
    RUN(finds_one_unwind_range_without_reading_all);
    RUN(reads_all_ranges_where_there_is_no_search_table);
    RUN(finds_unwind_ranges_that_the_file_has_out_of_order);
    RUN(tells_build_id_and_soname);
    RUN(tells_source_lines);
    if (elf_try("clang --version >clang-version 2>&1"))
        RUN(tells_no_line_of_code_that_the_compiler_made_up);
    RUN(reads_an_image_without_section_headers);
    RUN(reads_a_table_with_the_older_hash);
    RUN(reads_an_executable_at_fixed_addresses);
    RUN(tells_whether_a_text_is_among_the_names_without_reading_them);
    RUN(reads_the_system_s_own_libraries);
    return 0;
}
