/* resolve_prototype.c: how the function at an address is called, from its image's debug information; see resolve.h.
 *
 * Neighbours: images, elf_view. */
#include "images.h"

bool gr_resolver_prototype(struct gr_resolver *resolver, uint64_t address, struct gr_elf_prototype *prototype) {
    struct gr_loaded *loaded = gr_resolver_image_at(resolver, address);
    struct gr_elf *elf = loaded != NULL ? gr_loaded_view(loaded) : NULL;
    return elf != NULL && gr_elf_prototype(elf, address - loaded->image.bias, prototype);
}
