/* test_deny.c: the named lists: each name is on its own, also under glibc's internal name, and names beside it are not.
 * What would go wrong without them is shown on live functions in Tests/Programs (libc.c). Neighbour: deny.c. */
#include "check.h"
#include "plane.h"
#include <string.h>

static const struct gr_image elsewhere = {.path = "/lib/libc.so.6", .build_id = ""};

static struct graft_entry_point named(const char *symbol) {
    return (struct graft_entry_point){
        .image = "", .build_id = "", .symbol = symbol, .name = symbol, .flags = GRAFT_ENTRY_HAS_UNWIND};
}

static bool exit_denied(const char *prefix, const char *name) {
    char symbol[64];
    snprintf(symbol, sizeof symbol, "%s%s", prefix, name);
    struct graft_entry_point entry = named(symbol);
    return gr_exit_denied(&entry);
}

static void what_has_no_ordinary_entry_is_never_touched(void) {
    static const char *const names[] = {"__restore_rt", "_dl_runtime_resolve", "_dl_runtime_resolve_fxsave",
        "_dl_runtime_resolve_xsave", "_dl_runtime_resolve_xsavec", "_dl_runtime_profile_sse", "_dl_runtime_profile_avx",
        "_dl_runtime_profile_avx512", "_dl_tlsdesc_return", "_dl_tlsdesc_undefweak", "_dl_tlsdesc_dynamic", "_start",
        "__morestack", "__start_context"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct graft_entry_point entry = named(names[i]);
        CHECK(gr_denied(&entry, &elsewhere));
    }
}

static void what_depends_on_its_return_address_takes_no_exit(void) {
    static const char *const names[] = {"setjmp", "_setjmp", "__setjmp", "sigsetjmp", "__sigsetjmp", "vfork", "__vfork",
        "__libc_vfork", "getcontext", "__getcontext", "swapcontext", "__swapcontext", "longjmp", "_longjmp",
        "siglongjmp", "__longjmp", "__longjmp_chk", "____longjmp_chk", "__libc_longjmp", "__libc_siglongjmp",
        "setcontext", "__setcontext", "dlsym", "dlvsym", "dlopen", "dlmopen", "___dlsym", "___dlvsym", "___dlopen",
        "___dlmopen", "__libc_dlopen_mode", "__libc_dlsym", "__libc_dlvsym", "_Unwind_RaiseException", "_Unwind_Resume",
        "_Unwind_Resume_or_Rethrow", "_Unwind_ForcedUnwind", "_Unwind_Backtrace", "__cxa_throw", "__cxa_rethrow",
        "__libc_start_main", "__libc_start_call_main", "clone", "clone3", "__clone", "__clone3", "mcount", "_mcount",
        "__fentry__", "__cyg_profile_func_enter", "__cyg_profile_func_exit"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct graft_entry_point entry = named(names[i]);
        CHECK(exit_denied("", names[i]));
        CHECK(exit_denied("__GI_", names[i]));
        CHECK(!exit_denied("my_", names[i]));
        CHECK(!gr_denied(&entry, &elsewhere)); /* its entry may be seen */
    }
}

static void what_its_callers_expect_to_preserve_registers_does(void) {
    static const char *const names[] = {"__fentry__", "mcount", "_mcount", "__tls_get_addr", "swift_retain",
        "swift_release", "swift_bridgeObjectRetain", "swift_bridgeObjectRelease", "swift_retain_n", "swift_release_n",
        "__asan_report_load1", "__chkstk"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct graft_entry_point entry = named(names[i]);
        CHECK(gr_preserves_registers(&entry));
    }
    struct graft_entry_point other = named("malloc");
    CHECK(!gr_preserves_registers(&other) && !gr_exit_denied(&other) && !gr_denied(&other, &elsewhere));
}

static void a_trap_may_not_stand_where_signals_are_blocked_at_times(void) {
    static const char *const with[] = {
        "/lib/libc.so.6", "libc-2.31.so", "/lib64/ld-linux-x86-64.so.2", "libpthread.so.0"};
    static const char *const without[] = {"/usr/lib/libcurl.so.4", "/libc.so.6/app", "libcrypto.so.3", "/usr/bin/ld"};
    for (size_t i = 0; i < 4; i++) {
        struct gr_image denied = {.path = with[i]}, allowed = {.path = without[i]};
        CHECK(gr_trap_denied(&denied));
        CHECK(!gr_trap_denied(&allowed));
    }
}

int main(void) {
    RUN(what_has_no_ordinary_entry_is_never_touched);
    RUN(what_depends_on_its_return_address_takes_no_exit);
    RUN(what_its_callers_expect_to_preserve_registers_does);
    RUN(a_trap_may_not_stand_where_signals_are_blocked_at_times);
    return 0;
}
