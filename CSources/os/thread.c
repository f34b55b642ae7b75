/* thread.c: identities, our own thread, waiting and time.
 *
 * Our thread never receives a signal meant for the host: all are blocked but SIGTRAP, which patched code raises, and
 * those that a fault raises. Neighbours: fault.h, signal.c (the mask); the list of all threads is tasks.c. */
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    STACK_SIZE = 256 * 1024, /* of our thread, thread-local storage of the host not counted */
    STACK_SIZE_MAX = 8 * 1024 * 1024,
    NAME_SIZE = 16, /* of a thread's name, with its zero: the kernel's limit */
    CPU_LIST_MAX = 64 * 1024
};

uint32_t gr_os_thread_id(void) {
    return (uint32_t)syscall(SYS_gettid); /* cannot fail, so errno stays */
}

uint32_t gr_os_process_id(void) {
    return (uint32_t)getpid();
}

unsigned gr_os_cpu_count(void) {
    char *list = NULL;
    size_t size = 0;
    unsigned count = 0;
    if (!GR_FAULT(GR_OS_CPU_COUNT, ENOENT) &&
        gr_os_read_file("/sys/devices/system/cpu/possible", CPU_LIST_MAX, &list, &size) == GRAFT_OK) {
        for (char *next = list; *next >= '0' && *next <= '9';) { /* "0-3,8-11": every number, the greatest wins */
            unsigned long cpu = strtoul(next, &next, 10);
            count = cpu < INT_MAX && cpu + 1 > count ? (unsigned)cpu + 1 : count;
            next += *next == '-' || *next == ',';
        }
        free(list);
    }
    if (count == 0) {
        long configured = sysconf(_SC_NPROCESSORS_CONF);
        count = configured > 0 ? (unsigned)configured : 1;
    }
    return count;
}

/* What our thread is given; freed by it. */
struct start {
    void *(*run)(void *argument);
    void *argument;
    char name[NAME_SIZE];
};

static void *begin(void *context) {
    struct start start = *(struct start *)context;
    free(context);
    (void)prctl(PR_SET_NAME, start.name, 0, 0, 0); /* refused: then the host's name shows, which harms nobody */
    return start.run(start.argument);
}

/* glibc takes the thread-local storage of all images from the thread's stack: add it, so that the rest is ours. */
static int add_thread_local_size(struct dl_phdr_info *image, size_t size, void *context) {
    (void)size;
    size_t *total = context;
    for (size_t i = 0; i < image->dlpi_phnum; i++) {
        if (image->dlpi_phdr[i].p_type == PT_TLS) {
            *total += image->dlpi_phdr[i].p_memsz + image->dlpi_phdr[i].p_align;
        }
    }
    return 0;
}

static int create(struct start *start, pthread_t *thread) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error) {
        return error;
    }
    size_t size = STACK_SIZE;
    (void)dl_iterate_phdr(add_thread_local_size, &size);
    do { /* EINVAL: too small for what the C library or a sanitizer keeps there */
        error = pthread_attr_setstacksize(&attributes, size);
        error = error ? error : pthread_create(thread, &attributes, begin, start);
        size *= 2;
    } while (error == EINVAL && size <= STACK_SIZE_MAX);
    (void)pthread_attr_destroy(&attributes);
    return error;
}

enum graft_status gr_os_thread_start(void *(*run)(void *), void *argument, const char *name, uintptr_t *thread) {
    struct start *start = malloc(sizeof *start);
    if (!start) {
        return GRAFT_NO_MEMORY;
    }
    *start = (struct start){.run = run, .argument = argument};
    memccpy(start->name, name, '\0', sizeof start->name - 1);
    /* The new thread inherits the mask, so there is no moment in which it could take the host's signals. */
    sigset_t before;
    if (pthread_sigmask(SIG_SETMASK, NULL, &before) != 0) {
        free(start);
        return GRAFT_OS;
    }
    gr_os_mask_all_but_sigtrap();
    pthread_t created;
    int error = GR_FAULT(GR_OS_THREAD_START, EAGAIN) ? errno : create(start, &created);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        free(start);
        errno = error;
        return error == ENOMEM ? GRAFT_NO_MEMORY : GRAFT_OS;
    }
    *thread = (uintptr_t)created;
    return GRAFT_OK;
}

void gr_os_thread_join(uintptr_t thread) {
    (void)pthread_join((pthread_t)thread, NULL);
}

void gr_os_wait(const uint32_t *word, uint32_t expected, int milliseconds) {
    int saved = errno;
    struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, milliseconds < 0 ? NULL : &limit, NULL, 0);
    errno = saved;
}

void gr_os_wake(const uint32_t *word) {
    int saved = errno;
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    errno = saved;
}

uint64_t gr_os_nanoseconds(void) {
    int saved = errno;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    errno = saved;
    return GR_CLOCK((uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec);
}
