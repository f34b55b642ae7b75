/* abandoned.c: whether an open call will never be left: then its stack slot no longer leads back to the thunk. */
#ifdef __x86_64__
#include "os/os.h"
#include "thread.h"

bool gr_frame_abandoned(const struct gr_frame *frame, struct gr_stack_look *look) {
    (void)look; /* each frame has a place of its own */
    uint64_t found;
    return gr_os_peek(frame->stack_pointer, &found, sizeof found) != sizeof found || !gr_is_thunk_return(found);
}
#endif
