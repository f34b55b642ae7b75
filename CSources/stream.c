/* stream.c: ordered streams of updates: submission by any thread, draining by the control thread. See update.h. The calls
 * that wait for their update are install.c's. */
#include "borrow.h"
#include "control.h"
#include "heap.h"
#include "hit.h"
#include "log.h"
#include "os/os.h"
#include "queue.h"
#include "sized.h"
#include "thread.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 63 };

struct graft_stream {
    struct gr_queue *queue;
    char name[NAME_MAX_BYTES + 1];
};

/* One submitted update, with copies of everything. */
struct update {
    struct gr_queue_item item;
    graft_outcome_handler outcome;
    void *context;
    size_t outcome_size; /* of each outcome, to who submitted */
    size_t count;
    struct graft_change changes[];
};

static struct graft_stream *streams[GRAFT_STREAMS_MAX]; /* under the control lock */

/* What a program of another version gives and is given. */
static const struct gr_sized updates = {
    sizeof(struct graft_update), sizeof(struct graft_update), sizeof(struct graft_update)};
static const struct gr_sized changes = GR_SIZED(graft_change, spec.signature, spec.reserved);
_Static_assert(offsetof(struct graft_change, spec) + sizeof(struct graft_probe_spec) == sizeof(struct graft_change),
    "a change ends with its spec");

const struct gr_sized gr_sized_outcomes = {
    sizeof(struct graft_outcome), sizeof(struct graft_outcome), offsetof(struct graft_outcome, refusal)};

static void free_update(struct update *update) {
    for (size_t i = 0; i < update->count; i++) {
        gr_heap_give((void *)(uintptr_t)update->changes[i].spec.target);
        gr_heap_give((void *)(uintptr_t)update->changes[i].spec.signature);
    }
    gr_heap_give(update);
}

static void tell(struct update *update, enum graft_status status, const struct graft_outcome *outcomes, size_t count) {
    if (update->outcome != NULL)
        update->outcome(status, update->item.sequence, outcomes, count, update->context);
    free_update(update);
}

static void dropped(struct gr_queue_item *item, enum graft_status why, void *context) {
    const struct graft_stream *stream = context;
    gr_log("stream %s: update %llu dropped: %s", stream->name, (unsigned long long)item->sequence,
        graft_status_sentence(why));
    switch (why) {
    case GRAFT_STALE:
        gr_plane.counters.updates_stale++;
        break;
    case GRAFT_DUPLICATE:
        gr_plane.counters.updates_duplicate++;
        break;
    default:
        gr_plane.counters.updates_dropped++;
    }
    tell((struct update *)item, why, NULL, 0);
}

GR_PUBLIC enum graft_status graft_stream_open(const char *name, struct graft_stream **stream) {
    if (gr_in_handler())
        return GRAFT_IN_HANDLER;
    if (name == NULL || stream == NULL || strlen(name) > NAME_MAX_BYTES)
        return GRAFT_INVALID_ARGUMENT;
    if (!gr_control_running())
        return GRAFT_NOT_STARTED;
    struct graft_stream *made = calloc(1, sizeof *made);
    if (made == NULL)
        return GRAFT_NO_MEMORY;
    enum graft_status status = gr_queue_create(GRAFT_STREAM_CAPACITY, &made->queue);
    if (status != GRAFT_OK) {
        free(made);
        return status;
    }
    memcpy(made->name, name, strlen(name));
    gr_control_lock();
    size_t at = 0;
    while (at < GRAFT_STREAMS_MAX && streams[at] != NULL)
        at++;
    if (at < GRAFT_STREAMS_MAX)
        streams[at] = made;
    gr_control_unlock();
    if (at == GRAFT_STREAMS_MAX) {
        gr_queue_destroy(made->queue, dropped, made);
        free(made);
        return GRAFT_LIMIT_QUEUE;
    }
    *stream = made;
    return GRAFT_OK;
}

/* Takes a stream out of the table, or returns false when it is not there any more. */
static bool unlist(struct graft_stream *stream) {
    for (size_t i = 0; i < GRAFT_STREAMS_MAX; i++) {
        if (streams[i] != stream)
            continue;
        streams[i] = NULL;
        return true;
    }
    return false;
}

GR_PUBLIC void graft_stream_close(struct graft_stream *stream) {
    if (stream == NULL)
        return;
    gr_control_lock();
    unlist(stream);
    gr_queue_destroy(stream->queue, dropped, stream);
    gr_control_unlock();
    free(stream);
}

/* The texts of a change become ours, or none. */
static enum graft_status copy_texts(struct graft_probe_spec *spec) {
    const char *target = spec->target, *signature = spec->signature;
    spec->target = gr_heap_text(target);
    spec->signature = signature != NULL ? gr_heap_text(signature) : NULL;
    return spec->target == NULL || (signature != NULL && spec->signature == NULL) ? GRAFT_NO_MEMORY : GRAFT_OK;
}

/* What is not an installation has no spec: whatever is there is not looked at. */
static enum graft_status copy_changes(const struct graft_update *from, size_t size, struct update *to) {
    for (; to->count < from->count; to->count++) {
        struct graft_change *change = &to->changes[to->count];
        bool whole = gr_sized_read(&changes, change, (const char *)from->changes + to->count * size, size);
        enum graft_status status = GRAFT_OK;
        if (change->kind != GRAFT_CHANGE_INSTALL)
            change->spec = (struct graft_probe_spec){0};
        else
            status = whole && change->spec.target != NULL ? copy_texts(&change->spec) : GRAFT_INVALID_ARGUMENT;
        if (status != GRAFT_OK) {
            to->count += status == GRAFT_NO_MEMORY; /* one of its texts may be ours */
            return status;
        }
    }
    return GRAFT_OK;
}

enum graft_status gr_stream_submit(struct graft_stream *stream, const struct graft_update *update,
    const struct graft_sizes *sizes, graft_outcome_handler outcome, void *context) {
    if (stream == NULL || (update->changes == NULL && update->count != 0) ||
        !gr_sized_is_one(&changes, sizes->change) || !gr_sized_is_one(&gr_sized_outcomes, sizes->outcome))
        return GRAFT_INVALID_ARGUMENT;
    if (!gr_control_running())
        return GRAFT_NOT_STARTED;
    struct update *copy = gr_heap_take(sizeof *copy + update->count * sizeof *copy->changes);
    if (copy == NULL)
        return GRAFT_NO_MEMORY;
    copy->item.sequence = update->sequence;
    copy->item.snapshot = update->snapshot;
    copy->outcome = outcome;
    copy->context = context;
    copy->outcome_size = sizes->outcome;
    copy->count = 0;
    enum graft_status status = copy_changes(update, sizes->change, copy);
    if (status == GRAFT_OK && gr_installs(copy->changes, copy->count) != 0)
        gr_borrow();
    if (status == GRAFT_OK)
        status = gr_queue_submit(stream->queue, &copy->item);
    if (status != GRAFT_OK)
        free_update(copy);
    else
        gr_notify();
    return status;
}

GR_PUBLIC enum graft_status graft_submit_sized(struct graft_stream *stream, const struct graft_update *update,
    const struct graft_sizes *sizes, graft_outcome_handler outcome, void *context) {
    struct graft_update known = {0};
    enum graft_status status = GRAFT_INVALID_ARGUMENT;
    if (update != NULL && sizes != NULL && gr_sized_read(&updates, &known, update, sizes->update))
        status = gr_stream_submit(stream, &known, sizes, outcome, context);
    if (status != GRAFT_OK && outcome != NULL)
        outcome(status, known.sequence, NULL, 0, context);
    return status;
}

/* Outcomes as who submitted knows them: in `sized`, unless ours are the same. */
static void tell_sized(struct update *update, const struct graft_outcome *outcomes, char *sized) {
    size_t size = update->outcome_size;
    for (size_t i = 0; i < update->count && sized != NULL; i++)
        gr_sized_write(&gr_sized_outcomes, sized + i * size, size, &outcomes[i]);
    tell(update, GRAFT_OK, sized != NULL ? (const void *)sized : outcomes, update->count);
}

static void apply(struct update *update) {
    struct graft_outcome *outcomes = gr_heap_array(update->count, sizeof *outcomes);
    bool same = update->outcome_size == sizeof *outcomes;
    void *sized = same ? NULL : gr_heap_array(update->count, update->outcome_size);
    if (outcomes == NULL || (!same && sized == NULL)) {
        tell(update, GRAFT_NO_MEMORY, NULL, 0);
    } else {
        gr_apply(update->changes, update->count, outcomes);
        tell_sized(update, outcomes, sized);
    }
    gr_heap_give(sized);
    gr_heap_give(outcomes);
}

void gr_streams_drain(void) {
    for (size_t i = 0; i < GRAFT_STREAMS_MAX; i++) {
        struct gr_queue_item *item;
        while (streams[i] != NULL && (item = gr_queue_next(streams[i]->queue, dropped, streams[i])) != NULL)
            apply((struct update *)item);
    }
}

void gr_streams_cancel(void) {
    for (size_t i = 0; i < GRAFT_STREAMS_MAX; i++) {
        if (streams[i] != NULL)
            gr_queue_restart(streams[i]->queue, gr_queue_stats(streams[i]->queue).last + 1, dropped, streams[i]);
    }
}

uint64_t gr_streams_gaps(void) {
    uint64_t gaps = 0;
    for (size_t i = 0; i < GRAFT_STREAMS_MAX; i++)
        gaps += streams[i] != NULL ? gr_queue_stats(streams[i]->queue).gaps : 0;
    return gaps;
}
