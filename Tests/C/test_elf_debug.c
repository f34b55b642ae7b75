/* test_elf_debug.c: debug information that is packed into the image, or stands in a file of its own. */
#include "elf_fixture.h"
#include "os/fault.h"
#include <unistd.h>

static void make_files(void) {
    elf_run("mkdir -p debug-root .debug");
    elf_run("gcc -g -O1 -fPIC -shared -Wl,--build-id=sha1 $F/kinds.c -o whole.so");
    elf_run("objcopy --only-keep-debug whole.so whole.debug && strip -o bare.so whole.so");
    /* linked by name alone, without a build-id */
    elf_run("gcc -g -O1 -fPIC -shared -Wl,--build-id=none $F/kinds.c -o named.so");
    elf_run("objcopy --only-keep-debug named.so named.debug && strip named.so");
    elf_run("objcopy --add-gnu-debuglink=named.debug named.so linked.so && mv named.debug away");
    /* MiniDebugInfo is made as distributions make it */
    elf_run("nm -a whole.so --format=posix --defined-only | awk '$2 ~ /^[tT]$/ {print $1}' | sort >keep");
    elf_run("objcopy -S --remove-section .gdb_index --remove-section .comment --keep-symbols=keep whole.debug mini");
    elf_run("xz -k mini && objcopy --add-section .gnu_debugdata=mini.xz bare.so mini.so");
}

/* The view knows a local function, and tells its line when `lines`. */
static bool knows_local(struct gr_elf *elf, bool lines) {
    const struct gr_elf_function *local = elf_find(elf, "local_one", NULL);
    const char *file;
    uint32_t line;
    if (local == NULL)
        return false;
    CHECK(local->size > 0 && local->has_unwind);
    CHECK_EQUAL(gr_elf_source_line(elf, local->address, &file, &line), lines);
    if (lines)
        CHECK(line - elf_line_of("kinds.c", "int local_one") <= 1); /* or its first statement */
    return true;
}

static bool open_knows_local(const char *name, bool lines) {
    struct gr_elf *elf = elf_open(name);
    bool known = knows_local(elf, lines);
    gr_elf_close(elf);
    return known;
}

static void a_stripped_image_alone_knows_no_local_functions(void) {
    CHECK(!open_knows_local("bare.so", false));
    CHECK(!open_knows_local("linked.so", false));
}

static void finds_a_debug_file_by_build_id(void) {
    struct gr_elf *elf = elf_open("bare.so");
    char id[2 * GR_ELF_BUILD_ID_MAX + 1];
    snprintf(id, sizeof id, "%s", gr_elf_build_id(elf));
    gr_elf_close(elf);
    elf_run("mkdir -p debug-root/.build-id/%.2s", id);
    elf_run("cp whole.debug debug-root/.build-id/%.2s/%s.debug", id, id + 2);
    CHECK(open_knows_local("bare.so", true));
    /* another image's debug file in that place is refused */
    elf_run("gcc -g -O1 -fPIC -shared -Wl,--build-id=0x1234 $F/kinds.c -o other.so");
    elf_run("cp other.so debug-root/.build-id/%.2s/%s.debug", id, id + 2);
    CHECK(!open_knows_local("bare.so", false));
    elf_run("rm -r debug-root/.build-id");
}

static void finds_a_debug_file_by_link_in_three_folders(void) {
    elf_run("cp away named.debug");
    CHECK(open_knows_local("linked.so", true));
    elf_run("mv named.debug .debug/");
    CHECK(open_knows_local("linked.so", true));
    elf_run("mkdir -p debug-root/$PWD && mv .debug/named.debug debug-root/$PWD/");
    CHECK(open_knows_local("linked.so", true));
    elf_run("rm debug-root/$PWD/named.debug");
}

static void finds_a_debug_file_beside_a_path_without_folder(void) {
    elf_run("cp away named.debug");
    char *before = realpath(".", NULL);
    CHECK(before != NULL && chdir(elf_path(".")) == 0);
    struct gr_elf *elf;
    CHECK_EQUAL(gr_elf_open("linked.so", &elf), GRAFT_OK);
    CHECK(knows_local(elf, true));
    gr_elf_close(elf);
    CHECK(chdir(before) == 0);
    free(before);
    elf_run("rm named.debug");
}

static void refuses_a_linked_file_of_another_crc(void) {
    elf_run("cp away named.debug && printf x >>named.debug");
    CHECK(!open_knows_local("linked.so", false));
    elf_run("rm named.debug");
}

/* The name may not lead to another folder. */
static void refuses_a_link_with_a_folder(void) {
    size_t size;
    elf_run("cp away xamed.debug && cp linked.so slash.so");
    uint8_t *bytes = elf_load("slash.so", &size);
    uint8_t *name = memmem(bytes, size, "named.debug", sizeof "named.debug");
    CHECK(name != NULL);
    memcpy(name, "./med.debug", sizeof "./med.debug");
    elf_store("slash.so", bytes, size);
    elf_run("cp away med.debug");
    CHECK(!open_knows_local("slash.so", false));
    memcpy(name, "xamed.debug", sizeof "xamed.debug"); /* the same without a folder is found */
    elf_store("slash.so", bytes, size);
    CHECK(open_knows_local("slash.so", true));
    free(bytes);
}

static void reads_minidebuginfo(void) {
    CHECK(open_knows_local("mini.so", false));
}

static void bounds_what_minidebuginfo_unpacks_to(void) {
    size_t size;
    struct gr_elf *elf;
    struct gr_elf_options options = elf_options();
    /* many zeros, packed small: beyond the limit by size, not by the decoder's own needs */
    elf_run("cp mini large && dd if=/dev/zero bs=1M count=4 status=none >>large");
    elf_run("xz --lzma2=dict=4KiB large && objcopy --add-section .gnu_debugdata=large.xz bare.so large.so");
    elf_run("xz -dk large.xz");
    free(elf_load("large", &size));
    options.limits.minidebug = size;
    CHECK_EQUAL(elf_try_open("large.so", &options, &elf), GRAFT_OK);
    CHECK(knows_local(elf, false));
    gr_elf_close(elf);
    options.limits.minidebug = size - 1;
    CHECK_EQUAL(elf_try_open("large.so", &options, &elf), GRAFT_OK);
    CHECK(!knows_local(elf, false));
    gr_elf_close(elf);
}

static void passes_over_damaged_minidebuginfo(void) {
    elf_run("head -c 200 mini.xz >cut.xz && objcopy --add-section .gnu_debugdata=cut.xz bare.so cut.so");
    CHECK(!open_knows_local("cut.so", false));
    elf_run("echo hello | xz >text.xz && objcopy --add-section .gnu_debugdata=text.xz bare.so text.so");
    CHECK(!open_knows_local("text.so", false));
    elf_run("printf '' | xz >none.xz && objcopy --add-section .gnu_debugdata=none.xz bare.so none.so");
    CHECK(!open_knows_local("none.so", false));
}

static void reads_compressed_debug_information(void) {
    elf_run("objcopy --compress-debug-sections=zlib whole.so zlib.so");
    CHECK(open_knows_local("zlib.so", true));
    elf_run("objcopy --compress-debug-sections=zlib-gnu whole.so zlib-gnu.so");
    CHECK(open_knows_local("zlib-gnu.so", true));
}

/* The sum of the sizes that the compressed sections of zlib.so unpack to. */
static size_t inflated_size(void) {
    size_t size, sum = 0;
    uint8_t *bytes = elf_load("zlib.so", &size);
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)(void *)bytes;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(void *)(bytes + header->e_shoff);
    for (size_t i = 0; i < header->e_shnum; i++) {
        Elf64_Chdr compressed;
        if ((sections[i].sh_flags & SHF_COMPRESSED) == 0)
            continue;
        memcpy(&compressed, bytes + sections[i].sh_offset, sizeof compressed);
        sum += compressed.ch_size;
    }
    free(bytes);
    CHECK(sum > 0);
    return sum;
}

static void bounds_what_debug_information_unpacks_to(void) {
    struct gr_elf *elf;
    struct gr_elf_options options = elf_options();
    options.limits.debug_inflated = inflated_size();
    CHECK_EQUAL(elf_try_open("zlib.so", &options, &elf), GRAFT_OK);
    CHECK(knows_local(elf, true));
    gr_elf_close(elf);
    options.limits.debug_inflated--;
    CHECK_EQUAL(elf_try_open("zlib.so", &options, &elf), GRAFT_OK);
    CHECK(knows_local(elf, false));
    gr_elf_close(elf);
}

/* Debug files that dwz made refer to an alternate file, by a name, which is not followed, and a build-id. */
static void uses_no_debug_information_whose_alternate_file_is_missing(void) {
    static const char id[] = "aaaaaaaaaaaaaaaaaaaa";
    char hex[2 * sizeof id];
    gr_elf_write_hex((const uint8_t *)id, sizeof id - 1, hex);
    elf_run("gcc -g -fPIC -shared -Wl,--build-id=0x%s $F/kinds.c -o alternate", hex);
    elf_run("printf \"$PWD/alternate\\0%s\" >alt && objcopy --add-section .gnu_debugaltlink=alt whole.so dwz.so", id);
    CHECK(open_knows_local("dwz.so", false));
    elf_run("mkdir -p debug-root/.build-id/%.2s && cp alternate debug-root/.build-id/%.2s/%s.debug", hex, hex, hex + 2);
    CHECK(open_knows_local("dwz.so", true));
    elf_run("rm -r debug-root/.build-id");
}

static void knows_no_lines_when_memory_for_them_is_refused(void) {
    gr_fault_set(GR_OS_COMMIT, 0, 1);
    CHECK(open_knows_local("zlib.so", false));
    gr_fault_clear();
    CHECK(open_knows_local("zlib.so", true));
}

int main(void) {
    make_files();
    RUN(a_stripped_image_alone_knows_no_local_functions);
    RUN(finds_a_debug_file_by_build_id);
    RUN(finds_a_debug_file_by_link_in_three_folders);
    RUN(finds_a_debug_file_beside_a_path_without_folder);
    RUN(refuses_a_linked_file_of_another_crc);
    RUN(refuses_a_link_with_a_folder);
    RUN(reads_minidebuginfo);
    RUN(bounds_what_minidebuginfo_unpacks_to);
    RUN(passes_over_damaged_minidebuginfo);
    RUN(reads_compressed_debug_information);
    RUN(bounds_what_debug_information_unpacks_to);
    RUN(uses_no_debug_information_whose_alternate_file_is_missing);
    RUN(knows_no_lines_when_memory_for_them_is_refused);
    return 0;
}
