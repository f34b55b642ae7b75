/* unwind_memory.c: reads for the unwinder, from the copy, from kept words, or from the present image.
 * Never dereferences an address that it is given. Neighbours: os. */
#include "unwind_memory.h"
#include "os/os.h"

#include <string.h>

/* Whether [address, address + size) lies in [start, start + length). */
static bool within(uint64_t address, size_t size, uint64_t start, uint64_t length) {
    return address >= start && address - start <= length && size <= length - (address - start);
}

static bool read_word(const struct gr_stack_copy *copy, uint64_t address, void *bytes, size_t size) {
    for (size_t i = 0; i < copy->word_count && i < GR_STACK_WORDS_MAX; i++) {
        if (copy->words[i].address == address && size == sizeof copy->words[i].value) {
            memcpy(bytes, &copy->words[i].value, size);
            return true;
        }
    }
    return false;
}

static const struct gr_unwind_line *line_at(struct gr_unwind_memory *memory, uint64_t address) {
    struct gr_unwind_line *line = &memory->lines[address / GR_UNWIND_LINE % GR_UNWIND_LINES];
    if (line->filled == 0 || line->address != address) {
        line->address = address;
        line->filled = gr_os_peek(address, line->bytes, GR_UNWIND_LINE);
    }
    return line;
}

static bool read_image(struct gr_unwind_memory *memory, uint64_t address, uint8_t *bytes, size_t size) {
    while (size > 0) {
        size_t offset = address % GR_UNWIND_LINE, left = GR_UNWIND_LINE - offset, part = size < left ? size : left;
        const struct gr_unwind_line *line = line_at(memory, address - offset);
        if (offset + part > line->filled) {
            return false;
        }
        memcpy(bytes, line->bytes + offset, part);
        address += part;
        bytes += part;
        size -= part;
    }
    return true;
}

bool gr_unwind_read(struct gr_unwind_memory *memory, uint64_t address, void *bytes, size_t size) {
    const struct gr_stack_copy *copy = memory->copy;
    size_t copied = copy->size < GR_STACK_COPY_MAX ? copy->size : GR_STACK_COPY_MAX;
    if (within(address, size, copy->stack_pointer, copied)) {
        memcpy(bytes, copy->stack + (address - copy->stack_pointer), size);
        return true;
    }
    if (read_word(copy, address, bytes, size)) { /* before the image, which would show what the word is by now */
        return true;
    }
    return within(address, size, memory->image_start, memory->image_end - memory->image_start) &&
           read_image(memory, address, bytes, size);
}
