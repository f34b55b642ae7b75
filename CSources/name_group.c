/* name_group.c: finds the partner of a bracket in a demangled name.
 *
 * Neighbours: the two readers of names. Keeps no state. */
#include "names.h"

/* Round, square and curly brackets come in pairs in every name, so counting one kind is enough. */
static const char *skip_pairs(const char *at, char open, char close) {
    size_t depth = 0;
    for (; *at != 0; at++) {
        if (*at == open)
            depth++;
        else if (*at == close && --depth == 0)
            return at + 1;
    }
    return NULL;
}

/* < and > also occur in arrows and operators, which is why the groups inside are skipped whole. */
static const char *skip_angles(const char *at) {
    size_t depth = 0;
    while (*at != 0) {
        if (*at == '(' || *at == '[' || *at == '{') {
            at = gr_skip_group(at);
            if (at == NULL)
                return NULL;
            continue;
        }
        if (*at == '<')
            depth++;
        else if (*at == '>' && at[-1] != '-' && --depth == 0)
            return at + 1;
        at++;
    }
    return NULL;
}

const char *gr_skip_group(const char *at) {
    switch (*at) {
    case '(':
        return skip_pairs(at, '(', ')');
    case '[':
        return skip_pairs(at, '[', ']');
    case '{':
        return skip_pairs(at, '{', '}');
    case '<':
        return skip_angles(at);
    default:
        return NULL;
    }
}
