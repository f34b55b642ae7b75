/* guard.h: keeps SIGTRAP deliverable, and our handler in its place, while sites need traps. */
#ifndef GR_GUARD_H
#define GR_GUARD_H

/* Watches, by probes of our own, every function of the C library that takes a signal mask or an action, and takes
 * SIGTRAP out of the masks of handlers that are installed already. Does nothing the second time; control plane: the
 * bytes follow with the next gr_settle. */
void gr_guard_start(void);
/* After every probe was removed: the next start watches anew. */
void gr_guard_stop(void);

#endif
