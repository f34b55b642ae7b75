/* late.h: what late.c offers beyond plane.h. Control plane. */
#ifndef GR_LATE_H
#define GR_LATE_H

#include <stdbool.h>

/* False: the loader is not watched, and gr_late_refresh has to be called now and then. */
bool gr_late_watching(void);
bool gr_late_started(void);
void gr_late_stop(void);
/* In the child of a fork. */
void gr_late_fork_child(void);

#endif
