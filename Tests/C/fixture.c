/* fixture.c: see fixture.h. The sources are in Tests/C/fixtures/resolve. */
#include "fixture.h"

#include "check.h"
#include "target_text.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOURCES "Tests/C/fixtures/resolve/"

char fixture_folder[] = "/tmp/graft-test-XXXXXX";

void shell(const char *format, ...) {
    char command[4096];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    CHECK(size > 0 && size < (int)sizeof command);
    if (system(command) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
}

void make_folder(void) {
    CHECK(mkdtemp(fixture_folder) != NULL);
}

/* A library from one line of C. */
static void make_small(const char *name, const char *flags, const char *source) {
    shell("echo '%s' | gcc -O1 -fPIC -shared %s -x c - -o %s/%s", source, flags, fixture_folder, name);
}

static void make_swift(const char *to) {
    shell("swiftc -O -module-name Shop -emit-library " SOURCES "Shop.swift -o %s/libShop.so", to);
    shell("echo 'print(Shop.topLevel(), Shop.Order(id: 4).price(5, of: \"tea\"))' > %s/main.swift", to);
    shell("swiftc -O -module-name Shop -static-stdlib " SOURCES "Shop.swift %s/main.swift -o %s/static_shop", to, to);
}

void make_fixtures(void) {
    const char *to = fixture_folder;
    make_folder();
    shell("gcc -O2 -fPIC -shared -Wl,--build-id -Wl,-soname,libversions.so.1 -Wl,--version-script=" SOURCES
          "versions.map " SOURCES "versions.c -o %s/libversions.so.1.2",
        to);
    shell("g++ -O2 -fPIC -shared " SOURCES "shapes.cpp -o %s/libshapes.so", to);
    if (!check_left_out("swift"))
        make_swift(to);
    make_small("libstripped.so", "-s -Wl,--build-id -falign-functions=16 -fno-toplevel-reorder",
        "int exported(int x) { return x + 1; } static int unnamed(int x) { return x * 7 + 2; } int (*keep)(int) = "
        "unnamed;");
    make_small("libtwin_a.so", "-Wl,--build-id=0x0123456789abcdef", "int twin_a(void) { return 1; }");
    make_small("libtwin_b.so", "-Wl,--build-id=0x0123456789abcdee", "int twin_b(void) { return 1; }");
    shell("(" SOURCES "many.sh %d; echo '.text; .globl more; .type more, %%function; more: ret; .size more, 1') | "
          "gcc -shared -x assembler - -o %s/libmany.so",
        (int)GRAFT_TARGET_MATCHES_MAX, to);
}

void remove_fixtures(void) {
    shell("rm -r '%s'", fixture_folder);
}

void *open_fixture(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", fixture_folder, name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(library != NULL);
    return library;
}

void run_in_child(void (*behaviour)(void), const char *name) {
    if (check_left_out(name)) {
        printf("left out %s\n", name);
        return;
    }
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        behaviour();
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    printf("ok %s\n", name);
    fflush(stdout);
}
