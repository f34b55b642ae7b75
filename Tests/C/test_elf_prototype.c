/* test_elf_prototype.c: how functions are called, as their debug information says it. */
#include "elf_fixture.h"

static struct gr_elf *elf;

static struct gr_elf_prototype prototype_of(const char *symbol) {
    const struct gr_elf_function *function = elf_find(elf, symbol, NULL);
    struct gr_elf_prototype prototype;
    CHECK(function != NULL);
    CHECK(gr_elf_prototype(elf, function->address, &prototype));
    CHECK(!prototype.foreign);
    return prototype;
}

static void check_value(struct gr_elf_value value, enum gr_elf_class class, uint64_t size) {
    CHECK_EQUAL(value.class, class);
    CHECK_EQUAL(value.size, size);
}

static void scalars_are_known_by_class_and_size(void) {
    struct gr_elf_prototype p = prototype_of("p_plain");
    CHECK_EQUAL(p.count, 6);
    CHECK(!p.variadic);
    check_value(p.result, GR_ELF_CLASS_INTEGER, 8);
    check_value(p.parameter[0], GR_ELF_CLASS_INTEGER, 1);
    check_value(p.parameter[1], GR_ELF_CLASS_INTEGER, 2);
    check_value(p.parameter[2], GR_ELF_CLASS_POINTER, 8);
    check_value(p.parameter[3], GR_ELF_CLASS_FLOAT, 4);
    check_value(p.parameter[4], GR_ELF_CLASS_FLOAT, 8);
    check_value(p.parameter[5], GR_ELF_CLASS_INTEGER, 4);
}

static void structs_are_known_by_size(void) {
    struct gr_elf_prototype p = prototype_of("p_struct");
    CHECK_EQUAL(p.count, 2);
    check_value(p.result, GR_ELF_CLASS_STRUCT, 16);
    check_value(p.parameter[0], GR_ELF_CLASS_STRUCT, 16);
    check_value(p.parameter[1], GR_ELF_CLASS_STRUCT, 4);
}

static void nothing_and_more_are_known(void) {
    struct gr_elf_prototype p = prototype_of("p_nothing");
    CHECK_EQUAL(p.count, 0);
    check_value(p.result, GR_ELF_CLASS_VOID, 0);
    p = prototype_of("p_variadic");
    CHECK(p.variadic);
    CHECK_EQUAL(p.count, 1);
}

static void wide_numbers_match_no_signature(void) {
    struct gr_elf_prototype p = prototype_of("p_wide");
    check_value(p.result, GR_ELF_CLASS_FLOAT, 16);
    check_value(p.parameter[0], GR_ELF_CLASS_FLOAT, 16);
    CHECK_EQUAL(p.parameter[1].class, GR_ELF_CLASS_OTHER);
}

static void an_inlined_function_has_all_its_parameters(void) {
    struct gr_elf_prototype p = prototype_of("twice");
    CHECK_EQUAL(p.count, 2);
    check_value(p.parameter[1], GR_ELF_CLASS_INTEGER, 8);
}

static void without_debug_information_nothing_is_said(void) {
    struct gr_elf *bare = elf_open("bare.so");
    struct gr_elf_prototype prototype;
    CHECK(!gr_elf_prototype(bare, elf_find(bare, "p_plain", NULL)->address, &prototype));
    gr_elf_close(bare);
    CHECK(!gr_elf_prototype(elf, elf_find(elf, "p_plain", NULL)->address + 1, &prototype));
    CHECK(!gr_elf_prototype(elf, 0, &prototype));
}

int main(void) {
    static const char *const commands[] = {"gcc -g -O2 -fPIC -shared $F/prototypes.c -o prototypes.so",
        "gcc -g -O0 -gdwarf-4 -fPIC -shared $F/prototypes.c -o prototypes.so",
        "clang -g -O2 -fPIC -shared $F/prototypes.c -o prototypes.so"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strncmp(commands[i], "clang", 5) == 0 && !elf_try("command -v clang"))
            continue;
        elf_run("%s && strip -o bare.so prototypes.so", commands[i]);
        elf = elf_open("prototypes.so");
        RUN(scalars_are_known_by_class_and_size);
        RUN(structs_are_known_by_size);
        RUN(nothing_and_more_are_known);
        RUN(wide_numbers_match_no_signature);
        RUN(an_inlined_function_has_all_its_parameters);
        RUN(without_debug_information_nothing_is_said);
        gr_elf_close(elf);
    }
    return 0;
}
