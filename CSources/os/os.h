/* os.h: every system call of the C core, one function each.
 *
 * Nothing else in CSources calls the kernel for memory, threads, signals or files, except through libelf, libdw and
 * libunwind. In test builds (GR_FAULTS defined) each function first asks fault.h whether it shall fail.
 * Functions return a graft_status, or the value itself where it cannot fail. They keep no state but what
 * gr_os_text_avoid_file and gr_os_stack_start say. Any thread may call them. After GRAFT_OS, errno says why. Those marked "hit" may be called on the hit path and in signal handlers: they
 * take no lock, allocate nothing from malloc and keep errno. */
#ifndef GR_OS_H
#define GR_OS_H

#include <graft/status.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory (memory.c). Addresses and sizes are multiples of the page. */
size_t gr_os_page_size(void); /* hit */
/* Takes address space, readable and writable, that gets memory when it is written to. `address` 0: anywhere or
 * GRAFT_NO_MEMORY; else exactly there or GRAFT_NO_SPACE_NEAR, whatever the reason; what is mapped there already is never
 * touched. */
enum graft_status gr_os_reserve(uintptr_t address, size_t size, void **memory);
/* Reserves below 2 GiB (MAP_32BIT), readable and writable. GRAFT_NO_MEMORY. */
enum graft_status gr_os_reserve_low(size_t size, void **memory);
/* Gives private memory its pages now, not by a fault each. Where the system does not know how, nothing happens. */
void gr_os_populate(void *memory, size_t size);
/* Makes such memory readable, and writable or executable as asked. GRAFT_NO_MEMORY, GRAFT_OS (policy). */
enum graft_status gr_os_commit(void *memory, size_t size, bool write, bool execute);
/* Gives memory back. hit */
void gr_os_release(void *memory, size_t size);
/* Anonymous readable and writable memory, zeroed; for pools that must not come from malloc. GRAFT_NO_MEMORY. hit */
enum graft_status gr_os_allocate(size_t size, void **memory);
/* Gives such memory another size, at another place if need be; what is new is zeroed. GRAFT_NO_MEMORY: it is as it was. */
enum graft_status gr_os_resize(void **memory, size_t old, size_t size);

/* Program text (text.c, protect.c): writes that leave the page's protection alone. A `text` is for one batch: it
 * belongs to the process that opened it, and means the parent's memory in a child. */
enum graft_status gr_os_text_open(int *text); /* GRAFT_OS: no descriptor left */
/* From now on only by way of the protection: an emulator that translates code may not see what the file changes. Once,
 * before the first batch of any other thread. */
void gr_os_text_avoid_file(void);
/* True when writes go through /proc/self/mem. */
bool gr_os_text_is_file(int text);
/* Writes each byte once, in ascending order. An aligned word that is all that is written is one store; through the
 * protection each aligned word is; nothing else wider than a byte is promised to be. Falls back to
 * changing the page's protection where the kernel refuses. GRAFT_WRITE_DENIED: refused, not mapped, or shared memory;
 * an earlier page of the range may be written. GRAFT_OS: written, but the page could not be made read-only again. */
enum graft_status gr_os_text_write(int text, uintptr_t address, const void *bytes, size_t size);
/* Replaces an aligned word of text by one store that no other processor sees in part, if the word is `old`. The page is
 * writable meanwhile. GRAFT_WRITE_DENIED: refused, not mapped, shared memory, or another word; GRAFT_OS: written, but the
 * page could not be made read-only again. */
enum graft_status gr_os_text_exchange(uintptr_t address, uint64_t old, uint64_t new);
/* The same for words of one page, ascending, which is opened and closed once for all: each opening and closing stops every
 * processor that runs this process for microseconds. `*done`: how many were replaced, which is set in any case. */
struct gr_os_exchange {
    uintptr_t address;
    uint64_t old, new;
};
enum graft_status gr_os_text_exchange_page(const struct gr_os_exchange *words, size_t count, size_t *done);
void gr_os_text_close(int text);
/* Copies from this process's memory without faulting (peek.c); returns the bytes copied, 0 to size. hit */
size_t gr_os_peek(uintptr_t address, void *bytes, size_t size);
/* The same from the calling thread's stack, to its top at most (stack.c). Where it is at most GR_OS_STACK_DIRECT bytes to
 * there, without the process's memory lock, which gr_os_peek may have to wait for. hit */
enum { GR_OS_STACK_DIRECT = 256 * 1024 };
size_t gr_os_peek_stack(uintptr_t address, void *bytes, size_t size);
/* Finds out whether that can be done here, and says so. Once, before the first hit. */
bool gr_os_stack_start(void);
/* Once before the first gr_os_serialise (barrier.c). GRAFT_UNSUPPORTED: this kernel or sandbox has no such barrier. */
enum graft_status gr_os_membarrier_prepare(void);
/* Makes the other threads' processors execute a serialising instruction before they run user code again. GRAFT_OS when
 * a sandbox that came after gr_os_membarrier_prepare refuses it: then nothing is known of the other threads. */
enum graft_status gr_os_serialise(void);

/* Threads (thread.c, tasks.c). */
uint32_t gr_os_thread_id(void);  /* hit */
uint32_t gr_os_process_id(void); /* hit */
unsigned gr_os_cpu_count(void);  /* possible CPUs: an exclusive upper bound of cpu numbers, at least 1 */
bool gr_os_thread_exists(uint32_t thread);
/* What /proc says of one thread of this process. */
struct gr_os_thread {
    uint32_t id;
    bool blocks_sigtrap;
};
/* Whether a debugger, or another tracer, is attached to the process; false when that cannot be read. */
bool gr_os_traced(void);
/* Calls `each` for every thread of this process that lives from beginning to end of this call, and for some that start
 * or end meanwhile; stops when it returns false. GRAFT_OS, GRAFT_NO_MEMORY: some were not seen. */
enum graft_status gr_os_threads(bool (*each)(const struct gr_os_thread *thread, void *context), void *context);
/* Starts a thread with every signal blocked but SIGTRAP, SIGSEGV, SIGBUS, SIGFPE and SIGILL. `name` is cut to 15 bytes.
 * It must be joined. GRAFT_NO_MEMORY, GRAFT_OS. */
enum graft_status gr_os_thread_start(void *(*run)(void *), void *argument, const char *name, uintptr_t *thread);
void gr_os_thread_join(uintptr_t thread);
/* Futex on a 32-bit word: waits while it equals `expected`, at most `milliseconds` (negative: for ever). May return
 * early: callers look at the word again. */
void gr_os_wait(const uint32_t *word, uint32_t expected, int milliseconds);
/* Wakes all that wait on the word. hit */
void gr_os_wake(const uint32_t *word);
uint64_t gr_os_nanoseconds(void); /* CLOCK_MONOTONIC; hit */

/* Signals (signal.c). `action` and `old` may be null. */
enum graft_status gr_os_sigaction(int number, const struct sigaction *action, struct sigaction *old);
/* Gives a signal its default action, past anything that watches the C library's sigaction. Async-signal-safe. */
void gr_os_default_action(int number);
/* Sets which signals the calling thread blocks. Async-signal-safe. */
void gr_os_set_blocked(const sigset_t *signals);
/* Whether the calling thread runs a handler on the alternate stack that it gave to sigaltstack. hit */
bool gr_os_on_signal_stack(void);
/* Unblocks SIGTRAP for the calling thread. */
void gr_os_unblock_sigtrap(void);
/* Sets the calling thread's mask to that of gr_os_thread_start. */
void gr_os_mask_all_but_sigtrap(void);

/* Files (file.c). Reads a whole small file (for /proc) into malloc'd, zero-terminated memory. GRAFT_NOT_FOUND: no such
 * file; GRAFT_NO_MEMORY: longer than `limit`, or no memory; GRAFT_OS. */
enum graft_status gr_os_read_file(const char *path, size_t limit, char **text, size_t *size);
/* Maps a regular file read-only. GRAFT_NOT_FOUND; GRAFT_BAD_IMAGE: empty or not a regular file; GRAFT_NO_MEMORY;
 * GRAFT_OS. */
enum graft_status gr_os_map_file(const char *path, const void **bytes, size_t *size);
void gr_os_unmap_file(const void *bytes, size_t size);
/* Opens a file to append to, creating it with mode 0600; never one of the standard descriptors. GRAFT_OS. */
enum graft_status gr_os_append_open(const char *path, int *descriptor);
/* Which file a descriptor means; 0 when it is closed. Shows that the host closed it and opened something else. */
uint64_t gr_os_file_identity(int descriptor);
/* One write(2), without SIGPIPE; what cannot be written is lost. Keeps errno. */
void gr_os_append(int descriptor, const char *text, size_t size);
void gr_os_close(int descriptor); /* keeps errno */

#endif
