/* port.h: numbers that around.S and C share. Checked against struct gr_around_port by static assertions. */
#ifndef GR_ARCH_PORT_H
#define GR_ARCH_PORT_H

/* struct gr_around_port: what a trampoline points to. */
#define GR_PORT_THUNK 0
#define GR_PORT_CLOSURE 8
#define GR_PORT_STACK 32
#define GR_PORT_RESULTS 36

/* The registers in which a result may come: x0 and x1, v0 to v3, a bit each. */
#define GR_RESULT_X0_BIT 0
#define GR_RESULT_X1_BIT 1
#define GR_RESULT_V0_BIT 2
#define GR_RESULT_V1_BIT 3
#define GR_RESULT_V2_BIT 4
#define GR_RESULT_V3_BIT 5

#endif
