/* unwinder.h: libunwind for another process, and its numbers of the registers that gr_stack_copy has. */
#ifndef GR_ARCH_UNWINDER_H
#define GR_ARCH_UNWINDER_H

#if defined(__x86_64__)
#include "arch/x86_64/unwinder.h"
#else
#include "arch/aarch64/unwinder.h"
#endif

#endif
