/* protect.c: the way to write program text on kernels that refuse /proc/self/mem: change the protection, store, change
 * it back.
 *
 * Never takes a page's execution away, since other threads run there, and never writes to a shared mapping, since the
 * bytes would reach the file. Since Linux 6.11 the kernel answers for one address; before, each page written costs a
 * reading of /proc/self/maps, which grows with the number of mappings. Neighbours: fault.h. */
#include "os/protect.h"
#include "compiler.h"
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    LINE_HEAD = 64,     /* "start-end rwxp" takes 38 bytes at most */
    MAPS_CHUNK = 4096,  /* bytes of /proc/self/maps read at once */
    NO_MAPPING = -1,    /* no line of the file covers the address */
    SHARED_MAPPING = -2 /* one does, and its pages are not ours alone */
};

/* The protection that the line `head` states if it covers `address`; else NO_MAPPING. */
static int protection_in_line(const char *head, uintptr_t address) {
    char *rest = NULL;
    uintptr_t start = strtoul(head, &rest, 16);
    if (*rest != '-') {
        return NO_MAPPING;
    }
    uintptr_t end = strtoul(rest + 1, &rest, 16);
    if (address < start || address >= end || rest[0] != ' ' || !rest[1] || !rest[2] || !rest[3]) {
        return NO_MAPPING;
    }
    if (rest[4] != 'p') {
        return SHARED_MAPPING;
    }
    return (rest[1] == 'r' ? PROT_READ : 0) | (rest[2] == 'w' ? PROT_WRITE : 0) | (rest[3] == 'x' ? PROT_EXEC : 0);
}

/* Looks for the line that covers `address`, keeping only the head of each. */
static int protection_in_file(int maps, uintptr_t address) {
    char chunk[MAPS_CHUNK], head[LINE_HEAD];
    size_t length = 0;
    ssize_t got;
    while ((got = read(maps, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR)) {
        for (ssize_t i = 0; i < got; i++) {
            if (chunk[i] != '\n') {
                if (length < sizeof head - 1) {
                    head[length++] = chunk[i];
                }
                continue;
            }
            head[length] = '\0';
            length = 0;
            int protection = protection_in_line(head, address);
            if (protection != NO_MAPPING) {
                return protection;
            }
        }
    }
    return NO_MAPPING;
}

/* The kernel's struct procmap_query (linux/fs.h, PROCMAP_QUERY), which headers older than 6.11 do not have. */
struct map_query {
    uint64_t size, flags, address; /* flags 0: the mapping that covers the address */
    uint64_t start, end, protection, page_size, offset, inode;
    uint32_t device_major, device_minor, name_size, build_id_size;
    uint64_t name, build_id;
};
_Static_assert(sizeof(struct map_query) == 104, "the kernel's first version of it");
enum { VMA_READ = 1, VMA_WRITE = 2, VMA_EXECUTE = 4, VMA_SHARED = 8 };
#define MAP_QUERY _IOWR('f', 17, struct map_query)

/* Asks the kernel; false when it does not know the question. */
static bool protection_asked(int maps, uintptr_t address, int *protection) {
    struct map_query query = {.size = sizeof query, .address = address};
    if (GR_FAULT(GR_OS_MAP_QUERY, ENOTTY)) {
        return false;
    }
    if (ioctl(maps, MAP_QUERY, &query) != 0) {
        *protection = NO_MAPPING;
        return errno == ENOENT;
    }
    if ((query.protection & VMA_SHARED) != 0) {
        *protection = SHARED_MAPPING;
    } else {
        *protection = (query.protection & VMA_READ ? PROT_READ : 0) | (query.protection & VMA_WRITE ? PROT_WRITE : 0) |
                      (query.protection & VMA_EXECUTE ? PROT_EXEC : 0);
    }
    return true;
}

static int protection_at(uintptr_t address) {
    int protection, maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0) {
        return NO_MAPPING;
    }
    if (!protection_asked(maps, address, &protection)) {
        protection = protection_in_file(maps, address);
    }
    (void)close(maps);
    return protection;
}

/* A page whose protection was changed. */
struct opened {
    void *page;
    int before;
    bool changed;
};

static enum graft_status open_page(uintptr_t address, struct opened *opened) {
    int before = protection_at(address);
    if (before < 0) {
        return GRAFT_WRITE_DENIED;
    }
    size_t page_size = gr_os_page_size();
    void *page = (void *)(address & ~(page_size - 1));
    bool change = !(before & PROT_WRITE);
    if (change && (GR_FAULT(GR_OS_TEXT_UNPROTECT, EACCES) || mprotect(page, page_size, before | PROT_WRITE) != 0)) {
        return GRAFT_WRITE_DENIED;
    }
    *opened = (struct opened){page, before, change};
    return GRAFT_OK;
}

static enum graft_status close_page(const struct opened *opened) {
    if (opened->changed &&
        (GR_FAULT(GR_OS_TEXT_REPROTECT, ENOMEM) || mprotect(opened->page, gr_os_page_size(), opened->before) != 0)) {
        return GRAFT_OS;
    }
    return GRAFT_OK;
}

/* An aligned word whole, so that no processor fetches a part of it; else a byte. Returns how many bytes that was. */
static size_t store_one(uintptr_t address, const unsigned char *bytes, size_t left) {
    uint32_t word;
    if (address % sizeof word == 0 && left >= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        atomic_store_explicit((_Atomic uint32_t *)address, word, memory_order_relaxed);
        return sizeof word;
    }
    atomic_store_explicit((_Atomic unsigned char *)address, *bytes, memory_order_relaxed);
    return 1;
}

/* Stores bytes that lie within one page. */
static enum graft_status write_in_page(uintptr_t address, const unsigned char *bytes, size_t size) {
    struct opened opened;
    enum graft_status status = open_page(address, &opened);
    if (status != GRAFT_OK) {
        return status;
    }
    /* Relaxed: the caller's membarrier orders these stores for the threads that execute them. */
    size_t at = 0;
    while (at < size) {
        at += store_one(address + at, bytes + at, size - at);
    }
    GR_SHOW_CODE(address, size);
    return close_page(&opened);
}

/* A compare and exchange rather than a store: the word may hold bytes of a neighbour that something else changes. And not
 * by /proc/self/mem: the kernel copies with rep movsb where the processor is quick at it, and nobody promises that eight
 * bytes are one store then. */
enum graft_status gr_os_text_exchange_page(const struct gr_os_exchange *words, size_t count, size_t *done) {
    struct opened opened;
    *done = 0;
    enum graft_status status = open_page(words[0].address, &opened);
    if (status != GRAFT_OK) {
        return status;
    }
    size_t exchanged = 0;
    for (bool as_expected = true; exchanged < count && as_expected; exchanged += as_expected) {
        uint64_t old = words[exchanged].old;
        as_expected = atomic_compare_exchange_strong_explicit((_Atomic uint64_t *)words[exchanged].address, &old,
            words[exchanged].new, memory_order_relaxed, memory_order_relaxed); /* as above */
        GR_SHOW_CODE(words[exchanged].address, sizeof old);
    }
    status = close_page(&opened);
    *done = exchanged;
    return exchanged == count ? status : GRAFT_WRITE_DENIED;
}

enum graft_status gr_os_text_exchange(uintptr_t address, uint64_t old, uint64_t new) {
    const struct gr_os_exchange word = {address, old, new};
    size_t done;
    return gr_os_text_exchange_page(&word, 1, &done);
}

enum graft_status gr_os_write_unprotected(uintptr_t address, const void *bytes, size_t size) {
    const unsigned char *next = bytes;
    size_t page_size = gr_os_page_size();
    enum graft_status status = GRAFT_OK;
    while (size > 0 && status == GRAFT_OK) {
        size_t in_page = page_size - (address & (page_size - 1));
        size_t part = size < in_page ? size : in_page;
        status = write_in_page(address, next, part);
        next += part;
        address += part;
        size -= part;
    }
    return status;
}
