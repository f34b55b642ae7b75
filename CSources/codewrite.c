/* codewrite.c: writes stubs and hops on pages that can be run already: as program text, through one descriptor for each
 * batch. See codemem.h. Control plane, whose lock fork waits for: no child inherits the descriptor. */
#include "codemem.h"
#include "os/os.h"

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
    gr_region_forget();
}
