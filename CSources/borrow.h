/* borrow.h: libraries of others that are loaded when there is something for them to read.
 *
 * libdw, libelf and libunwind, with what they need in turn, are eight libraries, and most programs that have the agent in them
 * never have anything for them: so the agent's library is not linked with them (preload/borrow.c). Everything else that is
 * made of these sources is, and there is nothing to load. Neighbours: stream calls it. */
#ifndef GR_BORROW_H
#define GR_BORROW_H

/* Loads them, the first time. To be called before an update that installs something is submitted, and without any lock:
 * the loader may keep the thread waiting for a constructor of the program's that runs. What cannot be loaded is not
 * used: then there is no debug information and no stack beyond the caller, as where a program has none. */
void gr_borrow(void);

#endif
