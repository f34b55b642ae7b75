/* machine.h: what machine.c finds out and emit.c reads. */
#ifndef GR_MACHINE_H
#define GR_MACHINE_H

#include <stdbool.h>

extern bool gr_has_atomics; /* single instructions for atomic additions (FEAT_LSE) */

#endif
