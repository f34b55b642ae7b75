/* fuzz_elf.c: libFuzzer target: any bytes as an image, of which everything is asked. Fails on a crash, a hang, a leak,
 * or a broken promise of elf_view.h. */
#include "compiler.h"
#include "elf_internal.h"
#include "elf_read_all.h"
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Small limits, so that claims of large sizes are refused rather than tried. */
static const struct gr_elf_options options = {
    .debug_root = "/nonexistent",
    .limits =
        {
            .file = 1 << 20,
            .functions = 1 << 12,
            .names = 1 << 20,
            .minidebug = 1 << 24,
            .debug_inflated = 1 << 20,
        },
};

GR_PUBLIC int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static int memory = -1;
    static char path[64];
    if (memory < 0) {
        memory = memfd_create("image", MFD_CLOEXEC);
        CHECK(memory >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    }
    CHECK(ftruncate(memory, 0) == 0);
    CHECK_EQUAL(pwrite(memory, bytes, size, 0), size);
    struct gr_elf *elf;
    if (gr_elf_open_with(path, &options, &elf) == GRAFT_OK)
        elf_read_all(elf);
    return 0;
}
