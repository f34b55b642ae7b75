/* memory.c: address space from the kernel: reserve, commit, release.
 *
 * Never touches a mapping that it was not given: a reservation at an address never replaces what is there.
 * Neighbours: fault.h; callers are codemem and the pools of thread and hit. */
#include "compiler.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

size_t gr_os_page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

enum graft_status gr_os_reserve(uintptr_t address, size_t size, void **memory) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address ? MAP_FIXED_NOREPLACE : 0);
    void *wanted = (void *)address;
    void *found =
        GR_FAULT(GR_OS_RESERVE, ENOMEM) ? MAP_FAILED : mmap(wanted, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (found == MAP_FAILED) {
        return address ? GRAFT_NO_SPACE_NEAR : GRAFT_NO_MEMORY;
    }
    if (address && found != wanted) { /* kernels before 4.17 take MAP_FIXED_NOREPLACE as a hint */
        gr_os_release(found, size);
        return GRAFT_NO_SPACE_NEAR;
    }
    *memory = found;
    return GRAFT_OK;
}

/* Linux knows such a request on x86-64 only. */
#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif

enum graft_status gr_os_reserve_low(size_t size, void **memory) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT;
    void *found =
        GR_FAULT(GR_OS_RESERVE_LOW, ENOMEM) ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (found == MAP_FAILED) {
        return GRAFT_NO_MEMORY;
    }
    if ((uintptr_t)found + size > UINT32_C(1) << 31) {
        gr_os_release(found, size);
        return GRAFT_NO_MEMORY;
    }
    *memory = found;
    return GRAFT_OK;
}

enum graft_status gr_os_commit(void *memory, size_t size, bool write, bool execute) {
    int protection = PROT_READ | (write ? PROT_WRITE : 0) | (execute ? PROT_EXEC : 0);
    if (GR_FAULT(GR_OS_COMMIT, ENOMEM) || mprotect(memory, size, protection) != 0) {
        return errno == ENOMEM ? GRAFT_NO_MEMORY : GRAFT_OS;
    }
    if (execute) {
        GR_SHOW_CODE(memory, size);
    }
    return GRAFT_OK;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

enum { PIECE = 64 * 1024 };

/* The kernel holds the process's memory lock for as long as it works: in pieces, so that no thread waits long for it. What
 * it refuses is no harm: it is advice. */
static void advise(void *memory, size_t size, int advice) {
    int saved = errno;
    for (size_t at = 0; at < size; at += PIECE) {
        (void)madvise((char *)memory + at, size - at < PIECE ? size - at : PIECE, advice);
    }
    errno = saved;
}

void gr_os_populate(void *memory, size_t size) {
    advise(memory, size, MADV_POPULATE_WRITE);
}

void gr_os_release(void *memory, size_t size) {
    int saved = errno;
    if (size > PIECE) {
        advise(memory, size, MADV_DONTNEED);
    }
    if (GR_FAULT(GR_OS_RELEASE, ENOMEM) || munmap(memory, size) != 0) {
        /* Unmapping the middle of a mapping needs one mapping more, and there may be none left: then the address
         * space stays taken, but the pages go back. */
        (void)madvise(memory, size, MADV_DONTNEED);
    }
    errno = saved;
}

enum graft_status gr_os_allocate(size_t size, void **memory) {
    int saved = errno;
    void *found = GR_FAULT(GR_OS_ALLOCATE, ENOMEM)
                      ? MAP_FAILED
                      : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = saved;
    if (found == MAP_FAILED) {
        return GRAFT_NO_MEMORY;
    }
    *memory = found;
    return GRAFT_OK;
}

enum graft_status gr_os_resize(void **memory, size_t old, size_t size) {
    int saved = errno;
    void *found = GR_FAULT(GR_OS_ALLOCATE, ENOMEM) ? MAP_FAILED : mremap(*memory, old, size, MREMAP_MAYMOVE);
    errno = saved;
    if (found == MAP_FAILED) {
        return GRAFT_NO_MEMORY;
    }
    *memory = found;
    return GRAFT_OK;
}
