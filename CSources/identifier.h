/* identifier.h: what canonical identifiers begin with. Async-signal-safe. Neighbours: target.h. */
#ifndef GR_IDENTIFIER_H
#define GR_IDENTIFIER_H

#include <graft/target.h>

/* The part that tells the file: its build-id or, without one, its name. Lives as long as the entry's strings. */
const char *gr_identifier_file(const struct graft_entry_point *entry);

#endif
