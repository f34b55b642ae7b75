/* name_swift.c: reads the text of a demangled Swift function into module, path and labels.
 *
 *   generic specialization <Swift.Int> of static Shop.Order.make<A>(id: A, _: Swift.String) async -> Shop.Order
 *   '------ clone -------------------'           module path        labels (id:_:)     '- async
 *
 * Never guesses: text with anything else in front ("protocol witness for", "closure #1 in") is refused.
 * Neighbours: names.h. Keeps no state. */
#include "names.h"

#include <ctype.h>
#include <string.h>

static const char operator_bytes[] = "./=-+!*%<>&|^~?";

static bool take(const char **at, const char *literal) {
    size_t size = strlen(literal);
    if (strncmp(*at, literal, size) != 0)
        return false;
    *at += size;
    return true;
}

/* Appends to a zero-terminated buffer. False when it does not fit. */
static bool append(char *buffer, size_t capacity, const char *text, size_t size) {
    size_t used = strlen(buffer);
    if (size >= capacity - used)
        return false;
    memcpy(buffer + used, text, size);
    buffer[used + size] = 0;
    return true;
}

/* "generic specialization <...> of ", "function signature specialization <...> of " and their variants: lower-case
 * words that end in "specialization". What is between need not be balanced: "[Closure Propagated : f, Argument Types :
 * [() -> ()]" is how the runtime writes it. */
static bool skip_specialisation(const char **at) {
    static const char words[] = "specialization <", end[] = "> of ";
    const char *open = strstr(*at, words);
    if (open == NULL)
        return false;
    for (const char *c = *at; c < open; c++)
        if (!islower((unsigned char)*c) && *c != ' ' && *c != '-')
            return false;
    const char *close = strstr(open, end);
    if (close == NULL)
        return false;
    *at = close + sizeof end - 1;
    return true;
}

/* "(1) await resume partial function for " and "(2) suspend resume partial function for ". */
static bool skip_async_part(const char **at) {
    const char *c = *at;
    if (*c != '(' || !isdigit((unsigned char)c[1]))
        return false;
    c = gr_skip_group(c);
    if (c == NULL || !(take(&c, " await resume ") || take(&c, " suspend resume ")) ||
        !take(&c, "partial function for "))
        return false;
    *at = c;
    return true;
}

static const char *read_prefixes(const char *at, struct gr_swift_name *name) {
    for (;;) {
        if (skip_async_part(&at))
            name->part = name->async = true;
        else if (take(&at, "merged ") || skip_specialisation(&at))
            name->clone = true;
        else if (!take(&at, "static ") && !take(&at, "class "))
            return at;
    }
}

/* One component of the path: an identifier, `a raw one`, "(private in _HASH)" or "== infix". Gives its text, which is
 * empty for "(in _HASH)", and returns the byte after it. */
static const char *read_component(const char *at, const char **text, size_t *size) {
    *text = at;
    if (*at == '(') {
        const char *after = gr_skip_group(at), *in = strstr(at, "in _");
        if (after == NULL || in == NULL || in > after || (in > at + 1 && in[-1] != ' '))
            return NULL;
        *text = at + 1;
        *size = in == at + 1 ? 0 : (size_t)(in - at - 2);
        return memchr(*text, ' ', *size) != NULL ? NULL : after;
    }
    if (*at == '`') {
        const char *close = strchr(at + 1, '`');
        *size = close == NULL ? 0 : (size_t)(close + 1 - at);
        return close == NULL ? NULL : close + 1;
    }
    if (*at != 0 && strchr(operator_bytes, *at) != NULL) {
        *size = strcspn(at, " ");
        at += *size;
        return take(&at, " infix") || take(&at, " prefix") || take(&at, " postfix") ? at : NULL;
    }
    *size = strcspn(at, ".(<>:,)[]#@' ");
    return *size == 0 ? NULL : at + *size;
}

/* Components up to the parameter list or the end; the first is the module. */
static const char *read_path(const char *at, struct gr_swift_name *name) {
    const char *text;
    size_t size;
    at = read_component(at, &text, &size);
    if (at == NULL || *at != '.' || !append(name->type_module, sizeof name->type_module, text, size))
        return NULL;
    while (*at == '.') {
        at = read_component(at + 1, &text, &size);
        if (at != NULL && *at == '<')
            at = gr_skip_group(at);
        if (at == NULL)
            return NULL;
        if (size == 0)
            continue;
        if (name->path[0] != 0) {
            name->accessor = strlen(name->path);
            if (!append(name->path, sizeof name->path, ".", 1))
                return NULL;
        }
        if (!append(name->path, sizeof name->path, text, size))
            return NULL;
    }
    return at;
}

/* The byte after one parameter: its comma or the closing bracket. */
static const char *skip_parameter(const char *at) {
    while (at != NULL && *at != 0 && *at != ',' && *at != ')')
        at = *at == '(' || *at == '[' || *at == '<' ? gr_skip_group(at) : at + 1;
    return at;
}

/* "_: Swift.Int, of: Swift.String": a label is an identifier before ": ". */
static bool labels_of_types(const char *at, char *labels, size_t size) {
    while (*at != ')') {
        at += strspn(at, " ");
        size_t word = strcspn(at, ":,)(<[.@ ");
        bool labelled = word > 0 && at[word] == ':' && at[word + 1] == ' ';
        if (!append(labels, size, labelled ? at : "_", labelled ? word : 1) || !append(labels, size, ":", 1))
            return false;
        at = skip_parameter(at);
        if (at == NULL || *at == 0)
            return false;
        at += *at == ',';
    }
    return true;
}

bool gr_swift_labels(const char *at, char *labels, size_t size) {
    const char *after = gr_skip_group(at);
    if (*at != '(' || after == NULL)
        return false;
    size_t inner = (size_t)(after - at) - 2;
    labels[0] = 0;
    if (!append(labels, size, "(", 1))
        return false;
    if (inner > 0 && after[-2] == ':') { /* "(_:of:)" as a user writes it */
        if (strcspn(at + 1, " (<[,") < inner || !append(labels, size, at + 1, inner))
            return false;
    } else if (!labels_of_types(at + 1, labels, size)) {
        return false;
    }
    return append(labels, size, ")", 1);
}

/* What has no parameter list is an accessor ("total.getter : Swift.Int") or a deinitialiser. */
static bool read_rest(const char *at, struct gr_swift_name *name) {
    size_t last = name->accessor;
    name->accessor = 0;
    if (*at == '(') {
        if (!gr_swift_labels(at, name->labels, sizeof name->labels))
            return false;
        at = gr_skip_group(at);
        name->async |= take(&at, " async");
        name->throws = take(&at, " throws");
        return true;
    }
    const char *component = name->path + last;
    bool typed = strncmp(at, " : ", 3) == 0;
    bool deinitialiser = strcmp(component, ".deinit") == 0 || strcmp(component, ".__deallocating_deinit") == 0;
    if (last == 0 || (*at != 0 && !typed))
        return false;
    if (!deinitialiser)
        name->accessor = last;
    return true;
}

bool gr_swift_name_read(const char *text, struct gr_swift_name *name) {
    name->module[0] = name->type_module[0] = name->path[0] = name->labels[0] = 0;
    name->accessor = 0;
    name->clone = name->part = name->async = name->throws = false;
    const char *at = read_prefixes(text, name);
    while (take(&at, "(extension in ")) { /* of a type in an extension: two, of which the outer counts */
        size_t size = strcspn(at, ")");
        if (name->module[0] == 0 && !append(name->module, sizeof name->module, at, size))
            return false;
        at += size;
        if (!take(&at, "):"))
            return false;
    }
    at = read_path(at, name);
    if (at == NULL || !read_rest(at, name))
        return false;
    if (name->module[0] == 0)
        memcpy(name->module, name->type_module, sizeof name->module);
    return true;
}
