/* explain.c: verdicts on the functions of a file: the decoder's, without a process. See explain.h. */
#include "arch/arch.h"
#include "compiler.h"
#include "elf_view.h"
#include "plane.h"
#include "resolve.h"
#include <stdlib.h>
#include <string.h>

static size_t read_file(void *context, uint64_t address, void *bytes, size_t size) {
    size_t available;
    const uint8_t *code = gr_elf_code(context, address, &available);
    if (code == NULL)
        return 0;
    size_t count = available < size ? available : size;
    memcpy(bytes, code, count);
    return count;
}

static void judge(struct gr_elf *elf, const struct graft_entry_point *entry, struct graft_explanation *out) {
    *out = (struct graft_explanation){.entry = *entry, .reason_offset = entry->offset};
    const struct gr_image image = {.path = entry->image, .build_id = entry->build_id};
    if ((entry->flags & GRAFT_ENTRY_IFUNC) != 0)
        out->reason = GRAFT_IFUNC;
    else if (gr_denied(entry, &image))
        out->reason = GRAFT_DENIED;
    out->exit_reason = gr_exit_denied(entry) ? GRAFT_NO_EXIT : GRAFT_OK;
    if (out->reason != GRAFT_OK)
        return;
    struct gr_plan plan;
    uint64_t unused;
    const struct gr_function function = {
        .address = entry->offset, .size = entry->size, .read = read_file, .context = elf};
    out->reason = gr_arch_plan(&function, GR_SHAPE_JUMP, &plan, &out->reason_offset);
    if (out->reason == GRAFT_OK)
        out->tactic = plan.boundaries == 0 ? GRAFT_TACTIC_JUMP : GRAFT_TACTIC_PUNNED;
    else if (!gr_trap_denied(&image) && gr_arch_plan(&function, GR_SHAPE_TRAP, &plan, &unused) == GRAFT_OK)
        out->tactic = GRAFT_TACTIC_TRAP;
    out->patch_size = out->tactic != GRAFT_TACTIC_NONE ? plan.size : 0;
}

GR_PUBLIC enum graft_status graft_explain_file(
    const char *path, const char *pattern, graft_explain_handler handler, void *context) {
    if (path == NULL || handler == NULL)
        return GRAFT_INVALID_ARGUMENT;
    struct gr_elf *elf;
    struct graft_entry_point *entries;
    size_t count;
    enum graft_status status = gr_elf_open(path, &elf);
    if (status == GRAFT_NOT_FOUND) /* whose sentence is about targets; errno tells a missing file from other failures */
        return GRAFT_OS;
    if (status != GRAFT_OK)
        return status;
    status = gr_entry_points_of_file(elf, path, pattern, &entries, &count);
    if (status == GRAFT_OK) {
        bool more = true;
        for (size_t i = 0; i < count && more; i++) {
            struct graft_explanation explanation;
            judge(elf, &entries[i], &explanation);
            more = handler(&explanation, i + 1, count, context);
        }
        free(entries);
    }
    gr_elf_close(elf);
    return status;
}
