/* ipa_ra.c: callers that count on more than the ABI gives them (GCC's -fipa-ra), and handlers that use all that it does.
 *
 * Each caller keeps values in caller-saved registers across the call of a leaf that is known to leave them alone; the
 * script shows by disassembly that it does. Every handler of ours destroys each caller-saved register. So only thunks
 * that preserve everything give the right sums. Built by clang, whose callers do no such thing, the same program shows
 * the other kind of thunk. */
#include "ipa_ra.h"
#include "probes.h"

enum { CALLS = 200, VALUES = 16 };

typedef long integers[8];

LEAF static long keep_integers(const volatile long *v, int x) {
    long a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7];
    long leaf = leaf_integers(x);
    return leaf + a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

static long expected_integers(const volatile long *v, int x) {
    long sum = x * 7 + 3;
    for (int i = 0; i < 8; i++)
        sum += (i + 1) * v[i];
    return sum;
}

/* Stores that the compiler must keep, behind the call: each value waits in a register of its own. */
#define STORE(i, value) (to[i] = (value))
#define STORE_ALL                                                                                           \
    STORE(0, a), STORE(1, b), STORE(2, c), STORE(3, d), STORE(4, e), STORE(5, f), STORE(6, g), STORE(7, h), \
        STORE(8, i), STORE(9, j), STORE(10, k), STORE(11, l), STORE(12, m), STORE(13, n), STORE(14, o), STORE(15, p)

LEAF static int keep_vectors(const volatile double *v, volatile double *to, int x) {
    double a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7];
    double i = v[8], j = v[9], k = v[10], l = v[11], m = v[12], n = v[13], o = v[14], p = v[15];
    int leaf = leaf_vectors(x);
    STORE_ALL;
    return leaf;
}

#ifdef __AVX2__
typedef double wide __attribute__((vector_size(32)));

LEAF static int keep_wide(const volatile wide *v, volatile wide *to, int x) {
    wide a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7];
    wide i = v[8], j = v[9], k = v[10], l = v[11], m = v[12], n = v[13], o = v[14], p = v[15];
    int leaf = leaf_wide(x);
    STORE_ALL;
    return leaf;
}

/* The second function, which the first ends with a jump to, is the one that touches the wide registers. */
static wide scaled;
__attribute__((noinline, used)) wide pass_on(wide value, int x);
__attribute__((noinline, used)) static wide scale(wide value) {
    scaled = value;
    return value * 2;
}
static wide (*volatile scale_it)(wide) = scale;
__attribute__((noinline, used)) wide pass_on(wide value, int x) {
    if (x < 0)
        abort();
    return scale_it(value);
}
static wide (*volatile pass_it_on)(wide, int) = pass_on;

__attribute__((target("avx2"))) static void destroy_wide(void) {
    __asm__ volatile("vpcmpeqd %%ymm0, %%ymm0, %%ymm0; vpcmpeqd %%ymm1, %%ymm1, %%ymm1;"
                     "vpcmpeqd %%ymm2, %%ymm2, %%ymm2; vpcmpeqd %%ymm3, %%ymm3, %%ymm3;"
                     "vpcmpeqd %%ymm4, %%ymm4, %%ymm4; vpcmpeqd %%ymm5, %%ymm5, %%ymm5;"
                     "vpcmpeqd %%ymm6, %%ymm6, %%ymm6; vpcmpeqd %%ymm7, %%ymm7, %%ymm7;"
                     "vpcmpeqd %%ymm8, %%ymm8, %%ymm8; vpcmpeqd %%ymm9, %%ymm9, %%ymm9;"
                     "vpcmpeqd %%ymm10, %%ymm10, %%ymm10; vpcmpeqd %%ymm11, %%ymm11, %%ymm11;"
                     "vpcmpeqd %%ymm12, %%ymm12, %%ymm12; vpcmpeqd %%ymm13, %%ymm13, %%ymm13;"
                     "vpcmpeqd %%ymm14, %%ymm14, %%ymm14; vpcmpeqd %%ymm15, %%ymm15, %%ymm15" ::
                         : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                     "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}
#else
static void destroy_wide(void) {
}
#endif

/* All that the ABI lets a callee destroy. */
static void destroy(struct graft_hit *hit, void *context) {
    int *told = context;
    told[hit->phase]++;
    /* GCC does not align the stack for a local function that needs no alignment; a handler may count on it */
    CHECK_EQUAL((uintptr_t)__builtin_frame_address(0) % 16, 0);
    destroy_wide();
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm1, %%xmm1; pcmpeqd %%xmm2, %%xmm2; pcmpeqd %%xmm3, %%xmm3;"
                     "pcmpeqd %%xmm4, %%xmm4; pcmpeqd %%xmm5, %%xmm5; pcmpeqd %%xmm6, %%xmm6; pcmpeqd %%xmm7, %%xmm7;"
                     "pcmpeqd %%xmm8, %%xmm8; pcmpeqd %%xmm9, %%xmm9; pcmpeqd %%xmm10, %%xmm10;"
                     "pcmpeqd %%xmm11, %%xmm11; pcmpeqd %%xmm12, %%xmm12; pcmpeqd %%xmm13, %%xmm13;"
                     "pcmpeqd %%xmm14, %%xmm14; pcmpeqd %%xmm15, %%xmm15;"
                     "movq $-1, %%rax; movq %%rax, %%rcx; movq %%rax, %%rdx; movq %%rax, %%rsi; movq %%rax, %%rdi;"
                     "movq %%rax, %%r8; movq %%rax, %%r9; movq %%rax, %%r10; movq %%rax, %%r11" ::
                         : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3",
                     "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                     "xmm15", "memory", "cc");
}

static void call_integers(void) {
    volatile integers v = {3, 1, 4, 1, 5, 9, 2, 6};
    for (int x = 0; x < CALLS; x++) {
        v[x % 8] += x;
        CHECK_EQUAL(keep_integers(v, x), expected_integers(v, x));
    }
}

static void call_vectors(void) {
    volatile double from[VALUES] = {2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5, 9, 0, 4, 5}, to[VALUES];
    for (int x = 0; x < CALLS; x++) {
        from[x % VALUES] += x;
        CHECK_EQUAL(keep_vectors(from, to, x), x * 5 + 1);
        for (int i = 0; i < VALUES; i++)
            CHECK(to[i] == from[i]);
    }
}

#ifdef __AVX2__
static void call_wide(void) {
    volatile wide from[VALUES], to[VALUES];
    for (int i = 0; i < VALUES; i++)
        from[i] = (wide){i, 2 * i + 1, 3 * i + 2, 5 * i};
    for (int x = 0; x < CALLS; x++) {
        from[x % VALUES] += (wide){1, 2, 3, x};
        CHECK_EQUAL(keep_wide(from, to, x), x * 9 + 2);
        for (int i = 0; i < VALUES; i++)
            for (int lane = 0; lane < 4; lane++)
                CHECK(to[i][lane] == from[i][lane]);
    }
}

static void call_through(void) {
    for (int x = 0; x < CALLS; x++) {
        wide value = {x, x + 1, x + 2, x + 3}, result = pass_it_on(value, x);
        for (int lane = 0; lane < 4; lane++) {
            CHECK(scaled[lane] == value[lane]);
            CHECK(result[lane] == 2 * value[lane]);
        }
    }
}
#endif

/* One leaf in each mode that a probe can have. */
static void in_every_mode(const char *target, void (*call)(void)) {
    for (int mode = GRAFT_MODE_COUNT; mode <= GRAFT_MODE_ENTRY_EXIT; mode++) {
        int told[GRAFT_PHASE_UNWIND + 1] = {0};
        graft_probe_id probe = install(target, (enum graft_mode)mode, destroy, told, 1);
        call();
        CHECK_EQUAL(hits_of(probe), CALLS);
        CHECK_EQUAL(told[GRAFT_PHASE_ENTER], mode != GRAFT_MODE_COUNT ? CALLS : 0);
        CHECK_EQUAL(told[GRAFT_PHASE_LEAVE], mode == GRAFT_MODE_ENTRY_EXIT ? CALLS : 0);
        uninstall(probe);
        call();
    }
}

static void values_in_integer_registers_outlive_a_probed_call(void) {
    in_every_mode(":leaf_integers", call_integers);
}

static void values_in_vector_registers_outlive_a_probed_call(void) {
    in_every_mode(":leaf_vectors", call_vectors);
}

#ifdef __AVX2__
static void values_in_wide_vector_registers_outlive_a_probed_call(void) {
    in_every_mode(":leaf_wide", call_wide);
}

static void wide_arguments_and_results_cross_a_function_that_does_not_name_them(void) {
    in_every_mode(":pass_on", call_through);
}
#endif

static void the_compiler_is_known(void) {
    graft_probe_id probe = install(":leaf_integers", GRAFT_MODE_COUNT, NULL, NULL, 1);
#ifdef __clang__
    CHECK((flags_of(probe) & GRAFT_ENTRY_ABI_CALLERS) != 0);
#else
    CHECK((flags_of(probe) & GRAFT_ENTRY_ABI_CALLERS) == 0);
#endif
    uninstall(probe);
}

int main(void) {
    call_integers();
    call_vectors();
    CHECK_EQUAL(graft_start(NULL), GRAFT_OK);
    RUN(the_compiler_is_known);
    RUN(values_in_integer_registers_outlive_a_probed_call);
    RUN(values_in_vector_registers_outlive_a_probed_call);
#ifdef __AVX2__
    RUN(values_in_wide_vector_registers_outlive_a_probed_call);
    RUN(wide_arguments_and_results_cross_a_function_that_does_not_name_them);
#endif
    CHECK_EQUAL(graft_stop(), GRAFT_OK);
    return 0;
}
