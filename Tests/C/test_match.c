/* test_match.c: globs, the suffixes of clones, the reading of demangled names, and what a target's name matches. */
#include "check.h"
#include "match.h"

#include <stdint.h>

static bool glob(const char *pattern, const char *text) {
    return gr_glob(pattern, strlen(pattern), text, strlen(text));
}

static void a_glob_matches_the_whole_text(void) {
    CHECK(glob("PQexec", "PQexec") && !glob("PQexec", "PQexecParams") && !glob("exec", "PQexec"));
    CHECK(glob("PQ*", "PQexec") && glob("*exec", "PQexec") && glob("P*x*c", "PQexec") && glob("*", "") && glob("", ""));
    CHECK(glob("**", "x") && !glob("?", "") && glob("P?exec", "PQexec") && !glob("P?exec", "Pexec"));
    CHECK(glob("*aab", "aaaab") && !glob("*aab", "aaaac") && glob("a*b*c", "aXbYbZc"));
}

static void a_glob_stops_at_a_parameter_list(void) {
    CHECK(!glob("f*", "f(int)") && !glob("f?int)", "f(int)") && glob("f(*", "f(int)") && !glob("*", "("));
    CHECK(glob("*(int)", "f(int)") && !glob("*int)", "f(int)"));
}

/* Both as long as they get: a search that tried every split would never come back. */
static void a_glob_of_many_stars_ends_soon(void) {
    char pattern[GRAFT_TARGET_MAX], text[GR_NAME_PATH_MAX];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = i % 2 == 0 ? '*' : 'a';
    CHECK(gr_glob(pattern, sizeof pattern, text, sizeof text));
    pattern[sizeof pattern - 1] = 'b';
    CHECK(!gr_glob(pattern, sizeof pattern, text, sizeof text));
    for (size_t i = 1; i < sizeof pattern; i++)
        pattern[i] = '?';
    pattern[sizeof pattern - 1] = 'b';
    CHECK(!gr_glob(pattern, sizeof pattern, text, sizeof text));
}

static void check_symbol(const char *text, size_t base, bool clone, bool part, bool cold) {
    struct gr_symbol symbol;
    gr_symbol_read(text, &symbol);
    if (symbol.base != base || symbol.clone != clone || symbol.part != part || symbol.cold != cold)
        fprintf(stderr, "%s: base %zu clone %d part %d cold %d\n", text, symbol.base, symbol.clone, symbol.part,
            symbol.cold);
    CHECK(symbol.base == base && symbol.clone == clone && symbol.part == part && symbol.cold == cold);
}

static void suffixes_of_clones_are_cut_off(void) {
    check_symbol("f", 1, false, false, false);
    check_symbol("f.constprop.0", 1, true, false, false);
    check_symbol("f.isra.0.constprop.1", 1, true, false, false);
    check_symbol("f.part.0.lto_priv.0", 1, true, false, false);
    check_symbol("f.llvm.8012345678901234567", 1, true, false, false);
    check_symbol("f.arch_x86_64_v3", 1, true, false, false);
    check_symbol("f.sse4.2", 1, true, false, false);
    check_symbol("f.constprop.0@V1", 1, true, false, false);
    check_symbol("f.cold", 1, false, false, true);
    check_symbol("f.isra.0.cold", 1, true, false, true);
    check_symbol("f.cold.1", 1, false, false, true);
    check_symbol("$s4Shop5OrderV5totalSivM.resume.0", 24, false, true, false);
    check_symbol("_Z4corov.destroy", 8, false, true, false);
}

static void unknown_suffixes_belong_to_the_name(void) {
    check_symbol("counter.1", 9, false, false, false);
    check_symbol("f.constproper.0", 15, false, false, false);
    check_symbol("f.my.isra.0", 4, true, false, false);
    check_symbol(".cold", 5, false, false, false);
    check_symbol("f.isra.0.mine", 13, false, false, false);
    check_symbol("f.", 2, false, false, false);
    check_symbol("", 0, false, false, false);
}

static void the_language_shows_in_the_prefix(void) {
    static const struct {
        const char *text;
        enum gr_language language;
    } cases[] = {{"main", GR_LANGUAGE_C}, {"_Z4mainv", GR_LANGUAGE_CXX}, {"$s4main", GR_LANGUAGE_SWIFT},
        {"$S4main", GR_LANGUAGE_SWIFT}, {"$e4main", GR_LANGUAGE_SWIFT}, {"_T04main", GR_LANGUAGE_SWIFT},
        {"_Tool", GR_LANGUAGE_C}, {"$x", GR_LANGUAGE_C}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gr_symbol symbol;
        gr_symbol_read(cases[i].text, &symbol);
        CHECK_EQUAL(symbol.language, cases[i].language);
    }
}

static void swift_names_are_read_into_module_path_and_labels(void) {
    static const struct {
        const char *text, *module, *path, *labels;
    } cases[] = {
        {"Shop.topLevel() -> Swift.Int", "Shop", "topLevel", "()"},
        {"Shop.hidden(Swift.String) -> Swift.Int", "Shop", "hidden", "(_:)"},
        {"Shop.Order.price(_: Swift.Int, of: Swift.String) -> Swift.Int", "Shop", "Order.price", "(_:of:)"},
        {"static Shop.Order.make(id: Swift.Int) -> Shop.Order", "Shop", "Order.make", "(id:)"},
        {"Shop.Order.init(id: Swift.Int) -> Shop.Order", "Shop", "Order.init", "(id:)"},
        {"Shop.Cart.__allocating_init() -> Shop.Cart", "Shop", "Cart.__allocating_init", "()"},
        {"Shop.Cart.deinit", "Shop", "Cart.deinit", ""},
        {"Shop.Order.total.getter : Swift.Int", "Shop", "Order.total.getter", ""},
        {"Shop.Order.subscript.getter : (Swift.Int) -> Swift.Int", "Shop", "Order.subscript.getter", ""},
        {"Shop.Order.Kind.name() -> Swift.String", "Shop", "Order.Kind.name", "()"},
        {"Shop.apply((Swift.Int) -> Swift.Int, then: (a: Swift.Int, b: Swift.Int) -> ()) -> ()", "Shop", "apply",
            "(_:then:)"},
        {"Shop.generic<A where A: Shop.Priced>(_: [A], with: Swift.Int) -> Swift.Int", "Shop", "generic", "(_:with:)"},
        {"Shop.map<A, B where A == (B) -> ()>(Swift.Dictionary<A, B>) -> ()", "Shop", "map", "(_:)"},
        {"(extension in Shop):Swift.Array<A where A == Swift.Int>.sumUp() -> Swift.Int", "Shop", "Array.sumUp", "()"},
        {"Shop.+ infix(Shop.Order, Shop.Order) -> Shop.Order", "Shop", "+", "(_:_:)"},
        {"static Shop.Order.< infix(Shop.Order, Shop.Order) -> Swift.Bool", "Shop", "Order.<", "(_:_:)"},
        {"static Shop.Order...< prefix(Shop.Order) -> Swift.Bool", "Shop", "Order...<", "(_:)"},
        {"Shop.(hidden in _5A1F)(Swift.Int) -> Swift.Int", "Shop", "hidden", "(_:)"},
        {"Shop.(Secret in _5A1F).run() -> ()", "Shop", "Secret.run", "()"},
        {"Shop.Order.(in _5A1F).init(id: Swift.Int) -> Shop.Order", "Shop", "Order.init", "(id:)"},
        {"Shop.Order.`my name`() -> ()", "Shop", "Order.`my name`", "()"},
        {"(extension in Shop):(extension in Pay):Swift.Array<A>.Index< where A: Pay.P>.f() -> ()", "Shop",
            "Array.Index.f", "()"},
        {"Shop.Order.price(_:of:)", "Shop", "Order.price", "(_:of:)"},
        {"Shop.Order.total.getter", "Shop", "Order.total.getter", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gr_swift_name name;
        CHECK(gr_swift_name_read(cases[i].text, &name));
        CHECK_TEXT(name.module, cases[i].module);
        CHECK_TEXT(name.path, cases[i].path);
        CHECK_TEXT(name.labels, cases[i].labels);
        CHECK(!name.clone && !name.part && !name.async);
    }
}

static void swift_clones_async_functions_and_their_parts_are_told(void) {
    static const struct {
        const char *text, *path;
        bool clone, part, async;
    } cases[] = {
        {"generic specialization <Shop.Order> of Shop.generic<A where A: Shop.Priced>(_: [A]) -> ()", "generic", true,
            false, false},
        {"generic not re-abstracted specialization <(Swift.Int) -> ()> of Shop.f<A>(A) -> ()", "f", true, false, false},
        {"function signature specialization <Arg[0] = Exploded> of Shop.Order.cost() -> Swift.Int", "Order.cost", true,
            false, false},
        {"function signature specialization <Arg[0] = [Closure Propagated : static Swift.Int.< infix(Swift.Int) -> "
         "Swift.Bool]> of generic specialization <A> of Shop.sort<A>(A) -> ()",
            "sort", true, false, false},
        {"function signature specialization <Arg[0] = Owned To Guaranteed> of function signature specialization "
         "<Arg[1] = "
         "[Closure Propagated : $s4Shop1fyyF, Argument Types : [@callee_guaranteed (Shop.A<Swift.Int>) -> ()]> of "
         "Shop.run(_: () -> ()) -> ()",
            "run", true, false, false},
        {"merged Shop.Order.cost() -> Swift.Int", "Order.cost", true, false, false},
        {"merged generic specialization <A> of static Shop.f() -> ()", "f", true, false, false},
        {"Shop.Bank.put(Swift.Int) async -> Swift.Int", "Bank.put", false, false, true},
        {"Shop.Cart.checkout() async throws -> Swift.Int", "Cart.checkout", false, false, true},
        {"(1) await resume partial function for Shop.Bank.put(Swift.Int) async -> Swift.Int", "Bank.put", false, true,
            true},
        {"(2) suspend resume partial function for generic specialization <A> of Shop.f<A>() async -> ()", "f", true,
            true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gr_swift_name name;
        CHECK(gr_swift_name_read(cases[i].text, &name));
        CHECK_TEXT(name.path, cases[i].path);
        CHECK(name.clone == cases[i].clone && name.part == cases[i].part && name.async == cases[i].async);
    }
}

static void a_swift_name_tells_whether_the_function_throws(void) {
    static const struct {
        const char *text;
        bool throws;
    } cases[] = {
        {"Shop.Cart.checkout() async throws -> Swift.Int", true},
        {"Shop.Cart.close() throws -> ()", true},
        {"Shop.Cart.close() throws(Shop.Failure) -> ()", true},
        {"Shop.Cart.with(() throws -> ()) -> ()", false},
        {"Shop.Bank.put(Swift.Int) async -> Swift.Int", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gr_swift_name name;
        CHECK(gr_swift_name_read(cases[i].text, &name));
        CHECK_EQUAL(name.throws, cases[i].throws);
    }
}

static void what_no_user_would_name_is_not_a_swift_name(void) {
    static const char *const texts[] = {"", "Shop", "Shop.", "type metadata accessor for Shop.Order",
        "protocol witness for Shop.Priced.cost() -> Swift.Int in conformance Shop.Order : Shop.Priced in Shop",
        "closure #1 (Swift.Int) -> Swift.Int in Shop.f() -> ()", "partial apply forwarder for Shop.f() -> ()",
        "inner #1 () -> () in Shop.outer() -> ()", "dispatch thunk of Shop.Cart.add(Shop.Order) -> ()",
        "outlined destroy of Shop.Order", "default argument 0 of Shop.f(_: Swift.Int) -> ()",
        "variable initialization expression of Shop.Bank.m : Swift.Int", "destroy value witness for Shop.Order",
        "generic specialization <Shop.Order of Shop.f() -> ()", "Shop.f(", "Shop.f<A(",
        "Shop.Helper #1 in Shop.f() -> ().run() -> ()", "$s4Shop5OrderV", "Shop..f()", "Shop.x",
        "generic specialization <A> in Shop.f() -> ()", "(1) await something Shop.f() -> ()"};
    struct gr_swift_name name;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(!gr_swift_name_read(texts[i], &name));
}

static void cxx_names_are_read_into_path_and_parameters(void) {
    static const struct {
        const char *text;
        bool keep;
        const char *path, *parameters;
    } cases[] = {
        {"ns::Klass::run(int, char const*) const", false, "ns::Klass::run", "(int,charconst*)const"},
        {"ns::f()", false, "ns::f", "()"},
        {"ns::counter", false, "ns::counter", ""},
        {"void ns::Box<int>::set<char>(char)", false, "ns::Box::set", "(char)"},
        {"void ns::Box<int>::set<char>(char)", true, "ns::Box<int>::set<char>", "(char)"},
        {"int& ns::at<int>(std::vector<int> const&)", false, "ns::at", "(std::vector<int>const&)"},
        {"ns::K::operator()(int) const", false, "ns::K::operator{}", "(int)const"},
        {"ns::operator<<(std::ostream&, ns::K const&)", false, "ns::operator<<", "(std::ostream&,ns::Kconst&)"},
        {"bool ns::operator< <int>(int)", false, "ns::operator<", "(int)"},
        {"ns::K ns::operator+<char>(ns::K, char*)", false, "ns::operator+", "(ns::K,char*)"},
        {"ns::K ns::operator+<char>(ns::K, char*)", true, "ns::operator+<char>", "(ns::K,char*)"},
        {"ns::K::operator<=>(ns::K)", false, "ns::K::operator<=>", "(ns::K)"},
        {"ns::K::operator->() const", false, "ns::K::operator->", "()const"},
        {"ns::K::operator[](unsigned long)", false, "ns::K::operator[]", "(unsignedlong)"},
        {"operator new(unsigned long)", false, "operatornew", "(unsignedlong)"},
        {"operator delete[](void*)", false, "operatordelete[]", "(void*)"},
        {"ns::K::operator std::vector<int>() const", false, "ns::K::operatorstd::vector<int>", "()const"},
        {"ns::K::operator bool() const &", false, "ns::K::operatorbool", "()const&"},
        {"(anonymous namespace)::f(int)", false, "{anonymous}::f", "(int)"},
        {"ns::(anonymous namespace)::K::~K()", false, "ns::{anonymous}::K::~K", "()"},
        {"ns::f(int)::{lambda(char)#1}::operator()(char) const", false, "ns::f(int)::{lambda(char)#1}::operator{}",
            "(char)const"},
        {"ns::name[abi:cxx11](int)", false, "ns::name", "(int)"},
        {"ns::f(int) [clone .isra.0]", false, "ns::f", "(int)"},
        {"decltype (x.y()) ns::g<int>(int)", false, "ns::g", "(int)"},
        {"ns::operators::run()", false, "ns::operators::run", "()"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gr_cxx_name name;
        CHECK(gr_cxx_name_read(cases[i].text, cases[i].keep, &name));
        CHECK_TEXT(name.path, cases[i].path);
        CHECK_TEXT(name.parameters, cases[i].parameters);
    }
    struct gr_cxx_name name;
    CHECK(!gr_cxx_name_read("", false, &name) && !gr_cxx_name_read("ns::f(int", false, &name));
    CHECK(!gr_cxx_name_read("ns::f<int", false, &name) && !gr_cxx_name_read("ns::operator", false, &name));
    CHECK(!gr_cxx_name_read("(int)", false, &name) && !gr_cxx_name_read("a@b", false, &name));
}

/* One byte more than fits, of everything that is copied. */
static void a_name_may_be_as_long_as_the_limit_and_no_longer(void) {
    static char text[2 * GR_NAME_PATH_MAX];
    struct gr_swift_name swift;
    struct gr_cxx_name cxx;
    memset(text, 'a', sizeof text);
    memcpy(text, "M.", 2);
    memcpy(text + 2 + GR_NAME_PATH_MAX - 1, "()", 3);
    CHECK(gr_swift_name_read(text, &swift));
    memcpy(text + 2 + GR_NAME_PATH_MAX - 1, "a()", 4);
    CHECK(!gr_swift_name_read(text, &swift));
    memset(text, 'a', sizeof text);
    memcpy(text + GR_NAME_MODULE_MAX - 1, ".f()", 5);
    CHECK(gr_swift_name_read(text, &swift));
    memcpy(text + GR_NAME_MODULE_MAX - 1, "a.f()", 6);
    CHECK(!gr_swift_name_read(text, &swift));
    memset(text, 'a', sizeof text);
    text[GR_NAME_PATH_MAX - 1] = 0;
    CHECK(gr_cxx_name_read(text, false, &cxx));
    text[GR_NAME_PATH_MAX - 1] = 'a';
    text[GR_NAME_PATH_MAX] = 0;
    CHECK(!gr_cxx_name_read(text, false, &cxx));
}

static struct gr_target target;
static struct gr_pattern pattern;

static void prepare(const char *text) {
    CHECK_EQUAL(gr_target_read(text, &target, NULL), GRAFT_OK);
    gr_pattern_prepare(&target, &pattern);
}

static bool links(const char *text, const char *symbol_text) {
    struct gr_symbol symbol;
    prepare(text);
    gr_symbol_read(symbol_text, &symbol);
    return gr_pattern_matches_linker_name(&pattern, &symbol);
}

static void a_c_name_matches_itself_and_its_clones(void) {
    CHECK(
        links(":f", "f") && links(":f", "f.constprop.0") && links(":f", "f.isra.0.part.1") && links(":f", "f.llvm.1"));
    CHECK(!links(":f", "f2") && !links(":f", "f.1") && !links(":f", ""));
    CHECK(links(":f.part.0", "f.part.0") && !links(":f.part.0", "f"));
    CHECK(links("*:SSL_*", "SSL_write") && links("*:SSL_*", "SSL_write.part.0"));
}

static void cold_parts_are_never_matched_and_others_only_by_their_own_name(void) {
    CHECK(!links(":f", "f.cold") && !links(":f.cold", "f.cold") && !links(":f*", "f.part.0.cold"));
    CHECK(!links(":f", "f.resume.0") && links(":f.resume.0", "f.resume.0") && !links(":f", "f.resolver"));
}

static bool cxx(const char *text, const char *demangled) {
    prepare(text);
    return gr_pattern_matches_cxx(&pattern, demangled);
}

static void cxx_parameters_and_template_arguments_are_optional(void) {
    CHECK(cxx("a.so:ns::K::run", "ns::K::run(int) const") && cxx("a.so:ns::K::run(int)const", "ns::K::run(int) const"));
    CHECK(!cxx("a.so:ns::K::run(int)", "ns::K::run(int) const") && !cxx("a.so:K::run", "ns::K::run(int)"));
    CHECK(cxx("a.so:ns::K::run const", "ns::K::run(int) const") && cxx("a.so:ns::K::run", "ns::K::run const"));
    CHECK(!cxx("a.so:const", "ns::K::run const") && cxx("a.so:ns::f", "char const* ns::f<int>(int)"));
    CHECK(cxx("a.so:ns::f(char const*, int)", "ns::f(char const*, int)"));
    CHECK(!cxx("a.so:ns::f(char const*)", "ns::f(char const*, int)"));
    CHECK(cxx("a.so:ns::Box::set", "void ns::Box<int>::set<char>(char)"));
    CHECK(cxx("a.so:ns::Box<int>::set<char>", "void ns::Box<int>::set<char>(char)"));
    CHECK(!cxx("a.so:ns::Box<long>::set<char>", "void ns::Box<int>::set<char>(char)"));
}

static void cxx_globs_meet_the_path_only(void) {
    CHECK(cxx("a.so:ns::K::*", "ns::K::run(int)") && cxx("a.so:ns::K::*", "ns::K::operator()(int)"));
    CHECK(cxx("a.so:*::run", "ns::K::run(int)") && !cxx("a.so:ns::*", "other::f(ns::K)"));
    CHECK(!cxx("a.so:ns::f*", "ns::f(int)::{lambda()#1}::operator()() const"));
    CHECK(cxx("a.so:ns::f*(char*)", "ns::fill(char*)") && !cxx("a.so:ns::f*(char*)", "ns::fill(char**)"));
}

static bool swift(const char *text, enum gr_module_rule rule, const char *demangled) {
    struct gr_swift_name name;
    prepare(text);
    return gr_swift_name_read(demangled, &name) && gr_pattern_matches_swift(&pattern, rule, &name);
}

static bool named(const char *text, const char *demangled) {
    return swift(text, GR_MODULE_NAMED, demangled);
}

static const char price[] = "Shop.Order.price(_: Swift.Int, of: Swift.String) -> Swift.Int";
static const char total[] = "Shop.Order.total.getter : Swift.Int";

static void swift_labels_are_optional(void) {
    CHECK(named("Shop:Order.price(_:of:)", price) && named("Shop:Order.price", price));
    CHECK(!named("Shop:Order.price(_:)", price) && !named("Shop:Order.price()", price) && !named("Shop:price", price));
    CHECK(named("Shop:Order.price(_: Swift.Int, of: Swift.String) -> Swift.Int", price));
    CHECK(!named("Pay:Order.price", price) && !named("Sho:Order.price", price) && !named("Shop:Order", price));
}

static void swift_globs_meet_the_path_only(void) {
    CHECK(named("Shop:Order.*", price) && named("Shop:Order.*", total) && named("Shop:*", price));
    CHECK(named("Shop:*.pr?ce(_:of:)", price) && !named("Shop:*String*", price) && !named("*:Order.*", price));
}

static void an_accessor_may_be_named_by_its_property_alone(void) {
    CHECK(named("Shop:Order.total.getter", total) && named("Shop:Order.total", total));
    CHECK(!named("Shop:Order.total.setter", total) && !named("Shop:Order", total));
    CHECK(named("Shop:Order.subscript", "Shop.Order.subscript.getter : (Swift.Int) -> Swift.Int"));
}

static void initialisers_are_named_as_they_are_written(void) {
    CHECK(named("Shop:Order.init(id:)", "Shop.Order.init(id: Swift.Int) -> Shop.Order"));
    CHECK(named("Shop:Cart.init", "Shop.Cart.__allocating_init() -> Shop.Cart"));
    CHECK(
        named("Shop:Cart.deinit", "Shop.Cart.__deallocating_deinit") && named("Shop:Cart.deinit", "Shop.Cart.deinit"));
    CHECK(!named("Shop:Cart.init", "Shop.Cart.deinit"));
}

static void an_extension_is_of_the_module_that_it_is_written_in(void) {
    static const char text[] = "(extension in Shop):Swift.Array<A where A == Swift.Int>.sumUp() -> Swift.Int";
    CHECK(named("Shop:Array.sumUp", text) && !named("Swift:Array.sumUp", text));
    CHECK(swift("libShop.so:Swift.Array.sumUp", GR_MODULE_SPELT, text));
    CHECK(swift("libShop.so:Shop.Array.sumUp", GR_MODULE_SPELT, text));
}

static void a_dotted_qualifier_ends_in_the_module_or_in_types(void) {
    CHECK(named("pkg.Shop:Order.price", price) && named("a.b.Shop:Order.price", price));
    CHECK(named("Shop.Order:price", price) && named("pkg.Shop.Order:price(_:of:)", price));
    CHECK(!named("pkg.Pay:Order.price", price) && !named("Shop.pkg:Order.price", price));
}

static void in_an_image_the_module_is_spelt_or_left_out(void) {
    CHECK(swift("a.so:Shop.Order.price", GR_MODULE_SPELT, price));
    CHECK(!swift("a.so:Order.price", GR_MODULE_SPELT, price) && swift("a.so:Order.price", GR_MODULE_OPTIONAL, price));
    CHECK(!swift("a.so:price", GR_MODULE_OPTIONAL, price));
}

static void parts_of_async_functions_are_not_the_function(void) {
    CHECK(named("Shop:Bank.put", "Shop.Bank.put(Swift.Int) async -> Swift.Int"));
    CHECK(!named("Shop:Bank.put", "(1) await resume partial function for Shop.Bank.put(Swift.Int) async -> Swift.Int"));
}

static bool could(const char *text, const char *symbol_text) {
    struct gr_symbol symbol;
    prepare(text);
    gr_symbol_read(symbol_text, &symbol);
    return gr_pattern_could_match(&pattern, &symbol, true);
}

static void needles_rule_out_most_and_never_a_match(void) {
    CHECK(could("Shop:Order.price", "$s4Shop5OrderV5price_2ofS2i_SStF") &&
          !could("Shop:Order.price", "$s4Shop5OrderV4costSiyF"));
    CHECK(!could("Shop:Order.price", "$s3Pay5OrderV5priceSiyF"));
    struct gr_symbol pay; /* the program Shop may hold the module Pay */
    prepare("Shop:Pay.Order.price");
    gr_symbol_read("$s3Pay5OrderV5priceSiyF", &pay);
    CHECK(gr_pattern_could_match(&pattern, &pay, false) && !gr_pattern_could_match(&pattern, &pay, true));
    /* words that were written before are referred to: "priceOrder" */
    CHECK(could("Shop:Order.priceOrder", "$s4Shop5OrderV05priceB0SiyF"));
    /* codes: initialisers, accessors, operators, the standard library's types */
    CHECK(could("Shop:Order.init", "$s4Shop5OrderV2idACSi_tcfC") &&
          could("Shop:Order.total.getter", "$s4Shop5OrderV5totalSivg"));
    CHECK(could("Shop:+", "$s4Shop1poiyAA5OrderVAD_ADtF") && could("Swift:Array.append", "$sSa6appendyyxnF"));
    CHECK(could("Swift:Arr*", "$sSa6appendyyxnF") && could("Shop:total.get*", "$s4Shop5totalSivg"));
    CHECK(could("a.so:ns::K::run", "_ZN2ns1K3runEi") && !could("a.so:ns::K::run", "_ZN2ns1K4stopEi"));
    CHECK(could("a.so:ns::K::operator()", "_ZN2ns1KclEi") && could("a.so:ns::K::K", "_ZN2ns1KC1Ev"));
    CHECK(could("a.so:std::basic_string::basic_string", "_ZNSsC1Ev") && could("a.so:*string", "_ZNSsC1Ev"));
    CHECK(!could("a.so:ns::K::run", "_ZTVN2ns3runE") && !could("a.so:ns::K::run", "_ZThn8_N2ns1K3runEi"));
    CHECK(!could("a.so:run", "run") && !could("a.so:ns::K::run", "_ZN2ns1K3runEi.cold"));
}

int main(void) {
    RUN(a_glob_matches_the_whole_text);
    RUN(a_glob_stops_at_a_parameter_list);
    RUN(a_glob_of_many_stars_ends_soon);
    RUN(suffixes_of_clones_are_cut_off);
    RUN(unknown_suffixes_belong_to_the_name);
    RUN(the_language_shows_in_the_prefix);
    RUN(swift_names_are_read_into_module_path_and_labels);
    RUN(swift_clones_async_functions_and_their_parts_are_told);
    RUN(a_swift_name_tells_whether_the_function_throws);
    RUN(what_no_user_would_name_is_not_a_swift_name);
    RUN(cxx_names_are_read_into_path_and_parameters);
    RUN(a_name_may_be_as_long_as_the_limit_and_no_longer);
    RUN(a_c_name_matches_itself_and_its_clones);
    RUN(cold_parts_are_never_matched_and_others_only_by_their_own_name);
    RUN(cxx_parameters_and_template_arguments_are_optional);
    RUN(cxx_globs_meet_the_path_only);
    RUN(swift_labels_are_optional);
    RUN(swift_globs_meet_the_path_only);
    RUN(an_accessor_may_be_named_by_its_property_alone);
    RUN(initialisers_are_named_as_they_are_written);
    RUN(an_extension_is_of_the_module_that_it_is_written_in);
    RUN(a_dotted_qualifier_ends_in_the_module_or_in_types);
    RUN(in_an_image_the_module_is_spelt_or_left_out);
    RUN(parts_of_async_functions_are_not_the_function);
    RUN(needles_rule_out_most_and_never_a_match);
    return 0;
}
