/* resume.c: finds the unwinder's way on.
 *
 * A process may have several unwinders (libgcc_s, libunwind, one linked into a program), and an exception must go on
 * with the one that raised it: the one whose code called our personality routine. Keeps no state. */
#include "resume.h"
#include <dlfcn.h>
#include <stddef.h>

uint64_t gr_resume_of(const void *code) {
    Dl_info unwinder;
    if (dladdr(code, &unwinder) == 0 || unwinder.dli_fname == NULL)
        return 0;
    void *library = dlopen(unwinder.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (library == NULL) /* the program itself, under the name it was started by */
        library = dlopen(NULL, RTLD_LAZY | RTLD_NOLOAD);
    if (library == NULL)
        return 0;
    uint64_t resume = (uint64_t)(uintptr_t)dlsym(library, "_Unwind_Resume");
    dlclose(library); /* it stays loaded: it is running */
    return resume;
}
