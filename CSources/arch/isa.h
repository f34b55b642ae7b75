/* isa.h: the one place that chooses the instruction set: its numbers, and names for its registers.
 *
 * Each folder's isa.h says how large a patch is and where a hit finds return address, arguments and results in struct
 * graft_registers; the portable files ask only through these names. Its layout.h has the numbers that assembly shares. */
#ifndef GR_ARCH_ISA_H
#define GR_ARCH_ISA_H

#if defined(__x86_64__)
#include "arch/x86_64/isa.h"
#elif defined(__aarch64__)
#include "arch/aarch64/isa.h"
#else
#error "this instruction set is not supported"
#endif

#endif
