/* status.c: texts of status codes, states, modes and tactics. Owns no state. */
#include "compiler.h"
#include <graft/graft.h>

#define SLUG(name, slug, sentence) slug,
static const char *const slugs[] = {GRAFT_STATUS_MAP(SLUG)};
#define SENTENCE(name, slug, sentence) sentence,
static const char *const sentences[] = {GRAFT_STATUS_MAP(SENTENCE)};

GR_PUBLIC const char *graft_status_slug(enum graft_status status) {
    return (unsigned)status < GRAFT_STATUS_COUNT ? slugs[status] : "unknown";
}

GR_PUBLIC const char *graft_status_sentence(enum graft_status status) {
    return (unsigned)status < GRAFT_STATUS_COUNT ? sentences[status] : "unknown status";
}

GR_PUBLIC const char *graft_state_name(enum graft_state state) {
    static const char *const names[] = {"unknown", "pending", "installed", "disarmed", "refused", "removed", "tripped"};
    return (unsigned)state < sizeof names / sizeof *names ? names[state] : names[0];
}

GR_PUBLIC const char *graft_mode_name(enum graft_mode mode) {
    static const char *const names[] = {"unknown", "count", "entry", "entry-exit", "once", "around"};
    return (unsigned)mode < sizeof names / sizeof *names ? names[mode] : names[0];
}

GR_PUBLIC const char *graft_tactic_name(enum graft_tactic tactic) {
    static const char *const names[] = {"refused", "jump", "punned", "trap"};
    return (unsigned)tactic < sizeof names / sizeof *names ? names[tactic] : names[0];
}

GR_PUBLIC const char *graft_version(void) {
    return GRAFT_VERSION;
}
