/* tasks.c: the threads of this process, as /proc shows them.
 *
 * A listing of /proc/self/task can pass over a living thread when another ends meanwhile (the kernel resumes by
 * position). A thread missed here may be one that blocks SIGTRAP, and that could cost the host its life; so the list is
 * read again until a reading finds nobody new. A change of functions waits for this, so it asks malloc for nothing that
 * it can do without: another thread may hold its locks for long. Control plane. Neighbours: fault.h, file.c. */
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    READINGS_MIN = 2,
    READINGS_MAX = 8,      /* with threads starting all the time there is always somebody new */
    FIRST_CAPACITY = 1024, /* threads, without malloc */
    LISTING = 4096,        /* bytes of a directory read at once */
    STATUS_USUAL = 4096,   /* bytes of a status; a list of many groups makes it longer */
    STATUS_MAX = 1024 * 1024,
    STATUS_PATH_MAX = 64
};

/* Thread ids found so far, ascending, without duplicates. */
struct ids {
    uint32_t *values;
    size_t count, capacity;
    uint32_t first[FIRST_CAPACITY];
};

/* What getdents64 gives; no header has it. */
struct listed {
    uint64_t inode;
    int64_t next;
    unsigned short size;
    unsigned char type;
    char name[];
};

/* Inserts `id` unless it is there; true when it was new. */
static enum graft_status insert(struct ids *ids, uint32_t id, bool *fresh) {
    size_t low = 0, high = ids->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ids->values[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < ids->count && ids->values[low] == id) {
        return GRAFT_OK;
    }
    if (ids->count == ids->capacity) {
        bool own = ids->values == ids->first;
        size_t capacity = ids->capacity * 2;
        uint32_t *values = realloc(own ? NULL : ids->values, capacity * sizeof *values);
        if (!values) {
            return GRAFT_NO_MEMORY;
        }
        if (own) {
            memcpy(values, ids->first, sizeof ids->first);
        }
        ids->values = values;
        ids->capacity = capacity;
    }
    memmove(ids->values + low + 1, ids->values + low, (ids->count - low) * sizeof *ids->values);
    ids->values[low] = id;
    ids->count++;
    *fresh = true;
    return GRAFT_OK;
}

static enum graft_status add_part(const char *listing, size_t size, struct ids *ids, bool *fresh) {
    enum graft_status status = GRAFT_OK;
    for (size_t at = 0; at < size && status == GRAFT_OK;) {
        const struct listed *entry = (const struct listed *)(const void *)(listing + at);
        unsigned long id = strtoul(entry->name, NULL, 10); /* "." and ".." give 0 */
        if (id > 0 && id <= INT32_MAX) {
            status = insert(ids, (uint32_t)id, fresh);
        }
        at += entry->size;
    }
    return status;
}

/* Reads the directory once and adds what it lists. */
static enum graft_status add_listed(struct ids *ids, bool *fresh) {
    _Alignas(struct listed) char listing[LISTING];
    int directory = GR_FAULT(GR_OS_THREADS, EACCES) ? -1 : open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return GRAFT_OS;
    }
    enum graft_status status = GRAFT_OK;
    long got = 0;
    while (status == GRAFT_OK && (got = syscall(SYS_getdents64, directory, listing, sizeof listing)) > 0) {
        status = add_part(listing, (size_t)got, ids, fresh);
    }
    if (status == GRAFT_OK && got < 0) {
        status = GRAFT_OS;
    }
    (void)close(directory);
    return status;
}

static enum graft_status list(struct ids *ids) {
    for (unsigned reading = 0; reading < READINGS_MAX; reading++) {
        bool fresh = false;
        enum graft_status status = add_listed(ids, &fresh);
        if (status != GRAFT_OK) {
            return status;
        }
        if (!fresh && reading + 1 >= READINGS_MIN) {
            break;
        }
    }
    return GRAFT_OK;
}

/* The value of a line "\nname:\tvalue" of a status file, or null. */
static const char *field(const char *text, const char *name) {
    const char *found = strstr(text, name);
    return found ? found + strlen(name) + strspn(found + strlen(name), " \t") : NULL;
}

/* GRAFT_NOT_FOUND: the thread has ended, wholly or but for its process. GRAFT_OS: the text does not say. */
static enum graft_status understand(const char *text, uint32_t id, struct gr_os_thread *thread) {
    const char *state = field(text, "\nState:"), *blocked = field(text, "\nSigBlk:");
    if (!state || !blocked || !strchr(blocked, '\n')) {
        return GRAFT_OS;
    }
    if (*state == 'Z' || *state == 'X') {
        return GRAFT_NOT_FOUND;
    }
    *thread = (struct gr_os_thread){id, strtoull(blocked, NULL, 16) >> (SIGTRAP - 1) & 1};
    return GRAFT_OK;
}

/* Reads up to STATUS_USUAL bytes, zero-terminated; false when the file cannot be read. */
static bool read_usual(const char *path, char *text) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    size_t size = 0;
    ssize_t got = 1;
    while (got > 0 && size < STATUS_USUAL) {
        got = read(file, text + size, STATUS_USUAL - size);
        if (got < 0 && errno == EINTR) {
            got = 1;
        } else if (got > 0) {
            size += (size_t)got;
        }
    }
    (void)close(file);
    text[size] = '\0';
    return got >= 0;
}

static enum graft_status read_status(uint32_t id, struct gr_os_thread *thread) {
    char path[STATUS_PATH_MAX], usual[STATUS_USUAL + 1], *text = NULL;
    size_t size = 0;
    (void)snprintf(path, sizeof path, "/proc/self/task/%u/status", id);
    if (GR_FAULT(GR_OS_THREAD_STATUS, EACCES)) {
        return GRAFT_OS;
    }
    enum graft_status status = read_usual(path, usual) ? understand(usual, id, thread) : GRAFT_OS;
    if (status != GRAFT_OS) {
        return status;
    }
    status = gr_os_read_file(path, STATUS_MAX, &text, &size); /* a longer one; or this tells why it cannot be read */
    if (status == GRAFT_OK) {
        status = understand(text, id, thread);
        free(text);
    }
    return status;
}

bool gr_os_traced(void) {
    char *text = NULL;
    size_t size = 0;
    if (gr_os_read_file("/proc/self/status", STATUS_MAX, &text, &size) != GRAFT_OK) {
        return false;
    }
    const char *tracer = field(text, "\nTracerPid:");
    bool traced = tracer && strtoul(tracer, NULL, 10) != 0;
    free(text);
    return traced;
}

enum graft_status gr_os_threads(bool (*each)(const struct gr_os_thread *thread, void *context), void *context) {
    struct ids ids;
    ids.count = 0;
    ids.capacity = FIRST_CAPACITY;
    ids.values = ids.first;
    enum graft_status status = list(&ids);
    for (size_t i = 0; i < ids.count && status == GRAFT_OK; i++) {
        struct gr_os_thread thread;
        enum graft_status found = read_status(ids.values[i], &thread);
        if (found == GRAFT_NOT_FOUND) {
            continue;
        }
        status = found;
        if (status == GRAFT_OK && !each(&thread, context)) {
            break;
        }
    }
    if (ids.values != ids.first) {
        free(ids.values);
    }
    return status;
}

bool gr_os_thread_exists(uint32_t thread) {
    int saved = errno;
    pid_t process = getpid();
    bool exists = thread != 0 && syscall(SYS_tgkill, process, thread, 0) == 0;
    if (exists && thread == (uint32_t)process) {
        /* A main thread that ended before the others still takes signals; only its state tells. */
        struct gr_os_thread main_thread;
        exists = read_status(thread, &main_thread) != GRAFT_NOT_FOUND;
    }
    errno = saved;
    return exists;
}
