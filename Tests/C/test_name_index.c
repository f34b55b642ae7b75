/* test_name_index.c: an index finds the functions of a name, all of them and in order, and only when many have asked. */
#include "check.h"
#include "name_index.h"

#include <stdlib.h>

enum { MANY = 5000, SAME = 40 };

static struct gr_name_index name_index;

static struct gr_elf_function named(const char *symbol) {
    return (struct gr_elf_function){.symbol = symbol, .version = ""};
}

static void make(const struct gr_elf_function *functions, size_t count) {
    gr_name_index_forget(&name_index);
    for (int i = 0; i < GR_NAME_INDEX_AFTER; i++)
        CHECK(!gr_name_index_ready(&name_index, functions, count));
    CHECK(gr_name_index_ready(&name_index, functions, count));
}

/* How many functions are found under a name, of those that have it. */
static size_t found(const struct gr_elf_function *functions, const char *name, size_t *first) {
    struct gr_name_search search = gr_name_index_first(&name_index, name, strlen(name));
    size_t count = 0, last = 0, function;
    while (gr_name_index_next(&search, &function)) {
        CHECK(count == 0 || function > last);
        last = function;
        if (strncmp(functions[function].symbol, name, strlen(name)) != 0)
            continue; /* a collision */
        if (count++ == 0)
            *first = function;
    }
    return count;
}

static void every_name_of_many_is_found(void) {
    static char text[MANY][24];
    struct gr_elf_function *functions = calloc(MANY, sizeof *functions);
    CHECK(functions != NULL);
    for (int i = 0; i < MANY; i++) {
        snprintf(text[i], sizeof text[i], "function_%04d", i);
        functions[i] = named(text[i]);
    }
    make(functions, MANY);
    for (size_t i = 0; i < MANY; i++) {
        size_t first = MANY;
        CHECK_EQUAL(found(functions, text[i], &first), 1);
        CHECK_EQUAL(first, i);
    }
    size_t first;
    CHECK_EQUAL(found(functions, "function_5000", &first), 0);
    CHECK_EQUAL(found(functions, "", &first), 0);
    gr_name_index_forget(&name_index);
    CHECK(name_index.slots == NULL);
    free(functions);
}

static void functions_of_one_name_come_in_order(void) {
    struct gr_elf_function functions[SAME];
    for (int i = 0; i < SAME; i++)
        functions[i] = named("init");
    make(functions, SAME);
    size_t first = SAME;
    CHECK_EQUAL(found(functions, "init", &first), SAME);
    CHECK_EQUAL(first, 0);
}

static void clones_are_found_with_and_without_their_suffix(void) {
    const struct gr_elf_function functions[] = {
        named("work.constprop.0"), named("work.cold"), named("work"), named("work.resume"), named(".cold")};
    make(functions, sizeof functions / sizeof *functions);
    size_t first;
    CHECK_EQUAL(found(functions, "work.constprop.0", &first), 1);
    CHECK_EQUAL(found(functions, "work", &first), 2);
    CHECK_EQUAL(first, 0);
    CHECK_EQUAL(found(functions, "work.resume", &first), 1); /* as it is written, though nobody's entry */
    CHECK_EQUAL(found(functions, "work.cold", &first), 0);
}

static void no_function_is_no_trouble(void) {
    size_t first;
    make(NULL, 0);
    CHECK_EQUAL(found(NULL, "work", &first), 0);
    gr_name_index_forget(&name_index);
}

int main(void) {
    RUN(every_name_of_many_is_found);
    RUN(functions_of_one_name_come_in_order);
    RUN(clones_are_found_with_and_without_their_suffix);
    RUN(no_function_is_no_trouble);
    return 0;
}
