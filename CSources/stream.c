/* stream.c: ordered streams of updates: submission by any thread, draining by the control thread. See update.h. */
#include "control.h"
#include "heap.h"
#include "hit.h"
#include "log.h"
#include "os/os.h"
#include "queue.h"
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
    size_t count;
    struct graft_change changes[];
};

static struct graft_stream *streams[GRAFT_STREAMS_MAX]; /* under the control lock */
static struct graft_stream *own;                        /* for graft_install and its like */
static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;

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

static enum graft_status copy_changes(const struct graft_update *from, struct update *to) {
    for (size_t i = 0; i < from->count; i++) {
        to->changes[i] = from->changes[i];
        to->changes[i].spec.target = to->changes[i].spec.signature = NULL;
    }
    to->count = from->count;
    for (size_t i = 0; i < from->count; i++) {
        if (from->changes[i].kind != GRAFT_CHANGE_INSTALL)
            continue;
        if (from->changes[i].spec.target == NULL)
            return GRAFT_INVALID_ARGUMENT;
        to->changes[i].spec.target = gr_heap_text(from->changes[i].spec.target);
        if (to->changes[i].spec.target == NULL)
            return GRAFT_NO_MEMORY;
        const char *signature = from->changes[i].spec.signature;
        if (signature != NULL && (to->changes[i].spec.signature = gr_heap_text(signature)) == NULL)
            return GRAFT_NO_MEMORY;
    }
    return GRAFT_OK;
}

static enum graft_status submit(
    struct graft_stream *stream, const struct graft_update *update, graft_outcome_handler outcome, void *context) {
    if (stream == NULL || update == NULL || (update->changes == NULL && update->count != 0))
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
    enum graft_status status = copy_changes(update, copy);
    if (status == GRAFT_OK)
        status = gr_queue_submit(stream->queue, &copy->item);
    if (status != GRAFT_OK)
        free_update(copy);
    else
        gr_notify();
    return status;
}

GR_PUBLIC enum graft_status graft_submit(
    struct graft_stream *stream, const struct graft_update *update, graft_outcome_handler outcome, void *context) {
    enum graft_status status = submit(stream, update, outcome, context);
    if (status != GRAFT_OK && outcome != NULL)
        outcome(status, update != NULL ? update->sequence : 0, NULL, 0, context);
    return status;
}

static void apply(struct update *update) {
    struct graft_outcome *outcomes = gr_heap_array(update->count, sizeof *outcomes);
    if (outcomes == NULL) {
        tell(update, GRAFT_NO_MEMORY, NULL, 0);
        return;
    }
    gr_apply(update->changes, update->count, outcomes);
    size_t count = update->count;
    tell(update, GRAFT_OK, outcomes, count);
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

void gr_streams_forget_own(void) {
    pthread_mutex_lock(&own_lock);
    struct graft_stream *stream = own;
    own = NULL;
    pthread_mutex_unlock(&own_lock);
    graft_stream_close(stream);
}

uint64_t gr_streams_gaps(void) {
    uint64_t gaps = 0;
    for (size_t i = 0; i < GRAFT_STREAMS_MAX; i++)
        gaps += streams[i] != NULL ? gr_queue_stats(streams[i]->queue).gaps : 0;
    return gaps;
}

/* ---- waiting callers ---- */

struct waiting {
    uint32_t done;
    enum graft_status status;
    struct graft_outcome *outcomes;
};

static void wake(
    enum graft_status status, uint64_t sequence, const struct graft_outcome *outcomes, size_t count, void *context) {
    struct waiting *waiting = context;
    (void)sequence;
    waiting->status = status;
    if (count != 0 && waiting->outcomes != NULL)
        memcpy(waiting->outcomes, outcomes, count * sizeof *outcomes);
    __atomic_store_n(&waiting->done, 1, __ATOMIC_RELEASE); /* pairs with the acquire in apply_and_wait */
    gr_os_wake(&waiting->done);
}

static enum graft_status own_stream(struct graft_stream **stream) {
    pthread_mutex_lock(&own_lock);
    enum graft_status status = own != NULL ? GRAFT_OK : graft_stream_open("calls", &own);
    *stream = own;
    pthread_mutex_unlock(&own_lock);
    return status;
}

static enum graft_status apply_and_wait(
    const struct graft_change *changes, size_t count, struct graft_outcome *outcomes) {
    struct graft_stream *stream;
    if (gr_in_handler())
        return GRAFT_IN_HANDLER;
    enum graft_status status = own_stream(&stream);
    if (status != GRAFT_OK)
        return status;
    struct waiting waiting = {.outcomes = outcomes};
    const struct graft_update update = {.changes = changes, .count = count};
    status = submit(stream, &update, wake, &waiting);
    if (status != GRAFT_OK)
        return status;
    while (__atomic_load_n(&waiting.done, __ATOMIC_ACQUIRE) == 0)
        gr_os_wait(&waiting.done, 0, -1);
    return waiting.status;
}

GR_PUBLIC enum graft_status graft_install(
    const struct graft_probe_spec *specs, size_t count, struct graft_outcome *outcomes) {
    if (specs == NULL || outcomes == NULL || count == 0)
        return GRAFT_INVALID_ARGUMENT;
    struct graft_change *changes = gr_heap_array(count, sizeof *changes);
    if (changes == NULL)
        return GRAFT_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        changes[i] = (struct graft_change){.kind = GRAFT_CHANGE_INSTALL, .spec = specs[i]};
    enum graft_status status = apply_and_wait(changes, count, outcomes);
    gr_heap_give(changes);
    return status;
}

GR_PUBLIC enum graft_status graft_remove(const graft_probe_id *probes, size_t count, struct graft_outcome *outcomes) {
    if (probes == NULL || count == 0)
        return GRAFT_INVALID_ARGUMENT;
    struct graft_change *changes = gr_heap_array(count, sizeof *changes);
    if (changes == NULL)
        return GRAFT_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        changes[i] = (struct graft_change){.kind = GRAFT_CHANGE_REMOVE, .probe = probes[i]};
    enum graft_status status = apply_and_wait(changes, count, outcomes);
    gr_heap_give(changes);
    return status;
}

GR_PUBLIC enum graft_status graft_set_mode(graft_probe_id probe, enum graft_mode mode) {
    const struct graft_change change = {.kind = GRAFT_CHANGE_MODE, .probe = probe, .mode = mode};
    struct graft_outcome outcome;
    enum graft_status status = apply_and_wait(&change, 1, &outcome);
    return status == GRAFT_OK ? outcome.status : status;
}
