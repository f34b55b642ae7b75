/* swift_mangled.c: reads the names of plain Swift functions where no demangler can be found.
 *
 * The reader of last resort, for a stripped static program or a tool without a Swift runtime. Functions, initialisers,
 * accessors and operators, in types, extensions and generic types; for what else there is (closures, thunks,
 * specialisations, local and imported things) it has no answer rather than a wrong one. Writes names as the runtime
 * does, but with labels for parameters and without types. Neighbours: swift_reader.h. */
#include "demangle.h"
#include "swift_reader.h"

#include <stdlib.h>
#include <string.h>

enum { LABELS_MAX = 64 /* parameters of one function */ };

static bool push_entity(struct gr_swift_reader *reader, const char *const *parts) {
    struct gr_swift_node entity = {.kind = GR_SWIFT_ENTITY};
    entity.text = gr_swift_join(reader, parts, &entity.size);
    return entity.text != NULL && gr_swift_push(reader, entity);
}

/* Pops one label for each parameter, or the mark that there are none; writes "(_:of:)". */
static const char *pop_labels(struct gr_swift_reader *reader, const struct gr_swift_node *type) {
    struct gr_swift_node labels[LABELS_MAX];
    const char *parts[2 * LABELS_MAX + 3];
    size_t size, part = 0, count = type->count;
    bool unlabelled = gr_swift_drop(reader, GR_SWIFT_EMPTY_LIST);
    if (count > LABELS_MAX)
        return NULL;
    for (size_t i = count; i > 0 && !unlabelled; i--) {
        labels[i - 1].text = "_";
        if (!gr_swift_drop(reader, GR_SWIFT_FIRST_MARK) && !gr_swift_pop(reader, GR_SWIFT_IDENTIFIER, &labels[i - 1]))
            return NULL;
    }
    parts[part++] = "(";
    for (size_t i = 0; i < count; i++) {
        parts[part++] = unlabelled ? "_" : labels[i].text;
        parts[part++] = ":";
    }
    parts[part++] = ")";
    parts[part] = NULL;
    return gr_swift_join(reader, parts, &size);
}

/* "context name labels type F". */
static bool function(struct gr_swift_reader *reader) {
    struct gr_swift_node type, name, context;
    (void)gr_swift_drop(reader, GR_SWIFT_SIGNATURE);
    if (!gr_swift_pop_function_type(reader, &type))
        return false;
    const char *labels = pop_labels(reader, &type);
    if (labels == NULL || !gr_swift_pop_name(reader, &name) || !gr_swift_pop_context(reader, &context))
        return false;
    const char *parts[] = {
        context.text, ".", name.text, labels, type.async ? " async" : "", type.throws ? " throws" : "", NULL};
    return push_entity(reader, parts);
}

static const char *accessor(char kind) {
    switch (kind) {
    case 'g':
        return ".getter";
    case 's':
        return ".setter";
    case 'M':
        return ".modify";
    case 'r':
        return ".read";
    case 'w':
        return ".willset";
    case 'W':
        return ".didset";
    default:
        return NULL;
    }
}

/* "context name type vg". */
static bool variable(struct gr_swift_reader *reader) {
    struct gr_swift_node type, name, context;
    const char *kind = accessor(gr_swift_next(reader));
    if (kind == NULL || !gr_swift_pop(reader, GR_SWIFT_TYPE, &type) || type.function ||
        !gr_swift_pop_name(reader, &name) || !gr_swift_pop_context(reader, &context))
        return false;
    const char *parts[] = {context.text, ".", name.text, kind, NULL};
    return push_entity(reader, parts);
}

/* "context labels type ig". */
static bool subscript(struct gr_swift_reader *reader) {
    struct gr_swift_node type, context;
    const char *kind = accessor(gr_swift_next(reader));
    if (kind == NULL || !gr_swift_pop(reader, GR_SWIFT_TYPE, &type) || !type.function ||
        pop_labels(reader, &type) == NULL || !gr_swift_pop_context(reader, &context))
        return false;
    const char *parts[] = {context.text, ".subscript", kind, NULL};
    return push_entity(reader, parts);
}

static bool initialiser(struct gr_swift_reader *reader, bool allocates) {
    struct gr_swift_node type, context;
    if (!gr_swift_pop(reader, GR_SWIFT_TYPE, &type) || !type.function)
        return false;
    const char *labels = pop_labels(reader, &type);
    if (labels == NULL || !gr_swift_pop_context(reader, &context))
        return false;
    const char *name = allocates && context.class_type ? ".__allocating_init" : ".init";
    const char *parts[] = {context.text, name, labels, type.async ? " async" : "", type.throws ? " throws" : "", NULL};
    return push_entity(reader, parts);
}

static bool deinitialiser(struct gr_swift_reader *reader, const char *name) {
    struct gr_swift_node context;
    if (!gr_swift_pop_context(reader, &context))
        return false;
    const char *parts[] = {context.text, name, NULL};
    return push_entity(reader, parts);
}

static bool function_entity(struct gr_swift_reader *reader) {
    switch (gr_swift_next(reader)) {
    case 'C':
        return initialiser(reader, true);
    case 'c':
        return initialiser(reader, false);
    case 'D':
        return deinitialiser(reader, ".__deallocating_deinit");
    case 'd':
        return deinitialiser(reader, ".deinit");
    default:
        return false;
    }
}

/* "type module signature E". */
static bool extension(struct gr_swift_reader *reader) {
    struct gr_swift_node type, module;
    (void)gr_swift_drop(reader, GR_SWIFT_SIGNATURE);
    if (!gr_swift_pop_module(reader, &module) || !gr_swift_pop(reader, GR_SWIFT_TYPE, &type) || type.size == 0)
        return false;
    const char *parts[] = {"(extension in ", module.text, "):", type.text, NULL};
    struct gr_swift_node made = {.kind = GR_SWIFT_EXTENSION, .class_type = type.class_type};
    made.text = gr_swift_join(reader, parts, &made.size);
    return made.text != NULL && gr_swift_push(reader, made);
}

/* "name discriminator LL". */
static bool private_name(struct gr_swift_reader *reader) {
    struct gr_swift_node name, discriminator;
    if (!gr_swift_next_is(reader, 'L') || !gr_swift_pop(reader, GR_SWIFT_IDENTIFIER, &discriminator) ||
        !gr_swift_pop_name(reader, &name))
        return false;
    const char *parts[] = {"(", name.text, " in ", discriminator.text, ")", NULL};
    name.kind = GR_SWIFT_PRIVATE_NAME;
    name.text = gr_swift_join(reader, parts, &name.size);
    return name.text != NULL && gr_swift_push(reader, name);
}

static bool make_static(struct gr_swift_reader *reader) {
    struct gr_swift_node entity;
    if (!gr_swift_pop(reader, GR_SWIFT_ENTITY, &entity))
        return false;
    const char *parts[] = {"static ", entity.text, NULL};
    return push_entity(reader, parts);
}

static bool read_operator(struct gr_swift_reader *reader) {
    switch (gr_swift_next(reader)) {
    case 'A':
        return gr_swift_reference(reader);
    case 'E':
        return extension(reader);
    case 'F':
        return function(reader);
    case 'L':
        return private_name(reader);
    case 'S':
        return gr_swift_standard(reader);
    case 'Z':
        return make_static(reader);
    case 'f':
        return function_entity(reader);
    case 'i':
        return subscript(reader);
    case 'o':
        return gr_swift_operator(reader);
    case 's':
        return gr_swift_push(reader, (struct gr_swift_node){.kind = GR_SWIFT_MODULE, .text = "Swift", .size = 5});
    case 'v':
        return variable(reader);
    case 'y':
        return gr_swift_push(reader, (struct gr_swift_node){.kind = GR_SWIFT_EMPTY_LIST});
    case '_':
        return gr_swift_push(reader, (struct gr_swift_node){.kind = GR_SWIFT_FIRST_MARK});
    default:
        return gr_swift_type_operator(reader, reader->at[-1]);
    }
}

static bool read_all(struct gr_swift_reader *reader) {
    while (reader->at < reader->end) {
        bool digit = *reader->at >= '0' && *reader->at <= '9';
        if (!(digit ? gr_swift_identifier(reader) : read_operator(reader)))
            return false;
    }
    return reader->depth == 1 && reader->stack[0].kind == GR_SWIFT_ENTITY;
}

bool gr_swift_mangled_read(const char *mangled, size_t mangled_size, char *text, size_t size) {
    size_t prefix = mangled_size > 0 && mangled[0] == '_' ? 3 : 2;
    if (mangled_size <= prefix || (mangled[prefix - 1] != 's' && mangled[prefix - 1] != 'S'))
        return false;
    struct gr_swift_reader *reader = calloc(1, sizeof *reader); /* too large for a stack that is not ours */
    if (reader == NULL)
        return false;
    reader->at = mangled + prefix;
    reader->end = mangled + mangled_size;
    bool read = read_all(reader) && reader->stack[0].size < size;
    if (read)
        memcpy(text, reader->stack[0].text, reader->stack[0].size + 1);
    free(reader);
    return read;
}
