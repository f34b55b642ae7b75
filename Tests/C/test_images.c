/* test_images.c: the list of loaded images while libraries come, go, come back and are replaced on disk. */
#include "check.h"
#include "fixture.h"
#include "heap.h"
#include "images.h"
#include "os/fault.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 200 };

/* What a look reported. */
static struct {
    size_t loaded, unloaded;
    char last_loaded[512], last_unloaded[512];
    uint64_t last_serial;
} seen;

static struct gr_resolver *resolver;

static void note_loaded(const struct gr_image *image, void *context) {
    CHECK(context == &seen);
    seen.loaded++;
    seen.last_serial = image->serial;
    snprintf(seen.last_loaded, sizeof seen.last_loaded, "%s", image->path);
}

static void note_unloaded(const struct gr_image *image, void *context) {
    CHECK(context == &seen);
    seen.unloaded++;
    snprintf(seen.last_unloaded, sizeof seen.last_unloaded, "%s", image->path);
}

static void look(size_t loaded, size_t unloaded) {
    memset(&seen, 0, sizeof seen);
    CHECK_EQUAL(gr_resolver_refresh(resolver, note_loaded, note_unloaded, &seen), GRAFT_OK);
    CHECK_EQUAL(seen.loaded, loaded);
    CHECK_EQUAL(seen.unloaded, unloaded);
}

static void begin(void) {
    CHECK_EQUAL(gr_resolver_create(&resolver), GRAFT_OK);
    CHECK_EQUAL(gr_resolver_refresh(resolver, NULL, NULL, NULL), GRAFT_OK);
}

static void end(void) {
    gr_resolver_destroy(resolver);
    resolver = NULL;
}

static enum graft_status find(const char *target, uint64_t *address) {
    struct gr_match *matches;
    size_t count;
    enum graft_status status = gr_resolve(resolver, target, NULL, &matches, &count);
    if (status != GRAFT_OK)
        return status;
    *address = matches[0].entry.address;
    gr_heap_give(matches);
    return count == 1 ? GRAFT_OK : GRAFT_TARGET_TOO_BROAD;
}

static void finds(const char *target) {
    uint64_t address;
    CHECK_EQUAL(find(target, &address), GRAFT_OK);
}

static void finds_nothing(const char *target) {
    uint64_t address;
    CHECK_EQUAL(find(target, &address), GRAFT_NOT_FOUND);
}

/* Makes a library with one function; `value` makes it differ from others of the same name. */
static void make_library(const char *name, const char *function, int value, const char *flags) {
    shell("echo 'int %s(void) { return %d; }' | gcc -O1 -fPIC -shared %s -x c - -o '%s/%s'", function, value, flags,
        fixture_folder, name);
}

static const char *in_folder(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", fixture_folder, name);
    return path;
}

static void every_image_is_reported_once_and_the_executable_first(void) {
    CHECK_EQUAL(gr_resolver_create(&resolver), GRAFT_OK);
    memset(&seen, 0, sizeof seen);
    CHECK_EQUAL(gr_resolver_refresh(resolver, note_loaded, note_unloaded, &seen), GRAFT_OK);
    CHECK(seen.loaded >= 3 && seen.unloaded == 0 && seen.loaded == resolver->count);
    uint64_t here = (uint64_t)(uintptr_t)&look, vdso = getauxval(AT_SYSINFO_EHDR);
    char path[512] = "";
    CHECK(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
    const struct gr_image *program = &resolver->images[0]->image;
    CHECK(program->main_program && program->serial == 1 && here >= program->code_start && here < program->code_end);
    CHECK_TEXT(program->path, path);
    for (size_t i = 1; i < resolver->count; i++) {
        const struct gr_image *image = &resolver->images[i]->image;
        CHECK(!image->main_program && image->serial == i + 1 && image->path[0] == '/');
        CHECK(vdso < image->code_start || vdso >= image->code_end);
    }
    end();
}

static void a_look_is_short_when_nothing_changed(void) {
    begin();
    gr_fault_clear();
    for (int i = 0; i < ROUNDS; i++)
        look(0, 0);
    CHECK_EQUAL(gr_fault_calls(GR_OS_READ_FILE), 0);
    end();
}

static void a_library_is_reported_when_it_comes_and_when_it_goes(void) {
    begin();
    make_library("libcomes.so", "comes", 1, "-Wl,--build-id");
    finds_nothing("libcomes.so:comes");
    void *library = open_fixture("libcomes.so");
    finds_nothing("libcomes.so:comes"); /* until the next look */
    look(1, 0);
    CHECK_TEXT(seen.last_loaded, in_folder("libcomes.so"));
    uint64_t first = seen.last_serial;
    finds("libcomes.so:comes");
    CHECK_EQUAL(dlclose(library), 0);
    look(0, 1);
    CHECK_TEXT(seen.last_unloaded, in_folder("libcomes.so"));
    finds_nothing("libcomes.so:comes");
    library = open_fixture("libcomes.so");
    look(1, 0);
    CHECK(seen.last_serial > first);
    finds("libcomes.so:comes");
    CHECK_EQUAL(dlclose(library), 0);
    end();
}

static void a_library_that_went_and_came_back_unseen_is_new(void) {
    make_library("libback.so", "back", 1, "-Wl,--build-id");
    void *library = open_fixture("libback.so");
    void *before = dlsym(library, "back");
    begin();
    finds("libback.so:back");
    CHECK_EQUAL(dlclose(library), 0);
    library = open_fixture("libback.so");
    bool same_place = dlsym(library, "back") == before;
    look(1, 1);
    CHECK_TEXT(seen.last_loaded, in_folder("libback.so"));
    CHECK_TEXT(seen.last_unloaded, in_folder("libback.so"));
    finds("libback.so:back");
    printf("# at the same place: %s\n", same_place ? "yes" : "no");
    CHECK_EQUAL(dlclose(library), 0);
    end();
}

/* Another library comes and goes unseen. The loader's counters then look as if the patched one had come back. */
static void a_patched_library_that_stayed_is_not_taken_for_new(void) {
    make_library("libstays.so", "stays", 1, "-Wl,--build-id");
    make_library("libpasses.so", "passes", 1, "-Wl,--build-id");
    void *library = open_fixture("libstays.so");
    begin();
    finds("libstays.so:stays");
    uint8_t *code = dlsym(library, "stays");
    uintptr_t page = (uintptr_t)code & ~(uintptr_t)4095;
    CHECK_EQUAL(mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
    uint8_t original = code[0];
    code[0] = 0xcc;
    CHECK_EQUAL(dlclose(open_fixture("libpasses.so")), 0);
    look(0, 0);
    code[0] = original;
    CHECK_EQUAL(dlclose(open_fixture("libpasses.so")), 0);
    look(1, 1); /* nothing tells it from one that came back, and nothing is lost by taking it for one */
    CHECK_EQUAL(dlclose(library), 0);
    end();
}

static void a_file_that_was_replaced_is_not_trusted(void) {
    make_library("libold.so", "swapped", 1, "-Wl,--build-id");
    make_library("libnew.so", "swapped", 2, "-Wl,--build-id");
    void *library = open_fixture("libold.so");
    shell("cd %s && cp libold.so keep.so && mv libnew.so libold.so", fixture_folder);
    begin();
    finds_nothing("libold.so:swapped");
    struct graft_symbol symbol;
    uint64_t address = (uint64_t)(uintptr_t)dlsym(library, "swapped");
    CHECK_EQUAL(gr_resolver_symbolise(resolver, address, &symbol), GRAFT_OK);
    CHECK_TEXT(symbol.symbol, "");
    CHECK_TEXT(symbol.image, in_folder("libold.so"));
    CHECK(symbol.offset > 0 && symbol.offset < 0x10000);
    end();
    shell("cd %s && mv keep.so libold.so", fixture_folder); /* another file, but the same build */
    begin();
    finds("libold.so:swapped");
    end();
    shell("rm %s/libold.so", fixture_folder);
    begin();
    finds_nothing("libold.so:swapped");
    end();
    CHECK_EQUAL(dlclose(library), 0);
}

static void what_the_system_refuses_once_is_asked_for_again(void) {
    make_library("liblater.so", "later", 1, "-Wl,--build-id");
    void *library = open_fixture("liblater.so");
    begin();
    gr_fault_set(GR_OS_MAP_FILE, 0, GR_IMAGE_ATTEMPTS - 1);
    for (int i = 0; i < GR_IMAGE_ATTEMPTS - 1; i++)
        finds_nothing("liblater.so:later");
    finds("liblater.so:later");
    end();
    gr_fault_clear();
    begin();
    gr_fault_set(GR_OS_MAP_FILE, 0, GR_IMAGE_ATTEMPTS);
    for (int i = 0; i < GR_IMAGE_ATTEMPTS; i++)
        finds_nothing("liblater.so:later");
    finds_nothing("liblater.so:later"); /* it is not even asked for */
    CHECK_EQUAL(gr_fault_calls(GR_OS_MAP_FILE), GR_IMAGE_ATTEMPTS);
    end();
    gr_fault_clear();
    CHECK_EQUAL(dlclose(library), 0);
}

static void a_file_without_a_build_id_is_trusted_while_it_is_the_same_file(void) {
    make_library("libplain.so", "plain", 1, "-Wl,--build-id=none");
    void *library = open_fixture("libplain.so");
    begin();
    finds("libplain.so:plain");
    end();
    gr_fault_set(GR_OS_READ_FILE, 0, 1); /* nobody tells which file it was */
    begin();
    gr_fault_clear();
    finds_nothing("libplain.so:plain");
    end();
    shell("cd %s && cp libplain.so copy.so && mv copy.so libplain.so", fixture_folder);
    begin();
    finds_nothing("libplain.so:plain");
    end();
    shell("rm %s/libplain.so", fixture_folder);
    begin();
    finds_nothing("libplain.so:plain");
    end();
    CHECK_EQUAL(dlclose(library), 0);
}

static void without_proc_a_build_id_is_enough(void) {
    make_library("libproc.so", "proc", 1, "-Wl,--build-id");
    void *library = open_fixture("libproc.so");
    gr_fault_set(GR_OS_READ_FILE, 0, 1);
    begin();
    gr_fault_clear();
    CHECK_TEXT(resolver->images[0]->image.path, "/proc/self/exe");
    finds("libproc.so:proc");
    CHECK_EQUAL(dlclose(library), 0);
    end();
}

static void a_relative_path_leads_to_its_file_from_everywhere(void) {
    char before[512];
    make_library("librelative.so", "relative", 1, "-Wl,--build-id=none");
    CHECK(getcwd(before, sizeof before) != NULL);
    CHECK_EQUAL(chdir(fixture_folder), 0);
    void *library = dlopen("./librelative.so", RTLD_NOW);
    CHECK(library != NULL);
    CHECK_EQUAL(chdir("/"), 0);
    begin();
    finds("librelative.so:relative");
    finds("./librelative.so:relative");
    char target[600];
    snprintf(target, sizeof target, "%s:relative", in_folder("librelative.so"));
    finds(target);
    end();
    CHECK_EQUAL(chdir(before), 0);
    CHECK_EQUAL(dlclose(library), 0);
}

static void strange_file_names_are_read_right(void) {
    static const char *const names[] = {"lib with spaces.so", "libnew\nline.so", "lib%s(1).so"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        make_library("libx.so", "strange", (int)i, "-Wl,--build-id=none");
        char from[512];
        snprintf(from, sizeof from, "%s", in_folder("libx.so"));
        CHECK_EQUAL(rename(from, in_folder(names[i])), 0);
        void *library = open_fixture(names[i]);
        begin();
        finds("*:strange");
        struct graft_symbol symbol;
        CHECK_EQUAL(gr_resolver_symbolise(resolver, (uint64_t)(uintptr_t)dlsym(library, "strange"), &symbol), GRAFT_OK);
        CHECK_TEXT(symbol.image, in_folder(names[i]));
        CHECK_EQUAL(dlclose(library), 0);
        end();
    }
}

static void the_kernels_list_of_mappings_is_read_line_by_line(void) {
    static const char maps[] = "1000-2000 r-xp 00000000 fe:01 77                         /lib/a.so\n"
                               "2000-3000 r--p 00001000 fe:01 77                         /lib/a.so\n"
                               "4000-5000 r-xp 00000000 fe:01 78                         /lib/b c.so (deleted)\n"
                               "5000-6000 r-xp 00000000 00:00 0 \n"
                               "6000-7000 r-xp 00000000 00:00 0                          [vdso]\n"
                               "garbage\n"
                               "8000-9000 r-xp 00000000 fe:01 79                         /lib/d\\012e.so";
    struct gr_mapped_file files[] = {{.address = 0}, {.address = 0x1000}, {.address = 0x1fff}, {.address = 0x2000},
        {.address = 0x3000}, {.address = 0x4800}, {.address = 0x5000}, {.address = 0x6000}, {.address = 0x8fff},
        {.address = 0x9000}};
    static const struct {
        uint64_t inode;
        const char *path;
    } wanted[] = {{0, NULL}, {77, "/lib/a.so"}, {77, "/lib/a.so"}, {77, "/lib/a.so"}, {0, NULL}, {78, "/lib/b c.so"},
        {0, NULL}, {0, NULL}, {79, "/lib/d\ne.so"}, {0, NULL}};
    enum { COUNT = sizeof files / sizeof *files };
    CHECK_EQUAL(gr_mapped_files_read(maps, files, COUNT), GRAFT_OK);
    for (size_t i = 0; i < COUNT; i++) {
        CHECK_EQUAL(files[i].inode, wanted[i].inode);
        CHECK((files[i].path == NULL) == (wanted[i].path == NULL));
        if (files[i].path != NULL)
            CHECK_TEXT(files[i].path, wanted[i].path);
        free(files[i].path);
    }
}

static bool finished;

static void *come_and_go(void *name) {
    for (int i = 0; i < ROUNDS; i++)
        CHECK_EQUAL(dlclose(open_fixture(name)), 0);
    __atomic_store_n(&finished, true, __ATOMIC_RELEASE); /* pairs with the acquire in the loop below */
    return NULL;
}

static void libraries_may_come_and_go_while_we_look(void) {
    static char name[] = "libbusy.so", target[] = "libbusy.so:busy";
    make_library(name, "busy", 1, "-Wl,--build-id");
    begin();
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, come_and_go, name), 0);
    size_t loaded = 0, unloaded = 0;
    while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE)) {
        uint64_t address;
        memset(&seen, 0, sizeof seen);
        CHECK_EQUAL(gr_resolver_refresh(resolver, note_loaded, note_unloaded, &seen), GRAFT_OK);
        loaded += seen.loaded;
        unloaded += seen.unloaded;
        CHECK(loaded >= unloaded && loaded - unloaded <= 1);
        enum graft_status status = find(target, &address);
        CHECK_EQUAL(status, loaded > unloaded ? GRAFT_OK : GRAFT_NOT_FOUND);
    }
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(gr_resolver_refresh(resolver, note_loaded, note_unloaded, &seen), GRAFT_OK);
    finds_nothing(target);
    printf("# seen to come %zu times of %d\n", loaded, (int)ROUNDS);
    end();
}

static const char deleted_mode[] = "--deleted";

/* In a copy of this program whose file is gone: /proc/self/exe still leads to it. */
static int run_deleted(const char *own_path) {
    CHECK_EQUAL(unlink(own_path), 0);
    begin();
    CHECK_TEXT(resolver->images[0]->image.path, own_path);
    finds(":main");
    end();
    return 0;
}

static const char linked_mode[] = "--linked";

/* Started by a link to this program. */
static int run_linked(void) {
    begin();
    finds("linked-program:main");
    char target[600];
    snprintf(target, sizeof target, "%s:main", resolver->images[0]->path);
    finds(target);
    finds_nothing("exe:main");
    finds_nothing("/proc/self/exe:main");
    end();
    return 0;
}

static void a_program_is_known_by_the_link_that_it_was_started_by(void) {
    shell("ln -s $(readlink /proc/%d/exe) %s/linked-program && %s/linked-program %s", (int)getpid(), fixture_folder,
        fixture_folder, linked_mode);
}

static void a_program_is_known_after_its_file_was_deleted(void) {
    shell("cp /proc/%d/exe %s/program && %s/program %s", (int)getpid(), fixture_folder, fixture_folder, deleted_mode);
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], deleted_mode) == 0)
        return run_deleted(arguments[0]);
    if (count == 2 && strcmp(arguments[1], linked_mode) == 0)
        return run_linked();
    make_folder();
    RUN(every_image_is_reported_once_and_the_executable_first);
    RUN(a_look_is_short_when_nothing_changed);
    RUN(a_library_is_reported_when_it_comes_and_when_it_goes);
    RUN(a_library_that_went_and_came_back_unseen_is_new);
    RUN(a_patched_library_that_stayed_is_not_taken_for_new);
    RUN(a_file_that_was_replaced_is_not_trusted);
    RUN(what_the_system_refuses_once_is_asked_for_again);
    RUN(a_file_without_a_build_id_is_trusted_while_it_is_the_same_file);
    RUN(without_proc_a_build_id_is_enough);
    RUN(a_relative_path_leads_to_its_file_from_everywhere);
    RUN(strange_file_names_are_read_right);
    RUN(the_kernels_list_of_mappings_is_read_line_by_line);
    RUN(libraries_may_come_and_go_while_we_look);
    RUN(a_program_is_known_by_the_link_that_it_was_started_by);
    RUN(a_program_is_known_after_its_file_was_deleted);
    remove_fixtures();
    return 0;
}
