/* elf_producer.c: which functions were made by a compiler whose callers assume no more than the ABI.
 *
 * GCC's -fipa-ra lets the caller of a local function keep values in registers that the callee happens not to touch. Only
 * code of the same compilation can know the callee so well: hence a function made by clang or swiftc, which never do
 * this, is safe whatever else is in the image. "True" allows a thunk that destroys what the ABI lets a callee destroy,
 * so a wrong "true" corrupts a caller, and a wrong "false" costs a few nanoseconds a hit. Doubt means false.
 *
 * What is known, best first:
 *   - A mangled Swift symbol: only swiftc makes them.
 *   - The DW_AT_producer of the unit that covers the function. GCC's own code has none of clang's, LTO or not.
 *   - .comment, where each object leaves its compiler's name, once for the whole image and without saying for which
 *     part. "GCC:" stands there in nearly every image, also without any GCC code but crtbegin.o, and is not told apart
 *     from a GCC-built library that was linked in: so it counts as GCC wherever there is nothing better.
 *
 * Neighbours: elf_units, elf_file, elf_functions. */
#include "elf_internal.h"
#include <string.h>

enum { PRODUCER_MAX = 1024 /* bytes of a producer that are looked at */ };

static bool begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static bool contains(const char *text, size_t size, const char *part) {
    return memmem(text, size, part, strlen(part)) != NULL;
}

/* Vendors put their name before "clang version", so that is searched for; GCC may quote its command line, so what is
 * GCC's is excluded first. */
bool gr_elf_producer_keeps_abi(const char *producer) {
    size_t size = strnlen(producer, PRODUCER_MAX);
    return !begins_with(producer, "GNU ") && !begins_with(producer, "GCC:") &&
           (contains(producer, size, "clang version ") || contains(producer, size, "Swift version "));
}

/* Linkers sign too, and make no code that calls functions. */
static bool is_linker(const char *comment) {
    return begins_with(comment, "Linker: ") || begins_with(comment, "mold ");
}

/* What .comment says of who made an image: nothing, or how many of the compilers that it names keep to the ABI. */
struct signatures {
    size_t compilers, keep_abi;
};

static void read_comment(const struct gr_elf_file *file, struct signatures *signatures) {
    struct gr_elf_bytes bytes;
    if (!gr_elf_section_named(file, ".comment", NULL, &bytes))
        return;
    struct gr_elf_strings strings = gr_elf_strings_of(bytes);
    for (size_t at = 0; at < strings.size; at += strlen(strings.at + at) + 1) {
        const char *comment = strings.at + at;
        if (comment[0] == 0 || is_linker(comment))
            continue;
        signatures->compilers++;
        signatures->keep_abi += gr_elf_producer_keeps_abi(comment);
    }
}

/* Asked once: the image's own comment, or that of its debug file where stripping took it away. */
static void ask_comment(struct gr_elf *elf) {
    struct signatures found = {0, 0};
    read_comment(&elf->file, &found);
    elf->abi_comment = found.compilers > 0 && found.keep_abi == found.compilers ? GR_ELF_YES : GR_ELF_NO;
    const struct gr_elf_file *debug = found.compilers == 0 ? gr_elf_debug_file(elf) : NULL;
    if (debug != NULL)
        read_comment(debug, &found);
    elf->abi_nowhere = found.compilers > 0 && found.keep_abi == 0;
}

/* Mangled names, and the helpers that swiftc adds to each module. */
static bool is_swift(const char *symbol) {
    return begins_with(symbol, "$s") || begins_with(symbol, "$S") || begins_with(symbol, "$e") ||
           begins_with(symbol, "__swift_");
}

bool gr_elf_abi_function(struct gr_elf *elf, const struct gr_elf_function *function) {
    if (is_swift(function->symbol))
        return true;
    if (elf->abi_comment == GR_ELF_UNASKED)
        ask_comment(elf);
    if (elf->abi_nowhere) /* then no unit does: debug information, which takes long to unpack, need not be asked */
        return false;
    const struct gr_elf_unit *unit = gr_elf_unit_at(elf, function->address);
    if (unit != NULL)
        return unit->keeps_abi;
    return elf->abi_comment == GR_ELF_YES;
}

/* Functions of crt1.o, crti.o, crtbegin.o, libc_nonshared.a and swiftrt.o. They call each other, and the program only
 * through pointers. */
static bool is_startup(const char *symbol) {
    static const char *const names[] = {"_start", "_init", "_fini", "_dl_relocate_static_pie", "deregister_tm_clones",
        "register_tm_clones", "__do_global_dtors_aux", "frame_dummy", "call_weak_fn", "__libc_csu_init",
        "__libc_csu_fini", "_ZL23swift_image_constructorv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(symbol, names[i]) == 0)
            return true;
    return false;
}

static bool all_keep_abi(struct gr_elf *elf) {
    const struct gr_elf_function *functions;
    size_t count, known = 0;
    if (gr_elf_functions(elf, &functions, &count) != GRAFT_OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (is_startup(functions[i].symbol))
            continue;
        if (!gr_elf_abi_function(elf, &functions[i]))
            return false;
        known++;
    }
    return known > 0;
}

bool gr_elf_abi_callers(struct gr_elf *elf) {
    if (elf->abi_image == GR_ELF_UNASKED)
        elf->abi_image = all_keep_abi(elf) ? GR_ELF_YES : GR_ELF_NO;
    return elf->abi_image == GR_ELF_YES;
}
