/* swift_types.c: reads what types are made of, as far as a function's name needs it.
 *
 * A type counts for how many parameters it brings and, if it is nominal, for its path; the rest is only consumed. Every
 * operator that is not listed here is refused. Neighbours: swift_reader.h. */
#include "swift_reader.h"

#include <string.h>

const struct gr_swift_node gr_swift_opaque_type = {.kind = GR_SWIFT_TYPE, .text = ""};

bool gr_swift_pop_name(struct gr_swift_reader *reader, struct gr_swift_node *name) {
    return gr_swift_pop(reader, GR_SWIFT_IDENTIFIER, name) || gr_swift_pop(reader, GR_SWIFT_OPERATOR, name) ||
           gr_swift_pop(reader, GR_SWIFT_PRIVATE_NAME, name);
}

bool gr_swift_pop_module(struct gr_swift_reader *reader, struct gr_swift_node *module) {
    return gr_swift_pop(reader, GR_SWIFT_IDENTIFIER, module) || gr_swift_pop(reader, GR_SWIFT_MODULE, module);
}

bool gr_swift_pop_context(struct gr_swift_reader *reader, struct gr_swift_node *context) {
    return gr_swift_pop_module(reader, context) || gr_swift_pop(reader, GR_SWIFT_EXTENSION, context) ||
           (gr_swift_pop(reader, GR_SWIFT_TYPE, context) && context->size > 0);
}

/* "Context.Name" as a type that can be referred to. */
static bool nominal(struct gr_swift_reader *reader, char kind) {
    struct gr_swift_node name, context, type = gr_swift_opaque_type;
    if (!gr_swift_pop_name(reader, &name) || !gr_swift_pop_context(reader, &context))
        return false;
    const char *parts[] = {context.text, ".", name.text, NULL};
    type.text = gr_swift_join(reader, parts, &type.size);
    type.class_type = kind == 'C';
    type.protocol = kind == 'P';
    return type.text != NULL && gr_swift_remember(reader, type) && gr_swift_push(reader, type);
}

/* A protocol where only one can stand: its type, or its name without an operator. */
bool gr_swift_pop_protocol(struct gr_swift_reader *reader) {
    struct gr_swift_node node, context;
    if (gr_swift_pop(reader, GR_SWIFT_TYPE, &node))
        return node.protocol;
    return gr_swift_pop_name(reader, &node) && gr_swift_pop_context(reader, &context);
}

/* Pops a list, the last element first. */
bool gr_swift_pop_list(struct gr_swift_reader *reader, bool (*pop)(struct gr_swift_reader *reader), uint16_t *count) {
    *count = 0;
    if (gr_swift_drop(reader, GR_SWIFT_EMPTY_LIST))
        return true;
    for (bool first = false; !first; ++*count) {
        first = gr_swift_drop(reader, GR_SWIFT_FIRST_MARK);
        if (!pop(reader))
            return false;
    }
    return true;
}

static bool pop_tuple_element(struct gr_swift_reader *reader) {
    (void)gr_swift_drop(reader, GR_SWIFT_VARIADIC_MARK);
    (void)gr_swift_drop(reader, GR_SWIFT_IDENTIFIER);
    return gr_swift_drop(reader, GR_SWIFT_TYPE);
}

static bool tuple(struct gr_swift_reader *reader) {
    struct gr_swift_node type = gr_swift_opaque_type;
    type.tuple = true;
    return gr_swift_pop_list(reader, pop_tuple_element, &type.count) && gr_swift_push(reader, type);
}

/* "Nominal y Argument ... G": lists of arguments, one for each level of nesting. */
static bool bound_generic(struct gr_swift_reader *reader) {
    struct gr_swift_node type;
    for (;;) {
        while (gr_swift_drop(reader, GR_SWIFT_TYPE))
            continue;
        if (gr_swift_drop(reader, GR_SWIFT_EMPTY_LIST))
            break;
        if (!gr_swift_drop(reader, GR_SWIFT_FIRST_MARK))
            return false;
    }
    if (!gr_swift_pop(reader, GR_SWIFT_TYPE, &type) || type.size == 0)
        return false;
    return gr_swift_remember(reader, type) && gr_swift_push(reader, type);
}

/* Parameters or a result: one type, or none. */
static bool pop_parameters(struct gr_swift_reader *reader, uint16_t *count) {
    struct gr_swift_node type;
    *count = 0;
    if (gr_swift_drop(reader, GR_SWIFT_EMPTY_LIST))
        return true;
    if (!gr_swift_pop(reader, GR_SWIFT_TYPE, &type))
        return false;
    *count = type.tuple ? type.count : 1;
    return true;
}

bool gr_swift_pop_function_type(struct gr_swift_reader *reader, struct gr_swift_node *type) {
    struct gr_swift_node annotation;
    uint16_t result;
    *type = gr_swift_opaque_type;
    type->function = true;
    while (gr_swift_pop(reader, GR_SWIFT_ANNOTATION, &annotation))
        type->async |= annotation.async, type->throws |= annotation.throws;
    return pop_parameters(reader, &type->count) && pop_parameters(reader, &result);
}

static bool function_type(struct gr_swift_reader *reader) {
    struct gr_swift_node type;
    return gr_swift_pop_function_type(reader, &type) && gr_swift_push(reader, type);
}

/* Replaces the type on top by one of which nothing is known: a metatype, inout. */
static bool wrap(struct gr_swift_reader *reader) {
    return gr_swift_drop(reader, GR_SWIFT_TYPE) && gr_swift_push(reader, gr_swift_opaque_type);
}

static bool annotate(struct gr_swift_reader *reader, bool takes_type, struct gr_swift_node annotation) {
    if (takes_type && !gr_swift_drop(reader, GR_SWIFT_TYPE))
        return false;
    annotation.kind = GR_SWIFT_ANNOTATION;
    return gr_swift_push(reader, annotation);
}

/* "Ya" async, "Yb" Sendable, "Yc" a global actor, "YK" a typed throw, ... */
static bool annotation(struct gr_swift_reader *reader) {
    switch (gr_swift_next(reader)) {
    case 'a':
        return annotate(reader, false, (struct gr_swift_node){.async = true});
    case 'A':
    case 'b':
    case 'T':
        return annotate(reader, false, (struct gr_swift_node){0});
    case 'c':
        return annotate(reader, true, (struct gr_swift_node){0});
    case 'K':
        return annotate(reader, true, (struct gr_swift_node){.throws = true});
    case 'i':
    case 'u':
        return wrap(reader);
    default:
        return false;
    }
}

static bool protocol_list(struct gr_swift_reader *reader) {
    uint16_t ignored;
    return gr_swift_pop_list(reader, gr_swift_pop_protocol, &ignored) && gr_swift_push(reader, gr_swift_opaque_type);
}

/* "XE" a function that does not escape, "XK" an autoclosure. */
static bool special_type(struct gr_swift_reader *reader) {
    char kind = gr_swift_next(reader);
    return (kind == 'E' || kind == 'K' || kind == 'A') && function_type(reader);
}

bool gr_swift_type_operator(struct gr_swift_reader *reader, char operator) {
    switch (operator) {
    case 'C':
    case 'O':
    case 'P':
    case 'V':
    case 'a':
        return nominal(reader, operator);
    case 'G':
        return bound_generic(reader);
    case 'K':
        return annotate(reader, false, (struct gr_swift_node){.throws = true});
    case 'X':
        return special_type(reader);
    case 'Y':
        return annotation(reader);
    case 'c':
        return function_type(reader);
    case 'd':
        return gr_swift_push(reader, (struct gr_swift_node){.kind = GR_SWIFT_VARIADIC_MARK});
    case 'h':
    case 'm':
    case 'n':
    case 'z':
        return wrap(reader);
    case 'p':
        return protocol_list(reader);
    case 't':
        return tuple(reader);
    default:
        return gr_swift_generic_operator(reader, operator);
    }
}
