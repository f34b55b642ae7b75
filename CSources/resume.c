/* resume.c: finds the unwinder's way on.
 *
 * A process may have several unwinders (libgcc_s, libunwind, one linked into a program), and an exception must go on
 * with the one that raised it: the one whose code called our personality routine. One that was linked into a program
 * exports nothing; libgcc's many copies understand each other's exceptions, so libgcc_s goes on for it. Keeps no
 * state. */
#include "resume.h"
#include <dlfcn.h>
#include <stddef.h>

/* _Unwind_Resume as `library` finds it; 0 when that is of another image than `home`. */
static uint64_t resume_in(void *library, const void *home) {
    void *resume = library != NULL ? dlsym(library, "_Unwind_Resume") : NULL;
    Dl_info found;
    if (resume == NULL || dladdr(resume, &found) == 0 || found.dli_fbase != home)
        return 0;
    return (uint64_t)(uintptr_t)resume;
}

uint64_t gr_resume_of(const void *code) {
    Dl_info unwinder;
    if (dladdr(code, &unwinder) == 0 || unwinder.dli_fname == NULL)
        return 0;
    void *library = dlopen(unwinder.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (library == NULL) /* the program itself, under the name it was started by */
        library = dlopen(NULL, RTLD_LAZY | RTLD_NOLOAD);
    uint64_t resume = resume_in(library, unwinder.dli_fbase);
    if (library != NULL)
        dlclose(library); /* it stays loaded: it is running */
    if (resume != 0)
        return resume;
    library = dlopen("libgcc_s.so.1", RTLD_LAZY); /* kept open: the exception is about to go on in it */
    return library != NULL ? (uint64_t)(uintptr_t)dlsym(library, "_Unwind_Resume") : 0;
}
