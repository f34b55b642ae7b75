/* plane.h: the state of the control plane, and the few functions by which its parts work on it.
 *
 * One writer: whoever holds the control lock (control.c). Probes own links; a link joins a probe to a site, or says
 * why it could not be. Neighbours: registry, resolve, patch, attach. */
#ifndef GR_PLANE_H
#define GR_PLANE_H

#include "attach.h"
#include "patch.h"
#include "resolve.h"
#include "site.h"

/* Why an entry point is not patched, and what it is: a copy, strings behind it in the same block. */
struct gr_refusal {
    struct graft_entry_point entry;
    uint64_t image_serial;
    uint64_t offender; /* the address that the reason is about */
    char strings[];
};

/* One entry point of one probe. */
struct gr_link {
    struct gr_site *site;             /* null when it was refused before there was one */
    struct gr_attachment *attachment; /* null when it is refused */
    struct gr_refusal *refusal;       /* null unless it is, or was, refused, and while there is no memory for it */
    uint64_t hits_before;             /* the site's count when the probe was attached */
    enum graft_status reason;         /* GRAFT_OK, or why it is not patched */
};

struct gr_probe {
    struct gr_registry_node by_id;
    struct gr_probe *next, **link; /* in the list of all; `link` points to it */
    char *target;
    enum graft_mode mode;
    uint32_t sample_every;
    uint32_t flags;
    graft_handler handler;
    void *context;
    struct gr_around *around;         /* mode around; null else */
    bool internal;                    /* one of ours: not in snapshots, counters or limits */
    enum graft_status reason;         /* of the target as a whole, GRAFT_OK when it has links */
    struct gr_attachment *attachment; /* what all of its sites share, in most modes (join.c); null before the first */
    struct gr_link *links;
    size_t link_count, link_room;
    uint64_t hits_gone;     /* of entry points whose image was unloaded */
    struct gr_meter *meter; /* null unless it is sampled or limited */
};

struct gr_plane {
    struct gr_resolver *resolver;
    struct gr_registry *probes; /* by id */
    struct gr_registry *sites;  /* by address */
    struct gr_probe *first;
    size_t probes_max;              /* the application's probes, and its entry points: ours do not count */
    size_t probes_used, sites_used; /* of those */
    graft_probe_id last_id;
    uint64_t generation;            /* applied updates */
    struct graft_counters counters; /* those that the control plane counts */
    uint64_t hits_gone;             /* of sites that are no more */
    size_t metered;                 /* probes that have a meter */
    uint64_t meters_at;             /* when gr_meters_tend has something to do, with one (gr_os_nanoseconds) */
    uint64_t left_out_gone;         /* calls that probes which are no more were not told of */
    bool retry;                     /* a site waits for threads that block SIGTRAP, or for memory */
    uint64_t retry_at;              /* when it is tried again (gr_os_nanoseconds) */
    unsigned retry_ms;              /* the pause before that: grows with each attempt that failed */
};

extern struct gr_plane gr_plane;

/* Room, beside the application's, for probes of our own and their entry points. */
enum { GR_OWN_PROBES = 16 };

/* probe.c: changes to probes; bytes are not touched. Sites that need looking at are marked dirty. */
enum graft_status gr_probe_add(const struct graft_probe_spec *spec, bool internal, struct gr_probe **probe);
void gr_probe_remove(struct gr_probe *probe);
enum graft_status gr_probe_set_mode(struct gr_probe *probe, enum graft_mode mode);
struct gr_probe *gr_probe_find(graft_probe_id id);
/* Links what the probe's target matches in one image (null: in all). */
void gr_probe_link(struct gr_probe *probe, const struct gr_image *only);
/* Forgets everything about an image that is gone. */
void gr_probe_image_gone(const struct gr_image *image);
enum graft_state gr_probe_state(const struct gr_probe *probe);
enum graft_state gr_link_state(const struct gr_link *link);
void gr_probe_free(struct gr_probe *probe);
/* Calls seen since the probe was attached: by one entry point, and by all that it ever had. */
uint64_t gr_link_hits(const struct gr_link *link);
uint64_t gr_probe_hits(const struct gr_probe *probe);

/* meter.c: sampling, budgets and breakers (meter.h). */
/* A meter for what is asked for; null when that is none. GRAFT_NO_MEMORY. */
enum graft_status gr_meter_make(const struct graft_probe_spec *spec, struct gr_meter **meter);
/* When nothing that refers to it can be found any more. Null is nothing. */
void gr_meter_retire(struct gr_meter *meter);
/* Before a probe's mode is set: what it measured is forgotten; if it had tripped, it is armed again. */
void gr_meter_mode(struct gr_probe *probe, enum graft_mode mode);
/* Calls that the probe has seen, and not told of, in the modes that tell. */
uint64_t gr_meter_left_out(const struct gr_probe *probe);
/* Shuts and opens budgets, takes out what has tripped. Sites become dirty; `meters_at` says when to come again. */
void gr_meters_tend(void);
/* In the child of a fork, whose probes have seen nothing yet. */
void gr_meter_after_fork(struct gr_probe *probe);

/* settle.c: makes the bytes of dirty sites agree with what is attached to them. */
void gr_dirty(struct gr_site *site);
/* Takes the sites of an image off the list. */
void gr_undirty_image(uint64_t serial);
void gr_settle(void);

/* late.c: images that come and go. */
enum graft_status gr_late_start(void);
void gr_late_refresh(void);
/* Around every change of bytes: no image is unloaded inside, and those that are gone are known. */
void gr_late_lock(void);
void gr_late_unlock(void);
/* Only the lock: for fork, which must not happen between two bytes. */
void gr_late_fork_lock(void);
void gr_late_fork_unlock(void);

/* deny.c: functions that must not be touched, or whose return cannot be seen. */
bool gr_denied(const struct graft_entry_point *entry, const struct gr_image *image);
/* Whether a trap alone may not stand in an image: its code runs with SIGTRAP blocked at times. */
bool gr_trap_denied(const struct gr_image *image);
bool gr_exit_denied(const struct graft_entry_point *entry);
bool gr_preserves_registers(const struct graft_entry_point *entry);

#endif
