/* around.h: around-probes: a handler in the place of a function.
 *
 *   exit stub -> thunk -> trampoline -> thunk of around.S -> libffi closure -> gr_around_run -> handler
 *                                                                                   \-> libffi call -> relocated block
 *
 * A port is the way in for one signature of one site: a trampoline, the closure and the shape of the call. It is made
 * once, kept while the image is loaded and found again when the same signature comes back, so a thread that is late
 * anywhere on this way finds it whole; GRAFT_SIGNATURES_MAX bounds how many a site has.
 * A gr_around is what one probe brings: handler and context. Threads count themselves in, inside an epoch section, and
 * hold no section while the original runs; the probe's own count ends a grace period after its removal. Whoever brings
 * the count to 0 puts it on a list that the control thread empties, so the hit plane frees nothing.
 * Neighbours: site, call, codemem (trampolines), arch (thunks). */
#ifndef GR_AROUND_H
#define GR_AROUND_H

#include "arch/arch.h"
#include "call.h"
#include "site.h"

struct gr_resolver; /* resolve.h */

#if !FFI_GO_CLOSURES
#error "around-probes need closures that are reached through the static chain register"
#endif

/* around.S and the trampolines know the first part. Constant once published. */
struct gr_around_port {
    uint64_t thunk; /* by what the site keeps */
    ffi_go_closure closure;
    uint32_t stack, results; /* see struct gr_call_shape */
    struct gr_site *site;
    struct gr_call_shape *shape;
    struct gr_stub_place place;  /* of the trampoline */
    struct gr_around_port *next; /* of the same site */
    struct gr_call_signature signature;
};
_Static_assert(offsetof(struct gr_around_port, thunk) == GR_PORT_THUNK, "port.h");
_Static_assert(offsetof(struct gr_around_port, closure) == GR_PORT_CLOSURE, "port.h");
_Static_assert(offsetof(struct gr_around_port, stack) == GR_PORT_STACK, "port.h");
_Static_assert(offsetof(struct gr_around_port, results) == GR_PORT_RESULTS, "port.h");

struct gr_around {
    _Atomic uint64_t users; /* calls under way, and one for the probe */
    graft_around_handler handler;
    void *context;
    graft_around_release release;
    struct gr_around *next;          /* once finished */
    struct gr_around *after, **link; /* in the list of all; `link` points to it. Under the control lock */
    struct gr_call_signature signature;
};

/* around.c, control plane. What a probe of mode around brings. GRAFT_INVALID_ARGUMENT, GRAFT_SIGNATURE_*,
 * GRAFT_NO_MEMORY. */
enum graft_status gr_around_make(const struct graft_probe_spec *spec, struct gr_around **around);
/* Frees one that nobody has, or has any more; null is allowed. Its context is not released. */
void gr_around_discard(struct gr_around *around);
/* No site refers to it any more (null is allowed). */
void gr_around_retire(struct gr_around *around);
/* The port for a probe on a site, whose attachment there is `mine` (null: none yet). GRAFT_SIGNATURE_UNKNOWN,
 * GRAFT_AROUND_TAKEN, GRAFT_SIGNATURE_LIMIT, GRAFT_NO_MEMORY, GRAFT_NO_SPACE_NEAR, GRAFT_WRITE_DENIED, GRAFT_OS. */
enum graft_status gr_around_port(struct gr_site *site, const struct gr_around *around, const struct gr_attachment *mine,
    struct gr_around_port **port);
/* around_check.c: whether debug information contradicts the signature for the function at an address.
 * GRAFT_SIGNATURE_MISMATCH, GRAFT_SIGNATURE_UNKNOWN; GRAFT_OK also when nothing is known. */
enum graft_status gr_around_check(const struct gr_around *around, struct gr_resolver *resolver, uint64_t address);
/* Where a port's trampoline begins. */
uint64_t gr_around_code(const struct gr_around_port *port);
/* The site's image is gone: gives its ports back. */
void gr_around_forget(struct gr_site *site);
/* Releases the contexts that nobody needs any more. Not under the control lock: calls the user's functions. */
void gr_around_release_finished(void);

/* around_call.c, hit plane: what the closure calls. */
void gr_around_run(ffi_cif *cif, void *result, void **arguments, void *closure);
/* One user less. Any plane. */
void gr_around_leave(struct gr_around *around);

/* arch/<isa>/emit_around.c: a port's trampoline, which stands anywhere. */
void gr_arch_emit_port(const struct gr_around_port *port, uint8_t code[GR_PORT_CODE_SIZE]);
/* arch/<isa>/around.S: by enum gr_keep. */
extern const uint64_t gr_arch_around_thunks[GR_KEEP_KINDS];

#endif
