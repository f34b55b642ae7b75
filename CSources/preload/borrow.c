/* borrow.c: loads what the agent's library borrows, the first time that something is to be installed (../borrow.h).
 *
 * Owns a pointer for each borrowed function, through which lend.S jumps. Until they are loaded, and where they cannot be,
 * each answers 0: to elf_version and to unw_create_addr_space, which come first, that means no, and what comes after them
 * is not reached. A library that lacks one of its functions is not used at all. Never unloaded.
 *
 * Neighbours: borrowed.h lists the functions. The Makefile links it into the agent's library and nowhere else. */
#include "../borrow.h"
#include "../log.h"
#include "borrowed.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

static uintptr_t nothing(void) {
    return 0;
}

/* Written once, while the control thread may read an image that was just loaded. */
typedef uintptr_t (*lent)(void);
#define SLOT(name) lent gr_lent_##name = nothing;
GR_BORROWED_DW(SLOT)
GR_BORROWED_UNWIND(SLOT)

struct borrowed {
    const char *name;
    lent *slot;
};
#define ROW(name) {#name, &gr_lent_##name},
static const struct borrowed dw[] = {GR_BORROWED_DW(ROW)}, unwind[] = {GR_BORROWED_UNWIND(ROW)};
_Static_assert(sizeof unwind <= sizeof dw, "what is found of either has room");

/* The version is that of the headers which this was built with. */
#define DW_FILE "libdw.so.1"
#define UNWIND_FILE "libunwind-x86_64.so.8"

static void borrow(const char *file, const struct borrowed *functions, size_t count) {
    void *found[sizeof dw / sizeof dw[0]];
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    size_t known = 0;
    while (library != NULL && known < count && (found[known] = dlsym(library, functions[known].name)) != NULL)
        known++;
    if (known < count) {
        const char *problem = dlerror();
        gr_log("borrow: %s is not used: %s", file, problem != NULL ? problem : "no reason is known");
        return;
    }
    /* The first one last: whom it answers finds the others. Release pairs with the jump through the slot, in lend.S. */
    for (size_t i = count; i-- > 0;)
        __atomic_store_n((void **)functions[i].slot, found[i], __ATOMIC_RELEASE);
}

static void borrow_all(void) {
    borrow(DW_FILE, dw, sizeof dw / sizeof dw[0]);
    borrow(UNWIND_FILE, unwind, sizeof unwind / sizeof unwind[0]);
}

void gr_borrow(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, borrow_all);
}
