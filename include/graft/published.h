/* published.h: one value that a writer replaces while any thread reads it, and readers never wait.
 *
 * For what is read often and replaced seldom as a whole: a configuration, a table. A reader opens a section, looks at the
 * value, and closes it; a value that was replaced is released when no section that could have seen it is open. Needs no
 * graft_start, and has nothing to do with probes: sections may be opened inside a handler, and a long one delays no probe. */
#ifndef GRAFT_PUBLISHED_H
#define GRAFT_PUBLISHED_H

#include <graft/status.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct graft_published;

/* Publishes `value`, which is owned from now on: `release` is called with it once, when it has been replaced and nobody
 * sees it any more, or by graft_published_destroy. It runs on a thread that is inside one of graft_published_replace,
 * _reclaim and _destroy for this very object; it may call all of them but the last, and anything else. `value` may be null,
 * here and in graft_published_replace: then there is nothing to release; so may `release`. The result is the caller's, to
 * be destroyed. Any thread. GRAFT_INVALID_ARGUMENT; GRAFT_NO_MEMORY, also when the process had no key for thread-specific
 * data left at the first call. */
enum graft_status graft_published_create(void *value, void (*release)(void *value), struct graft_published **published);

/* Opens a section of the calling thread and returns the present value, which is valid until the section is closed. Never
 * fails. Sections of one thread nest, also those of several objects, and are closed in any order; each on the thread that
 * opened it. Not null.
 *
 * Wait-free, without lock, allocation and system call, but for a thread's first section, which takes a record for it:
 * lock-free, and at times a page of memory from the system, or a block from malloc. From the second one on it is also
 * async-signal-safe, a signal inside this function or graft_published_leave included; the first must not be in a signal handler.
 * A thread that can be given no record, for lack of memory, counts its sections where all such threads do: right, but
 * not as fast.
 *
 * While a section is open, nothing that was replaced since then is released, whichever object it belonged to: memory is
 * bounded by what is replaced meanwhile, and by nothing else. A thread that ends inside a section has closed it. */
const void *graft_published_enter(struct graft_published *published);

/* Closes a section that the calling thread has opened with this object. Wait-free. */
void graft_published_leave(struct graft_published *published);

/* Publishes another value, and releases those replaced before, this time's included, that nobody sees. Sections that are
 * opened afterwards see the new one or a later one. Several threads may replace at once. Waits for no reader, for no other
 * writer and for nothing that the library does; allocates. Any thread, also inside a section, which keeps what it saw.
 * GRAFT_NO_MEMORY, GRAFT_INVALID_ARGUMENT (no object): nothing has changed, `value` stays the caller's. */
enum graft_status graft_published_replace(struct graft_published *published, void *value);

/* Releases what was replaced and nobody sees any more; false when it had to leave something, since a section was open. Then
 * call it again later, after milliseconds, say, or what was replaced last stays until the next replacement: nobody else
 * does so. Waits for nothing, whatever another thread does. Costs one load when nothing was left. Any thread. */
bool graft_published_reclaim(struct graft_published *published);

/* Releases the present value and what was left, and frees the object. No thread is inside a section of it, or uses it
 * afterwards. Null is nothing. */
void graft_published_destroy(struct graft_published *published);

/* After fork, in the child: sections of other threads are closed, since their threads do not exist; those of the thread that forked
 * stay open; everything may go on being used. What another thread was about to release at that moment is not released in
 * the child. */

#ifdef __cplusplus
}
#endif
#endif
