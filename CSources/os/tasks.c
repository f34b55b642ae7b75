/* tasks.c: the threads of this process, as /proc shows them.
 *
 * A listing of /proc/self/task can pass over a living thread when another ends meanwhile (the kernel resumes by
 * position). A thread missed here may be one that blocks SIGTRAP, and that could cost the host its life; so the list is
 * read again until a reading finds nobody new. Control plane: allocates. Neighbours: fault.h, file.c. */
#include "os/fault.h"
#include "os/os.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    READINGS_MIN = 2,
    READINGS_MAX = 8, /* with threads starting all the time there is always somebody new */
    FIRST_CAPACITY = 64,
    STATUS_MAX = 16 * 1024,
    STATUS_PATH_MAX = 64
};

/* Thread ids found so far, ascending, without duplicates. */
struct ids {
    uint32_t *values;
    size_t count, capacity;
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
        size_t capacity = ids->capacity ? ids->capacity * 2 : FIRST_CAPACITY;
        uint32_t *values = realloc(ids->values, capacity * sizeof *values);
        if (!values) {
            return GRAFT_NO_MEMORY;
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

/* Reads the directory once and adds what it lists. */
static enum graft_status add_listed(struct ids *ids, bool *fresh) {
    DIR *directory = GR_FAULT(GR_OS_THREADS, EACCES) ? NULL : opendir("/proc/self/task");
    if (!directory) {
        return GRAFT_OS;
    }
    enum graft_status status = GRAFT_OK;
    struct dirent *entry;
    errno = 0; /* readdir tells an error from the end only by errno */
    while (status == GRAFT_OK && (entry = readdir(directory))) {
        unsigned long id = strtoul(entry->d_name, NULL, 10); /* "." and ".." give 0 */
        if (id > 0 && id <= INT32_MAX) {
            status = insert(ids, (uint32_t)id, fresh);
        }
    }
    if (status == GRAFT_OK && errno != 0) {
        status = GRAFT_OS;
    }
    (void)closedir(directory);
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

/* GRAFT_NOT_FOUND: the thread has ended, wholly or but for its process. */
static enum graft_status read_status(uint32_t id, struct gr_os_thread *thread) {
    char path[STATUS_PATH_MAX], *text = NULL;
    size_t size = 0;
    (void)snprintf(path, sizeof path, "/proc/self/task/%u/status", id);
    enum graft_status status =
        GR_FAULT(GR_OS_THREAD_STATUS, EACCES) ? GRAFT_OS : gr_os_read_file(path, STATUS_MAX, &text, &size);
    if (status != GRAFT_OK) {
        return status;
    }
    const char *state = field(text, "\nState:"), *blocked = field(text, "\nSigBlk:");
    if (!state || !blocked) {
        status = GRAFT_OS;
    } else if (*state == 'Z' || *state == 'X') {
        status = GRAFT_NOT_FOUND;
    } else {
        thread->id = id;
        thread->blocks_sigtrap = strtoull(blocked, NULL, 16) >> (SIGTRAP - 1) & 1;
    }
    free(text);
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
    struct ids ids = {0};
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
    free(ids.values);
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
