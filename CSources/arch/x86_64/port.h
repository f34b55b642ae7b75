/* port.h: numbers that around.S and C share. Checked against struct gr_around_port by static assertions. */
#ifndef GR_ARCH_PORT_H
#define GR_ARCH_PORT_H

/* struct gr_around_port: what a trampoline points to. */
#define GR_PORT_THUNK 0
#define GR_PORT_CLOSURE 8
#define GR_PORT_STACK 32
#define GR_PORT_RESULTS 36

/* The registers in which a result may come. */
#define GR_RESULT_RAX 1
#define GR_RESULT_RDX 2
#define GR_RESULT_XMM0 4
#define GR_RESULT_XMM1 8

#endif
