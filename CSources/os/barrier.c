/* barrier.c: makes every processor that runs this process drop stale instructions, without stopping a thread.
 *
 * membarrier(PRIVATE_EXPEDITED_SYNC_CORE) returns once each other thread of the process has executed a serialising
 * instruction or will before it next runs user code. Microseconds, whatever the threads do. Neighbours: fault.h. */
#include "os/fault.h"
#include "os/os.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a kernel must offer: each command and the registration it needs. */
enum {
    NEEDED = MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
             MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE
};

static long membarrier(int command) {
    return GR_FAULT(GR_OS_MEMBARRIER, EPERM) ? -1 : syscall(SYS_membarrier, command, 0, 0);
}

static bool registered(void) {
    return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 &&
           membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE) == 0;
}

enum graft_status gr_os_membarrier_prepare(void) {
    long offered = membarrier(MEMBARRIER_CMD_QUERY);
    if (offered < 0 || (offered & NEEDED) != NEEDED || !registered()) {
        return GRAFT_UNSUPPORTED;
    }
    return GRAFT_OK;
}

enum graft_status gr_os_serialise(void) {
    if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) == 0) {
        return GRAFT_OK;
    }
    /* A process that came to its memory by another way than fork may have lost the registration. */
    if (registered() && membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) == 0) {
        return GRAFT_OK;
    }
    return GRAFT_OS;
}
