/* resume.h: which function goes on with an exception that an exit thunk had to take over. */
#ifndef GR_RESUME_H
#define GR_RESUME_H

#include <stdint.h>

/* _Unwind_Resume of the unwinder that contains `code`; 0 when it has none that can be found. Takes the loader's lock, as
 * raising an exception does. */
uint64_t gr_resume_of(const void *code);

#endif
