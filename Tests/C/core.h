/* core.h: starts the parts of the core that patching needs, without a control thread; makes entry points by hand. */
#ifndef CORE_H
#define CORE_H

#include "arch/arch.h"
#include "check.h"
#include "codemem.h"
#include "counters.h"
#include "hit.h"
#include "os/os.h"
#include "patch.h"
#include "trap.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

enum { CORE_SITES = 65536 };

static inline void core_start(void) {
    CHECK_EQUAL(gr_os_membarrier_prepare(), GRAFT_OK);
    gr_epoch_prepare();
    gr_codemem_start();
    CHECK_EQUAL(gr_counters_start(CORE_SITES), GRAFT_OK);
    CHECK_EQUAL(gr_arch_start(), GRAFT_OK);
    CHECK_EQUAL(gr_traps_start(CORE_SITES), GRAFT_OK);
    CHECK_EQUAL(gr_captures_start(), GRAFT_OK);
}

/* An entry point for a function of this program, with its size from the dynamic symbol table (-rdynamic). */
static inline struct graft_entry_point core_entry(const char *name) {
    void *address = dlsym(RTLD_DEFAULT, name);
    Dl_info info;
    ElfW(Sym) *symbol = NULL;
    CHECK(address != NULL);
    CHECK(dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) != 0 && symbol != NULL);
    return (struct graft_entry_point){.address = (uint64_t)(uintptr_t)address,
        .size = symbol->st_size,
        .image = "test",
        .build_id = "",
        .symbol = name,
        .name = name,
        .flags = GRAFT_ENTRY_HAS_UNWIND};
}

extern char __executable_start, etext;

static inline struct gr_patch_image core_image(enum gr_keep vectors) {
    return (struct gr_patch_image){.code_start = (uint64_t)(uintptr_t)&__executable_start,
        .code_end = (uint64_t)(uintptr_t)&etext,
        .serial = 1,
        .vectors = vectors};
}

static inline enum graft_status core_prepare(const char *name, enum gr_keep keep, struct gr_site **site) {
    struct graft_entry_point entry = core_entry(name);
    struct gr_patch_image image = core_image(keep);
    uint64_t offender;
    return gr_patch_prepare(&entry, &image, site, &offender);
}

static inline enum graft_status core_prepare_as(
    const char *name, enum gr_shape shape, enum gr_keep keep, struct gr_site **site) {
    struct graft_entry_point entry = core_entry(name);
    struct gr_patch_image image = core_image(keep);
    uint64_t offender;
    return gr_patch_prepare_as(&entry, &image, shape, site, &offender);
}

#endif
