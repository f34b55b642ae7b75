/* meter.h: what one probe that is sampled or limited has been told of, and what that cost.
 *
 * One for each such probe, shared by all that its sites have attached; it lives as long as the probe, and is retired
 * with it. The hit plane takes calls from the budget and adds measured ones to the breaker; the control plane opens and
 * shuts, and takes the patches out when the breaker has tripped. Neighbours: budget, breaker; meter.c sees the plane. */
#ifndef GR_METER_H
#define GR_METER_H

#include "breaker.h"
#include "budget.h"

struct gr_meter {
    struct gr_budget budget;
    struct gr_breaker breaker;
    bool counts;             /* it is sampled or has a budget: what it is told of is counted; constant */
    _Atomic uint64_t nested; /* calls that were seen but made inside a handler */

    /* control plane */
    uint64_t deaf_from; /* the probe's hits when it last ceased to tell; while `deaf` */
    uint64_t deaf_hits; /* hits of earlier times in which it told nobody */
    bool deaf;
    bool out; /* it has tripped, and that has been seen to */
};

/* True when the handler may be told of a call. Hit plane. */
static inline bool gr_meter_take(struct gr_meter *meter) {
    return !gr_breaker_tripped(&meter->breaker) && (!meter->counts || gr_budget_take(&meter->budget));
}

#endif
