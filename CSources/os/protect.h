/* protect.h: writing to program text where /proc/self/mem is refused. Private to os/. */
#ifndef GR_OS_PROTECT_H
#define GR_OS_PROTECT_H

#include <graft/status.h>
#include <stddef.h>
#include <stdint.h>

/* Stores `size` bytes at `address`, page by page: adds write access, stores each byte once in ascending order and aligned
 * words whole, puts back the protection that /proc/self/maps tells. Execution is never taken away meanwhile: other threads may be there.
 * GRAFT_WRITE_DENIED: not mapped, shared with a file or another process, or refused; GRAFT_OS: the bytes are written
 * but the page stays writable. */
enum graft_status gr_os_write_unprotected(uintptr_t address, const void *bytes, size_t size);

#endif
