/* install.c: the calls that wait for their update: graft_install, graft_remove, graft_set_mode.
 *
 * Each is an update of one stream of our own. The caller sleeps until the control thread has carried it out. Neighbours:
 * control.h (stream.c), sized.h (what is a spec and an outcome to the caller). */
#include "control.h"
#include "heap.h"
#include "hit.h"
#include "os/os.h"
#include "sized.h"
#include "thread.h"
#include <pthread.h>

static struct graft_stream *own;
static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;

void gr_streams_forget_own(void) {
    pthread_mutex_lock(&own_lock);
    struct graft_stream *stream = own;
    own = NULL;
    pthread_mutex_unlock(&own_lock);
    graft_stream_close(stream);
}

struct waiting {
    uint32_t done;
    enum graft_status status;
    struct graft_outcome *outcomes; /* may be null; each of `size` bytes */
    size_t size;
};

static void wake(
    enum graft_status status, uint64_t sequence, const struct graft_outcome *outcomes, size_t count, void *context) {
    struct waiting *waiting = context;
    (void)sequence;
    waiting->status = status;
    for (size_t i = 0; i < count && waiting->outcomes != NULL; i++)
        gr_sized_write(&gr_sized_outcomes, (char *)waiting->outcomes + i * waiting->size, waiting->size, &outcomes[i]);
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
    const struct graft_change *changes, size_t count, struct graft_outcome *outcomes, size_t size) {
    struct graft_stream *stream;
    if (gr_in_handler())
        return GRAFT_IN_HANDLER;
    enum graft_status status = own_stream(&stream);
    if (status != GRAFT_OK)
        return status;
    struct waiting waiting = {.outcomes = outcomes, .size = size};
    const struct graft_update update = {.changes = changes, .count = count};
    const struct graft_sizes ours = {sizeof update, sizeof *changes, sizeof *outcomes};
    status = gr_stream_submit(stream, &update, &ours, wake, &waiting);
    if (status != GRAFT_OK)
        return status;
    while (__atomic_load_n(&waiting.done, __ATOMIC_ACQUIRE) == 0)
        gr_os_wait(&waiting.done, 0, -1);
    return waiting.status;
}

/* A spec with a member that we do not know refuses all: nobody can tell what it would mean. */
static enum graft_status read_specs(
    struct graft_change *changes, const struct graft_probe_spec *specs, size_t size, size_t count) {
    static const struct gr_sized layout = GR_SIZED(graft_probe_spec, signature, reserved);
    for (size_t i = 0; i < count; i++) {
        changes[i] = (struct graft_change){.kind = GRAFT_CHANGE_INSTALL};
        if (!gr_sized_read(&layout, &changes[i].spec, (const char *)specs + i * size, size))
            return GRAFT_INVALID_ARGUMENT;
    }
    return GRAFT_OK;
}

GR_PUBLIC enum graft_status graft_install_sized(const struct graft_probe_spec *specs, size_t spec_size, size_t count,
    struct graft_outcome *outcomes, size_t outcome_size) {
    if (specs == NULL || outcomes == NULL || count == 0 || !gr_sized_is_one(&gr_sized_outcomes, outcome_size))
        return GRAFT_INVALID_ARGUMENT;
    struct graft_change *changes = gr_heap_array(count, sizeof *changes);
    if (changes == NULL)
        return GRAFT_NO_MEMORY;
    enum graft_status status = read_specs(changes, specs, spec_size, count);
    if (status == GRAFT_OK)
        status = apply_and_wait(changes, count, outcomes, outcome_size);
    gr_heap_give(changes);
    return status;
}

GR_PUBLIC enum graft_status graft_remove_sized(
    const graft_probe_id *probes, size_t count, struct graft_outcome *outcomes, size_t outcome_size) {
    if (probes == NULL || count == 0 || (outcomes != NULL && !gr_sized_is_one(&gr_sized_outcomes, outcome_size)))
        return GRAFT_INVALID_ARGUMENT;
    struct graft_change *changes = gr_heap_array(count, sizeof *changes);
    if (changes == NULL)
        return GRAFT_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        changes[i] = (struct graft_change){.kind = GRAFT_CHANGE_REMOVE, .probe = probes[i]};
    enum graft_status status = apply_and_wait(changes, count, outcomes, outcome_size);
    gr_heap_give(changes);
    return status;
}

GR_PUBLIC enum graft_status graft_set_mode(graft_probe_id probe, enum graft_mode mode) {
    const struct graft_change change = {.kind = GRAFT_CHANGE_MODE, .probe = probe, .mode = mode};
    struct graft_outcome outcome;
    enum graft_status status = apply_and_wait(&change, 1, &outcome, sizeof outcome);
    return status == GRAFT_OK ? outcome.status : status;
}
