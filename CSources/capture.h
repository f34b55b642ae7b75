/* capture.h: keeping the stack of a first hit; the hit plane's half of capture.c. */
#ifndef GR_CAPTURE_H
#define GR_CAPTURE_H

#include "site.h"

/* Copies the caller's stack and registers for the control plane, or at least the return address when no buffer is
 * free. Hit plane. */
void gr_capture_hit(struct gr_site *site, const struct graft_registers *registers, uint64_t stack_pointer);

#endif
