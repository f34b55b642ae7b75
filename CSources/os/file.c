/* file.c: whole small files, read-only mappings, and the log's file.
 *
 * Never blocks on what a path turns out to be (a FIFO, a terminal) and never raises SIGPIPE in the host.
 * Neighbours: fault.h. */
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_READ = 4096, FIRST_FREE_DESCRIPTOR = 3, LOG_FILE_MODE = 0600 };

/* O_NONBLOCK: a FIFO without a writer must not stop the host. Regular files do not care. */
static enum graft_status open_to_read(const char *path, int *descriptor) {
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (opened < 0) {
        return errno == ENOENT || errno == ENOTDIR || errno == ESRCH ? GRAFT_NOT_FOUND : GRAFT_OS;
    }
    *descriptor = opened;
    return GRAFT_OK;
}

static ssize_t read_some(int descriptor, char *to, size_t size) {
    ssize_t got;
    do {
        got = GR_FAULT(GR_OS_READ, EIO) ? -1 : read(descriptor, to, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* Reads to the end into a buffer that doubles, up to `limit` bytes and the zero. */
static enum graft_status read_to_end(int descriptor, size_t limit, char **text, size_t *size) {
    size_t capacity = 0, done = 0;
    char *buffer = NULL;
    for (;;) {
        if (done + 1 >= capacity) { /* room for one byte past the limit, which shows that there is more */
            size_t wanted = capacity ? capacity * 2 : FIRST_READ;
            char *grown = done > limit ? NULL : realloc(buffer, wanted);
            if (!grown) {
                free(buffer);
                return GRAFT_NO_MEMORY;
            }
            buffer = grown;
            capacity = wanted;
        }
        ssize_t got = read_some(descriptor, buffer + done, capacity - done - 1);
        if (got < 0) {
            int error = errno;
            free(buffer);
            errno = error;
            return error == ESRCH ? GRAFT_NOT_FOUND : GRAFT_OS; /* ESRCH: /proc, and the thread has ended */
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    if (done > limit) {
        free(buffer);
        return GRAFT_NO_MEMORY;
    }
    buffer[done] = '\0';
    *text = buffer;
    *size = done;
    return GRAFT_OK;
}

enum graft_status gr_os_read_file(const char *path, size_t limit, char **text, size_t *size) {
    int descriptor = -1;
    if (GR_FAULT(GR_OS_READ_FILE, EACCES)) {
        return GRAFT_OS;
    }
    enum graft_status status = open_to_read(path, &descriptor);
    if (status == GRAFT_OK) {
        status = read_to_end(descriptor, limit, text, size);
        gr_os_close(descriptor);
    }
    return status;
}

enum graft_status gr_os_map_file(const char *path, const void **bytes, size_t *size) {
    int descriptor = -1;
    if (GR_FAULT(GR_OS_MAP_FILE, EACCES)) {
        return GRAFT_OS;
    }
    enum graft_status status = open_to_read(path, &descriptor);
    if (status != GRAFT_OK) {
        return status;
    }
    struct stat file;
    if (fstat(descriptor, &file) != 0) {
        status = GRAFT_OS;
    } else if (!S_ISREG(file.st_mode) || file.st_size <= 0) {
        status = GRAFT_BAD_IMAGE;
    } else {
        void *mapped = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (mapped == MAP_FAILED) {
            status = errno == ENOMEM ? GRAFT_NO_MEMORY : GRAFT_OS;
        } else {
            *bytes = mapped;
            *size = (size_t)file.st_size;
        }
    }
    gr_os_close(descriptor);
    return status;
}

void gr_os_unmap_file(const void *bytes, size_t size) {
    gr_os_release((void *)(uintptr_t)bytes, size);
}

enum graft_status gr_os_append_open(const char *path, int *descriptor) {
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int opened = GR_FAULT(GR_OS_APPEND_OPEN, EACCES) ? -1 : open(path, flags, LOG_FILE_MODE);
    if (opened < 0) {
        return GRAFT_OS;
    }
    if (opened < FIRST_FREE_DESCRIPTOR) { /* a host without standard streams would take ours for one */
        int moved = fcntl(opened, F_DUPFD_CLOEXEC, FIRST_FREE_DESCRIPTOR), error = errno;
        (void)close(opened);
        errno = error;
        if (moved < 0) {
            return GRAFT_OS;
        }
        opened = moved;
    }
    *descriptor = opened;
    return GRAFT_OK;
}

uint64_t gr_os_file_identity(int descriptor) {
    int saved = errno;
    struct stat file;
    uint64_t identity = 0;
    if (fstat(descriptor, &file) == 0) {
        identity = ((uint64_t)file.st_dev << 40 ^ (uint64_t)file.st_ino) | (uint64_t)1 << 63;
    }
    errno = saved;
    return identity;
}

/* SIGPIPE is blocked for the write and taken back if the write caused it, so that a reader that went away does not end
 * the host. */
void gr_os_append(int descriptor, const char *text, size_t size) {
    int saved = errno;
    sigset_t pipe, before, pending;
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    bool was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t written;
    do {
        written = GR_FAULT(GR_OS_APPEND, EPIPE) ? -1 : write(descriptor, text, size);
    } while (written < 0 && errno == EINTR);
    if (written < 0 && errno == EPIPE && !was_pending) {
        (void)sigtimedwait(&pipe, NULL, &(struct timespec){0});
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
}

void gr_os_close(int descriptor) {
    int saved = errno;
    (void)close(descriptor);
    errno = saved;
}
