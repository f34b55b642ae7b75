/* test_elf_producer.c: whose callers assume no more than the ABI. */
#include "elf_fixture.h"

/* The start of a command that compiles caller.c with a prefix for its names. */
#define COMPILE(compiler, prefix) compiler " -O2 -fPIC '-DNAME(x)=" prefix "_##x' "

#define NO_STACK ".section .note.GNU-stack\\n"

static void make_files(void) {
    elf_run(COMPILE("clang", "c") "-g -c $F/caller.c -o clang-g.o");
    elf_run(COMPILE("clang", "c") "-c $F/caller.c -o clang.o");
    elf_run(COMPILE("gcc", "g") "-g -c $F/caller.c -o gcc-g.o");
    elf_run(COMPILE("gcc", "g") "-c $F/caller.c -o gcc.o");
    elf_run("printf '.globl by_hand\\n.type by_hand,@function\\nby_hand: ret\\n.size by_hand,.-by_hand\\n" NO_STACK
            "' >hand.s");
    elf_run("clang -g -c hand.s -o hand-clang-g.o && gcc -g -c hand.s -o hand-gcc-g.o");
}

static bool image(const char *name) {
    struct gr_elf *elf = elf_open(name);
    bool answer = gr_elf_abi_callers(elf);
    CHECK_EQUAL(gr_elf_abi_callers(elf), answer); /* the kept answer */
    gr_elf_close(elf);
    return answer;
}

static bool function(const char *name, const char *symbol) {
    struct gr_elf *elf = elf_open(name);
    const struct gr_elf_function *found = elf_find(elf, symbol, NULL);
    CHECK(found != NULL);
    bool answer = gr_elf_abi_function(elf, found);
    gr_elf_close(elf);
    return answer;
}

static void judges_the_texts_of_producers(void) {
    CHECK(gr_elf_producer_keeps_abi("clang version 21.0.0 (https://example.org/llvm 1167)"));
    CHECK(gr_elf_producer_keeps_abi("Debian clang version 14.0.6"));
    CHECK(gr_elf_producer_keeps_abi("Swift version 6.3.1 (swift-6.3.1-RELEASE)"));
    CHECK(!gr_elf_producer_keeps_abi("GCC: (Debian 12.2.0-14+deb12u1) 12.2.0"));
    CHECK(!gr_elf_producer_keeps_abi("GNU C17 12.2.0 -O2 -DX='clang version 1'"));
    CHECK(!gr_elf_producer_keeps_abi("GNU AS 2.40"));
    CHECK(!gr_elf_producer_keeps_abi("GNU GIMPLE 12.2.0"));
    CHECK(!gr_elf_producer_keeps_abi("clang LLVM (rustc version 1.70.0)"));
    CHECK(!gr_elf_producer_keeps_abi("Go cmd/compile go1.21"));
    CHECK(!gr_elf_producer_keeps_abi(""));
}

static void looks_at_a_bounded_part_of_a_producer(void) {
    static char text[4096] = "";
    size_t length = strlen("clang version ");
    memset(text, ' ', sizeof text - 1);
    memcpy(text + 1024 - length, "clang version ", length);
    CHECK(gr_elf_producer_keeps_abi(text));
    memmove(text + 1, text, sizeof text - 2);
    CHECK(!gr_elf_producer_keeps_abi(text));
}

/* Linked with the start-up files of GCC, whose mark is in .comment. */
static void trusts_clang_where_debug_information_covers_everything(void) {
    elf_run("gcc -shared clang-g.o -o clang-g.so && readelf -p .comment clang-g.so | grep -q GCC:");
    CHECK(image("clang-g.so"));
    CHECK(function("clang-g.so", "c_leaf"));
}

static void never_trusts_gcc(void) {
    elf_run("gcc -shared gcc-g.o -o gcc-g.so && gcc -shared gcc.o -o gcc.so");
    CHECK(!image("gcc-g.so"));
    CHECK(!function("gcc-g.so", "g_leaf"));
    CHECK(!image("gcc.so"));
    CHECK(!function("gcc.so", "g_caller"));
}

/* Unpacking it takes long, and the mark of GCC alone says all. */
static void asks_no_debug_information_of_an_image_that_gcc_alone_made(void) {
    elf_run("gcc -shared gcc-g.o -o gcc-alone.so");
    struct gr_elf *elf = elf_open("gcc-alone.so");
    const struct gr_elf_function *leaf = elf_find(elf, "g_leaf", NULL);
    CHECK(leaf != NULL && !gr_elf_abi_function(elf, leaf));
    CHECK(!elf->dwarf_tried && !elf->units_read);
    gr_elf_close(elf);
}

static void never_trusts_gcc_s_link_time_optimisation(void) {
    elf_run(COMPILE("gcc", "g") "-g -flto -c $F/caller.c -o lto.o && gcc -g -O2 -flto -shared lto.o -o lto.so");
    CHECK(!image("lto.so"));
    CHECK(!function("lto.so", "g_leaf"));
}

static void tells_functions_of_a_mixed_image_apart(void) {
    elf_run("gcc -shared clang-g.o gcc-g.o -o mixed.so");
    CHECK(!image("mixed.so"));
    CHECK(function("mixed.so", "c_leaf"));
    CHECK(function("mixed.so", "c_caller"));
    CHECK(!function("mixed.so", "g_leaf"));
}

/* What debug information does not cover may be GCC's, if GCC left its mark. */
static void doubts_what_debug_information_does_not_cover(void) {
    elf_run("gcc -shared clang-g.o gcc.o -o partial.so && gcc -shared clang-g.o clang.o "
            "-Wl,--allow-multiple-definition -o partial-clang.so");
    CHECK(!image("partial.so"));
    CHECK(function("partial.so", "c_leaf"));
    CHECK(!function("partial.so", "g_caller"));
    CHECK(!image("partial-clang.so"));
}

static void doubts_clang_beside_gcc_s_mark_without_debug_information(void) {
    elf_run("gcc -shared clang.o -o clang.so");
    CHECK(!image("clang.so"));
    CHECK(!function("clang.so", "c_leaf"));
}

static void trusts_comments_that_name_clang_alone(void) {
    elf_run("ld -shared clang.o -o alone.so && strip -o alone-stripped.so alone.so");
    CHECK(image("alone.so"));
    CHECK(function("alone.so", "c_leaf"));
    elf_run("objcopy --remove-section .comment alone.so mute.so"); /* nothing known */
    CHECK(!image("mute.so"));
    elf_run("printf 'Linker: LLD 21.0.0\\0' >lld && objcopy --update-section .comment=lld alone.so linker.so");
    CHECK(!image("linker.so")); /* a linker's mark says nothing of the code */
    elf_run("printf 'Linker: LLD 21.0.0\\0clang version 21.0.0\\0' >both "
            "&& objcopy --update-section .comment=both alone.so both.so");
    CHECK(image("both.so"));
}

static void doubts_assembly_whoever_assembled_it(void) {
    elf_run("ld -shared clang-g.o hand-clang-g.o -o hand.so && ld -shared hand-gcc-g.o -o hand-gcc.so");
    CHECK(!function("hand.so", "by_hand"));
    CHECK(function("hand.so", "c_leaf"));
    CHECK(!image("hand.so"));
    CHECK(!function("hand-gcc.so", "by_hand"));
}

/* No debug information, and GCC's mark: the mangled name alone says that swiftc made it. */
static void trusts_mangled_swift_symbols(void) {
    elf_run("printf '.globl \"$s4Shop5orderyyF\"\\n.type \"$s4Shop5orderyyF\",@function\\n\"$s4Shop5orderyyF\": "
            "ret\\n" NO_STACK "' "
            ">swift.s && gcc -shared swift.s gcc.o -o swift.so");
    CHECK(function("swift.so", "$s4Shop5orderyyF"));
    CHECK(!function("swift.so", "g_leaf"));
    CHECK(!image("swift.so"));
}

static void trusts_nothing_in_an_image_without_functions(void) {
    elf_run("echo 'int data = 1;' >data.c && clang -g -c data.c && ld -shared data.o -o data.so");
    CHECK(!image("data.so"));
}

int main(void) {
    RUN(judges_the_texts_of_producers);
    RUN(looks_at_a_bounded_part_of_a_producer);
    if (!elf_try("clang --version >clang-version 2>&1")) {
        printf("   clang is not installed: its images are not tested\n");
        return 0;
    }
    make_files();
    RUN(trusts_clang_where_debug_information_covers_everything);
    RUN(never_trusts_gcc);
    RUN(asks_no_debug_information_of_an_image_that_gcc_alone_made);
    RUN(never_trusts_gcc_s_link_time_optimisation);
    RUN(tells_functions_of_a_mixed_image_apart);
    RUN(doubts_what_debug_information_does_not_cover);
    RUN(doubts_clang_beside_gcc_s_mark_without_debug_information);
    RUN(trusts_comments_that_name_clang_alone);
    RUN(doubts_assembly_whoever_assembled_it);
    RUN(trusts_mangled_swift_symbols);
    RUN(trusts_nothing_in_an_image_without_functions);
    return 0;
}
