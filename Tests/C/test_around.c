/* test_around.c: around-probes through the public interface: what a handler sees, changes and answers; beside other
 * probes; under threads, removal, longjmp, fork and thread exit; what is refused. */
#include "check.h"
#include <dlfcn.h>
#include <errno.h>
#include <graft/graft.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define TARGET __attribute__((noinline, visibility("default")))
#define OPAQUE __asm__ volatile("")

struct big {
    long a, b, c;
    char d;
};
struct mixed {
    long a;
    double b;
};
struct floats {
    float a, b, c;
};

TARGET int a_add(int a, int b);
TARGET signed char a_small(signed char a, unsigned char b, short c, bool d);
TARGET double a_double(double a, float b, double c, double d, double e, double f, double g, double h, double i);
TARGET float a_float(float a);
TARGET struct big a_big(struct big in, long more);
TARGET struct mixed a_mixed(struct mixed in, struct floats other);
TARGET struct floats a_floats(float a);
TARGET long a_many(long a, long b, long c, long d, long e, long f, long g, long h);
TARGET void a_nothing(int *seen);
TARGET int a_open(const char *path);
TARGET long a_recurse(long depth);
TARGET void a_jump(jmp_buf *to);
TARGET int a_wait(int descriptor);
TARGET void a_leave_thread(void *value);

TARGET int a_add(int a, int b) {
    OPAQUE;
    return a + b;
}
TARGET signed char a_small(signed char a, unsigned char b, short c, bool d) {
    OPAQUE;
    return (signed char)(a + b + c + d);
}
TARGET double a_double(double a, float b, double c, double d, double e, double f, double g, double h, double i) {
    OPAQUE;
    return a + 2 * (double)b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i;
}
TARGET float a_float(float a) {
    OPAQUE;
    return a * 2;
}
TARGET struct big a_big(struct big in, long more) {
    OPAQUE;
    return (struct big){in.a + more, in.b + more, in.c + more, (char)(in.d + 1)};
}
TARGET struct mixed a_mixed(struct mixed in, struct floats other) {
    OPAQUE;
    return (struct mixed){in.a * 2, in.b + (double)(other.a + other.b + other.c)};
}
TARGET struct floats a_floats(float a) {
    OPAQUE;
    return (struct floats){a, a + 1, a + 2};
}
TARGET long a_many(long a, long b, long c, long d, long e, long f, long g, long h) {
    OPAQUE;
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}
TARGET void a_nothing(int *seen) {
    OPAQUE;
    ++*seen;
}
TARGET int a_open(const char *path) {
    OPAQUE;
    errno = ENOENT;
    return path[0] == '/' ? -1 : 3;
}
TARGET long a_recurse(long depth) {
    long (*volatile self)(long) = a_recurse;
    return depth == 0 ? 0 : 1 + self(depth - 1);
}
TARGET void a_jump(jmp_buf *to) {
    OPAQUE;
    longjmp(*to, 1);
}
TARGET int a_wait(int descriptor) {
    char byte;
    OPAQUE;
    return read(descriptor, &byte, 1) == 1 ? byte : -1;
}
TARGET void a_leave_thread(void *value) {
    OPAQUE;
    pthread_exit(value);
}

static int (*volatile add)(int, int) = a_add;

static struct graft_outcome try_around(
    const char *target, const char *signature, graft_around_handler handler, void *context) {
    const struct graft_probe_spec spec = {
        .target = target, .mode = GRAFT_MODE_AROUND, .signature = signature, .around = handler, .context = context};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    return outcome;
}

static graft_probe_id put_around(
    const char *target, const char *signature, graft_around_handler handler, void *context) {
    struct graft_outcome outcome = try_around(target, signature, handler, context);
    if (outcome.status != GRAFT_OK || outcome.refused != 0)
        fprintf(stderr, "%s: %s, %s\n", target, graft_status_slug(outcome.status), graft_status_slug(outcome.refusal));
    CHECK_EQUAL(outcome.status, GRAFT_OK);
    CHECK_EQUAL(outcome.state, GRAFT_STATE_INSTALLED);
    return outcome.probe;
}

static void remove_probe(graft_probe_id probe) {
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_remove(&probe, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.status, GRAFT_OK);
}

static uint64_t hits_of(graft_probe_id probe) {
    uint64_t hits;
    CHECK_EQUAL(graft_probe_hits(probe, &hits), GRAFT_OK);
    return hits;
}

#define ARGUMENT(type, call, index) (*(type *)graft_around_argument((call), (index), NULL))
#define RESULT(type, call) (*(type *)graft_around_result((call), NULL))

static void change_arguments(struct graft_around *call, void *context) {
    size_t size;
    CHECK_EQUAL(graft_around_argument_count(call), 2);
    CHECK(graft_around_argument(call, 1, &size) != NULL);
    CHECK_EQUAL(size, sizeof(int));
    CHECK(graft_around_argument(call, 2, &size) == NULL);
    CHECK_TEXT(graft_around_entry(call)->symbol, "a_add");
    ARGUMENT(int, call, 0) *= 10;
    ARGUMENT(int, call, 1) += *(int *)context;
    graft_around_original(call);
    CHECK(graft_around_result(call, &size) != NULL);
    CHECK_EQUAL(size, sizeof(int));
}

static void arguments_can_be_changed(void) {
    int more = 100;
    graft_probe_id probe = put_around(":a_add", "i32(i32,i32)", change_arguments, &more);
    CHECK_EQUAL(add(1, 2), 112);
    CHECK_EQUAL(hits_of(probe), 1);
    remove_probe(probe);
    CHECK_EQUAL(add(1, 2), 3);
}

static void answer(struct graft_around *call, void *context) {
    RESULT(int, call) = *(int *)context;
}
static void answer_nothing(struct graft_around *call, void *context) {
    (void)call, (void)context;
}

static void the_original_can_be_left_out(void) {
    int value = -7;
    graft_probe_id probe = put_around(":a_add", "i32(i32,i32)", answer, &value);
    CHECK_EQUAL(add(1, 2), -7);
    remove_probe(probe);
    probe = put_around(":a_add", "i32(i32,i32)", answer_nothing, NULL);
    CHECK_EQUAL(add(1, 2), 0);
    remove_probe(probe);
    int seen = 0;
    void (*volatile nothing)(int *) = a_nothing;
    probe = put_around(":a_nothing", "void(ptr)", answer_nothing, NULL);
    nothing(&seen);
    CHECK_EQUAL(seen, 0);
    remove_probe(probe);
}

static void call_thrice(struct graft_around *call, void *context) {
    (void)context;
    CHECK(graft_around_result(call, NULL) == NULL);
    for (int i = 0; i < 3; i++)
        graft_around_original(call);
}

static void the_original_can_be_called_again(void) {
    int seen = 0;
    void (*volatile nothing)(int *) = a_nothing;
    graft_probe_id probe = put_around(":a_nothing", "void(ptr)", call_thrice, NULL);
    nothing(&seen);
    CHECK_EQUAL(seen, 3);
    CHECK_EQUAL(hits_of(probe), 1);
    remove_probe(probe);
}

static void pass_on(struct graft_around *call, void *context) {
    (void)context;
    graft_around_original(call);
}

static void small_integers_are_widened_by_their_type(void) {
    signed char (*volatile small)(signed char, unsigned char, short, bool) = a_small;
    graft_probe_id probe = put_around(":a_small", "i8(i8,u8,i16,bool)", pass_on, NULL);
    CHECK_EQUAL(small(-100, 20, -30, true), -109);
    CHECK_EQUAL(small(-1, 255, 1, false), (signed char)255);
    remove_probe(probe);
}

static void double_result(struct graft_around *call, void *context) {
    (void)context;
    CHECK(ARGUMENT(float, call, 1) == 2.0f && ARGUMENT(double, call, 8) == 9.0);
    ARGUMENT(double, call, 8) = 10;
    graft_around_original(call);
    RESULT(double, call) += 0.5;
}

static void floats_pass_in_registers_and_on_the_stack(void) {
    double (*volatile f)(double, float, double, double, double, double, double, double, double) = a_double;
    graft_probe_id probe = put_around(":a_double", "f64(f64,f32,f64,f64,f64,f64,f64,f64,f64)", double_result, NULL);
    CHECK(f(1, 2, 3, 4, 5, 6, 7, 8, 9) == 285 + 9 + 0.5);
    remove_probe(probe);
    float (*volatile g)(float) = a_float;
    probe = put_around(":a_float", "f32(f32)", pass_on, NULL);
    CHECK(g(1.5f) == 3.0f);
    remove_probe(probe);
}

static void stack_last(struct graft_around *call, void *context) {
    (void)context;
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQUAL(ARGUMENT(long, call, i), i + 1);
    ARGUMENT(long, call, 7) = 0;
    graft_around_original(call);
}

static void stack_arguments_can_be_changed(void) {
    long (*volatile many)(long, long, long, long, long, long, long, long) = a_many;
    graft_probe_id probe = put_around(":a_many", "i64(i64,i64,i64,i64,i64,i64,i64,i64)", stack_last, NULL);
    CHECK_EQUAL(many(1, 2, 3, 4, 5, 6, 7, 8), 204 - 64);
    remove_probe(probe);
}

static void big_more(struct graft_around *call, void *context) {
    (void)context;
    ARGUMENT(struct big, call, 0).b = 50;
    graft_around_original(call);
    RESULT(struct big, call).c = -1;
}
static void mixed_more(struct graft_around *call, void *context) {
    (void)context;
    ARGUMENT(struct mixed, call, 0).a++;
    ARGUMENT(struct floats, call, 1).c = 10;
    graft_around_original(call);
    RESULT(struct mixed, call).b += 0.25;
}

static void structs_pass_in_memory_and_in_registers(void) {
    struct big (*volatile f)(struct big, long) = a_big;
    graft_probe_id probe = put_around(":a_big", "{i64,i64,i64,i8}({i64,i64,i64,i8},i64)", big_more, NULL);
    struct big big = f((struct big){1, 2, 3, 4}, 10);
    CHECK(big.a == 11 && big.b == 60 && big.c == -1 && big.d == 5);
    remove_probe(probe);
    struct mixed (*volatile g)(struct mixed, struct floats) = a_mixed;
    probe = put_around(":a_mixed", "{i64,f64}({i64,f64},{f32,f32,f32})", mixed_more, NULL);
    struct mixed mixed = g((struct mixed){1, 2}, (struct floats){1, 2, 3});
    CHECK(mixed.a == 4 && mixed.b == 2 + 1 + 2 + 10 + 0.25);
    remove_probe(probe);
    struct floats (*volatile h)(float) = a_floats;
    probe = put_around(":a_floats", "{f32,f32,f32}(f32)", pass_on, NULL);
    struct floats floats = h(1);
    CHECK(floats.a == 1 && floats.b == 2 && floats.c == 3);
    remove_probe(probe);
}

static void fail_with(struct graft_around *call, void *context) {
    errno = EDOM; /* undone */
    if (context != NULL) {
        graft_around_set_errno(call, *(int *)context);
        RESULT(int, call) = -1;
        return;
    }
    CHECK_EQUAL(graft_around_errno(call), EBUSY);
    graft_around_original(call);
    errno = EDOM;
    CHECK_EQUAL(graft_around_errno(call), ENOENT);
}

static void errno_is_the_programs_unless_it_is_set(void) {
    int (*volatile open_it)(const char *) = a_open;
    int wanted = ECONNREFUSED;
    graft_probe_id probe = put_around(":a_open", "i32(cstr)", fail_with, &wanted);
    errno = EBUSY;
    CHECK_EQUAL(open_it("x"), -1);
    CHECK_EQUAL(errno, ECONNREFUSED);
    remove_probe(probe);
    probe = put_around(":a_open", "i32(cstr)", fail_with, NULL);
    errno = EBUSY;
    CHECK_EQUAL(open_it("/"), -1);
    CHECK_EQUAL(errno, ENOENT);
    remove_probe(probe);
}

static struct {
    int enters, leaves;
    uint64_t argument, result;
} seen;

static void on_hit(struct graft_hit *hit, void *context) {
    (void)context;
    if (hit->phase == GRAFT_PHASE_ENTER) {
        seen.enters++;
        seen.argument = graft_hit_argument(hit, 0) & UINT32_MAX;
    } else {
        seen.leaves++;
        seen.result = graft_hit_result(hit) & UINT32_MAX;
    }
}

/* Other probes see what the program asked for and what it got; each call counts once. */
static void other_probes_see_the_program_s_side(void) {
    int more = 100;
    const struct graft_probe_spec specs[] = {{.target = ":a_add", .mode = GRAFT_MODE_ENTRY_EXIT, .handler = on_hit},
        {.target = ":a_add", .mode = GRAFT_MODE_COUNT}};
    struct graft_outcome outcomes[2];
    memset(&seen, 0, sizeof seen);
    CHECK_EQUAL(graft_install(specs, 2, outcomes), GRAFT_OK);
    CHECK_EQUAL(add(1, 2), 3);
    graft_probe_id probe = put_around(":a_add", "i32(i32,i32)", change_arguments, &more);
    CHECK_EQUAL(add(2, 2), 122);
    CHECK(seen.enters == 2 && seen.leaves == 2 && seen.argument == 2 && seen.result == 122);
    CHECK_EQUAL(hits_of(probe), 1);
    CHECK_EQUAL(hits_of(outcomes[0].probe), 2);
    CHECK_EQUAL(hits_of(outcomes[1].probe), 2);
    remove_probe(outcomes[0].probe);
    CHECK_EQUAL(add(3, 2), 132);
    remove_probe(probe);
    CHECK_EQUAL(add(3, 2), 5);
    CHECK_EQUAL(hits_of(outcomes[1].probe), 4);
    remove_probe(outcomes[1].probe);
}

static void call_add_itself(struct graft_around *call, void *context) {
    (void)context;
    CHECK_EQUAL(add(1, 1), 2); /* not seen: the handler's own */
    graft_around_original(call);
}

/* Every level of a_recurse is called by the program, within the original; deeper than there are frames. */
static void calls_of_the_original_are_reported_and_those_of_the_handler_are_not(void) {
    enum { DEPTH = 1000 };
    long (*volatile recurse)(long) = a_recurse;
    const struct graft_probe_spec spec = {.target = ":a_add", .mode = GRAFT_MODE_ENTRY, .handler = on_hit};
    struct graft_outcome outcome;
    memset(&seen, 0, sizeof seen);
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    graft_probe_id probe = put_around(":a_recurse", "i64(i64)", call_add_itself, NULL);
    CHECK_EQUAL(recurse(DEPTH), DEPTH);
    CHECK_EQUAL(hits_of(probe), DEPTH + 1);
    CHECK_EQUAL(seen.enters, 0);
    remove_probe(probe);
    remove_probe(outcome.probe);
}

static void count_levels(struct graft_around *call, void *context) {
    ++*(int *)context;
    graft_around_original(call);
}

static void every_level_reaches_the_handler_also_without_frames(void) {
    enum { DEPTH = 1000 };
    int levels = 0;
    long (*volatile recurse)(long) = a_recurse;
    graft_probe_id probe = put_around(":a_recurse", "i64(i64)", count_levels, &levels);
    CHECK_EQUAL(recurse(DEPTH), DEPTH);
    CHECK_EQUAL(levels, DEPTH + 1);
    remove_probe(probe);
}

static void a_second_one_is_refused(void) {
    graft_probe_id probe = put_around(":a_add", "i32(i32,i32)", pass_on, NULL);
    struct graft_outcome outcome = try_around(":a_add", "i32(i32,i32)", pass_on, NULL);
    CHECK_EQUAL(outcome.status, GRAFT_OK);
    CHECK_EQUAL(outcome.refused, 1);
    CHECK_EQUAL(outcome.refusal, GRAFT_AROUND_TAKEN);
    remove_probe(outcome.probe);
    CHECK_EQUAL(graft_set_mode(probe, GRAFT_MODE_COUNT), GRAFT_INVALID_ARGUMENT);
    remove_probe(probe);
    const struct graft_probe_spec spec = {.target = ":a_add", .mode = GRAFT_MODE_COUNT};
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(graft_set_mode(outcome.probe, GRAFT_MODE_AROUND), GRAFT_INVALID_ARGUMENT);
    remove_probe(outcome.probe);
}

static void what_cannot_be_is_refused(void) {
    CHECK_EQUAL(try_around(":a_add", "i32(i32,i33)", pass_on, NULL).status, GRAFT_SIGNATURE_SYNTAX);
    CHECK_EQUAL(try_around(":a_add", "i32({{{{{i8}}}}})", pass_on, NULL).status, GRAFT_SIGNATURE_LIMIT);
    CHECK_EQUAL(try_around(":a_add", NULL, pass_on, NULL).status, GRAFT_INVALID_ARGUMENT);
    CHECK_EQUAL(try_around(":a_add", "i32(i32,i32)", NULL, NULL).status, GRAFT_INVALID_ARGUMENT);
    struct graft_outcome outcome = try_around("libc.so.6:vfork", "i32()", pass_on, NULL);
    CHECK(outcome.refusal == GRAFT_NO_EXIT || outcome.refusal == GRAFT_DENIED);
    remove_probe(outcome.probe);
}

/* A name as Swift writes it, and one as GCC names a clone: not to be called. */
__asm__(".pushsection .text\n"
        ".globl \"$s6around5thing\", \"a_clone.constprop.0\"\n"
        ".type \"$s6around5thing\", @function\n"
        ".p2align 4\n\"$s6around5thing\":\n.cfi_startproc\n.fill 16, 1, 0x90\nret\n.cfi_endproc\n"
        ".size \"$s6around5thing\", 17\n"
        ".type \"a_clone.constprop.0\", @function\n"
        ".p2align 4\n\"a_clone.constprop.0\":\n.cfi_startproc\n.fill 16, 1, 0x90\nret\n.cfi_endproc\n"
        ".size \"a_clone.constprop.0\", 17\n"
        ".popsection");

static void check_unknown(const char *target) {
    struct graft_outcome outcome = try_around(target, "i32(i32)", pass_on, NULL);
    CHECK_EQUAL(outcome.installed, 0);
    CHECK_EQUAL(outcome.refusal, GRAFT_SIGNATURE_UNKNOWN);
    remove_probe(outcome.probe);
}

static void other_conventions_are_refused(void) {
    check_unknown(":$s6around5thing");
    check_unknown(":a_clone");
}

static void check_mismatch(const char *target, const char *signature) {
    struct graft_outcome outcome = try_around(target, signature, pass_on, NULL);
    if (outcome.refusal != GRAFT_SIGNATURE_MISMATCH)
        fprintf(stderr, "%s: %s\n", signature, graft_status_slug(outcome.refusal));
    CHECK_EQUAL(outcome.installed, 0);
    CHECK_EQUAL(outcome.refusal, GRAFT_SIGNATURE_MISMATCH);
    remove_probe(outcome.probe);
}

/* The fixture has debug information, as this program has. */
static void debug_information_refuses_wrong_signatures(void) {
    check_mismatch("around.so:around_throw", "i32()");
    check_mismatch("around.so:around_throw", "i32(i32,i32)");
    check_mismatch("around.so:around_throw", "i32(i64)");
    check_mismatch("around.so:around_throw", "i32(f32)");
    check_mismatch("around.so:around_throw", "f32(i32)");
    check_mismatch("around.so:around_throw", "void(i32)");
    check_mismatch("around.so:around_throw", "i32({i32})");
    check_mismatch("around.so:Counter::add", "i64(i64,f64)"); /* `this` is missing */
    remove_probe(put_around("around.so:around_throw", "u32(u32)", pass_on, NULL));
    remove_probe(put_around("around.so:Counter::add", "i64(u64,u64,f64)", pass_on, NULL));
}

TARGET int a_any(int first, ...);
TARGET int a_any(int first, ...) {
    OPAQUE;
    return first * 2;
}

/* Signatures of a function are kept; past the limit another one is refused, the known ones are not. A variadic function
 * may be said to have any further arguments. */
static void the_number_of_signatures_is_bounded(void) {
    char text[GRAFT_SIGNATURES_MAX + 1][GRAFT_SIGNATURE_MAX];
    int (*volatile any)(int, ...) = a_any;
    for (int i = 0; i <= GRAFT_SIGNATURES_MAX; i++) {
        char *at = stpcpy(text[i], "i32(i32");
        for (int more = 0; more < i; more++)
            at = stpcpy(at, ",u8");
        stpcpy(at, ")");
    }
    for (int i = 0; i < GRAFT_SIGNATURES_MAX; i++)
        remove_probe(put_around(":a_any", text[i], pass_on, NULL));
    struct graft_outcome outcome = try_around(":a_any", text[GRAFT_SIGNATURES_MAX], pass_on, NULL);
    CHECK_EQUAL(outcome.refusal, GRAFT_SIGNATURE_LIMIT);
    remove_probe(outcome.probe);
    graft_probe_id probe = put_around(":a_any", text[2], pass_on, NULL);
    CHECK_EQUAL(any(4, 1, 1), 8);
    remove_probe(probe);
}

static void a_longjmp_through_it_leaves_all_as_it_was(void) {
    void (*volatile jump)(jmp_buf *) = a_jump;
    int more = 1;
    graft_probe_id probe = put_around(":a_jump", "void(ptr)", pass_on, NULL),
                   inner = put_around(":a_add", "i32(i32,i32)", change_arguments, &more);
    for (int i = 0; i < 1000; i++) {
        jmp_buf here;
        if (setjmp(here) == 0)
            jump(&here);
        CHECK_EQUAL(add(1, 2), 13); /* the guard is down: handlers are called */
    }
    CHECK_EQUAL(hits_of(probe), 1000);
    remove_probe(probe);
    remove_probe(inner);
}

/* The address sanitizer catches throws only in a program that has C++ from its start. */
#if defined(__SANITIZE_ADDRESS__)
enum { THROWS = 0 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { THROWS = 0 };
#else
enum { THROWS = 1 };
#endif
#else
enum { THROWS = 1 };
#endif

static void *fixture_function(const char *name) {
    void *fixture = dlopen(FIXTURES "/around.so", RTLD_NOW);
    if (fixture == NULL)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(fixture != NULL);
    return dlsym(fixture, name);
}

static void an_exception_passes_through_it(void) {
    int (*catch_it)(int) = (int (*)(int))(uintptr_t)fixture_function("around_catch");
    int more = 1;
    graft_probe_id probe = put_around("around.so:around_throw", "i32(i32)", pass_on, NULL),
                   inner = put_around(":a_add", "i32(i32,i32)", change_arguments, &more);
    for (int i = 0; i < 1000; i++) {
        CHECK_EQUAL(catch_it(THROWS), -THROWS);
        CHECK_EQUAL(catch_it(-5), -5);
        CHECK_EQUAL(add(1, 2), 13);
    }
    CHECK_EQUAL(hits_of(probe), 2000);
    remove_probe(probe);
    remove_probe(inner);
}

static void member_more(struct graft_around *call, void *context) {
    CHECK_EQUAL(ARGUMENT(long *, call, 0)[0], *(long *)context); /* this */
    ARGUMENT(double, call, 2) = 3;
    graft_around_original(call);
}

static void a_member_function_has_its_object_first(void) {
    long (*member)(long, long, double) = (long (*)(long, long, double))(uintptr_t)fixture_function("around_member");
    long start = 100;
    graft_probe_id probe = put_around("around.so:Counter::add", "i64(ptr,i64,f64)", member_more, &start);
    CHECK_EQUAL(member(100, 5, 2), 115);
    remove_probe(probe);
    CHECK_EQUAL(member(100, 5, 2), 110);
}

static void *leave(void *value) {
    void (*volatile leave_thread)(void *) = a_leave_thread;
    leave_thread(value);
    return NULL;
}

static void a_thread_may_end_inside(void) {
    graft_probe_id probe = put_around(":a_leave_thread", "void(ptr)", pass_on, NULL);
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        void *value;
        CHECK(pthread_create(&thread, NULL, leave, &i) == 0);
        CHECK(pthread_join(thread, &value) == 0);
        CHECK(value == &i);
    }
    remove_probe(probe);
}

static void a_child_has_it_too(void) {
    int value = 42, status;
    graft_probe_id probe = put_around(":a_add", "i32(i32,i32)", answer, &value);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(add(1, 1));
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    remove_probe(probe);
}

static _Atomic int released;

static void on_release(void *context) {
    CHECK(context == &released);
    atomic_fetch_add(&released, 1);
}

static int released_within(int milliseconds, int wanted) {
    while (milliseconds-- > 0 && atomic_load(&released) != wanted)
        usleep(1000);
    return atomic_load(&released);
}

static void *wait_for_byte(void *descriptor) {
    int (*volatile wait_it)(int) = a_wait;
    return (void *)(intptr_t)wait_it(*(int *)descriptor);
}

static _Atomic int waiting;

static void count_waiting(struct graft_around *call, void *context) {
    CHECK(context == &released);
    atomic_store(&waiting, 1);
    graft_around_original(call);
    CHECK_EQUAL(atomic_load(&released), 0); /* not while a handler has it */
}

/* The removal does not wait for an original that blocks; the context lives until that handler has ended. */
static void removal_does_not_wait_for_a_blocked_original(void) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    atomic_store(&released, 0);
    const struct graft_probe_spec spec = {.target = ":a_wait",
        .mode = GRAFT_MODE_AROUND,
        .signature = "i32(i32)",
        .around = count_waiting,
        .context = &released,
        .release = on_release};
    struct graft_outcome outcome;
    CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
    CHECK_EQUAL(outcome.installed, 1);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, wait_for_byte, &ends[0]) == 0);
    while (!atomic_load(&waiting))
        usleep(100);
    remove_probe(outcome.probe);
    CHECK_EQUAL(released_within(50, 1), 0);
    CHECK(write(ends[1], "7", 1) == 1);
    void *result;
    CHECK(pthread_join(thread, &result) == 0);
    CHECK_EQUAL((intptr_t)result, '7');
    CHECK_EQUAL(released_within(5000, 1), 1);
    close(ends[0]);
    close(ends[1]);
}

static void delay(struct graft_around *call, void *context) {
    (void)context;
    graft_around_delay(call, 30);
    graft_around_original(call);
}

static void a_delay_is_at_least_as_long(void) {
    graft_probe_id probe = put_around(":a_add", "i32(i32,i32)", delay, NULL);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK_EQUAL(add(1, 2), 3);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 30000000);
    remove_probe(probe);
}

static _Atomic bool stop;
static _Atomic uint64_t changed, made;

static void add_thousand(struct graft_around *call, void *context) {
    (void)context;
    graft_around_original(call);
    RESULT(int, call) += 1000;
    atomic_fetch_add_explicit(&changed, 1, memory_order_relaxed);
}

static void *work(void *unused) {
    uint64_t calls = 0, around = 0;
    for (int i = 0; !atomic_load_explicit(&stop, memory_order_relaxed); i = (i + 1) & 0xff, calls++) {
        int sum = add(i, 1);
        CHECK(sum == i + 1 || sum == i + 1001);
        around += sum != i + 1;
    }
    atomic_fetch_add(&made, around);
    (void)calls;
    return unused;
}

/* Every changed result was a handler's, and each handler's reached its caller. */
static void probes_come_and_go_under_threads(void) {
    enum { THREADS = 8, TIMES = 300 };
    pthread_t threads[THREADS];
    atomic_store(&released, 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (int i = 0; i < TIMES; i++) {
        const struct graft_probe_spec spec = {.target = ":a_add",
            .mode = GRAFT_MODE_AROUND,
            .signature = i % 2 != 0 ? "i32(i32,i32)" : "u32(u32,i32)",
            .around = add_thousand,
            .context = &released,
            .release = on_release};
        struct graft_outcome outcome;
        CHECK_EQUAL(graft_install(&spec, 1, &outcome), GRAFT_OK);
        CHECK_EQUAL(outcome.installed, 1);
        if (i % 10 == 0)
            usleep(1000);
        remove_probe(outcome.probe);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_EQUAL(atomic_load(&made), atomic_load(&changed));
    CHECK(atomic_load(&changed) > 0);
    CHECK_EQUAL(released_within(5000, TIMES), TIMES);
}

int main(void) {
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(arguments_can_be_changed);
    RUN(the_original_can_be_left_out);
    RUN(the_original_can_be_called_again);
    RUN(small_integers_are_widened_by_their_type);
    RUN(floats_pass_in_registers_and_on_the_stack);
    RUN(stack_arguments_can_be_changed);
    RUN(structs_pass_in_memory_and_in_registers);
    RUN(errno_is_the_programs_unless_it_is_set);
    RUN(other_probes_see_the_program_s_side);
    RUN(calls_of_the_original_are_reported_and_those_of_the_handler_are_not);
    RUN(every_level_reaches_the_handler_also_without_frames);
    RUN(a_second_one_is_refused);
    RUN(what_cannot_be_is_refused);
    RUN(other_conventions_are_refused);
    RUN(the_number_of_signatures_is_bounded);
    RUN(a_longjmp_through_it_leaves_all_as_it_was);
    RUN(an_exception_passes_through_it);
    RUN(a_member_function_has_its_object_first);
    RUN(debug_information_refuses_wrong_signatures);
    RUN(a_thread_may_end_inside);
    RUN(a_child_has_it_too);
    RUN(removal_does_not_wait_for_a_blocked_original);
    RUN(a_delay_is_at_least_as_long);
    RUN(probes_come_and_go_under_threads);
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
