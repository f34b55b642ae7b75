/* codewrite.c: writes stubs and hops on pages that can be run already: as program text, through one descriptor for each
 * batch. See codemem.h. Control plane, whose lock fork waits for: no child inherits the descriptor. */
#include "codemem.h"
#include "log.h"
#include "os/os.h"
#include <string.h>

static int text;
static bool text_open;

enum graft_status gr_code_write(uint64_t address, const void *code, size_t size) {
    if (!text_open) {
        enum graft_status status = gr_os_text_open(&text);
        if (status != GRAFT_OK)
            return status;
        text_open = true;
    }
    return gr_os_text_write(text, address, code, size);
}

void gr_codemem_end(void) {
    if (text_open)
        gr_os_text_close(text);
    text_open = false;
    gr_codemem_expect(0);
    gr_region_forget();
}

/* Runs a function, changes it as text is changed, and runs it again: whether the change was seen. */
static bool change_is_seen(uint8_t *page, int descriptor) {
    enum { BEFORE = 1, AFTER = 2, PLACE = 64 /* UndefinedBehaviorSanitizer reads what stands before a function */ };
    uint8_t changed[GR_ANSWER_SIZE], *code = page + PLACE;
    int (*answer)(void);
    memcpy(&answer, &code, sizeof answer);
    gr_arch_emit_answer(BEFORE, code);
    if (gr_os_commit(page, gr_os_page_size(), false, true) != GRAFT_OK || answer() != BEFORE)
        return true; /* nothing was learnt */
    gr_arch_emit_answer(AFTER, changed);
    return gr_os_text_write(descriptor, (uintptr_t)code, changed, sizeof changed) != GRAFT_OK ||
           gr_os_serialise() != GRAFT_OK || answer() == AFTER;
}

void gr_codemem_start(void) {
    int descriptor;
    void *page;
    if (gr_os_text_open(&descriptor) != GRAFT_OK)
        return;
    if (gr_os_text_is_file(descriptor) && gr_os_allocate(gr_os_page_size(), &page) == GRAFT_OK) {
        if (!change_is_seen(page, descriptor)) {
            gr_os_text_avoid_file();
            gr_log(
                "codemem: what is written to /proc/self/mem is not what runs; text is written with its pages writable");
        }
        gr_os_release(page, gr_os_page_size());
    }
    gr_os_text_close(descriptor);
}
