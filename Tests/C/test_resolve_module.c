/* test_resolve_module.c: whether an image can have anything of a Swift module, asked once and remembered. */
#include "check.h"
#include "found.h"

#include <string.h>

static struct gr_elf_function functions[] = {
    {.symbol = "shopkeeper"}, {.symbol = "_ZN4shop5orderEv"}, {.symbol = "$s4cart5orderyyF"}};

static struct gr_loaded image(size_t count) {
    struct gr_loaded loaded = {.functions = functions, .function_count = count};
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
    char longest[sizeof loaded.module.text + 2];
    memset(longest, 'x', sizeof longest);
    longest[sizeof loaded.module.text] = '\0';
    CHECK(!holds(&loaded, longest));
    longest[sizeof loaded.module.text] = 'x';
    longest[sizeof loaded.module.text + 1] = '\0';
    CHECK(holds(&loaded, longest));
}

static void an_answer_is_remembered_and_the_next_replaces_it(void) {
    struct gr_loaded loaded = image(3);
    CHECK(holds(&loaded, "cart"));
    /* Were it searched again, it would not be found. */
    functions[2].symbol = "$s4else5orderyyF";
    CHECK(holds(&loaded, "cart"));
    CHECK(!holds(&loaded, "shop"));
    CHECK(!holds(&loaded, "cart"));
    CHECK(!holds(&loaded, "car"));
    functions[2].symbol = "$s4cart5orderyyF";
    CHECK(!holds(&loaded, "car"));
    CHECK(holds(&loaded, "cart"));
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

int main(void) {
    RUN(only_swift_names_count);
    RUN(nothing_certain_may_be_anywhere);
    RUN(an_answer_is_remembered_and_the_next_replaces_it);
    RUN(other_functions_are_searched_anew);
    return 0;
}
