/* name_cxx.c: reads the text of a C++ function into a qualified path and a parameter list.
 *
 *   void ns::Klass<int>::run<char>(int, char const*) const [clone .isra.0]
 *        '------ path -----------' '------ parameters ---'
 *
 * A space outside brackets starts the path anew (what came before was a return type), except inside operator names.
 * Reads both what the demangler prints and what a user writes. Neighbours: names.h. Keeps no state. */
#include "names.h"

#include <ctype.h>
#include <string.h>

/* Text without its spaces, in a fixed buffer. */
struct squeezed {
    char *bytes;
    size_t size, capacity;
};

static bool put(struct squeezed *to, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (text[i] == ' ')
            continue;
        if (to->size + 1 >= to->capacity)
            return false;
        to->bytes[to->size++] = text[i];
    }
    to->bytes[to->size] = 0;
    return true;
}

static bool identifier_byte(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool starts_with(const char *text, const char *literal) {
    return strncmp(text, literal, strlen(literal)) == 0;
}

/* The operator that a text begins with; 0 when it is none. The longest first: "operator+<char>" is + of a template. */
static size_t operator_size(const char *at) {
    static const char *const operators[] = {"<=>", "<<=", ">>=", "->*", "[]", "++", "--", "<<", ">>",
        "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "->"};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (starts_with(at, operators[i]))
            return strlen(operators[i]);
    return strspn(at, "+-*/%^&|~!=<>,") > 0;
}

/* A word or a type: "operator new[]", "operator std::vector<int>", "operator"" _km". Null when brackets are wrong. */
static const char *skip_operator_word(const char *at) {
    while (at != NULL && *at != 0 && *at != '(')
        at = *at == '<' ? gr_skip_group(at) : at + 1;
    return at;
}

/* Reads "operator" and what it is the operator of. `at` is at the word; returns the byte after, or null. */
static const char *read_operator(const char *at, struct squeezed *path) {
    const char *c = at + strlen("operator");
    if (starts_with(c, "()"))
        return put(path, "operator{}", 10) ? c + 2 : NULL;
    size_t size = operator_size(c);
    const char *after = size > 0 ? c + size : skip_operator_word(c);
    if (after == NULL || after == c || !put(path, at, (size_t)(after - at)))
        return NULL;
    return *after == ' ' && after[1] == '<' ? after + 1 : after;
}

/* "const", "&", "[abi:cxx11]" may stand between a parameter list and what follows it. */
static const char *skip_qualifiers(const char *at) {
    static const char *const words[] = {"const", "volatile", "&&", "&"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *word = at + (*at == ' ');
        if (starts_with(word, words[i]) && !identifier_byte(word[strlen(words[i])]))
            return skip_qualifiers(word + strlen(words[i]));
    }
    return starts_with(at, "[abi:") ? gr_skip_group(at) : at;
}

/* What has been read so far. */
struct reader {
    struct squeezed path, parameters;
    bool keep_templates, templates;
    bool done; /* the parameter list has been read */
};

/* A round bracket: an anonymous namespace, the parameters of an enclosing function ("f(int)::Local::run"), the
 * parameter list itself, or part of a return type ("decltype (x) f"), which is skipped. */
static const char *read_round(const char *at, struct reader *reader) {
    static const char anonymous[] = "(anonymous namespace)";
    if (starts_with(at, anonymous))
        return put(&reader->path, "{anonymous}", 11) ? at + sizeof anonymous - 1 : NULL;
    const char *after = gr_skip_group(at);
    const char *rest = after == NULL ? NULL : skip_qualifiers(after);
    if (rest == NULL)
        return NULL;
    if (reader->path.size == 0) /* "decltype (x) f" */
        return *rest == ' ' ? rest : NULL;
    bool enclosing = starts_with(rest, "::");
    reader->done = *rest == 0 || starts_with(rest, " [clone") || starts_with(rest, " requires");
    if (!enclosing && !reader->done)
        return after;
    struct squeezed *to = reader->done ? &reader->parameters : &reader->path;
    return put(to, at, (size_t)(rest - at)) ? rest : NULL;
}

static const char *read_angles(const char *at, struct reader *reader) {
    const char *after = gr_skip_group(at);
    reader->templates = true;
    if (after != NULL && reader->keep_templates && !put(&reader->path, at, (size_t)(after - at)))
        return NULL;
    return after;
}

/* "{lambda(int)#1}" is part of the path, "[abi:cxx11]" is not. */
static const char *read_braces(const char *at, struct reader *reader) {
    const char *after = gr_skip_group(at);
    if (after != NULL && *at == '{' && !put(&reader->path, at, (size_t)(after - at)))
        return NULL;
    return after;
}

static bool operator_here(const char *at, const struct squeezed *path) {
    bool component_start = path->size == 0 || path->bytes[path->size - 1] == ':';
    return component_start && starts_with(at, "operator") && !identifier_byte(at[8]);
}

/* What came before was a return type, unless qualifiers end the text: "ns::Klass::run const" has no parameter list. */
static const char *read_space(const char *at, struct reader *reader) {
    const char *rest = skip_qualifiers(at);
    if (reader->path.size > 0 && rest != NULL && rest != at && (*rest == 0 || starts_with(rest, " [clone")))
        return rest;
    reader->path.size = 0;
    reader->templates = false;
    return at + 1;
}

/* Reads one byte or one group; returns the byte after, or null when this is not a function's name. */
static const char *read_step(const char *at, struct reader *reader) {
    if (operator_here(at, &reader->path))
        return read_operator(at, &reader->path);
    switch (*at) {
    case '(':
        return read_round(at, reader);
    case '<':
        return read_angles(at, reader);
    case '[':
    case '{':
        return read_braces(at, reader);
    case ' ':
        return read_space(at, reader);
    case '&': /* of a return type */
        return at + 1;
    default:
        if (!identifier_byte(*at) && strchr(":~*?.'#", *at) == NULL)
            return NULL;
        return put(&reader->path, at, 1) ? at + 1 : NULL;
    }
}

bool gr_cxx_name_read(const char *text, bool keep_templates, struct gr_cxx_name *name) {
    struct reader reader = {{name->path, 0, sizeof name->path}, {name->parameters, 0, sizeof name->parameters},
        keep_templates, false, false};
    name->path[0] = name->parameters[0] = 0;
    for (const char *at = text; !reader.done && *at != 0;) {
        at = read_step(at, &reader);
        if (at == NULL)
            return false;
    }
    name->templates = reader.templates;
    return reader.path.size != 0;
}
