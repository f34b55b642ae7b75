/* context.h: a signal's context, of whichever instruction set: where the thread was, and where it shall go on. */
#ifndef GR_ARCH_CONTEXT_H
#define GR_ARCH_CONTEXT_H

#if defined(__x86_64__)
#include "arch/x86_64/context.h"
#else
#include "arch/aarch64/context.h"
#endif

#endif
