/* ahead.c: a window over the program's bytes, which grows while it is asked for one page after the other; see ahead.h. */
#include "ahead.h"
#include "os/os.h"
#include <string.h>

void gr_ahead_forget(struct gr_ahead *ahead) {
    ahead->size = 0;
    ahead->pages = 0;
}

/* Moves the window to the page of `address`. A function far from the last one is likely to be alone there. */
static void move(struct gr_ahead *ahead, uint64_t address) {
    uint64_t page = address & ~(uint64_t)(GR_AHEAD_PAGE - 1);
    bool follows = ahead->pages != 0 && page - ahead->start <= 2u * GR_AHEAD_PAGES * GR_AHEAD_PAGE;
    unsigned pages = follows ? 2 * ahead->pages : 1;
    ahead->pages = pages < GR_AHEAD_PAGES ? pages : GR_AHEAD_PAGES;
    ahead->start = page;
    ahead->size = gr_os_peek(page, ahead->bytes, (size_t)ahead->pages * GR_AHEAD_PAGE);
}

static size_t within(const struct gr_ahead *ahead, uint64_t address, size_t size) {
    uint64_t offset = address - ahead->start;
    if (offset >= ahead->size)
        return 0;
    return ahead->size - offset < size ? (size_t)(ahead->size - offset) : size;
}

size_t gr_ahead_read(struct gr_ahead *ahead, uint64_t address, void *bytes, size_t size) {
    if (within(ahead, address, size) < size)
        move(ahead, address);
    size_t have = within(ahead, address, size);
    memcpy(bytes, ahead->bytes + (have != 0 ? address - ahead->start : 0), have);
    /* more than the window holds, or ends at a page that is not there */
    return have == size ? size : have + gr_os_peek(address + have, (uint8_t *)bytes + have, size - have);
}
