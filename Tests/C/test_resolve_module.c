/* test_resolve_module.c: whether an image can have anything of a Swift module, asked once and remembered. */
#include "check.h"
#include "found.h"
#include "heap.h"

#include <string.h>

static struct gr_elf_function functions[] = {
    {.symbol = "shopkeeper"}, {.symbol = "_ZN4shop5orderEv"}, {.symbol = "$s4cart5orderyyF"}};

static struct gr_loaded image(size_t count) {
    struct gr_loaded loaded = {.state = GR_IMAGE_OPEN, .functions = functions, .function_count = count};
    return loaded;
}

static struct gr_needle needle(const char *text) {
    return (struct gr_needle){text, strlen(text)};
}

static bool holds(struct gr_loaded *loaded, const char *text) {
    struct gr_needle wanted = needle(text);
    return gr_loaded_may_hold_module(loaded, &wanted);
}

static void only_swift_names_count(void) {
    struct gr_loaded loaded = image(3);
    CHECK(holds(&loaded, "cart"));
    CHECK(!holds(&loaded, "shop"));
    CHECK(!holds(&loaded, "shopkeeper"));
    CHECK(holds(&loaded, "order"));
}

static void nothing_certain_may_be_anywhere(void) {
    struct gr_loaded loaded = image(3);
    CHECK(holds(&loaded, ""));
    char longest[sizeof loaded.modules[0].text + 2];
    memset(longest, 'x', sizeof longest);
    longest[sizeof loaded.modules[0].text] = '\0';
    CHECK(!holds(&loaded, longest));
    longest[sizeof loaded.modules[0].text] = 'x';
    longest[sizeof loaded.modules[0].text + 1] = '\0';
    CHECK(holds(&loaded, longest));
}

static void answers_are_remembered_until_others_replace_them(void) {
    struct gr_loaded loaded = image(3);
    char other[] = "a";
    CHECK(holds(&loaded, "cart"));
    functions[2].symbol = "$s4else5orderyyF"; /* were it searched again, it would not be found */
    for (; other[0] < 'a' + GR_MODULES_KNOWN - 1; other[0]++)
        holds(&loaded, other);
    CHECK(holds(&loaded, "cart"));
    CHECK(!holds(&loaded, "shop")); /* in its place */
    CHECK(!holds(&loaded, "cart"));
    CHECK(!holds(&loaded, "car"));
    functions[2].symbol = "$s4cart5orderyyF";
    CHECK(!holds(&loaded, "cart") && !holds(&loaded, "car"));
    CHECK(holds(&loaded, "art"));
}

static void other_functions_are_searched_anew(void) {
    struct gr_loaded loaded = image(2);
    CHECK(!holds(&loaded, "cart"));
    loaded.function_count = 3;
    CHECK(holds(&loaded, "cart"));
    loaded.functions = NULL;
    loaded.function_count = 0;
    CHECK(!holds(&loaded, "cart"));
}

/* A function of this program, whose file has no Swift name. */
__attribute__((noinline)) int shop_order(int count);
__attribute__((noinline)) int shop_order(int count) {
    return 3 * count;
}

static void an_image_that_cannot_match_is_not_read(void) {
    struct gr_resolver *resolver;
    struct gr_match *matches;
    size_t count, others = 0;
    CHECK_EQUAL(shop_order(2), 6);
    CHECK_EQUAL(gr_resolver_create(&resolver), GRAFT_OK);
    CHECK_EQUAL(gr_resolver_refresh(resolver, NULL, NULL, NULL), GRAFT_OK);
    CHECK_EQUAL(gr_resolve(resolver, "test_resolve_module:shop_order", NULL, &matches, &count), GRAFT_OK);
    CHECK_EQUAL(count, 1);
    gr_heap_give(matches);
    for (size_t i = 0; i < resolver->count; i++) {
        bool other = !resolver->images[i]->image.main_program;
        others += other;
        CHECK_EQUAL(resolver->images[i]->state, other ? GR_IMAGE_UNOPENED : GR_IMAGE_OPEN);
    }
    CHECK(others > 2);
    CHECK_EQUAL(
        gr_resolve(resolver, "libc.so.6:getpid", NULL, &matches, &count), GRAFT_OK); /* can be read all the same */
    CHECK_EQUAL(count, 1);
    gr_heap_give(matches);
    gr_resolver_destroy(resolver);
}

int main(void) {
    RUN(only_swift_names_count);
    RUN(nothing_certain_may_be_anywhere);
    RUN(answers_are_remembered_until_others_replace_them);
    RUN(other_functions_are_searched_anew);
    RUN(an_image_that_cannot_match_is_not_read);
    return 0;
}
