/* resolve_exact.c: finds the one address that "build-id:hex+0xoffset" names.
 *
 * An address inside a known function is refused: a patch there would be jumped over or into. An address of which
 * nothing is known is taken at the user's word, as long as it is code. Neighbours: found.h. */
#include "found.h"

#include "log.h"
#include <string.h>

static bool has_prefix(const struct gr_loaded *loaded, const char *digits) {
    return strncmp(loaded->build_id, digits, strlen(digits)) == 0;
}

/* The first function that does not begin before the offset. */
static size_t lower_bound(const struct gr_loaded *loaded, uint64_t offset) {
    size_t low = 0, high = loaded->function_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (loaded->functions[middle].address < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool inside_function(struct gr_loaded *loaded, uint64_t offset, size_t next) {
    uint64_t start, size;
    if (next > 0 && offset - loaded->functions[next - 1].address < loaded->functions[next - 1].size)
        return true;
    return gr_elf_unwind_range(loaded->elf, offset, &start, &size) && start != offset;
}

bool gr_loaded_entry_at(struct gr_loaded *loaded, uint64_t offset, struct gr_match *match) {
    size_t available, start = lower_bound(loaded, offset);
    struct gr_group group = {start, start, start};
    if (gr_elf_code(loaded->elf, offset, &available) == NULL)
        return false;
    while (group.end < loaded->function_count && loaded->functions[group.end].address == offset)
        group.end++;
    if (group.end > start) {
        *match = gr_loaded_match(loaded, &group);
        return true;
    }
    if (inside_function(loaded, offset, start))
        return false;
    *match = (struct gr_match){.image = &loaded->image};
    match->entry = (struct graft_entry_point){.address = loaded->image.bias + offset,
        .offset = offset,
        .image = loaded->path,
        .build_id = loaded->build_id,
        .symbol = "",
        .name = "",
        .flags = gr_elf_abi_callers(loaded->elf) ? GRAFT_ENTRY_ABI_CALLERS : 0};
    return true;
}

/* A prefix must mean one build-id, though several images may have it. Null in `*which`: none has. */
static enum graft_status build_id_of(const struct gr_resolver *resolver, const char *digits, const char **which) {
    *which = NULL;
    for (size_t i = 0; i < resolver->count; i++) {
        const char *build_id = resolver->images[i]->build_id;
        if (!has_prefix(resolver->images[i], digits) || (*which != NULL && strcmp(*which, build_id) == 0))
            continue;
        if (*which != NULL) {
            gr_log("resolve: build-id:%s begins that of more than one image", digits);
            return GRAFT_TARGET_TOO_BROAD;
        }
        *which = build_id;
    }
    return GRAFT_OK;
}

enum graft_status gr_resolve_exact(
    struct gr_resolver *resolver, const struct gr_target *target, const struct gr_image *only, struct gr_found *found) {
    const char *build_id;
    enum graft_status status = build_id_of(resolver, target->qualifier, &build_id);
    for (size_t i = 0; i < resolver->count && status == GRAFT_OK && build_id != NULL; i++) {
        struct gr_loaded *loaded = resolver->images[i];
        struct gr_match match;
        if (strcmp(loaded->build_id, build_id) != 0 || (only != NULL && only != &loaded->image) ||
            !gr_loaded_open(loaded))
            continue;
        if (gr_loaded_entry_at(loaded, target->offset, &match))
            status = gr_found_add(found, &match);
        else
            gr_log(
                "resolve: %s+0x%llx is not the entry of a function", loaded->path, (unsigned long long)target->offset);
    }
    return status;
}
