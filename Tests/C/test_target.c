/* test_target.c: which texts are targets, and where reading stops in those that are not. */
#include "check.h"
#include "target_text.h"

/* The byte at which reading failed, or -1 when it did not. */
static long failure(const char *text) {
    size_t offset = 0;
    enum graft_status status = graft_target_check(text, &offset);
    if (status == GRAFT_OK)
        return -1;
    CHECK_EQUAL(status, GRAFT_TARGET_SYNTAX);
    return (long)offset;
}

static struct gr_target value;

static void read_target(const char *text) {
    CHECK_EQUAL(gr_target_read(text, &value, NULL), GRAFT_OK);
}

static void every_documented_form_is_a_target(void) {
    static const char *const forms[] = {"libpq.so.5:PQexec", "libssl.so.3:SSL_write@@OPENSSL_3.0.0", ":main",
        "*:SSL_write", "libfoo.so:ns::Klass::run", "libfoo.so:ns::Klass::run(int, char const*) const",
        "Shop:Order.price(_:of:)", "Shop:Order.*", "pkg.module:Klass.method", "build-id:b1946ac9+0x1234",
        "/usr/lib/libfoo bar (1).so:f", "libfoo.so:operator()", "Shop:==(_:_:)", "libfoo.so:(anonymous namespace)::f"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        CHECK_EQUAL(failure(forms[i]), -1);
}

static void the_part_before_the_colon_says_where_to_look(void) {
    static const struct {
        const char *text;
        enum gr_target_kind kind;
        const char *qualifier, *name;
    } cases[] = {
        {":main", GR_TARGET_EXECUTABLE, "", "main"},
        {"*:f", GR_TARGET_ANY, "*", "f"},
        {"libpq.so.5:PQexec", GR_TARGET_FILE, "libpq.so.5", "PQexec"},
        {"./plugin:f", GR_TARGET_FILE, "./plugin", "f"},
        {"Shop:Order.price(_:of:)", GR_TARGET_WORD, "Shop", "Order.price(_:of:)"},
        {"a.b:C.d", GR_TARGET_WORD, "a.b", "C.d"},
        {"redis-server:processCommand", GR_TARGET_WORD, "redis-server", "processCommand"},
        {"libfoo.so:ns::f", GR_TARGET_FILE, "libfoo.so", "ns::f"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        read_target(cases[i].text);
        CHECK_EQUAL(value.kind, cases[i].kind);
        CHECK_TEXT(value.qualifier, cases[i].qualifier);
        CHECK_TEXT(value.name, cases[i].name);
        CHECK(value.version == NULL);
    }
}

static void a_version_is_cut_off_the_name(void) {
    read_target("libssl.so:SSL_write@@OPENSSL_3.0.0");
    CHECK_TEXT(value.name, "SSL_write");
    CHECK_TEXT(value.version, "OPENSSL_3.0.0");
    CHECK(value.default_version);
    read_target("*:memcpy@GLIBC_2.2.5");
    CHECK_TEXT(value.version, "GLIBC_2.2.5");
    CHECK(!value.default_version);
}

static void a_build_id_is_read_in_lower_case_with_its_offset(void) {
    read_target("build-id:B1946AC9+0xFf0");
    CHECK_EQUAL(value.kind, GR_TARGET_BUILD_ID);
    CHECK_TEXT(value.qualifier, "b1946ac9");
    CHECK_EQUAL(value.offset, 0xff0);
    read_target("build-id:b1946ac9+0xffffffffffffffff");
    CHECK(value.offset == UINT64_MAX);
}

static void a_failure_says_at_which_byte(void) {
    CHECK_EQUAL(failure(""), 0);
    CHECK_EQUAL(failure("PQexec"), 6);
    CHECK_EQUAL(failure("libpq.so:"), 9);
    CHECK_EQUAL(failure("ns::f"), 3);
    CHECK_EQUAL(failure("libpq.so: f"), 9);
    CHECK_EQUAL(failure("libpq.so:f "), 10);
    CHECK_EQUAL(failure("libp*.so:f"), 4);
    CHECK_EQUAL(failure("Or(der:f"), 2);
    CHECK_EQUAL(failure("a:f(int"), 3);
    CHECK_EQUAL(failure("a:f)"), 3);
    CHECK_EQUAL(failure("a:f@"), 4);
    CHECK_EQUAL(failure("a:f@@"), 5);
    CHECK_EQUAL(failure("a:@V"), 2);
    CHECK_EQUAL(failure("a:f@V*"), 5);
    CHECK_EQUAL(failure("a:f@@@V"), 5);
    CHECK_EQUAL(failure("a:f\n"), 3);
    CHECK_EQUAL(failure("a\x7f:f"), 1);
    CHECK_EQUAL(failure("build-id:"), 9);
    CHECK_EQUAL(failure("build-id:b1946ac+0x1"), 16);
    CHECK_EQUAL(failure("build-id:b1946ac9"), 17);
    CHECK_EQUAL(failure("build-id:b1946ac9+1"), 18);
    CHECK_EQUAL(failure("build-id:b1946ac9+0x"), 18);
    CHECK_EQUAL(failure("build-id:b1946ac9+0x1g"), 21);
    CHECK_EQUAL(failure("build-id:b1946ac9+0x1ffffffffffffffff"), 36);
}

static void a_failure_needs_nowhere_to_say_it(void) {
    CHECK_EQUAL(graft_target_check("nothing", NULL), GRAFT_TARGET_SYNTAX);
    CHECK_EQUAL(graft_target_check(NULL, NULL), GRAFT_INVALID_ARGUMENT);
    size_t offset = 7;
    CHECK_EQUAL(graft_target_check(":main", &offset), GRAFT_OK);
    CHECK_EQUAL(offset, 7);
}

static void a_target_may_be_as_long_as_the_limit_and_no_longer(void) {
    char text[GRAFT_TARGET_MAX + 2];
    memset(text, 'x', sizeof text);
    text[0] = ':';
    text[GRAFT_TARGET_MAX] = 0;
    CHECK_EQUAL(graft_target_check(text, NULL), GRAFT_OK);
    text[GRAFT_TARGET_MAX] = 'x';
    text[GRAFT_TARGET_MAX + 1] = 0;
    size_t offset = 0;
    CHECK_EQUAL(graft_target_check(text, &offset), GRAFT_TARGET_TOO_LONG);
    CHECK_EQUAL(offset, GRAFT_TARGET_MAX);
}

static void a_build_id_may_be_as_long_as_the_limit_and_no_longer(void) {
    char text[GRAFT_TARGET_MAX];
    snprintf(text, sizeof text, "build-id:%0*d+0x1", 2 * GR_BUILD_ID_MAX, 7);
    CHECK_EQUAL(failure(text), -1);
    snprintf(text, sizeof text, "build-id:%0*d+0x1", 2 * GR_BUILD_ID_MAX + 1, 7);
    CHECK_EQUAL(failure(text), 9 + 2 * GR_BUILD_ID_MAX + 1);
}

static void a_pattern_is_a_bare_name_or_a_target_in_the_file_at_hand(void) {
    static const struct {
        const char *text;
        enum gr_target_kind kind;
        const char *name;
    } cases[] = {
        {"PQ*", GR_TARGET_FILE, "PQ*"},
        {"ns::Klass::run(int)", GR_TARGET_FILE, "ns::Klass::run(int)"},
        {"Order.price(_:of:)", GR_TARGET_FILE, "Order.price(_:of:)"},
        {"f@@V1", GR_TARGET_FILE, "f"},
        {"Shop:Order.*", GR_TARGET_WORD, "Order.*"},
        {":main", GR_TARGET_FILE, "main"},
        {"*:main", GR_TARGET_FILE, "main"},
        {"libpq.so.5:PQexec", GR_TARGET_FILE, "PQexec"},
        {"build-id:b1946ac9+0x1", GR_TARGET_BUILD_ID, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_EQUAL(gr_target_read_pattern(cases[i].text, &value), GRAFT_OK);
        CHECK_EQUAL(value.kind, cases[i].kind);
        CHECK_TEXT(value.name, cases[i].name);
    }
    CHECK_EQUAL(gr_target_read_pattern("", &value), GRAFT_TARGET_SYNTAX);
    CHECK_EQUAL(gr_target_read_pattern(NULL, &value), GRAFT_INVALID_ARGUMENT);
}

static char *identifier(const struct graft_entry_point *entry, char *buffer, size_t size) {
    graft_entry_point_identifier(entry, buffer, size);
    return buffer;
}

static void an_identifier_is_build_id_offset_and_symbol(void) {
    char text[64];
    struct graft_entry_point entry = {
        .offset = 0x1234, .image = "/lib/libpq.so.5", .build_id = "b1946ac9", .symbol = "PQexec", .name = "PQexec"};
    CHECK_TEXT(identifier(&entry, text, sizeof text), "b1946ac9+0x1234:PQexec");
    entry.symbol = "";
    CHECK_TEXT(identifier(&entry, text, sizeof text), "b1946ac9+0x1234");
    entry.build_id = "";
    entry.offset = 0;
    CHECK_TEXT(identifier(&entry, text, sizeof text), "libpq.so.5+0x0");
}

static void an_identifier_is_cut_at_its_buffer_and_tells_its_length(void) {
    char text[32];
    struct graft_entry_point entry = {.offset = UINT64_MAX, .image = "", .build_id = "ab", .symbol = "f"};
    CHECK_EQUAL(graft_entry_point_identifier(&entry, NULL, 0), 23);
    memset(text, '#', sizeof text);
    CHECK_EQUAL(graft_entry_point_identifier(&entry, text, 6), 23);
    CHECK_TEXT(text, "ab+0x");
    CHECK_EQUAL(text[6], '#');
    CHECK_EQUAL(graft_entry_point_identifier(&entry, text, 23), 23);
    CHECK_TEXT(text, "ab+0xffffffffffffffff:");
    CHECK_EQUAL(graft_entry_point_identifier(&entry, text, 24), 23);
    CHECK_TEXT(text, "ab+0xffffffffffffffff:f");
}

int main(void) {
    RUN(every_documented_form_is_a_target);
    RUN(the_part_before_the_colon_says_where_to_look);
    RUN(a_version_is_cut_off_the_name);
    RUN(a_build_id_is_read_in_lower_case_with_its_offset);
    RUN(a_failure_says_at_which_byte);
    RUN(a_failure_needs_nowhere_to_say_it);
    RUN(a_target_may_be_as_long_as_the_limit_and_no_longer);
    RUN(a_build_id_may_be_as_long_as_the_limit_and_no_longer);
    RUN(a_pattern_is_a_bare_name_or_a_target_in_the_file_at_hand);
    RUN(an_identifier_is_build_id_offset_and_symbol);
    RUN(an_identifier_is_cut_at_its_buffer_and_tells_its_length);
    return 0;
}
