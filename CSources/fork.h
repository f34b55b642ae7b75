/* fork.h: what happens around fork. */
#ifndef GR_FORK_H
#define GR_FORK_H

/* Registers with pthread_atfork; once in the life of the process. */
void gr_fork_start(void);

#endif
