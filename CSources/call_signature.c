/* call_signature.c: reads the text of a signature: types, sizes and offsets as C lays them out; see graft/around.h.
 *
 * One pass, no allocation, bounded by the limits of that header. Neighbours: call.h. */
#include "call.h"
#include "compiler.h"
#include <string.h>

static const struct {
    const char *word;
    uint8_t size;
} kinds[GR_TYPE_KINDS] = {
    [GR_TYPE_VOID] = {"void", 0},
    [GR_TYPE_BOOL] = {"bool", 1},
    [GR_TYPE_I8] = {"i8", 1},
    [GR_TYPE_I16] = {"i16", 2},
    [GR_TYPE_I32] = {"i32", 4},
    [GR_TYPE_I64] = {"i64", 8},
    [GR_TYPE_U8] = {"u8", 1},
    [GR_TYPE_U16] = {"u16", 2},
    [GR_TYPE_U32] = {"u32", 4},
    [GR_TYPE_U64] = {"u64", 8},
    [GR_TYPE_F32] = {"f32", 4},
    [GR_TYPE_F64] = {"f64", 8},
    [GR_TYPE_PTR] = {"ptr", 8},
    [GR_TYPE_CSTR] = {"cstr", 8},
    [GR_TYPE_STRUCT] = {"{", 0},
};

const char *gr_type_name(enum gr_type_kind kind) {
    return kinds[kind].word;
}

/* Where reading is. The first failure stays. */
struct reading {
    const char *text;
    size_t at;
    enum graft_status status;
    struct gr_call_signature *into;
};

static bool fail(struct reading *r, enum graft_status status) {
    if (r->status == GRAFT_OK)
        r->status = status;
    return false;
}

static void skip_blanks(struct reading *r) {
    while (r->text[r->at] == ' ')
        r->at++;
}

/* Takes the character if it is the next one. */
static bool take(struct reading *r, char wanted) {
    skip_blanks(r);
    if (r->text[r->at] != wanted)
        return false;
    r->at++;
    return true;
}

static bool expect(struct reading *r, char wanted) {
    return take(r, wanted) || fail(r, GRAFT_SIGNATURE_SYNTAX);
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A new type at the end of the list; null past the limit. */
static struct gr_type *add(struct reading *r, enum gr_type_kind kind) {
    struct gr_call_signature *into = r->into;
    if (into->count == GR_TYPES_MAX) {
        fail(r, GRAFT_SIGNATURE_LIMIT);
        return NULL;
    }
    struct gr_type *type = &into->type[into->count++];
    uint8_t size = kinds[kind].size;
    *type = (struct gr_type){.kind = (uint8_t)kind, .size = size, .align = size != 0 ? size : 1, .end = into->count};
    return type;
}

/* void is a result only. */
static bool read_word(struct reading *r, bool result) {
    size_t length = 0;
    while (is_word(r->text[r->at + length]))
        length++;
    for (int kind = result ? GR_TYPE_VOID : GR_TYPE_BOOL; kind < GR_TYPE_STRUCT; kind++) {
        if (strlen(kinds[kind].word) != length || memcmp(kinds[kind].word, r->text + r->at, length) != 0)
            continue;
        if (add(r, (enum gr_type_kind)kind) == NULL)
            return false;
        r->at += length;
        return true;
    }
    return fail(r, GRAFT_SIGNATURE_SYNTAX);
}

static bool read_type(struct reading *r, int depth, bool result);

/* Puts a member behind those that are there. */
static bool place(struct reading *r, struct gr_type *whole, struct gr_type *member) {
    unsigned offset = (whole->size + member->align - 1u) & ~(member->align - 1u);
    if (offset + member->size > GRAFT_STRUCT_MAX)
        return fail(r, GRAFT_SIGNATURE_LIMIT);
    member->offset = (uint16_t)offset;
    whole->size = (uint16_t)(offset + member->size);
    if (member->align > whole->align)
        whole->align = member->align;
    return true;
}

static bool read_struct(struct reading *r, int depth) {
    if (depth == GRAFT_NESTING_MAX)
        return fail(r, GRAFT_SIGNATURE_LIMIT);
    struct gr_type *whole = add(r, GR_TYPE_STRUCT);
    if (whole == NULL)
        return false;
    r->at++;
    do {
        struct gr_type *member = &r->into->type[r->into->count];
        if (!read_type(r, depth + 1, false) || !place(r, whole, member))
            return false;
    } while (take(r, ','));
    if (!expect(r, '}'))
        return false;
    unsigned padded = (whole->size + whole->align - 1u) & ~(whole->align - 1u);
    whole->size = (uint16_t)padded; /* at most GRAFT_STRUCT_MAX, which every alignment divides */
    whole->end = r->into->count;
    return true;
}
_Static_assert(GRAFT_STRUCT_MAX % 8 == 0, "padding never takes a struct past the limit");

static bool read_type(struct reading *r, int depth, bool result) {
    skip_blanks(r);
    return r->text[r->at] == '{' ? read_struct(r, depth) : read_word(r, result);
}

static bool read_arguments(struct reading *r) {
    if (!expect(r, '('))
        return false;
    if (take(r, ')'))
        return true;
    do {
        skip_blanks(r);
        if (r->into->arguments == GRAFT_ARGUMENTS_MAX)
            return fail(r, GRAFT_SIGNATURE_LIMIT);
        r->into->argument[r->into->arguments++] = r->into->count;
        if (!read_type(r, 0, false))
            return false;
    } while (take(r, ','));
    return expect(r, ')');
}

static void read_all(struct reading *r) {
    if (!read_type(r, 0, true) || !read_arguments(r))
        return;
    skip_blanks(r);
    if (r->text[r->at] != 0)
        fail(r, GRAFT_SIGNATURE_SYNTAX);
}

enum graft_status gr_call_read(const char *text, struct gr_call_signature *signature, size_t *offset) {
    struct reading reading = {.text = text, .into = signature};
    signature->count = signature->arguments = 0;
    if (strnlen(text, GRAFT_SIGNATURE_MAX + 1) > GRAFT_SIGNATURE_MAX) {
        reading.at = GRAFT_SIGNATURE_MAX;
        reading.status = GRAFT_SIGNATURE_LIMIT;
    } else {
        read_all(&reading);
    }
    if (reading.status != GRAFT_OK && offset != NULL)
        *offset = reading.at;
    return reading.status;
}

GR_PUBLIC enum graft_status graft_signature_check(const char *text, size_t *offset) {
    struct gr_call_signature signature;
    return text != NULL ? gr_call_read(text, &signature, offset) : GRAFT_INVALID_ARGUMENT;
}
