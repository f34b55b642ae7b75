/* fuzz_target.c: libFuzzer target: a target's text and linker names, one a line. Fails on a crash, a hang, a leak, or
 * when a name that matches is ruled out by what should only save work, or a glob disagrees with its definition. */
#include "check.h"
#include "compiler.h"
#include "demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { LINE_MAX_BYTES = 4096, GLOB_MAX_BYTES = 64 };

/* The definition of a glob, tried at every split: small sizes only. */
static bool glob_by_definition(const char *pattern, size_t pattern_size, const char *text, size_t text_size) {
    static bool matches[GLOB_MAX_BYTES + 1][GLOB_MAX_BYTES + 1]; /* of the first p bytes and the first t */
    for (size_t p = 0; p <= pattern_size; p++)
        for (size_t t = 0; t <= text_size; t++) {
            bool one = t > 0 && p > 0;
            if (p == 0)
                matches[p][t] = t == 0;
            else if (pattern[p - 1] == '*')
                matches[p][t] = matches[p - 1][t] || (t > 0 && text[t - 1] != '(' && matches[p][t - 1]);
            else
                matches[p][t] = one && matches[p - 1][t - 1] &&
                                (pattern[p - 1] == text[t - 1] || (pattern[p - 1] == '?' && text[t - 1] != '('));
        }
    return matches[pattern_size][text_size];
}

static void check_glob(const char *pattern, const char *text) {
    size_t pattern_size = strnlen(pattern, GLOB_MAX_BYTES), text_size = strnlen(text, GLOB_MAX_BYTES);
    CHECK(
        gr_glob(pattern, pattern_size, text, text_size) == glob_by_definition(pattern, pattern_size, text, text_size));
}

static bool matches_swift(const struct gr_pattern *pattern, bool named, const char *demangled) {
    struct gr_swift_name name;
    if (!gr_swift_name_read(demangled, &name))
        return false;
    if (named)
        return gr_pattern_matches_swift(pattern, GR_MODULE_NAMED, &name);
    return gr_pattern_matches_swift(pattern, GR_MODULE_SPELT, &name) ||
           gr_pattern_matches_swift(pattern, GR_MODULE_OPTIONAL, &name);
}

static bool matches(const struct gr_pattern *pattern, const struct gr_symbol *symbol, bool named, const char *name) {
    if (symbol->language == GR_LANGUAGE_SWIFT)
        return matches_swift(pattern, named, name);
    bool inner = symbol->text[2] == 'T' || symbol->text[2] == 'G'; /* never looked at: tables, thunks, guards */
    return !inner && gr_pattern_matches_cxx(pattern, name);
}

/* Whatever matches must pass the needle and the signature. */
static void check_symbol(const struct gr_pattern *pattern, const char *text, struct gr_demangled *demangled) {
    struct gr_symbol symbol;
    gr_symbol_read(text, &symbol);
    CHECK(symbol.base <= symbol.size && symbol.size <= strlen(text));
    struct gr_signature own = gr_signature_of(text, strlen(text));
    if (gr_pattern_matches_linker_name(pattern, &symbol))
        CHECK(gr_signature_covers(&own, &pattern->linker_signature));
    (void)matches_swift(pattern, true, text);
    (void)gr_pattern_matches_cxx(pattern, text);
    if (symbol.cold || symbol.part || !gr_demangle(&symbol, demangled))
        return;
    bool swift = symbol.language == GR_LANGUAGE_SWIFT;
    for (int named = 0; named < 1 + swift; named++) {
        if (!matches(pattern, &symbol, named, demangled->text))
            continue;
        const struct gr_signature *needed = named ? &pattern->module_signature : &pattern->swift_signature;
        CHECK(gr_pattern_could_match(pattern, &symbol, named));
        CHECK(gr_signature_covers(&own, swift ? needed : &pattern->cxx_signature));
    }
}

static void check_names(const struct gr_target *target, char *names) {
    static struct gr_pattern pattern;
    struct gr_demangled demangled = {NULL, 0};
    gr_pattern_prepare(target, &pattern);
    for (char *name = names, *rest; name != NULL; name = rest) {
        rest = strchr(name, '\n');
        if (rest != NULL)
            *rest++ = 0;
        check_glob(target->name, name);
        check_symbol(&pattern, name, &demangled);
    }
    gr_demangled_release(&demangled);
}

GR_PUBLIC int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static char text[LINE_MAX_BYTES + 1];
    static char none[] = "";
    if (size > LINE_MAX_BYTES)
        return 0;
    memcpy(text, bytes, size);
    text[size] = 0;
    char *names = strchr(text, '\n');
    if (names != NULL)
        *names++ = 0;
    struct gr_target target;
    size_t offset = SIZE_MAX;
    enum graft_status status = graft_target_check(text, &offset);
    CHECK(status == GRAFT_OK ? offset == SIZE_MAX : offset <= strlen(text));
    CHECK_EQUAL(gr_target_read(text, &target, NULL), status);
    if (status == GRAFT_OK && target.kind != GR_TARGET_BUILD_ID)
        check_names(&target, names == NULL ? none : names);
    (void)gr_target_read_pattern(text, &target);
    return 0;
}
