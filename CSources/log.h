/* log.h: the debug log: one line per change of state, never per hit. Control plane only.
 *
 * A line is "graft: [seconds.micros] text" (monotonic clock), written with one write(2); a handler is given the text
 * alone. Everything here keeps errno. Neighbours: os. */
#ifndef GR_LOG_H
#define GR_LOG_H

#include "compiler.h"
#include <graft/graft.h>
#include <stdbool.h>

/* Chooses where lines go: the handler, or else the environment variable GRAFT_LOG. A value that is not understood or a
 * file that cannot be opened is reported on standard error, once per process, and the log stays off. */
void gr_log_open(graft_log_handler handler, void *context);
/* Ends the log; afterwards no other thread is inside the handler (one that stays there longer than a second is not
 * waited for). May be called by the handler. gr_log_open and gr_log_close are called by one thread at a time. */
void gr_log_close(void);
bool gr_log_enabled(void);
/* Writes one line (at most 1,023 bytes of text; longer ones are cut; control characters are replaced). Does nothing
 * while the log is off, or in a handler that the same thread is in. Any thread. */
void gr_log(const char *format, ...) GR_PRINTF(1, 2);

#endif
