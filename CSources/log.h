/* log.h: the debug log: one line per change of state, never per hit. Control plane only. */
#ifndef GR_LOG_H
#define GR_LOG_H

#include "compiler.h"
#include <graft/graft.h>
#include <stdbool.h>

/* Chooses where lines go: the handler, or else the environment variable GRAFT_LOG. */
void gr_log_open(graft_log_handler handler, void *context);
void gr_log_close(void);
bool gr_log_enabled(void);
/* Writes one line (at most 1,023 bytes; longer ones are cut). Does nothing while the log is off. */
void gr_log(const char *format, ...) GR_PRINTF(1, 2);

#endif
