/* attach.c: lists of probes on a site: copied, changed, published, retired; see attach.h. */
#include "attach.h"
#include "around.h"
#include "epoch.h"
#include "heap.h"
#include "meter.h"

static struct gr_attachments *current(const struct gr_site *site) {
    return atomic_load_explicit(&site->attachments, memory_order_relaxed); /* we are the only writer */
}

/* Release: the list, and what is on it, is whole before it can be seen; pairs with the acquire in hit.c and, on this
 * machine, with any load in the thunks. Nobody is told directly before gr_attach_stub has said so. */
static void publish(struct gr_site *site, struct gr_attachments *list) {
    struct gr_attachments *old = current(site);
    atomic_store_explicit(&site->direct, NULL, memory_order_release);
    atomic_store_explicit(&site->direct_exit, NULL, memory_order_release);
    atomic_store_explicit(&site->sample_step, 0, memory_order_release);
    atomic_store_explicit(&site->attachments, list, memory_order_release);
    if (old != NULL && old != &old->item[0]->alone)
        gr_epoch_retire(old, gr_heap_give);
}

static struct gr_attachments *copy(const struct gr_site *site) {
    struct gr_attachments *list = gr_heap_take(sizeof *list);
    if (list != NULL && current(site) != NULL)
        *list = *current(site);
    return list;
}

/* The list of nothing but this; the same for every site that has it, and filled in before the first. */
static struct gr_attachments *alone(struct gr_attachment *attachment) {
    if (attachment->alone.count == 0)
        attachment->alone = (struct gr_attachments){.count = 1, .item = {attachment}};
    return &attachment->alone;
}

void gr_attachment_release(struct gr_attachment *attachment) {
    if (--attachment->users == 0)
        gr_epoch_retire(attachment, gr_heap_give);
}

enum graft_status gr_attach(struct gr_site *site, struct gr_attachment *attachment) {
    struct gr_attachments *list = NULL;
    if (current(site) != NULL) {
        if (current(site)->count == GRAFT_ATTACHMENTS_MAX)
            return GRAFT_LIMIT_ATTACHMENTS;
        list = copy(site);
        if (list == NULL)
            return GRAFT_NO_MEMORY;
        list->item[list->count++] = attachment;
    }
    publish(site, list != NULL ? list : alone(attachment));
    attachment->users++;
    return GRAFT_OK;
}

static uint32_t index_of(const struct gr_attachments *list, const struct gr_attachment *attachment) {
    uint32_t i = 0;
    while (list->item[i] != attachment)
        i++;
    return i;
}

enum graft_status gr_detach(struct gr_site *site, struct gr_attachment *attachment) {
    struct gr_attachments *list = NULL;
    uint32_t count = current(site)->count;
    if (count == 2) {
        list = alone(current(site)->item[1 - index_of(current(site), attachment)]);
    } else if (count > 2) {
        list = copy(site);
        if (list == NULL)
            return GRAFT_NO_MEMORY;
        list->item[index_of(list, attachment)] = list->item[list->count - 1];
        list->item[--list->count] = NULL;
    }
    publish(site, list);
    gr_attachment_release(attachment);
    return GRAFT_OK;
}

enum graft_status gr_attach_replace(struct gr_site *site, struct gr_attachment *old, struct gr_attachment *with) {
    struct gr_attachments *list = NULL;
    if (current(site)->count > 1) {
        list = copy(site);
        if (list == NULL)
            return GRAFT_NO_MEMORY;
        list->item[index_of(list, old)] = with;
    }
    publish(site, list != NULL ? list : alone(with));
    with->users++;
    gr_attachment_release(old);
    return GRAFT_OK;
}

static bool armed(const struct gr_attachment *attachment) {
    if (attachment->meter != NULL && gr_breaker_tripped(&attachment->meter->breaker))
        return false;
    return attachment->mode != GRAFT_MODE_ONCE ||
           !atomic_load_explicit(&attachment->fired, memory_order_acquire); /* pairs with claim in hit.c */
}

/* The share of calls that the thunk lets through. */
static uint32_t step_of(const struct gr_attachment *attachment) {
    bool shut = attachment->meter != NULL && gr_budget_shut(&attachment->meter->budget);
    return shut ? GR_SAMPLE_NONE : attachment->sample_step;
}

/* The short ways are open when there is nothing but one plain probe. */
static void publish_direct(struct gr_site *site) {
    const struct gr_attachments *list = current(site);
    struct gr_attachment *direct = list != NULL && list->count == 1 ? list->item[0] : NULL;
    if ((site->entry.flags & GRAFT_ENTRY_COMPLETES) != 0 || /* the short ways know no contexts */
        atomic_load_explicit(&site->caller_wanted, memory_order_relaxed))
        direct = NULL;
    /* The thunk samples before it saves anything; what it does not leave out is told by hit.c. */
    uint32_t step = direct != NULL ? step_of(direct) : 0;
    if (direct != NULL && (step != 0 || !direct->plain))
        direct = NULL;
    atomic_store_explicit(&site->sample_step, step, memory_order_release);
    bool exit = direct != NULL && direct->mode == GRAFT_MODE_ENTRY_EXIT &&
                (site->entry.flags & GRAFT_ENTRY_YIELDS) == 0; /* nor where a coroutine goes on */
    atomic_store_explicit(&site->direct, direct, memory_order_release);
    atomic_store_explicit(&site->direct_exit, exit ? direct : NULL, memory_order_release);
}

uint64_t gr_attach_stub(struct gr_site *site) {
    const struct gr_attachments *list = current(site);
    publish_direct(site);
    uint64_t stub = site->slot->relocated;
    uint64_t around = 0;
    bool entry = false, exit = false;
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct gr_attachment *attachment = list->item[i];
        if (!armed(attachment))
            continue;
        stub = gr_site_stub(site, site->count_at);
        entry = entry || attachment->mode != GRAFT_MODE_COUNT;
        exit = exit || attachment->mode == GRAFT_MODE_ENTRY_EXIT || attachment->port != NULL;
        around = attachment->port != NULL ? gr_around_code(attachment->port) : around;
    }
    atomic_store_explicit(&site->around, around, memory_order_release); /* pairs with where_to in hit.c */
    /* a first hit's stack is taken by the entry thunk, so a counting probe that wants one uses it until then */
    entry =
        entry || (stub != site->slot->relocated && atomic_load_explicit(&site->caller_wanted, memory_order_relaxed));
    if ((site->entry.flags & GRAFT_ENTRY_COMPLETES) != 0)
        exit = false; /* watched from the entry on: completion.h */
    return exit ? gr_site_stub(site, site->exit_at) : entry ? gr_site_stub(site, site->entry_at) : stub;
}

bool gr_attach_wanted(const struct gr_site *site) {
    const struct gr_attachments *list = current(site);
    for (uint32_t i = 0; list != NULL && i < list->count; i++)
        if (armed(list->item[i]))
            return true;
    return false;
}
