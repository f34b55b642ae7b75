/* test_elf_hostile.c: files that are cut short, damaged, of another kind, or at a limit. */
#include "elf_fixture.h"
#include "elf_read_all.h"
#include "os/fault.h"
#include "random.h"
#include "starve.h"
#include <elf.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { STEP = 64, FLIP_ROUNDS = 1500, FLIPS = 8, HEADERS = 2048 };

static void make_files(void) {
    elf_run("gcc -g -O1 -fPIC -shared -Wl,--build-id=sha1 -Wl,--version-script=$F/versions.map $F/versions.c "
            "-o whole.so");
    elf_run("strip -o stripped.so whole.so && objcopy --compress-debug-sections=zlib whole.so zlib.so");
    elf_run("cp stripped.so mini && xz mini && objcopy --add-section .gnu_debugdata=mini.xz stripped.so mini.so");
}

/* Reads all of an image, from a file in memory: thousands of them would wear a disk. True when it could be opened. */
static bool survives(const uint8_t *bytes, size_t size) {
    static int memory = -1;
    static char path[64];
    if (memory < 0) {
        memory = memfd_create("image", MFD_CLOEXEC);
        CHECK(memory >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    }
    CHECK(ftruncate(memory, 0) == 0);
    CHECK_EQUAL(pwrite(memory, bytes, size, 0), size);
    struct gr_elf_options options = elf_options();
    struct gr_elf *elf;
    enum graft_status status = gr_elf_open_with(path, &options, &elf);
    CHECK(status == GRAFT_OK || status == GRAFT_BAD_IMAGE);
    if (status == GRAFT_OK)
        elf_read_all(elf);
    return status == GRAFT_OK;
}

static void cut_everywhere(const char *name) {
    size_t size, opened = 0, tried = 0;
    uint8_t *bytes = elf_load(name, &size);
    for (size_t cut = 0; cut < size; cut += STEP, tried++) {
        opened += survives(bytes, cut);
    }
    CHECK(opened < tried);
    CHECK(survives(bytes, size));
    free(bytes);
}

static void rejects_or_reads_every_truncation(void) {
    cut_everywhere("whole.so");
    cut_everywhere("stripped.so");
    cut_everywhere("mini.so");
}

/* Cut, but with section headers gone, so that the rest is read. */
static void reads_what_is_left_without_section_headers(void) {
    size_t size;
    uint8_t *bytes = elf_load("stripped.so", &size);
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)bytes;
    header->e_shoff = 0;
    for (size_t cut = 0; cut < size; cut += STEP) {
        survives(bytes, cut);
    }
    free(bytes);
}

/* Half of the flips hit the headers at the file's start, where they matter most. */
static void flip_bytes(const char *name, uint64_t *random) {
    size_t size, opened = 0;
    uint8_t *bytes = elf_load(name, &size), *damaged = malloc(size);
    CHECK(damaged != NULL);
    for (int round = 0; round < FLIP_ROUNDS; round++) {
        memcpy(damaged, bytes, size);
        for (uint64_t flips = 1 + random_below(random, FLIPS); flips > 0; flips--) {
            size_t at = random_below(random, random_below(random, 2) && size > HEADERS ? HEADERS : size);
            damaged[at] = (uint8_t)random_next(random);
        }
        opened += survives(damaged, size);
    }
    CHECK(opened > 0);
    free(damaged);
    free(bytes);
}

static void survives_damaged_bytes(void) {
    uint64_t random = random_seed("survives_damaged_bytes");
    flip_bytes("whole.so", &random);
    flip_bytes("zlib.so", &random);
    flip_bytes("mini.so", &random);
}

/* Stores the whole file with one header changed, and expects GRAFT_BAD_IMAGE. */
static void reject_header(size_t offset, size_t size, uint64_t value) {
    size_t length;
    uint8_t *bytes = elf_load("whole.so", &length);
    memcpy(bytes + offset, &value, size);
    CHECK(!survives(bytes, length));
    free(bytes);
}

static void rejects_what_is_not_an_image_for_this_machine(void) {
    reject_header(EI_MAG0, 1, 'F');
    reject_header(EI_CLASS, 1, ELFCLASS32);
    reject_header(EI_DATA, 1, ELFDATA2MSB);
    reject_header(offsetof(Elf64_Ehdr, e_machine), 2, EM_MIPS);
    reject_header(offsetof(Elf64_Ehdr, e_type), 2, ET_REL);
    reject_header(offsetof(Elf64_Ehdr, e_type), 2, ET_CORE);
}

static void rejects_headers_outside_the_file(void) {
    reject_header(offsetof(Elf64_Ehdr, e_phoff), 8, UINT64_MAX - 8);
    reject_header(offsetof(Elf64_Ehdr, e_phnum), 2, PN_XNUM);
    reject_header(offsetof(Elf64_Ehdr, e_phentsize), 2, sizeof(Elf64_Phdr) - 1);
    reject_header(offsetof(Elf64_Ehdr, e_shoff), 8, UINT64_MAX - 8);
    reject_header(offsetof(Elf64_Ehdr, e_shnum), 2, SHN_LORESERVE - 1);
    reject_header(offsetof(Elf64_Ehdr, e_shentsize), 2, sizeof(Elf64_Shdr) + 1);
}

static void says_what_is_wrong_with_a_path(void) {
    struct gr_elf *elf = NULL;
    CHECK_EQUAL(gr_elf_open("/nonexistent/file", &elf), GRAFT_NOT_FOUND);
    CHECK_EQUAL(gr_elf_open("/", &elf), GRAFT_BAD_IMAGE);
    CHECK_EQUAL(gr_elf_open("/dev/null", &elf), GRAFT_BAD_IMAGE);
    gr_fault_set(GR_OS_MAP_FILE, 0, 1);
    CHECK_EQUAL(gr_elf_open(elf_path("whole.so"), &elf), GRAFT_OS);
    gr_fault_clear();
    CHECK(elf == NULL); /* untouched */
    gr_elf_close(NULL);
}

static void reports_that_there_is_no_memory(void) {
    static struct gr_elf *elf;
    struct gr_elf *other = NULL;
    const struct gr_elf_function *functions = NULL;
    size_t count = 7;
    uint64_t start, size;
    elf = elf_open("whole.so");
    starve();
    CHECK_EQUAL(gr_elf_open("/proc/self/exe", &other), GRAFT_NO_MEMORY);
    CHECK_EQUAL(gr_elf_functions(elf, &functions, &count), GRAFT_NO_MEMORY);
    CHECK(!gr_elf_unwind_range(elf, 0x1100, &start, &size));
    CHECK(!gr_elf_abi_callers(elf));
    CHECK(functions == NULL && count == 7);
}

/* An image with `count` small segments, of which the last is code. */
static enum graft_status open_with_segments(size_t count) {
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segments[GR_ELF_SEGMENTS_MAX + 1];
    } image = {0};
    memcpy(image.header.e_ident, ELFMAG, SELFMAG);
    size_t size;
    uint8_t *whole = elf_load("whole.so", &size);
    memcpy(&image.header, whole, sizeof image.header);
    free(whole);
    image.header.e_shoff = 0;
    image.header.e_shnum = image.header.e_shstrndx = 0;
    image.header.e_phoff = sizeof image.header;
    image.header.e_phnum = (Elf64_Half)count;
    for (size_t i = 0; i < count; i++)
        image.segments[i] =
            (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = i + 1 == count ? PF_X : PF_R, .p_vaddr = 16 * i, .p_filesz = 16};
    elf_store("segments", &image, sizeof image);
    struct gr_elf_options options = elf_options();
    struct gr_elf *elf;
    enum graft_status status = elf_try_open("segments", &options, &elf);
    if (status == GRAFT_OK) {
        CHECK(gr_elf_code(elf, 16 * (count - 1) + 15, &size) != NULL);
        CHECK(gr_elf_code(elf, 16 * (count - 1) - 1, &size) == NULL);
        gr_elf_close(elf);
    }
    return status;
}

static void bounds_the_number_of_segments(void) {
    CHECK_EQUAL(open_with_segments(GR_ELF_SEGMENTS_MAX), GRAFT_OK);
    CHECK_EQUAL(open_with_segments(GR_ELF_SEGMENTS_MAX + 1), GRAFT_BAD_IMAGE);
}

static void rejects_a_segment_outside_the_file(void) {
    Elf64_Phdr segment;
    size_t size;
    uint8_t *bytes = elf_load("whole.so", &size);
    memcpy(&segment, bytes + sizeof(Elf64_Ehdr), sizeof segment);
    CHECK_EQUAL(segment.p_type, PT_LOAD);
    free(bytes);
    reject_header(sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), 8, size + 1);
    reject_header(sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset), 8, UINT64_MAX - 1);
    reject_header(sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_vaddr), 8, UINT64_MAX - 1);
}

static void bounds_the_size_of_a_file(void) {
    struct gr_elf *elf;
    elf_run("cp whole.so sparse.so && truncate -s %d sparse.so", GR_ELF_FILE_MAX);
    CHECK_EQUAL(gr_elf_open(elf_path("sparse.so"), &elf), GRAFT_OK);
    gr_elf_close(elf);
    elf_run("truncate -s +1 sparse.so");
    CHECK_EQUAL(gr_elf_open(elf_path("sparse.so"), &elf), GRAFT_BAD_IMAGE);
}

/* How many functions of stripped.so lost their name to a limit. It has five functions, each with a name and a range. */
static size_t nameless_with(const struct gr_elf_options *options) {
    struct gr_elf *elf;
    const struct gr_elf_function *functions;
    size_t count;
    CHECK_EQUAL(elf_try_open("stripped.so", options, &elf), GRAFT_OK);
    CHECK_EQUAL(gr_elf_functions(elf, &functions, &count), GRAFT_OK);
    CHECK_EQUAL(count, 5);
    size_t nameless = elf_count(elf, "");
    gr_elf_close(elf);
    return nameless;
}

static void bounds_the_number_of_functions(void) {
    struct gr_elf_options options = elf_options();
    CHECK_EQUAL(nameless_with(&options), 0);
    options.limits.functions = 5 + 5;
    CHECK_EQUAL(nameless_with(&options), 0);
    options.limits.functions--;
    CHECK_EQUAL(nameless_with(&options), 1);
    options.limits.functions = 2;
    struct gr_elf *elf;
    CHECK_EQUAL(elf_try_open("stripped.so", &options, &elf), GRAFT_OK);
    CHECK(elf_count(elf, "") <= 2); /* some of these two are the linker's stubs */
    gr_elf_close(elf);
}

static void bounds_the_bytes_of_all_names(void) {
    struct gr_elf_options options = elf_options();
    options.limits.names = strlen("plain+pickV1+pickV2+removedV1+steadyV2") - 4;
    CHECK_EQUAL(nameless_with(&options), 0);
    options.limits.names--;
    CHECK_EQUAL(nameless_with(&options), 1);
}

/* A symbol of `length` bytes, all 'a'. */
static bool knows_symbol_of(size_t length) {
    elf_run("{ printf '.section .note.GNU-stack\\n.text\\nf: ret\\n.type f, @function\\n.size f, 1\\n.globl f\\n'; } "
            ">long.s && name=$(head -c %zu /dev/zero | tr '\\0' a) "
            "&& sed -i \"s/\\\\bf\\\\b/$name/\" long.s && gcc -shared -nostdlib long.s -o long.so",
        length);
    struct gr_elf *elf = elf_open("long.so");
    const struct gr_elf_function *functions;
    size_t count;
    CHECK_EQUAL(gr_elf_functions(elf, &functions, &count), GRAFT_OK);
    bool known = count == 1 && strlen(functions[0].symbol) == length;
    CHECK(known || count == 0);
    gr_elf_close(elf);
    return known;
}

static void bounds_the_length_of_a_symbol(void) {
    CHECK(knows_symbol_of(GR_ELF_SYMBOL_MAX));
    CHECK(!knows_symbol_of(GR_ELF_SYMBOL_MAX + 1));
}

static void bounds_the_length_of_a_build_id(void) {
    char id[2 * (GR_ELF_BUILD_ID_MAX + 1) + 1];
    for (size_t bytes = GR_ELF_BUILD_ID_MAX; bytes <= GR_ELF_BUILD_ID_MAX + 1; bytes++) {
        memset(id, 'a', 2 * bytes);
        id[2 * bytes] = 0;
        elf_run("gcc -shared -fPIC -Wl,--build-id=0x%s $F/kinds.c -o id.so", id);
        struct gr_elf *elf = elf_open("id.so");
        CHECK_TEXT(gr_elf_build_id(elf), bytes == GR_ELF_BUILD_ID_MAX ? id : "");
        gr_elf_close(elf);
    }
}

/* An image whose notes are one that fills `filler` bytes, and the build-id in 12 + 4 + 4 bytes. */
static void check_build_id_after(size_t filler, const char *expected) {
    enum { ROOM = 4096 };
    static uint8_t image[GR_ELF_NOTES_MAX + ROOM];
    size_t size;
    uint8_t *whole = elf_load("whole.so", &size);
    Elf64_Ehdr header;
    memcpy(&header, whole, sizeof header);
    free(whole);
    header.e_phoff = sizeof header;
    header.e_phnum = 1;
    header.e_shoff = 0;
    size_t notes = sizeof header + sizeof(Elf64_Phdr);
    Elf64_Phdr segment = {.p_type = PT_NOTE, .p_offset = notes, .p_filesz = filler + 20, .p_align = 4};
    Elf64_Nhdr first = {.n_descsz = (Elf64_Word)(filler - sizeof first)};
    Elf64_Nhdr second = {.n_namesz = 4, .n_descsz = 4, .n_type = NT_GNU_BUILD_ID};
    memset(image, 0, sizeof image);
    memcpy(image, &header, sizeof header);
    memcpy(image + sizeof header, &segment, sizeof segment);
    memcpy(image + notes, &first, sizeof first);
    memcpy(image + notes + filler, &second, sizeof second);
    memcpy(image + notes + filler + sizeof second, "GNU\0\x12\x34\xab\xcd", 8);
    elf_store("notes", image, sizeof image);
    struct gr_elf *elf = elf_open("notes");
    CHECK_TEXT(gr_elf_build_id(elf), expected);
    gr_elf_close(elf);
}

static void bounds_the_search_for_a_build_id(void) {
    check_build_id_after(64, "1234abcd");
    check_build_id_after(GR_ELF_NOTES_MAX - 20, "1234abcd");
    check_build_id_after(GR_ELF_NOTES_MAX - 16, "");
}

int main(void) {
    make_files();
    RUN(rejects_or_reads_every_truncation);
    RUN(reads_what_is_left_without_section_headers);
    RUN(survives_damaged_bytes);
    RUN(rejects_what_is_not_an_image_for_this_machine);
    RUN(rejects_headers_outside_the_file);
    RUN(says_what_is_wrong_with_a_path);
    RUN(bounds_the_number_of_segments);
    RUN(rejects_a_segment_outside_the_file);
    RUN(bounds_the_size_of_a_file);
    RUN(bounds_the_number_of_functions);
    RUN(bounds_the_bytes_of_all_names);
    RUN(bounds_the_length_of_a_symbol);
    RUN(bounds_the_length_of_a_build_id);
    RUN(bounds_the_search_for_a_build_id);
    if (STARVE_POSSIBLE) {
        in_child(reports_that_there_is_no_memory);
        printf("ok reports_that_there_is_no_memory\n");
    }
    return 0;
}
