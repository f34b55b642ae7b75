/* swift_reader.h: the state of reading one Swift mangled name without the runtime's demangler.
 *
 * Private to the files that read them: swift_identifier.c takes text apart, swift_substitution.c follows references,
 * swift_types.c and swift_generics.c read what types are made of, swift_mangled.c entities. The mangling is postfix:
 * operators pop what they apply to from a stack and push the result; "A" refers back to what was pushed before. All
 * memory is fixed, and running out is a refusal. */
#ifndef GR_SWIFT_READER_H
#define GR_SWIFT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GR_SWIFT_NODES_MAX = 256, /* on the stack, and again that can be referred to */
    GR_SWIFT_TEXT_MAX = 8192, /* bytes of all the names that were put together */
    GR_SWIFT_WORDS_MAX = 26,  /* given by the mangling */
    GR_SWIFT_REPEAT_MAX = 64, /* "S4i": so many of one */
};

enum gr_swift_kind {
    GR_SWIFT_IDENTIFIER,
    GR_SWIFT_OPERATOR,     /* "+ infix" */
    GR_SWIFT_PRIVATE_NAME, /* "(name in _HASH)" */
    GR_SWIFT_MODULE,
    GR_SWIFT_EXTENSION, /* "(extension in Module):Module.Type" */
    GR_SWIFT_TYPE,
    GR_SWIFT_ENTITY, /* a function or variable, complete */
    GR_SWIFT_EMPTY_LIST,
    GR_SWIFT_FIRST_MARK, /* "_": the first element of a list is below it */
    GR_SWIFT_VARIADIC_MARK,
    GR_SWIFT_SIGNATURE,
    GR_SWIFT_REQUIREMENT,
    GR_SWIFT_ANNOTATION, /* of a function type: throws, async, ... */
};

struct gr_swift_node {
    enum gr_swift_kind kind;
    uint16_t count; /* tuple: elements; function type: parameters */
    bool tuple;
    bool function;
    bool protocol;
    bool class_type;
    bool async;       /* function type, annotation */
    bool throws;      /* the same */
    const char *text; /* names, modules, extensions, entities; nominal types, "" for other types */
    size_t size;
};

struct gr_swift_reader {
    const char *at, *end;
    struct gr_swift_node stack[GR_SWIFT_NODES_MAX];
    size_t depth;
    struct gr_swift_node substitutions[GR_SWIFT_NODES_MAX];
    size_t substitution_count;
    struct {
        const char *text;
        size_t size;
    } words[GR_SWIFT_WORDS_MAX];
    size_t word_count;
    char text[GR_SWIFT_TEXT_MAX];
    size_t text_size;
};

/* swift_identifier.c */

/* The next byte, which is consumed; 0 at the end. */
char gr_swift_next(struct gr_swift_reader *reader);
bool gr_swift_next_is(struct gr_swift_reader *reader, char byte);
/* A decimal number; false when there is none, or it is past 65,535. */
bool gr_swift_natural(struct gr_swift_reader *reader, size_t *number);
/* "_" is 0, "0_" is 1, ... */
bool gr_swift_index(struct gr_swift_reader *reader, size_t *index);
/* Puts texts together, up to a null; the result is zero-terminated. Null when there is no room. */
const char *gr_swift_join(struct gr_swift_reader *reader, const char *const *parts, size_t *size);
/* An identifier, which may be referred to later. */
bool gr_swift_identifier(struct gr_swift_reader *reader);
/* Turns the identifier on top into an operator: "pl" is "+". */
bool gr_swift_operator(struct gr_swift_reader *reader);

/* The stack. Pop gives false when the top is not of the kind. */
bool gr_swift_push(struct gr_swift_reader *reader, struct gr_swift_node node);
bool gr_swift_pop(struct gr_swift_reader *reader, enum gr_swift_kind kind, struct gr_swift_node *node);
bool gr_swift_drop(struct gr_swift_reader *reader, enum gr_swift_kind kind);
/* Makes a node one that "A" can refer to. */
bool gr_swift_remember(struct gr_swift_reader *reader, struct gr_swift_node node);

/* swift_substitution.c: "S" a type of the standard library, "A" what stood in the name before. */
bool gr_swift_standard(struct gr_swift_reader *reader);
bool gr_swift_reference(struct gr_swift_reader *reader);
/* Whether a type of this name may be written as a code instead. */
bool gr_swift_standard_name(const char *name, size_t size);

/* swift_types.c */

bool gr_swift_pop_name(struct gr_swift_reader *reader, struct gr_swift_node *name);
bool gr_swift_pop_module(struct gr_swift_reader *reader, struct gr_swift_node *module);
/* A module, an extension or a nominal type: what a declaration can be in. */
bool gr_swift_pop_context(struct gr_swift_reader *reader, struct gr_swift_node *context);
/* A function type, from its annotations, parameters and result. */
bool gr_swift_pop_function_type(struct gr_swift_reader *reader, struct gr_swift_node *type);
/* Reads an operator that makes a type or a part of one; `operator` has been consumed. False: not one, or not known. */
bool gr_swift_type_operator(struct gr_swift_reader *reader, char operator);
/* A type of which nothing matters. */
extern const struct gr_swift_node gr_swift_opaque_type;
/* A protocol where only one can stand. */
bool gr_swift_pop_protocol(struct gr_swift_reader *reader);
/* Pops a list, the last element first, each by `pop`. */
bool gr_swift_pop_list(struct gr_swift_reader *reader, bool (*pop)(struct gr_swift_reader *reader), uint16_t *count);

/* swift_generics.c: the same for generic parameters, requirements and signatures. */
bool gr_swift_generic_operator(struct gr_swift_reader *reader, char operator);

#endif
