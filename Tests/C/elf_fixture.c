/* elf_fixture.c: makes, finds and removes the files that the tests of the ELF view read. */
#include "elf_fixture.h"
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 512, COMMAND_BYTES = 4096 };

static char folder[] = "/tmp/test_elf.XXXXXX";
static pid_t owner;

/* Forked children leave the folder alone. */
static void remove_folder(void) {
    char command[COMMAND_BYTES];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (getpid() == owner && system(command) != 0)
        fprintf(stderr, "cannot remove %s\n", folder);
}

static const char *in_folder(void) {
    if (owner == 0) {
        CHECK(mkdtemp(folder) != NULL);
        owner = getpid();
        atexit(remove_folder);
    }
    return folder;
}

/* The folder of the checked-in sources: beside this file. Found once, for a test may change its working folder. */
static const char *sources(void) {
    static char path[PATH_BYTES];
    if (path[0] != 0)
        return path;
    char *here = realpath(__FILE__, NULL);
    CHECK(here != NULL);
    *strrchr(here, '/') = 0;
    snprintf(path, sizeof path, "%s/fixtures/elf", here);
    free(here);
    return path;
}

bool elf_try(const char *command) {
    char whole[COMMAND_BYTES];
    CHECK(setenv("F", sources(), 1) == 0);
    CHECK(snprintf(whole, sizeof whole, "cd '%s' && %s", in_folder(), command) < (int)sizeof whole);
    return system(whole) == 0;
}

void elf_run(const char *format, ...) {
    char command[COMMAND_BYTES];
    va_list arguments;
    va_start(arguments, format);
    CHECK(vsnprintf(command, sizeof command, format, arguments) < (int)sizeof command);
    va_end(arguments);
    if (!elf_try(command)) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
}

const char *elf_path(const char *name) {
    static char paths[4][PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 4];
    CHECK(snprintf(path, PATH_BYTES, "%s/%s", in_folder(), name) < PATH_BYTES);
    return path;
}

struct gr_elf_options elf_options(void) {
    static char root[PATH_BYTES];
    snprintf(root, sizeof root, "%s", elf_path("debug-root"));
    return (struct gr_elf_options){
        .debug_root = root,
        .limits =
            {
                .file = GR_ELF_FILE_MAX,
                .functions = GR_ELF_FUNCTIONS_MAX,
                .names = GR_ELF_NAMES_MAX,
                .minidebug = GR_ELF_MINIDEBUG_MAX,
                .debug_inflated = GR_ELF_DEBUG_INFLATED_MAX,
            },
    };
}

enum graft_status elf_try_open(const char *name, const struct gr_elf_options *options, struct gr_elf **elf) {
    return gr_elf_open_with(elf_path(name), options, elf);
}

struct gr_elf *elf_open(const char *name) {
    struct gr_elf_options options = elf_options();
    struct gr_elf *elf = NULL;
    CHECK_TEXT(graft_status_slug(elf_try_open(name, &options, &elf)), "ok");
    return elf;
}

const struct gr_elf_function *elf_find(struct gr_elf *elf, const char *symbol, const char *version) {
    const struct gr_elf_function *functions;
    size_t count;
    CHECK_EQUAL(gr_elf_functions(elf, &functions, &count), GRAFT_OK);
    for (size_t i = 0; i < count; i++)
        if (strcmp(functions[i].symbol, symbol) == 0 && (!version || strcmp(functions[i].version, version) == 0))
            return &functions[i];
    return NULL;
}

size_t elf_count(struct gr_elf *elf, const char *symbol) {
    const struct gr_elf_function *functions;
    size_t count, found = 0;
    CHECK_EQUAL(gr_elf_functions(elf, &functions, &count), GRAFT_OK);
    for (size_t i = 0; i < count; i++)
        found += strcmp(functions[i].symbol, symbol) == 0;
    return found;
}

uint32_t elf_line_of(const char *source, const char *text) {
    char path[2 * PATH_BYTES], line[COMMAND_BYTES];
    snprintf(path, sizeof path, "%s/%s", sources(), source);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    uint32_t number = 1;
    while (fgets(line, sizeof line, file) && !strstr(line, text))
        number++;
    CHECK(!feof(file));
    fclose(file);
    return number;
}

uint8_t *elf_load(const char *name, size_t *size) {
    FILE *file = fopen(elf_path(name), "rb");
    struct stat status;
    CHECK(file != NULL && fstat(fileno(file), &status) == 0);
    uint8_t *bytes = malloc((size_t)status.st_size + 1);
    CHECK(bytes != NULL);
    *size = fread(bytes, 1, (size_t)status.st_size, file);
    CHECK_EQUAL(*size, status.st_size);
    fclose(file);
    return bytes;
}

void elf_store(const char *name, const void *bytes, size_t size) {
    FILE *file = fopen(elf_path(name), "wb");
    CHECK(file != NULL);
    CHECK_EQUAL(fwrite(bytes, 1, size, file), size);
    CHECK(fclose(file) == 0);
}
