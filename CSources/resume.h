/* resume.h: which function goes on with an exception that an exit thunk had to take over. */
#ifndef GR_RESUME_H
#define GR_RESUME_H

#include <stdint.h>

/* _Unwind_Resume of the unwinder that contains `code`; 0 when it has none that can be found. Lock-free with glibc 2.35 and
 * later, but for the first exception of an unwinder that was linked into a program: for that, libgcc_s is loaded. */
uint64_t gr_resume_of(const void *code);

#endif
