/* reload.c: tells an image that left and came back at the same address from one that stayed.
 *
 * Both look the same in the loader's list. But the one that came back has the code of its file, while one that stayed
 * and was patched has not; and one that stayed without being patched may be taken for new without harm. Reads memory
 * that may be unmapped meanwhile, so only through gr_os_peek. Neighbours: images.h, os. */
#include "images.h"

#include "os/os.h"
#include <string.h>

bool gr_loaded_pristine(struct gr_loaded *loaded) {
    uint8_t memory[4096];
    if (loaded->elf == NULL)
        return true; /* nobody saw its functions, so nobody patched them */
    uint64_t bias = loaded->image.bias;
    for (uint64_t at = loaded->image.code_start; at < loaded->image.code_end;) {
        size_t available = 0;
        const uint8_t *file = gr_elf_code(loaded->elf, at - bias, &available);
        if (file == NULL) { /* between segments, or not in the file */
            at = (at | (sizeof memory - 1)) + 1;
            continue;
        }
        size_t size = available < sizeof memory ? available : sizeof memory;
        size_t got = gr_os_peek(at, memory, size);
        if (memcmp(memory, file, got) != 0)
            return false;
        if (got == 0)
            return true; /* it is gone again; the next comparison of the lists will show that */
        at += got;
    }
    return true;
}
