/* machine.c: what stubs need to know of this machine; written once by gr_arch_start. */
#ifdef __aarch64__
#include "arch/aarch64/machine.h"
#include "arch/arch.h"
#include "log.h"
#include <asm/hwcap.h>
#include <sys/auxv.h>
#include <unistd.h>

bool gr_has_atomics;

enum graft_status gr_arch_start(void) {
    enum { PAGE = 4096 }; /* arenas and places are made of such */
    if (sysconf(_SC_PAGESIZE) != PAGE) {
        gr_log("start: pages of %ld bytes; only those of %d are supported", sysconf(_SC_PAGESIZE), PAGE);
        return GRAFT_UNSUPPORTED;
    }
    gr_has_atomics = (getauxval(AT_HWCAP) & HWCAP_ATOMICS) != 0;
    return GRAFT_OK;
}

enum gr_keep gr_arch_keep_limit(void) {
    return GR_KEEP_ALL;
}

void gr_arch_count(uint64_t *counter, struct gr_slot *slot) {
    (void)counter;                                                           /* of CPU 0, where counts are per CPU */
    atomic_fetch_add_explicit(&slot->shared_count, 1, memory_order_relaxed); /* orders nothing, as in a stub */
}
#endif
