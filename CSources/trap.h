/* trap.h: where a thread goes that meets a trap of ours.
 *
 * While a patch is being written, and for ever at the boundaries inside a jump, int3 stands where an instruction began.
 * The SIGTRAP handler moves such a thread to the same instruction in the relocated block: a pure table look-up,
 * async-signal-safe. Traps that are not ours go to the application's handler, whose place we take.
 * Writer: control plane. Reader: the signal handler on any thread. Neighbours: site, os. */
#ifndef GR_TRAP_H
#define GR_TRAP_H

#include "site.h"
#include <signal.h>

/* Makes room for `capacity` sites; once. GRAFT_NO_MEMORY. */
enum graft_status gr_traps_start(size_t capacity);

/* Makes our handler the process's handler for SIGTRAP, or makes sure that it still is: what stood there meanwhile
 * becomes the application's handler. */
enum graft_status gr_trap_handler_ensure(void);

/* True once it has been made so. Any thread. */
bool gr_trap_handler_installed(void);

/* Enters a site whose slot has been filled in; it stays until gr_trap_remove (its image was unloaded).
 * GRAFT_LIMIT_PROBES: as many are entered as there is room for; GRAFT_NO_MEMORY. */
enum graft_status gr_trap_add(struct gr_site *site);
void gr_trap_remove(struct gr_site *site);
/* The site whose patch begins at this address, or null. Lock-free; any thread; async-signal-safe. A site that is entered
 * throughout the call is found. */
struct gr_site *gr_trap_site(uint64_t patch_address);

/* The application's own action for SIGTRAP, as it sees it. `action` may be null. Any thread; async-signal-safe. */
void gr_trap_application_action(const struct sigaction *action, struct sigaction *old);
/* True when this is our handler. */
bool gr_trap_is_ours(const struct sigaction *action);

uint64_t gr_traps_redirected(void);

#endif
