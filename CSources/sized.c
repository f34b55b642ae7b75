/* sized.c: see sized.h. */
#include "sized.h"
#include <string.h>

static size_t smaller(size_t left, size_t right) {
    return left < right ? left : right;
}

bool gr_sized_is_one(const struct gr_sized *layout, size_t told) {
    return told >= layout->least && told <= GR_SIZED_MAX;
}

bool gr_sized_read(const struct gr_sized *layout, void *to, const void *from, size_t told) {
    if (!gr_sized_is_one(layout, told))
        return false;
    size_t both = smaller(layout->known, told);
    memset(to, 0, layout->size);
    memcpy(to, from, both);
    for (size_t i = both; i < told; i++)
        if (((const unsigned char *)from)[i] != 0)
            return false;
    return true;
}

void gr_sized_write(const struct gr_sized *layout, void *to, size_t told, const void *from) {
    size_t both = smaller(layout->size, told);
    memcpy(to, from, both);
    memset((unsigned char *)to + both, 0, told - both);
}
