/* fault.h: refusals on demand, so that tests see what happens when the kernel says no.
 *
 * Each place in os/ that asks the kernel for something it may refuse first asks GR_FAULT. In normal builds that is the
 * constant false and leaves no trace; with GR_FAULTS defined, fault.c decides. The clock can be
 * stopped in the same builds, and moved by hand. Neighbours: the files of os/ alone. */
#ifndef GR_OS_FAULT_H
#define GR_OS_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* The requests that can be refused; named after the function of os.h, or after the step inside it. */
enum gr_os_call {
    GR_OS_RESERVE,
    GR_OS_RESERVE_LOW,
    GR_OS_COMMIT,
    GR_OS_ALLOCATE,
    GR_OS_RELEASE,
    GR_OS_TEXT_OPEN,      /* opening /proc/self/mem */
    GR_OS_TEXT_WRITE,     /* writing to it */
    GR_OS_TEXT_UNPROTECT, /* the fallback: making the page writable */
    GR_OS_MAP_QUERY,      /* asking for one mapping's protection */
    GR_OS_TEXT_REPROTECT, /* the fallback: putting its protection back */
    GR_OS_PEEK,           /* process_vm_readv */
    GR_OS_PEEK_OPEN,      /* the fallback of that: /proc/self/mem */
    GR_OS_PEEK_STACK,     /* whether a page of the own stack can be read */
    GR_OS_MEMBARRIER,
    GR_OS_THREADS,
    GR_OS_THREAD_STATUS,
    GR_OS_THREAD_START,
    GR_OS_CPU_COUNT,
    GR_OS_SIGACTION,
    GR_OS_READ_FILE, /* opening */
    GR_OS_READ,      /* reading */
    GR_OS_MAP_FILE,
    GR_OS_APPEND_OPEN,
    GR_OS_APPEND,
    GR_OS_CALL_COUNT
};

#ifdef GR_FAULTS
/* From now on lets `skip` requests pass and refuses the `times` after them. One rule for each kind of request. */
void gr_fault_set(enum gr_os_call call, unsigned skip, unsigned times);
/* Forgets every rule and every count. */
void gr_fault_clear(void);
/* How often this was requested since the last gr_fault_clear, refusals included. */
unsigned gr_fault_calls(enum gr_os_call call);
/* Counts one request; true, with errno set to `error`, when it shall be refused. Any thread, async-signal-safe. */
bool gr_fault_due(enum gr_os_call call, int error);
#define GR_FAULT(call, error) gr_fault_due((call), (error))

/* From now on gr_os_nanoseconds stands still, and goes on by what gr_clock_advance says. For the life of the program. */
void gr_clock_stop(void);
void gr_clock_advance(uint64_t nanoseconds);
/* What gr_os_nanoseconds says when the system says `now`. Any thread, async-signal-safe. */
uint64_t gr_clock_says(uint64_t now);
#define GR_CLOCK(now) gr_clock_says(now)
#else
#define GR_FAULT(call, error) false
#define GR_CLOCK(now) (now)
#endif

#endif
