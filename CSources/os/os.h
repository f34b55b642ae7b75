/* os.h: every system call of the C core, one function each.
 *
 * Nothing else in CSources calls the kernel for memory, threads, signals or files, except through libelf, libdw and
 * libunwind. In test builds (GR_FAULTS defined) each function first asks fault.h whether it shall fail.
 * Functions return a graft_status, or the value itself where it cannot fail. They keep no state. */
#ifndef GR_OS_H
#define GR_OS_H

#include <graft/status.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory (os/memory.c). Addresses and sizes are multiples of the page. */
size_t gr_os_page_size(void);
/* Reserves address space without access. `address` 0: anywhere; else exactly there or GRAFT_NO_SPACE_NEAR. */
enum graft_status gr_os_reserve(uintptr_t address, size_t size, void **memory);
/* Reserves below 2 GiB (MAP_32BIT), readable and writable. */
enum graft_status gr_os_reserve_low(size_t size, void **memory);
enum graft_status gr_os_commit(void *memory, size_t size, bool write, bool execute);
void gr_os_release(void *memory, size_t size);
/* Anonymous readable and writable memory; for pools that must not come from malloc. */
enum graft_status gr_os_allocate(size_t size, void **memory);

/* Program text (os/text.c): writes that leave the page's protection alone. */
enum graft_status gr_os_text_open(int *text);
enum graft_status gr_os_text_write(int text, uintptr_t address, const void *bytes, size_t size);
void gr_os_text_close(int text);
/* Copies from this process's memory without faulting; returns the bytes copied, 0 to size. */
size_t gr_os_peek(uintptr_t address, void *bytes, size_t size);
/* Makes the other threads' processors execute a serialising instruction before they run user code again. */
enum graft_status gr_os_membarrier_prepare(void);
void gr_os_serialise(void);

/* Threads (os/thread.c). */
uint32_t gr_os_thread_id(void);
uint32_t gr_os_process_id(void);
unsigned gr_os_cpu_count(void); /* possible CPUs: an exclusive upper bound of cpu numbers */
bool gr_os_thread_exists(uint32_t thread);
/* What /proc says of one thread of this process. */
struct gr_os_thread {
    uint32_t id;
    bool blocks_sigtrap;
};
/* Calls `each` for every thread of this process; stops when it returns false. */
enum graft_status gr_os_threads(bool (*each)(const struct gr_os_thread *thread, void *context), void *context);
enum graft_status gr_os_thread_start(void *(*run)(void *), void *argument, const char *name, uintptr_t *thread);
void gr_os_thread_join(uintptr_t thread);
/* Futex on a 32-bit word: waits while it equals `expected`, at most `milliseconds` (negative: for ever). */
void gr_os_wait(const uint32_t *word, uint32_t expected, int milliseconds);
void gr_os_wake(const uint32_t *word);
uint64_t gr_os_nanoseconds(void); /* CLOCK_MONOTONIC */

/* Signals (os/signal.c). */
enum graft_status gr_os_sigaction(int number, const struct sigaction *action, struct sigaction *old);
void gr_os_mask_all_but_sigtrap(void);

/* Files (os/file.c). Reads a whole small file (for /proc) into malloc'd, zero-terminated memory. */
enum graft_status gr_os_read_file(const char *path, size_t limit, char **text, size_t *size);
/* Maps a file read-only. */
enum graft_status gr_os_map_file(const char *path, const void **bytes, size_t *size);
void gr_os_unmap_file(const void *bytes, size_t size);
/* Appends to a file or descriptor; used by the log. */
enum graft_status gr_os_append_open(const char *path, int *descriptor);
void gr_os_append(int descriptor, const char *text, size_t size);
void gr_os_close(int descriptor);

#endif
