/* text.c: writes to program text that leave the page's protection alone.
 *
 * /proc/self/mem lets a process write its own read-only pages; no moment exists when text is writable. Hardened kernels
 * refuse that, and then protect.c writes. A descriptor belongs to the process that opened it: after a fork the child's
 * writes through it would change the parent, so callers open one for each batch and close it after.
 * Neighbours: protect.h, fault.h. */
#include "os/fault.h"
#include "os/os.h"
#include "os/protect.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The value of `text` when /proc/self/mem cannot be had: every write then goes by way of the protection. */
enum { WITHOUT_PROC_MEM = -1 };

/* Set once, before the first batch. */
static bool avoided;

void gr_os_text_avoid_file(void) {
    avoided = true;
}

bool gr_os_text_is_file(int text) {
    return text != WITHOUT_PROC_MEM;
}

enum graft_status gr_os_text_open(int *text) {
    if (avoided) {
        *text = WITHOUT_PROC_MEM;
        return GRAFT_OK;
    }
    int descriptor = GR_FAULT(GR_OS_TEXT_OPEN, EACCES) ? -1 : open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    if (descriptor >= 0) {
        *text = descriptor;
        return GRAFT_OK;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
        return GRAFT_OS; /* the fallback would need a descriptor too */
    }
    *text = WITHOUT_PROC_MEM;
    return GRAFT_OK;
}

enum graft_status gr_os_text_write(int text, uintptr_t address, const void *bytes, size_t size) {
    const char *next = bytes;
    while (size > 0 && text != WITHOUT_PROC_MEM) {
        ssize_t written = GR_FAULT(GR_OS_TEXT_WRITE, EIO) ? -1 : pwrite(text, next, size, (off_t)address);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            break;
        }
        next += written;
        address += (uintptr_t)written;
        size -= (size_t)written;
    }
    return size == 0 ? GRAFT_OK : gr_os_write_unprotected(address, next, size);
}

void gr_os_text_close(int text) {
    if (text != WITHOUT_PROC_MEM) {
        (void)close(text);
    }
}
