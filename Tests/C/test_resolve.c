/* test_resolve.c: what targets find in loaded images, and what is said of addresses and of files at rest.
 *
 * Libraries are compiled when the program starts, into a folder of its own under /tmp. */
#include "check.h"
#include "fixture.h"
#include "heap.h"
#include "name_index.h"
#include "resolve.h"

#include <dlfcn.h>

static struct gr_resolver *resolver;
static struct gr_match *matches;
static size_t count;

static void look_again(void) {
    CHECK_EQUAL(gr_resolver_refresh(resolver, NULL, NULL, NULL), GRAFT_OK);
}

static enum graft_status resolve(const char *target) {
    gr_heap_give(matches);
    matches = NULL;
    count = 0;
    return gr_resolve(resolver, target, NULL, &matches, &count);
}

/* The one function that a target means. */
static const struct graft_entry_point *only(const char *target) {
    enum graft_status status = resolve(target);
    if (status != GRAFT_OK || count != 1)
        fprintf(stderr, "%s: %s, %zu matches\n", target, graft_status_slug(status), count);
    CHECK_EQUAL(status, GRAFT_OK);
    CHECK_EQUAL(count, 1);
    return &matches[0].entry;
}

static void finds_symbol(const char *target, const char *symbol) {
    CHECK_TEXT(only(target)->symbol, symbol);
}

static void finds_nothing(const char *target) {
    enum graft_status status = resolve(target);
    if (status != GRAFT_NOT_FOUND)
        fprintf(stderr, "%s: %s, %zu matches\n", target, graft_status_slug(status), count);
    CHECK_EQUAL(status, GRAFT_NOT_FOUND);
}

/* The first match with this linker name. */
static const struct graft_entry_point *among(const char *symbol) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(matches[i].entry.symbol, symbol) == 0)
            return &matches[i].entry;
    fprintf(stderr, "%s is not among the matches\n", symbol);
    exit(1);
}

static bool has_match(const char *symbol) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(matches[i].entry.symbol, symbol) == 0)
            return true;
    return false;
}

/* Found by the tests as a function of the executable. */
__attribute__((noinline)) static int function_of_the_program(int x) {
    return x * 3 + 1;
}

static void an_image_is_named_by_soname_file_name_path_or_nothing(void) {
    char target[512];
    uint64_t address = (uint64_t)(uintptr_t)dlsym(open_fixture("libversions.so.1.2"), "aliased");
    look_again();
    CHECK_EQUAL(only("libversions.so.1:aliased")->address, address);
    CHECK_EQUAL(only("libversions.so.1.2:aliased")->address, address);
    CHECK_EQUAL(only("*:aliased")->address, address);
    snprintf(target, sizeof target, "%s/libversions.so.1.2:aliased", fixture_folder);
    CHECK_EQUAL(only(target)->address, address);
    finds_nothing("libversions.so:aliased");
    finds_nothing("/lib/libversions.so.1.2:aliased");
    CHECK_EQUAL(only(":function_of_the_program")->address, (uint64_t)(uintptr_t)&function_of_the_program);
    CHECK_EQUAL(only("test_resolve:function_of_the_program")->address, (uint64_t)(uintptr_t)&function_of_the_program);
    CHECK_EQUAL(function_of_the_program(1), 4);
    finds_nothing(":aliased");
    CHECK_EQUAL(resolve("nonsense"), GRAFT_TARGET_SYNTAX);
}

static void a_match_says_what_is_known(void) {
    const struct graft_entry_point *entry = only("libversions.so.1:says");
    char path[512];
    snprintf(path, sizeof path, "%s/libversions.so.1.2", fixture_folder);
    CHECK_TEXT(entry->image, path);
    CHECK_EQUAL(strlen(entry->build_id), 40);
    CHECK_TEXT(entry->build_id, matches[0].image->build_id);
    CHECK_EQUAL(entry->address, matches[0].image->bias + entry->offset);
    CHECK(entry->address >= matches[0].image->code_start && entry->address < matches[0].image->code_end);
    CHECK(entry->size > 0);
    CHECK_TEXT(entry->name, "says");
    CHECK_EQUAL(entry->flags, GRAFT_ENTRY_HAS_UNWIND); /* GCC: callers may assume more than the ABI */
}

static void a_version_chooses_and_none_means_the_default(void) {
    void *library = open_fixture("libversions.so.1.2");
    uint64_t old = (uint64_t)(uintptr_t)dlvsym(library, "greet", "V1");
    uint64_t new = (uint64_t)(uintptr_t)dlvsym(library, "greet", "V2");
    CHECK(old != 0 && new != 0 && old != new);
    CHECK_EQUAL(only("libversions.so.1:greet")->address, new);
    CHECK_EQUAL(only("libversions.so.1:greet@V1")->address, old);
    CHECK_EQUAL(only("libversions.so.1:greet@V2")->address, new);
    CHECK_EQUAL(only("libversions.so.1:greet@@V2")->address, new);
    finds_nothing("libversions.so.1:greet@@V1");
    finds_nothing("libversions.so.1:greet@V3");
    finds_nothing("libversions.so.1:hidden_one@V1");
    CHECK_EQUAL(resolve("libversions.so.1:greet*"), GRAFT_OK);
    CHECK_EQUAL(count, 2); /* greet_old is unversioned, at the address of greet@V1 */
}

static void aliases_are_one_match_that_says_so(void) {
    uint64_t address = only("libversions.so.1:aliased")->address;
    CHECK_EQUAL(matches[0].entry.aliases, 1);
    CHECK_EQUAL(only("libversions.so.1:other_name")->address, address);
    CHECK_EQUAL(only("libversions.so.1:says")->aliases, 0);
}

static void an_indirect_function_is_flagged(void) {
    CHECK((only("libversions.so.1:chosen")->flags & GRAFT_ENTRY_IFUNC) != 0);
    CHECK((only("libversions.so.1:chosen_here")->flags & GRAFT_ENTRY_IFUNC) == 0);
}

static void clones_match_their_function_and_cold_parts_never(void) {
    CHECK((only("libversions.so.1:cloned")->flags & GRAFT_ENTRY_CLONE) != 0);
    CHECK_TEXT(matches[0].entry.symbol, "cloned.constprop.0");
    finds_symbol("libversions.so.1:has_cold_part", "has_cold_part");
    finds_symbol("libversions.so.1:has_cold_part*", "has_cold_part");
    finds_nothing("libversions.so.1:has_cold_part.cold");
}

/* What the tests above have said must hold as well when so many targets have been looked up that there is an index. */
static void the_same_is_found_by_many_targets_in_a_row(void) {
    static void (*const before[])(void) = {a_version_chooses_and_none_means_the_default,
        aliases_are_one_match_that_says_so, an_indirect_function_is_flagged,
        clones_match_their_function_and_cold_parts_never};
    open_fixture("libversions.so.1.2");
    for (int i = 0; i <= GR_NAME_INDEX_AFTER; i++)
        finds_symbol("libversions.so.1:says", "says");
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        before[i]();
    finds_nothing("libversions.so.1:says_nothing");
    gr_resolver_end(resolver);
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        before[i]();
}

static void what_a_library_only_calls_is_not_in_it(void) {
    finds_nothing("libversions.so.1:puts");
    finds_nothing("libversions.so.1:hidden_pointer");
}

static void cxx_functions_are_found_by_their_demangled_names(void) {
    open_fixture("libshapes.so");
    look_again();
    finds_symbol("libshapes.so:shapes::Circle::area", "_ZNK6shapes6Circle4areaEi");
    finds_symbol("libshapes.so:shapes::Circle::area(int) const", "_ZNK6shapes6Circle4areaEi");
    finds_symbol("libshapes.so:shapes::Circle::operator()", "_ZNK6shapes6CircleclEi");
    finds_symbol("libshapes.so:shapes::total(int)", "_ZN6shapes5totalEi");
    finds_symbol("libshapes.so:shapes::(anonymous namespace)::unseen", "_ZN6shapes12_GLOBAL__N_16unseenEi");
    finds_symbol("libshapes.so:_ZN6shapes5totalEi", "_ZN6shapes5totalEi");
    finds_nothing("libshapes.so:Circle::area");
    CHECK_TEXT(only("*:shapes::total(int)")->name, "shapes::total(int)");
    CHECK_EQUAL(resolve("libshapes.so:shapes::total"), GRAFT_OK);
    CHECK_EQUAL(count, 2);
    CHECK_EQUAL(resolve("libshapes.so:shapes::Circle::scaled"), GRAFT_OK);
    CHECK_EQUAL(count, 2);
    finds_symbol("libshapes.so:shapes::Circle::scaled<double>", "_ZNK6shapes6Circle6scaledIdEET_S2_");
    finds_symbol("libshapes.so:shapes::Circle::Circle", "_ZN6shapes6CircleC1Ei");
    CHECK_EQUAL(matches[0].entry.aliases, 1);
    CHECK_EQUAL(resolve("libshapes.so:shapes::Circle::~Circle"), GRAFT_OK);
    CHECK_EQUAL(count, 2); /* the deleting one, and the other two at one address */
    CHECK_EQUAL(resolve("libshapes.so:shapes::Circle::*"), GRAFT_OK);
    CHECK(count == 7 && has_match("_ZNK6shapes6CircleclEi") && !has_match("_ZN6shapes5totalEi"));
}

static void swift_functions_are_found_by_their_demangled_names(void) {
    open_fixture("libShop.so");
    look_again();
    finds_symbol("Shop:Order.price(_:of:)", "$s4Shop5OrderV5price_2ofS2i_SStF");
    finds_symbol("Shop:Order.price", "$s4Shop5OrderV5price_2ofS2i_SStF");
    CHECK_TEXT(matches[0].entry.name, "Shop.Order.price(_: Swift.Int, of: Swift.String) -> Swift.Int");
    CHECK_EQUAL(matches[0].entry.flags, GRAFT_ENTRY_SWIFT | GRAFT_ENTRY_HAS_UNWIND | GRAFT_ENTRY_ABI_CALLERS);
    finds_symbol("some-package.Shop:Order.price", "$s4Shop5OrderV5price_2ofS2i_SStF");
    finds_symbol("libShop.so:Order.price", "$s4Shop5OrderV5price_2ofS2i_SStF");
    finds_symbol("libShop.so:Shop.Order.price(_:of:)", "$s4Shop5OrderV5price_2ofS2i_SStF");
    finds_symbol("*:Shop.Order.price", "$s4Shop5OrderV5price_2ofS2i_SStF");
    finds_symbol("Shop:Order.make(id:)", "$s4Shop5OrderV4make2idACSi_tFZ");
    finds_symbol("Shop:Order.init(id:)", "$s4Shop5OrderV2idACSi_tcfC");
    finds_symbol("Shop:Order.total.getter", "$s4Shop5OrderV5totalSivg");
    finds_symbol("Shop:Order.Kind.name()", "$s4Shop5OrderV4KindO4nameSSyF");
    finds_symbol("Shop:topLevel", "$s4Shop8topLevelSiyF");
    finds_symbol("Shop:+", "$s4Shop1poiyAA5OrderVAD_ADtF");
    finds_symbol("Shop:Array.sumUp", "$sSa4ShopSiRszlE5sumUpSiyF");
    finds_nothing("Shop:Order.price(_:)");
    finds_nothing("Shop:price");
    finds_nothing("Pay:Order.price");
    finds_nothing("*:Order.price");
    CHECK_EQUAL(resolve("Shop:Order.total"), GRAFT_OK);
    CHECK(count == 3 && has_match("$s4Shop5OrderV5totalSivM") && has_match("$s4Shop5OrderV5totalSivs"));
}

static void swift_clones_are_found_with_their_function(void) {
    CHECK_EQUAL(resolve("Shop:Order.cost()"), GRAFT_OK);
    CHECK_EQUAL(count, 2);
    CHECK((among("$s4Shop5OrderV4costSiyFTf4x_n")->flags & GRAFT_ENTRY_CLONE) != 0);
    CHECK((among("$s4Shop5OrderV4costSiyF")->flags & GRAFT_ENTRY_CLONE) == 0);
    CHECK_EQUAL(resolve("Shop:generic(_:with:)"), GRAFT_OK);
    CHECK_EQUAL(count, 2);
    CHECK((among("$s4Shop7generic_4withSiSayxG_SitAA6PricedRzlFAA5OrderV_Tg5")->flags & GRAFT_ENTRY_CLONE) != 0);
    CHECK_EQUAL(resolve("Shop:Cart.init"), GRAFT_OK);
    CHECK(count == 2 && has_match("$s4Shop4CartCACycfC") && has_match("$s4Shop4CartCACycfc"));
    CHECK_EQUAL(resolve("Shop:Cart.deinit"), GRAFT_OK);
    CHECK_EQUAL(count, 2);
}

static void a_swift_async_function_is_found_without_its_parts(void) {
    finds_symbol("Shop:Cart.checkout()", "$s4Shop4CartC8checkoutSiyYaKF");
    CHECK((matches[0].entry.flags & GRAFT_ENTRY_ASYNC) != 0);
    finds_symbol("libShop.so:$s4Shop4CartC8checkoutSiyYaKFTY1_", "$s4Shop4CartC8checkoutSiyYaKFTY1_");
    CHECK((matches[0].entry.flags & GRAFT_ENTRY_ASYNC) != 0);
    finds_symbol("Shop:Cart.ready", "$s4Shop4CartC5readySivg"); /* the type of an accessor does not say it */
    CHECK((matches[0].entry.flags & GRAFT_ENTRY_ASYNC) != 0);
    CHECK_EQUAL(resolve("Shop:Cart.orders"), GRAFT_OK);
    for (size_t i = 0; i < count; i++)
        CHECK((matches[i].entry.flags & GRAFT_ENTRY_ASYNC) == 0);
}

static void an_image_may_be_named_by_a_word(void) {
    shell("cp %s/libShop.so %s/shopserver", fixture_folder, fixture_folder);
    open_fixture("shopserver");
    look_again();
    finds_symbol("shopserver:topLevel", "$s4Shop8topLevelSiyF");
    finds_symbol("shopserver:Shop.topLevel", "$s4Shop8topLevelSiyF");
    finds_symbol("shopserver:$s4Shop8topLevelSiyF", "$s4Shop8topLevelSiyF");
    finds_nothing("shopserver:Pay.topLevel");
}

static void a_swift_glob_finds_functions_and_nothing_that_is_made_for_them(void) {
    CHECK_EQUAL(resolve("Shop:Order.*"), GRAFT_OK);
    CHECK(has_match("$s4Shop5OrderV5price_2ofS2i_SStF") && has_match("$s4Shop5OrderV4KindO4nameSSyF"));
    CHECK(!has_match("$s4Shop8topLevelSiyF") && !has_match("$s4Shop5OrderVMa") && count < 40);
    for (size_t i = 0; i < count; i++)
        CHECK(strstr(matches[i].entry.name, "Shop.Order.") != NULL);
    CHECK_EQUAL(resolve("libShop.so:*"), GRAFT_OK);
    CHECK(has_match("$s4Shop5OrderVMa"));
    for (size_t i = 1; i < count; i++)
        CHECK(matches[i - 1].entry.address < matches[i].entry.address);
}

static void one_image_alone_can_be_searched(void) {
    struct gr_match *found = NULL;
    size_t found_count = 0;
    CHECK_EQUAL(resolve("libShop.so:*"), GRAFT_OK);
    const struct gr_image *shop = matches[0].image;
    CHECK_EQUAL(gr_resolve(resolver, "*:aliased", shop, &found, &found_count), GRAFT_NOT_FOUND);
    CHECK_EQUAL(gr_resolve(resolver, "Shop:topLevel", shop, &found, &found_count), GRAFT_OK);
    CHECK(found_count == 1 && found[0].image == shop);
    gr_heap_give(found);
}

static void a_build_id_names_an_entry_by_its_offset(void) {
    char target[256], build_id[128];
    const struct graft_entry_point *entry = only("libversions.so.1:aliased");
    unsigned long long offset = entry->offset, address = entry->address;
    snprintf(build_id, sizeof build_id, "%s", entry->build_id);
    snprintf(target, sizeof target, "build-id:%s+0x%llx", build_id, offset);
    CHECK_EQUAL(only(target)->address, address);
    CHECK_TEXT(matches[0].entry.symbol, "aliased");
    snprintf(target, sizeof target, "build-id:%.8s+0x%llX", build_id, offset);
    CHECK_EQUAL(only(target)->address, address);
    snprintf(target, sizeof target, "build-id:%s+0x%llx", build_id, offset + 1);
    finds_nothing(target); /* inside a function */
    snprintf(target, sizeof target, "build-id:%s+0x%x", build_id, 0x40000000);
    finds_nothing(target); /* not code */
    snprintf(target, sizeof target, "build-id:%c%s+0x%llx", build_id[0] == '0' ? '1' : '0', build_id + 1, offset);
    finds_nothing(target);
}

static void a_build_id_names_an_entry_of_a_stripped_library(void) {
    char target[256];
    const char *function = dlsym(open_fixture("libstripped.so"), "exported");
    CHECK(function != NULL);
    look_again();
    const struct graft_entry_point *entry = only("libstripped.so:exported");
    unsigned long long next = entry->offset + 16; /* its neighbour, static, without a symbol */
    snprintf(target, sizeof target, "build-id:%s+0x%llx", entry->build_id, next);
    CHECK_EQUAL(only(target)->offset, next);
    CHECK_TEXT(matches[0].entry.symbol, "");
    CHECK_TEXT(matches[0].entry.name, "");
    CHECK((matches[0].entry.flags & GRAFT_ENTRY_HAS_UNWIND) != 0);
}

static void a_prefix_of_two_build_ids_is_refused(void) {
    open_fixture("libtwin_a.so");
    open_fixture("libtwin_b.so");
    look_again();
    CHECK_EQUAL(resolve("build-id:0123456789+0x0"), GRAFT_TARGET_TOO_BROAD);
    CHECK_EQUAL(resolve("build-id:0123456789aa+0x0"), GRAFT_NOT_FOUND);
}

static void a_target_may_match_as_many_as_the_limit_and_no_more(void) {
    open_fixture("libmany.so");
    look_again();
    CHECK_EQUAL(resolve("libmany.so:many_*"), GRAFT_OK);
    CHECK_EQUAL(count, GRAFT_TARGET_MATCHES_MAX);
    CHECK_EQUAL(resolve("libmany.so:m*"), GRAFT_TARGET_TOO_BROAD);
    finds_symbol("libmany.so:more", "more");
}

static void an_address_is_symbolised_by_the_name_that_people_use(void) {
    struct graft_symbol symbol, again;
    CHECK_EQUAL(gr_resolver_symbolise(resolver, only("Shop:topLevel")->address + 1, &symbol), GRAFT_OK);
    CHECK_TEXT(symbol.symbol, "Shop.topLevel() -> Swift.Int");
    CHECK_EQUAL(symbol.offset, 1);
    CHECK_TEXT(symbol.image, matches[0].entry.image);
    uint64_t here = (uint64_t)(uintptr_t)&function_of_the_program;
    CHECK_EQUAL(gr_resolver_symbolise(resolver, here, &symbol), GRAFT_OK);
    CHECK_TEXT(symbol.symbol, "function_of_the_program");
    CHECK_EQUAL(symbol.offset, 0);
    CHECK(strstr(symbol.file, "test_resolve.c") != NULL && symbol.line > 0);
    CHECK_EQUAL(gr_resolver_symbolise(resolver, here + 1, &again), GRAFT_OK);
    CHECK(again.symbol == symbol.symbol && again.file == symbol.file); /* kept once */
    CHECK_EQUAL(gr_resolver_symbolise(resolver, (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "malloc"), &symbol), GRAFT_OK);
    CHECK(strstr(symbol.symbol, "malloc") != NULL);
    again.line = 77;
    CHECK_EQUAL(gr_resolver_symbolise(resolver, (uint64_t)(uintptr_t)&symbol, &again), GRAFT_NOT_FOUND);
    CHECK_EQUAL(again.line, 77);
}

static void every_function_of_a_file_is_listed_or_those_of_a_pattern(void) {
    struct gr_elf *elf;
    struct graft_entry_point *entries;
    size_t all, some;
    char path[512];
    snprintf(path, sizeof path, "%s/libversions.so.1.2", fixture_folder);
    CHECK_EQUAL(gr_elf_open(path, &elf), GRAFT_OK);
    CHECK_EQUAL(gr_entry_points_of_file(elf, path, NULL, &entries, &all), GRAFT_OK);
    for (size_t i = 0; i < all; i++) {
        CHECK_EQUAL(entries[i].address, 0);
        CHECK_TEXT(entries[i].image, path);
        CHECK(strstr(entries[i].symbol, ".cold") == NULL);
        CHECK(i == 0 || entries[i - 1].offset < entries[i].offset);
    }
    free(entries);
    static const char *const patterns[] = {"aliased", "*:aliased", "libother.so:aliased", "alias??", ":aliased@V1"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        CHECK_EQUAL(gr_entry_points_of_file(elf, path, patterns[i], &entries, &some), GRAFT_OK);
        CHECK_EQUAL(some, 1);
        CHECK_TEXT(entries[0].symbol, "aliased");
        CHECK_EQUAL(entries[0].aliases, 1);
        free(entries);
    }
    CHECK_EQUAL(gr_entry_points_of_file(elf, path, "absent", &entries, &some), GRAFT_OK);
    CHECK_EQUAL(some, 0);
    free(entries);
    CHECK_EQUAL(gr_entry_points_of_file(elf, path, "(", &entries, &some), GRAFT_TARGET_SYNTAX);
    gr_elf_close(elf);
}

/* A program with the Swift runtime linked into it: nothing of the runtime is exported. */
static void a_static_swift_program_is_read_at_rest_and_while_it_runs(void) {
    struct gr_elf *elf;
    struct graft_entry_point *entries;
    size_t some;
    char path[512];
    snprintf(path, sizeof path, "%s/static_shop", fixture_folder);
    CHECK_EQUAL(gr_elf_open(path, &elf), GRAFT_OK);
    CHECK_EQUAL(gr_entry_points_of_file(elf, path, "Shop:Order.price", &entries, &some), GRAFT_OK);
    CHECK(some == 1 && strcmp(entries[0].symbol, "$s4Shop5OrderV5price_2ofS2i_SStF") == 0);
    free(entries);
    CHECK_EQUAL(gr_entry_points_of_file(elf, path, "swift_demangle", &entries, &some), GRAFT_OK);
    CHECK_EQUAL(some, 1);
    free(entries);
    gr_elf_close(elf);
}

int main(void) {
    make_fixtures();
    CHECK_EQUAL(gr_resolver_create(&resolver), GRAFT_OK);
    RUN(an_image_is_named_by_soname_file_name_path_or_nothing);
    RUN(a_match_says_what_is_known);
    RUN(a_version_chooses_and_none_means_the_default);
    RUN(aliases_are_one_match_that_says_so);
    RUN(an_indirect_function_is_flagged);
    RUN(clones_match_their_function_and_cold_parts_never);
    RUN(the_same_is_found_by_many_targets_in_a_row);
    RUN(what_a_library_only_calls_is_not_in_it);
    RUN(cxx_functions_are_found_by_their_demangled_names);
    RUN(swift_functions_are_found_by_their_demangled_names);
    RUN(swift_clones_are_found_with_their_function);
    RUN(a_swift_async_function_is_found_without_its_parts);
    RUN_IN_CHILD(an_image_may_be_named_by_a_word);
    RUN(a_swift_glob_finds_functions_and_nothing_that_is_made_for_them);
    RUN(one_image_alone_can_be_searched);
    RUN(a_build_id_names_an_entry_by_its_offset);
    RUN(a_build_id_names_an_entry_of_a_stripped_library);
    RUN(a_prefix_of_two_build_ids_is_refused);
    RUN(a_target_may_match_as_many_as_the_limit_and_no_more);
    RUN(an_address_is_symbolised_by_the_name_that_people_use);
    RUN(every_function_of_a_file_is_listed_or_those_of_a_pattern);
    RUN(a_static_swift_program_is_read_at_rest_and_while_it_runs);
    gr_heap_give(matches);
    gr_resolver_destroy(resolver);
    remove_fixtures();
    return 0;
}
