/* target.c: reads a target's text.
 *
 * One pass from left to right; each step either moves `at` forward or says where it stopped. Knows no image: whether
 * "Shop" is a module or a program is for resolve to find out. Never allocates. Neighbours: target_text.h. */
#include "target_text.h"

#include "compiler.h"
#include <ctype.h>
#include <string.h>

static const char build_id_prefix[] = "build-id:";

/* Stops at a byte: the status for the caller, the place for its user. */
static enum graft_status stop(enum graft_status status, size_t at, size_t *offset) {
    if (offset != NULL)
        *offset = at;
    return status;
}

/* Control characters would garble logs and never occur in a symbol. Returns the index of the first, or the length. */
static size_t printable_prefix(const char *text) {
    size_t at = 0;
    while ((unsigned char)text[at] >= ' ' && text[at] != 0x7f)
        at++;
    return at;
}

static bool hexadecimal(char c) {
    return isxdigit((unsigned char)c) != 0;
}

static uint64_t digit_value(char c) {
    if (c <= '9')
        return (uint64_t)(c - '0');
    return (uint64_t)(tolower((unsigned char)c) - 'a' + 10);
}

/* "hex+0xhex" after the prefix; `at` is where the digits begin. */
static enum graft_status read_build_id(struct gr_target *value, size_t at, size_t *offset) {
    char *text = value->text;
    size_t start = at;
    for (; hexadecimal(text[at]); at++)
        text[at] = (char)tolower((unsigned char)text[at]);
    if (at - start < GR_BUILD_ID_PREFIX_MIN || at - start > 2 * GR_BUILD_ID_MAX || text[at] != '+')
        return stop(GRAFT_TARGET_SYNTAX, at, offset);
    text[at++] = 0;
    if (text[at] != '0' || tolower((unsigned char)text[at + 1]) != 'x' || !hexadecimal(text[at + 2]))
        return stop(GRAFT_TARGET_SYNTAX, at, offset);
    uint64_t number = 0;
    for (at += 2; hexadecimal(text[at]); at++) {
        if (number >> 60 != 0)
            return stop(GRAFT_TARGET_SYNTAX, at, offset);
        number = number << 4 | digit_value(text[at]);
    }
    if (text[at] != 0)
        return stop(GRAFT_TARGET_SYNTAX, at, offset);
    value->kind = GR_TARGET_BUILD_ID;
    value->qualifier = text + start;
    value->name = "";
    value->offset = number;
    return GRAFT_OK;
}

static enum gr_target_kind qualifier_kind(const char *qualifier) {
    if (*qualifier == 0)
        return GR_TARGET_EXECUTABLE;
    if (strcmp(qualifier, "*") == 0)
        return GR_TARGET_ANY;
    if (strchr(qualifier, '/') != NULL || strstr(qualifier, ".so") != NULL)
        return GR_TARGET_FILE;
    return GR_TARGET_WORD;
}

/* A path may hold anything; other names have no use for these, and a bracket means that the colon was a label's. */
static enum graft_status check_qualifier(const char *qualifier, size_t *offset) {
    enum gr_target_kind kind = qualifier_kind(qualifier);
    size_t at = strcspn(qualifier, strchr(qualifier, '/') != NULL ? "*?" : "*?()<>@ ");
    if (kind != GR_TARGET_ANY && qualifier[at] != 0)
        return stop(GRAFT_TARGET_SYNTAX, at, offset);
    return GRAFT_OK;
}

/* Cuts "@VERSION" or "@@VERSION" off the name. `base` is the name's place in the text. */
static enum graft_status cut_version(struct gr_target *value, char *name, size_t base, size_t *offset) {
    char *mark = strchr(name, '@');
    if (mark == NULL)
        return GRAFT_OK;
    if (mark == name)
        return stop(GRAFT_TARGET_SYNTAX, base, offset);
    const char *version = mark + 1;
    if (*version == '@')
        version++;
    size_t bad = strcspn(version, "@*?() ");
    if (*version == 0 || version[bad] != 0)
        return stop(GRAFT_TARGET_SYNTAX, base + (size_t)(version - name) + bad, offset);
    value->default_version = version == mark + 2;
    value->version = version;
    *mark = 0;
    return GRAFT_OK;
}

/* Brackets must close, so that "the parameter list" means something. */
static enum graft_status check_brackets(const char *name, size_t base, size_t *offset) {
    size_t depth = 0, opened = 0;
    for (size_t at = 0; name[at] != 0; at++) {
        if (name[at] == '(') {
            if (depth++ == 0)
                opened = at;
        } else if (name[at] == ')' && depth-- == 0) {
            return stop(GRAFT_TARGET_SYNTAX, base + at, offset);
        }
    }
    return depth == 0 ? GRAFT_OK : stop(GRAFT_TARGET_SYNTAX, base + opened, offset);
}

static enum graft_status read_name(struct gr_target *value, char *name, size_t base, size_t *offset) {
    size_t size = strlen(name);
    if (size == 0 || name[0] == ':' || name[0] == ' ')
        return stop(GRAFT_TARGET_SYNTAX, base, offset);
    if (name[size - 1] == ' ')
        return stop(GRAFT_TARGET_SYNTAX, base + size - 1, offset);
    value->name = name;
    enum graft_status status = cut_version(value, name, base, offset);
    return status == GRAFT_OK ? check_brackets(name, base, offset) : status;
}

/* Copies the text into the value after the checks that every form shares. */
static enum graft_status take_text(const char *target, struct gr_target *value, size_t *offset) {
    if (target == NULL || value == NULL)
        return GRAFT_INVALID_ARGUMENT;
    size_t size = strnlen(target, GRAFT_TARGET_MAX + 1);
    if (size > GRAFT_TARGET_MAX)
        return stop(GRAFT_TARGET_TOO_LONG, GRAFT_TARGET_MAX, offset);
    memset(value, 0, sizeof *value);
    memcpy(value->text, target, size + 1);
    size_t printable = printable_prefix(value->text);
    return printable == size ? GRAFT_OK : stop(GRAFT_TARGET_SYNTAX, printable, offset);
}

enum graft_status gr_target_read(const char *target, struct gr_target *value, size_t *offset) {
    enum graft_status status = take_text(target, value, offset);
    if (status != GRAFT_OK)
        return status;
    if (strncmp(value->text, build_id_prefix, sizeof build_id_prefix - 1) == 0)
        return read_build_id(value, sizeof build_id_prefix - 1, offset);
    char *colon = strchr(value->text, ':');
    if (colon == NULL)
        return stop(GRAFT_TARGET_SYNTAX, strlen(value->text), offset);
    *colon = 0;
    status = check_qualifier(value->text, offset);
    if (status != GRAFT_OK)
        return status;
    value->qualifier = value->text;
    value->kind = qualifier_kind(value->qualifier);
    return read_name(value, colon + 1, (size_t)(colon + 1 - value->text), offset);
}

enum graft_status gr_target_read_pattern(const char *pattern, struct gr_target *value) {
    enum graft_status status = gr_target_read(pattern, value, NULL);
    if (status == GRAFT_OK && value->kind != GR_TARGET_WORD && value->kind != GR_TARGET_BUILD_ID)
        value->kind = GR_TARGET_FILE; /* the file is chosen already */
    if (status != GRAFT_TARGET_SYNTAX)
        return status;
    /* No qualifier: the colon of "price(_:of:)" or "ns::f" is part of a bare name. */
    status = take_text(pattern, value, NULL);
    if (status != GRAFT_OK)
        return status;
    value->kind = GR_TARGET_FILE;
    value->qualifier = "";
    return read_name(value, value->text, 0, NULL);
}

GR_PUBLIC enum graft_status graft_target_check(const char *target, size_t *offset) {
    struct gr_target value;
    return gr_target_read(target, &value, offset);
}
