/* join.h: joining probes to sites. Control plane, under its lock. Neighbours: plane, patch, attach, registry. */
#ifndef GR_JOIN_H
#define GR_JOIN_H

#include "plane.h"

/* Fills in a link: finds or makes the site and attaches the probe, or notes the refusal. */
void gr_link_make(struct gr_link *link, struct gr_probe *probe, const struct gr_match *match);
/* Attaches the probe in its present mode to the link's site, in the place of an earlier attachment if there is one. */
enum graft_status gr_link_attach(struct gr_link *link, struct gr_probe *probe);
/* What the link's entry point is, and of which image. */
const struct graft_entry_point *gr_link_entry(const struct gr_link *link);
uint64_t gr_link_serial(const struct gr_link *link);
/* Notes why an entry point is not patched. */
void gr_link_refuse(
    struct gr_link *link, const struct graft_entry_point *entry, enum graft_status why, uint64_t offender);
/* Detaches; the site becomes dirty. */
void gr_link_break(struct gr_link *link);
/* The site's image has been unloaded and no link refers to it: everything is given back, nothing is written to it. */
void gr_site_gone(struct gr_site *site);

#endif
