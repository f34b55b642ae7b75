/* peek.c: reads this process's memory without the risk of a fault.
 *
 * On the hit path: no lock, no allocation, errno kept, async-signal-safe. Ends at the first page that cannot be read.
 * Where a sandbox refuses process_vm_readv, reads /proc/self/mem instead, which may show pages without access (guard
 * pages) as zeroes. Neighbours: fault.h. */
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

/* Pages named in one call: enough for the whole of a stack copy (unwind.h), small enough for any stack. */
enum { PAGES_AT_ONCE = 9 };

/* One call for the next pages, each named on its own since the kernel may copy a piece wholly or not at all.
 * Returns the bytes copied, or -1. */
static ssize_t read_pages(pid_t process, uintptr_t address, void *bytes, size_t size, size_t page_size) {
    struct iovec to = {bytes, 0}, from[PAGES_AT_ONCE];
    unsigned count = 0;
    while (count < PAGES_AT_ONCE && to.iov_len < size) {
        uintptr_t at = address + to.iov_len;
        size_t in_page = page_size - (at & (page_size - 1)), left = size - to.iov_len;
        from[count].iov_base = (void *)at;
        from[count].iov_len = left < in_page ? left : in_page;
        to.iov_len += from[count++].iov_len;
    }
    return GR_FAULT(GR_OS_PEEK, EPERM) ? -1 : process_vm_readv(process, &to, 1, from, count, 0);
}

/* The same by /proc/self/mem. Opened anew each time: a descriptor kept across a fork would show the parent. */
static size_t read_by_file(uintptr_t address, char *bytes, size_t size) {
    int memory = GR_FAULT(GR_OS_PEEK_OPEN, EACCES) ? -1 : open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    if (memory < 0) {
        return 0;
    }
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(memory, bytes + done, size - done, (off_t)(address + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        done += (size_t)got;
    }
    (void)close(memory);
    return done;
}

size_t gr_os_peek(uintptr_t address, void *bytes, size_t size) {
    int saved = errno;
    size_t page_size = gr_os_page_size(), done = 0;
    pid_t process = getpid();
    char *to = bytes;
    if (size > UINTPTR_MAX - address) {
        size = UINTPTR_MAX - address; /* never round to address 0 */
    }
    while (done < size) {
        ssize_t got = read_pages(process, address + done, to + done, size - done, page_size);
        if (got > 0) {
            done += (size_t)got;
        } else if (got < 0 && errno != EFAULT) { /* refused as such, not for this address */
            done += read_by_file(address + done, to + done, size - done);
            break;
        } else {
            break;
        }
    }
    errno = saved;
    return done;
}
