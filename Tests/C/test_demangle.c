/* test_demangle.c: C++ and Swift names made readable, with a runtime, with one that was handed in, and with none.
 *
 * Each test runs in a process of its own, because a demangler once found is kept. */
#include "check.h"
#include "demangle.h"
#include "elf_view.h"
#include "fixture.h"
#include "images.h"

#include <dlfcn.h>

static struct gr_demangled demangled;

static bool demangle(const char *text) {
    struct gr_symbol symbol;
    gr_symbol_read(text, &symbol);
    return gr_demangle(&symbol, &demangled);
}

static void check_name(const char *text, const char *name) {
    CHECK(demangle(text));
    CHECK_TEXT(demangled.text, name);
}

static void cxx_names_are_read_in_a_program_without_cxx(void) {
    check_name("_ZNK2ns5Klass3runEiPKc", "ns::Klass::run(int, char const*) const");
    check_name("_ZN2ns1fEv.constprop.0", "ns::f()");
    check_name("_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc",
        "std::basic_ostream<char, std::char_traits<char> >& std::operator<< <std::char_traits<char> "
        ">(std::basic_ostream<char, std::char_traits<char> >&, char const*)");
    CHECK(!demangle("_Znonsense") && !demangle("main") && !demangle(""));
    check_name("_ZN2ns1fEv", "ns::f()");
    gr_demangled_release(&demangled);
    CHECK(demangled.text == NULL && demangled.capacity == 0);
}

static void a_mangled_name_may_be_as_long_as_the_limit_and_no_longer(void) {
    static char text[GR_MANGLED_MAX + 64];
    for (size_t size = GR_MANGLED_MAX; size <= GR_MANGLED_MAX + 1; size++) {
        int head = snprintf(text, sizeof text, "$s4Shop%zu", size - 4 - 7 - 5);
        memset(text + head, 'a', sizeof text - (size_t)head);
        memcpy(text + size - 4, "yyyF", 5);
        struct gr_symbol symbol;
        gr_symbol_read(text, &symbol);
        CHECK_EQUAL(symbol.base, size);
        CHECK(!gr_demangle(&symbol, &demangled)); /* neither fits the reader of last resort */
    }
}

static size_t longest_asked;

/* Answers as swift_demangle does: cuts what does not fit and says what it needs. */
static char *repeat_name(const char *mangled, size_t size, char *buffer, size_t *buffer_size, uint32_t flags) {
    (void)mangled;
    longest_asked = size > longest_asked ? size : longest_asked;
    CHECK_EQUAL(flags, 0);
    size_t needed = 3 * size + 1, room = *buffer_size;
    if (size == 7)
        return NULL;
    memset(buffer, 'x', (needed < room ? needed : room) - 1);
    buffer[(needed < room ? needed : room) - 1] = 0;
    if (needed > room)
        *buffer_size = needed;
    return buffer;
}

static char *never_called(const char *mangled, size_t size, char *buffer, size_t *buffer_size, uint32_t flags) {
    (void)mangled, (void)size, (void)buffer, (void)buffer_size, (void)flags;
    abort(); /* the first one wins */
}

static void a_demangler_that_was_handed_in_is_used(void) {
    static char text[GR_MANGLED_MAX + 2] = "$s";
    CHECK(!gr_demangle_knows_swift());
    gr_demangle_use_swift(repeat_name);
    gr_demangle_use_swift(never_called);
    CHECK(gr_demangle_knows_swift());
    CHECK(demangle("$s4Shop1fyyF"));
    CHECK_EQUAL(strlen(demangled.text), 36);
    CHECK(!demangle("$s4Shop"));
    memset(text + 2, 'a', GR_MANGLED_MAX - 2);
    CHECK(demangle(text));
    CHECK_EQUAL(strlen(demangled.text), 3 * GR_MANGLED_MAX);
    text[GR_MANGLED_MAX] = 'a';
    CHECK(!demangle(text));
    CHECK_EQUAL(longest_asked, GR_MANGLED_MAX);
    gr_demangled_release(&demangled);
}

static void plain_swift_names_are_read_without_a_runtime(void) {
    CHECK(!gr_demangle_knows_swift());
    check_name("$s4Shop8topLevelSiyF", "Shop.topLevel()");
    check_name("$s4Shop6hiddenySiSSF", "Shop.hidden(_:)");
    check_name("$s4Shop5OrderV5price_2ofS2i_SStF", "Shop.Order.price(_:of:)");
    check_name("$s4Shop5OrderV4make2idACSi_tFZ", "static Shop.Order.make(id:)");
    check_name("$s4Shop5OrderV2idACSi_tcfC", "Shop.Order.init(id:)");
    check_name("$s4Shop4CartCACycfC", "Shop.Cart.__allocating_init()");
    check_name("$s4Shop4CartCACycfc", "Shop.Cart.init()");
    check_name("$s4Shop4CartCfD", "Shop.Cart.__deallocating_deinit");
    check_name("$s4Shop4CartCfd", "Shop.Cart.deinit");
    check_name("$s4Shop5OrderV5totalSivg", "Shop.Order.total.getter");
    check_name("$s4Shop5OrderV5linesSaySiGvM", "Shop.Order.lines.modify");
    check_name("$s4Shop5OrderVyS2icig", "Shop.Order.subscript.getter");
    check_name("$s4Shop5OrderV4KindO4nameSSyF", "Shop.Order.Kind.name()");
    check_name("$sSa4ShopSiRszlE5sumUpSiyF", "(extension in Shop):Swift.Array.sumUp()");
    check_name("$s4Shop7generic_4withSiSayxG_SitAA6PricedRzlF", "Shop.generic(_:with:)");
    check_name("$s4Shop1poiyAA5OrderVAD_ADtF", "Shop.+ infix(_:_:)");
    check_name("$s4Shop4BankC3putyS2iYaF", "Shop.Bank.put(_:) async");
    check_name("$s4Shop4CartC8checkoutSiyYaKF", "Shop.Cart.checkout() async throws");
    check_name("$s4Shop6secret33_0123456789ABCDEF0123456789ABCDEFLLyyF",
        "Shop.(secret in _0123456789ABCDEF0123456789ABCDEF)()");
    check_name("$s4Shop10priceOrderV05totalC0yyF", "Shop.priceOrder.totalOrder()");
    check_name("$s4Shop1fyySRySbGF", "Shop.f(_:)");
}

static void what_is_not_plain_is_refused_without_a_runtime(void) {
    static const char *const names[] = {"$s", "$s4Shop", "$s4Shop5OrderV", "$s4Shop5OrderVMa",
        "$s4Shop5OrderV4costSiyFTf4x_n", "$s4Shop7generic_4withSiSayxG_SitAA6PricedRzlFAA5OrderV_Tg5",
        "$s4Shop4BankC3putyS2iYaFTY1_", "$s4Shop5OrderVAA6PricedA2aDP4costSiyFTW", "$s4Shop1fyyFyycfU_",
        "$s4Shop1fyyF1gL_yyF", "$s4Shop9fyyF", "$s4Shop0A", "$s4Shop0Z1fyyF", "$s4Shop00a_fyyF",
        "$s4Shop99999999999999999999fyyF", "$s4ShopAZyyF", "$sS99iyyF", "$sF", "$syF", "$s4Shop1fF", "$s4Shop1f1gyF",
        "$s4Shop1f_F", "$s4Shop1f____tF", "$e4Shop1fyyF"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (demangle(names[i]))
            fprintf(stderr, "%s: %s\n", names[i], demangled.text);
        CHECK(!demangle(names[i]));
    }
}

static char demangled_by_us[] = "Shop.fromTheExecutable() -> ()";

/* Stands for the runtime of a static Swift executable: a local symbol, which the dynamic loader cannot find. */
__attribute__((used, noinline)) static char *swift_demangle(
    const char *mangled, size_t size, char *buffer, size_t *buffer_size, uint32_t flags) {
    (void)mangled, (void)size, (void)flags;
    CHECK(*buffer_size > sizeof demangled_by_us);
    memcpy(buffer, demangled_by_us, sizeof demangled_by_us);
    return buffer;
}

static void a_demangler_that_is_local_to_the_executable_is_found(void) {
    CHECK(dlsym(RTLD_DEFAULT, "swift_demangle") == NULL);
    struct gr_resolver *resolver;
    CHECK_EQUAL(gr_resolver_create(&resolver), GRAFT_OK);
    CHECK_EQUAL(gr_resolver_refresh(resolver, NULL, NULL, NULL), GRAFT_OK);
    check_name("$s4Shop1fyyF", "Shop.f()"); /* nobody looked yet */
    gr_resolver_find_swift(resolver);
    check_name("$s4Shop1fyyF", demangled_by_us);
    gr_resolver_destroy(resolver);
}

/* The folder with the toolchain's Swift libraries. */
static void swift_library(const char *name, char *path, size_t size) {
    FILE *pipe = popen("dirname \"$(dirname \"$(readlink -f \"$(command -v swiftc)\")\")\"", "r");
    CHECK(pipe != NULL && fgets(path, (int)size - 64, pipe) != NULL);
    CHECK_EQUAL(pclose(pipe), 0);
    path[strcspn(path, "\n")] = 0;
    strcat(strcat(path, "/lib/swift/linux/"), name);
}

static bool same_parts(const struct gr_swift_name *left, const struct gr_swift_name *right) {
    return strcmp(left->module, right->module) == 0 && strcmp(left->type_module, right->type_module) == 0 &&
           strcmp(left->path, right->path) == 0 && strcmp(left->labels, right->labels) == 0 &&
           left->accessor == right->accessor && left->async == right->async;
}

/* Over all functions of a library: the reader of last resort says what the runtime says, or nothing. */
static void compare_readers(const char *library, size_t *plain, size_t *read) {
    char path[4096];
    swift_library(library, path, sizeof path);
    struct gr_elf *elf;
    const struct gr_elf_function *functions;
    size_t count;
    CHECK_EQUAL(gr_elf_open(path, &elf), GRAFT_OK);
    CHECK_EQUAL(gr_elf_functions(elf, &functions, &count), GRAFT_OK);
    for (size_t i = 0; i < count; i++) {
        static char text[8192];
        struct gr_symbol symbol;
        struct gr_swift_name theirs, ours;
        gr_symbol_read(functions[i].symbol, &symbol);
        if (symbol.language != GR_LANGUAGE_SWIFT || !gr_demangle(&symbol, &demangled))
            continue;
        bool named = gr_swift_name_read(demangled.text, &theirs) && !theirs.clone && !theirs.part;
        bool found = gr_swift_mangled_read(symbol.text, symbol.base, text, sizeof text);
        *plain += named;
        *read += found;
        if (found && !(named && gr_swift_name_read(text, &ours) && same_parts(&theirs, &ours)))
            fprintf(stderr, "%s\n  %s\n  %s\n", functions[i].symbol, demangled.text, text);
        CHECK(!found || (named && gr_swift_name_read(text, &ours) && same_parts(&theirs, &ours)));
    }
    gr_elf_close(elf);
}

static void a_runtime_that_is_loaded_locally_is_found_and_agrees(void) {
    char path[4096];
    CHECK(!gr_demangle_knows_swift());
    swift_library("libswiftCore.so", path, sizeof path);
    void *runtime = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    CHECK(runtime != NULL && gr_demangle_knows_swift());
    check_name("$s4Shop5OrderV5price_2ofS2i_SStF", "Shop.Order.price(_: Swift.Int, of: Swift.String) -> Swift.Int");
    CHECK_EQUAL(dlclose(runtime), 0); /* must not take the demangler away */
    check_name("$s4Shop6hiddenySiSSF", "Shop.hidden(Swift.String) -> Swift.Int");
    CHECK(!demangle("$sgarbage!"));
    size_t plain = 0, read = 0;
    compare_readers("libswiftCore.so", &plain, &read);
    compare_readers("libswift_Concurrency.so", &plain, &read);
    compare_readers("libFoundation.so", &plain, &read);
    printf("# read without a runtime: %zu of %zu plain names\n", read, plain);
    CHECK(plain > 10000 && read > plain * 8 / 10);
    gr_demangled_release(&demangled);
}

static struct gr_target target;
static struct gr_pattern pattern;

/* Whether the target that is made of a function's own name finds the function. */
static bool finds_itself(const char *text, const struct gr_symbol *symbol) {
    if (gr_target_read(text, &target, NULL) != GRAFT_OK)
        return false;
    gr_pattern_prepare(&target, &pattern);
    struct gr_signature own = gr_signature_of(symbol->text, symbol->size);
    if (symbol->language == GR_LANGUAGE_CXX)
        return gr_pattern_could_match(&pattern, symbol, false) && gr_signature_covers(&own, &pattern.cxx_signature) &&
               gr_pattern_matches_cxx(&pattern, demangled.text);
    struct gr_swift_name name;
    return gr_swift_name_read(demangled.text, &name) && gr_pattern_could_match(&pattern, symbol, true) &&
           gr_signature_covers(&own, &pattern.module_signature) &&
           gr_pattern_matches_swift(&pattern, GR_MODULE_NAMED, &name);
}

/* A target for the function, by its whole name; false when no user would name it. */
static bool own_target(const struct gr_symbol *symbol, char *text, size_t size) {
    struct gr_swift_name swift;
    if (symbol->cold || symbol->part || symbol->language == GR_LANGUAGE_C || !gr_demangle(symbol, &demangled))
        return false;
    if (symbol->language == GR_LANGUAGE_SWIFT)
        return gr_swift_name_read(demangled.text, &swift) && !swift.part &&
               snprintf(text, size, "%s:%s%s", swift.module, swift.path, swift.labels) <= GRAFT_TARGET_MAX;
    return symbol->text[2] != 'T' && symbol->text[2] != 'G' &&
           snprintf(text, size, "x.so:%s", demangled.text) <= GRAFT_TARGET_MAX;
}

static size_t check_all(const char *path) {
    struct gr_elf *elf;
    const struct gr_elf_function *functions;
    size_t count, found = 0;
    CHECK_EQUAL(gr_elf_open(path, &elf), GRAFT_OK);
    CHECK_EQUAL(gr_elf_functions(elf, &functions, &count), GRAFT_OK);
    for (size_t i = 0; i < count; i++) {
        static char text[4 * GR_NAME_PATH_MAX + 16384];
        struct gr_symbol symbol;
        gr_symbol_read(functions[i].symbol, &symbol);
        if (!own_target(&symbol, text, sizeof text))
            continue;
        if (!finds_itself(text, &symbol))
            fprintf(stderr, "%s\n  %s\n  %s\n", functions[i].symbol, demangled.text, text);
        CHECK(finds_itself(text, &symbol));
        found++;
    }
    gr_elf_close(elf);
    return found;
}

static void every_function_of_real_libraries_is_found_by_its_own_name(void) {
    char path[4096];
    swift_library("libswiftCore.so", path, sizeof path);
    void *runtime = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    CHECK(runtime != NULL);
    size_t found = check_all(path); /* Swift, and the C++ that its runtime is made of */
    swift_library("libFoundation.so", path, sizeof path);
    found += check_all(path);
    swift_library("lib_FoundationICU.so", path, sizeof path);
    found += check_all(path);
    printf("# functions found by their own names: %zu\n", found);
    CHECK(found > 20000);
    gr_demangled_release(&demangled);
}

int main(void) {
    RUN_IN_CHILD(cxx_names_are_read_in_a_program_without_cxx);
    RUN_IN_CHILD(a_mangled_name_may_be_as_long_as_the_limit_and_no_longer);
    RUN_IN_CHILD(a_demangler_that_was_handed_in_is_used);
    RUN_IN_CHILD(plain_swift_names_are_read_without_a_runtime);
    RUN_IN_CHILD(what_is_not_plain_is_refused_without_a_runtime);
    RUN_IN_CHILD(a_demangler_that_is_local_to_the_executable_is_found);
    RUN_IN_CHILD(a_runtime_that_is_loaded_locally_is_found_and_agrees);
    RUN_IN_CHILD(every_function_of_real_libraries_is_found_by_its_own_name);
    return 0;
}
