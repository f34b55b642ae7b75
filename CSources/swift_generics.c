/* swift_generics.c: reads generic parameters, what is required of them, and signatures.
 *
 * None of it shows in a function's path or labels, so it is only consumed; but associated types must be remembered,
 * because later parts of the name refer to them by number. Neighbours: swift_reader.h. */
#include "swift_reader.h"

#include <string.h>

/* "z" is the first generic parameter, "_" the second, "d0_1_" one of an inner level. */
static bool generic_parameter(struct gr_swift_reader *reader) {
    size_t ignored;
    if (gr_swift_next_is(reader, 'd'))
        return gr_swift_index(reader, &ignored) && gr_swift_index(reader, &ignored);
    return gr_swift_next_is(reader, 'z') || gr_swift_index(reader, &ignored);
}

static bool pop_associated_name(struct gr_swift_reader *reader) {
    struct gr_swift_node protocol;
    if (gr_swift_pop(reader, GR_SWIFT_TYPE, &protocol) && !protocol.protocol)
        return false;
    return gr_swift_drop(reader, GR_SWIFT_IDENTIFIER);
}

static bool pop_associated(struct gr_swift_reader *reader, bool compound) {
    uint16_t ignored;
    return compound ? gr_swift_pop_list(reader, pop_associated_name, &ignored) : pop_associated_name(reader);
}

/* "Qz" and its like: an associated type of a generic parameter. */
static bool associated_type(struct gr_swift_reader *reader) {
    char kind = gr_swift_next(reader);
    if (strchr("yYzZ", kind) == NULL || kind == 0)
        return false;
    if ((kind == 'y' || kind == 'Y') && !generic_parameter(reader))
        return false;
    return pop_associated(reader, kind == 'Y' || kind == 'Z') && gr_swift_remember(reader, gr_swift_opaque_type) &&
           gr_swift_push(reader, gr_swift_opaque_type);
}

/* What a requirement is about: a generic parameter, an associated type of one, or a type. */
static bool requirement_subject(struct gr_swift_reader *reader, char kind) {
    switch (kind) {
    case 'p':
    case 't':
    case 'c':
        return generic_parameter(reader) && pop_associated(reader, false) &&
               gr_swift_remember(reader, gr_swift_opaque_type);
    case 'P':
    case 'T':
    case 'C':
        return generic_parameter(reader) && pop_associated(reader, true) &&
               gr_swift_remember(reader, gr_swift_opaque_type);
    case 'Q':
    case 'S':
    case 'B':
        return gr_swift_drop(reader, GR_SWIFT_TYPE);
    default:
        return generic_parameter(reader);
    }
}

/* "Rz" conformance, "Rs" same type, "Rb" base class; layouts are refused. */
static bool requirement(struct gr_swift_reader *reader) {
    char kind = gr_swift_next(reader);
    bool same_or_base = kind != 0 && strchr("sStTbBcC", kind) != NULL;
    bool protocol = kind != 0 && strchr("pPQ", kind) != NULL;
    if (!same_or_base && !protocol) {
        if (kind == 0 || strchr("zd_0123456789", kind) == NULL)
            return false;
        reader->at--; /* a conformance of the parameter that begins here */
    }
    /* the constraint was pushed after the subject's name, so it is popped first; it is read no further */
    if (!requirement_subject(reader, same_or_base || protocol ? kind : 'z'))
        return false;
    if (same_or_base ? !gr_swift_drop(reader, GR_SWIFT_TYPE) : !gr_swift_pop_protocol(reader))
        return false;
    return gr_swift_push(reader, (struct gr_swift_node){.kind = GR_SWIFT_REQUIREMENT});
}

static bool signature(struct gr_swift_reader *reader, bool counts) {
    size_t ignored;
    while (counts && !gr_swift_next_is(reader, 'l'))
        if (!gr_swift_next_is(reader, 'z') && !gr_swift_index(reader, &ignored))
            return false;
    while (gr_swift_drop(reader, GR_SWIFT_REQUIREMENT))
        continue;
    return gr_swift_push(reader, (struct gr_swift_node){.kind = GR_SWIFT_SIGNATURE});
}

/* A type with a generic signature of its own, as initialisers have. */
static bool generic_type(struct gr_swift_reader *reader) {
    struct gr_swift_node type;
    return gr_swift_drop(reader, GR_SWIFT_SIGNATURE) && gr_swift_pop(reader, GR_SWIFT_TYPE, &type) &&
           gr_swift_push(reader, type);
}

bool gr_swift_generic_operator(struct gr_swift_reader *reader, char operator) {
    switch (operator) {
    case 'Q':
        return associated_type(reader);
    case 'R':
        return requirement(reader);
    case 'l':
        return signature(reader, false);
    case 'q':
        return generic_parameter(reader) && gr_swift_push(reader, gr_swift_opaque_type);
    case 'r':
        return signature(reader, true);
    case 'u':
        return generic_type(reader);
    case 'x':
        return gr_swift_push(reader, gr_swift_opaque_type);
    default:
        return false;
    }
}
