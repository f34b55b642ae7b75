/* test_call.c: which texts are signatures, where reading stops in those that are not, and that what is read is laid out
 * as C and libffi lay it out. */
#include "arch/x86_64/port.h"
#include "call.h"
#include "check.h"

static struct gr_call_signature signature;

static void reads(const char *text) {
    enum graft_status status = gr_call_read(text, &signature, NULL);
    if (status != GRAFT_OK)
        fprintf(stderr, "%s: %s\n", text, graft_status_slug(status));
    CHECK_EQUAL(status, GRAFT_OK);
}

static void fails(const char *text, enum graft_status why, size_t at) {
    size_t offset = SIZE_MAX;
    CHECK_EQUAL(graft_signature_check(text, &offset), why);
    CHECK_EQUAL(offset, at);
    CHECK_EQUAL(graft_signature_check(text, NULL), why);
}

/* `count` copies of `part` between `before` and `after`, with `between`. */
static const char *repeated(const char *before, const char *part, const char *between, int count, const char *after) {
    static char text[8192];
    char *at = stpcpy(text, before);
    for (int i = 0; i < count; i++)
        at = stpcpy(stpcpy(at, i > 0 ? between : ""), part);
    stpcpy(at, after);
    return text;
}

static void every_word_is_a_type(void) {
    for (enum gr_type_kind kind = GR_TYPE_BOOL; kind < GR_TYPE_STRUCT; kind++) {
        char text[64];
        snprintf(text, sizeof text, "%s(%s)", gr_type_name(kind), gr_type_name(kind));
        reads(text);
        CHECK_EQUAL(signature.count, 2);
        CHECK_EQUAL(signature.arguments, 1);
        CHECK_EQUAL(signature.type[0].kind, kind);
        CHECK_EQUAL(signature.type[signature.argument[0]].kind, kind);
    }
    reads("void()");
    CHECK_EQUAL(signature.arguments, 0);
    reads(" i32 ( ptr , u64 , f64 ) ");
    CHECK_EQUAL(signature.arguments, 3);
}

static void a_mistake_is_told_with_its_byte(void) {
    fails("", GRAFT_SIGNATURE_SYNTAX, 0);
    fails("i32", GRAFT_SIGNATURE_SYNTAX, 3);
    fails("i33()", GRAFT_SIGNATURE_SYNTAX, 0);
    fails("i32(", GRAFT_SIGNATURE_SYNTAX, 4);
    fails("i32(ptr", GRAFT_SIGNATURE_SYNTAX, 7);
    fails("i32(ptr,)", GRAFT_SIGNATURE_SYNTAX, 8);
    fails("i32(ptr;u8)", GRAFT_SIGNATURE_SYNTAX, 7);
    fails("i32(void)", GRAFT_SIGNATURE_SYNTAX, 4);
    fails("i32(ptr,...)", GRAFT_SIGNATURE_SYNTAX, 8);
    fails("i32() x", GRAFT_SIGNATURE_SYNTAX, 6);
    fails("I32()", GRAFT_SIGNATURE_SYNTAX, 0);
    fails("i32({})", GRAFT_SIGNATURE_SYNTAX, 5);
    fails("i32({i8)", GRAFT_SIGNATURE_SYNTAX, 7);
    fails("i32({void})", GRAFT_SIGNATURE_SYNTAX, 5);
    fails("i32(\xff)", GRAFT_SIGNATURE_SYNTAX, 4);
    CHECK_EQUAL(graft_signature_check(NULL, NULL), GRAFT_INVALID_ARGUMENT);
}

static void each_limit_holds_and_is_named(void) {
    reads(repeated("void(", "i8", ",", GRAFT_ARGUMENTS_MAX, ")"));
    CHECK_EQUAL(signature.arguments, GRAFT_ARGUMENTS_MAX);
    fails(
        repeated("void(", "i8", ",", GRAFT_ARGUMENTS_MAX + 1, ")"), GRAFT_SIGNATURE_LIMIT, 5 + 3 * GRAFT_ARGUMENTS_MAX);
    reads("void({{{{i8}}}})");
    fails("void({{{{{i8}}}}})", GRAFT_SIGNATURE_LIMIT, 9);
    reads(repeated("void({", "i64", ",", GRAFT_STRUCT_MAX / 8, "})"));
    CHECK_EQUAL(signature.type[1].size, GRAFT_STRUCT_MAX);
    fails(repeated("void({", "i64", ",", GRAFT_STRUCT_MAX / 8 + 1, "})"), GRAFT_SIGNATURE_LIMIT,
        6 + 4 * (GRAFT_STRUCT_MAX / 8) + 3);
    reads(repeated("void(", " ", "", GRAFT_SIGNATURE_MAX - 6, ")"));
    fails(repeated("void(", " ", "", GRAFT_SIGNATURE_MAX - 5, ")"), GRAFT_SIGNATURE_LIMIT, GRAFT_SIGNATURE_MAX);
}

/* Nested structs have the most types for their length: two bytes and a little for each. */
static void the_number_of_types_is_bounded(void) {
    char text[GRAFT_SIGNATURE_MAX + 1];
    char *at = stpcpy(text, "void({i8");
    while (at + 8 < text + sizeof text)
        at = stpcpy(at, ",{{u8}}");
    strcpy(at, "})");
    CHECK(strlen(text) <= GRAFT_SIGNATURE_MAX);
    CHECK_EQUAL(gr_call_read(text, &signature, NULL), GRAFT_OK);
    CHECK(signature.count <= GR_TYPES_MAX);
}

/* The longest text with the densest types either fits or fails by its limit. */
static void too_many_types_are_refused(void) {
    const char *text = repeated("void(", "{{{{i8},{i8},{i8},{i8},{i8},{i8}}}}", ",", 13, ")");
    CHECK(strlen(text) <= GRAFT_SIGNATURE_MAX);
    enum graft_status status = gr_call_read(text, &signature, NULL);
    CHECK(status == GRAFT_OK || status == GRAFT_SIGNATURE_LIMIT);
    CHECK(signature.count <= GR_TYPES_MAX);
}

struct inner {
    float a;
    struct {
        char b, c;
    } pair;
};
struct outer {
    char first;
    double second;
    struct inner third;
    short fourth;
};

static void structs_are_laid_out_as_in_c(void) {
    reads("{i8,f64,{f32,{i8,i8}},i16}(u16)");
    const struct gr_type *type = signature.type;
    CHECK_EQUAL(type[0].size, sizeof(struct outer));
    CHECK_EQUAL(type[0].align, _Alignof(struct outer));
    CHECK_EQUAL(type[0].end, 9);
    CHECK_EQUAL(type[1].offset, 0);
    CHECK_EQUAL(type[2].offset, offsetof(struct outer, second));
    CHECK_EQUAL(type[3].offset, offsetof(struct outer, third));
    CHECK_EQUAL(type[3].size, sizeof(struct inner));
    CHECK_EQUAL(type[3].end, 8);
    CHECK_EQUAL(type[5].offset, offsetof(struct inner, pair));
    CHECK_EQUAL(type[7].offset, 1);
    CHECK_EQUAL(type[8].offset, offsetof(struct outer, fourth));
    CHECK_EQUAL(signature.argument[0], 9);
}

static struct gr_call_shape *shape_of(const char *text) {
    struct gr_call_shape *shape;
    reads(text);
    CHECK_EQUAL(gr_call_shape_make(&signature, &shape), GRAFT_OK);
    return shape;
}

static void libffi_agrees_on_sizes(void) {
    static const char *const texts[] = {"{i8,f64,{f32,{i8,i8}},i16}({u8,u8,u8},{{{{f32}}}},{i64,f64})",
        "bool(bool,i8,i16,i32,i64,u8,u16,u32,u64,f32,f64,ptr,cstr)", "{f32,f32,f32}({i8,i64,i8,i16})"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct gr_call_shape *shape = shape_of(texts[i]);
        CHECK_EQUAL(shape->cif.rtype->size, signature.type[0].size);
        CHECK_EQUAL(shape->cif.rtype->alignment, signature.type[0].align);
        for (unsigned a = 0; a < signature.arguments; a++) {
            CHECK_EQUAL(shape->argument[a]->size, signature.type[signature.argument[a]].size);
            CHECK_EQUAL(shape->argument[a]->alignment, signature.type[signature.argument[a]].align);
        }
        gr_call_shape_free(shape);
    }
}

static void results(const char *text, uint32_t registers, uint32_t stack) {
    struct gr_call_shape *shape = shape_of(text);
    CHECK_EQUAL(shape->results, registers);
    CHECK_EQUAL(shape->stack, stack);
    gr_call_shape_free(shape);
}

static void result_registers_and_stack_bytes_are_those_of_the_abi(void) {
    results("void()", 0, 0);
    results("i8()", GR_RESULT_RAX, 0);
    results("f32()", GR_RESULT_XMM0, 0);
    results("{i64,f64}()", GR_RESULT_RAX | GR_RESULT_XMM0, 0);
    results("{f64,ptr}()", GR_RESULT_RAX | GR_RESULT_XMM0, 0);
    results("{f64,f64}()", GR_RESULT_XMM0 | GR_RESULT_XMM1, 0);
    results("{f32,i32,u8}()", GR_RESULT_RAX | GR_RESULT_RDX, 0);
    results("{f32,f32,f32}()", GR_RESULT_XMM0 | GR_RESULT_XMM1, 0);
    results("{f32,f32,{i32}}()", GR_RESULT_XMM0 | GR_RESULT_RAX, 0);
    results("{i64,i64,i8}()", GR_RESULT_RAX, 0);
    results("void(ptr,ptr,ptr,ptr,ptr,ptr)", 0, 0);
    results("void(ptr,ptr,ptr,ptr,ptr,ptr,i8,i8)", 0, 16);
    results("{i64,i64,i64}(ptr,ptr,ptr,ptr,ptr,ptr)", GR_RESULT_RAX, 8);
    results("void({i64,i64,i8})", 0, 24);
    results("void(f64,f64,f64,f64,f64,f64,f64,f64,f32)", 0, 8);
}

int main(void) {
    RUN(every_word_is_a_type);
    RUN(a_mistake_is_told_with_its_byte);
    RUN(each_limit_holds_and_is_named);
    RUN(the_number_of_types_is_bounded);
    RUN(too_many_types_are_refused);
    RUN(structs_are_laid_out_as_in_c);
    RUN(libffi_agrees_on_sizes);
    RUN(result_registers_and_stack_bytes_are_those_of_the_abi);
    return 0;
}
