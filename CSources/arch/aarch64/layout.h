/* layout.h: numbers that C and assembly share. Checked against the C structs by static assertions. */
#ifndef GR_LAYOUT_H
#define GR_LAYOUT_H

#include "arch/offsets.h"

/* struct graft_registers */
#define GR_REG_X 0
#define GR_REG_SLOT 248 /* what is reserved there: the thunk keeps the slot in it */
#define GR_REG_V 256
#define GR_REG_SIZE 768

/* Behind the registers in a thunk's area: where gr_hit_enter_frame leaves the relocated block's address when it has no
 * frame to give. The area ends at the entry's stack pointer. */
#define GR_REG_PADDING 768
#define GR_AREA_SIZE 784

#endif
