/* stack.c: reads the calling thread's own stack without the process's memory lock.
 *
 * process_vm_readv takes that lock, for which a thread has to wait while any other maps memory, unmaps it or changes its
 * protection: milliseconds, when that one is preempted meanwhile. A thread's own stack can simply be read, as far as it
 * reaches: to the C library's descriptor of the thread, which lies at its top, or to where the main thread began. That
 * everything up to there is readable is asked of the kernel page by page, by a call that reads the page and then refuses;
 * a stack has a guard below, so what can be read through as far as the top is one stack. It does not go away while its
 * thread is here. Other stacks (of coroutines, of signals), and those that are deeper, are left to gr_os_peek, and so is
 * everything where the kernel answers otherwise (emulators), and below sanitizers, which know better what may be read.
 *
 * On the hit path: no lock, no allocation, errno kept, async-signal-safe. Neighbours: fault.h. */
#include "compiler.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef GR_WATCHED_HEAP
enum { WATCHED = 1 };
#else
enum { WATCHED = 0 };
#endif

enum {
    MASK_SIZE = 8,   /* the kernel's, of signals */
    NO_SUCH_HOW = -1 /* of rt_sigprocmask, which reads the mask before it looks at this, and then changes nothing */
};

extern void *__libc_stack_end; /* the dynamic linker's: where the main thread's stack began */

static bool direct; /* set once, before the first hit */

/* EFAULT: the bytes cannot be read. EINVAL: they can. */
static int answer_for(uintptr_t address) {
    return syscall(SYS_rt_sigprocmask, (long)NO_SUCH_HOW, address, NULL, (long)MASK_SIZE) == 0 ? 0 : errno;
}

static bool readable(uintptr_t address) {
    return !GR_FAULT(GR_OS_PEEK_STACK, EFAULT) && answer_for(address) == EINVAL;
}

/* Valgrind answers by itself, and reports the question. */
static bool below_valgrind(void) {
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded != NULL && strstr(preloaded, "/vgpreload_") != NULL;
}

bool gr_os_stack_start(void) {
    static const uint64_t can_be_read;
    int saved = errno;
    direct = !WATCHED && !below_valgrind() && answer_for((uintptr_t)&can_be_read) == EINVAL &&
             answer_for(UINTPTR_MAX - gr_os_page_size() + 1) == EFAULT;
    errno = saved;
    return direct;
}

/* An address at the top of the calling thread's stack, below which all is stack. */
static uintptr_t top_of_stack(void) {
    bool main = syscall(SYS_gettid) == getpid();
    return main ? (uintptr_t)__libc_stack_end : (uintptr_t)pthread_self();
}

/* True when every page from `address` up to `top` can be read. */
static bool reaches(uintptr_t address, uintptr_t top) {
    size_t page = gr_os_page_size();
    for (uintptr_t at = address & ~(uintptr_t)(MASK_SIZE - 1); at < top; at = (at & ~(page - 1)) + page)
        if (!readable(at))
            return false;
    return true;
}

size_t gr_os_peek_stack(uintptr_t address, void *bytes, size_t size) {
    int saved = errno;
    uintptr_t top = direct ? top_of_stack() : 0;
    bool near = address < top && top - address <= GR_OS_STACK_DIRECT;
    if (near && top - address < size)
        size = top - address;
    bool own = near && reaches(address, top);
    errno = saved;
    if (!own)
        return gr_os_peek(address, bytes, size);
    memcpy(bytes, (const void *)address, size);
    return size;
}
