/* test_product.c: products in C: registered, withdrawn, taken once, up to the limit and past it. */
#include "check.h"
#include <graft/product.h>
#include <pthread.h>
#include <stdatomic.h>

static const char *begin(void *context) {
    (void)context;
    return NULL;
}

static const char *end(void *context, bool join) {
    (void)context;
    (void)join;
    return NULL;
}

#define WHOLE(text) \
    { .name = (text), .start = begin, .restart = end, .stop = end, .at_exit = end }

static void an_incomplete_product_is_refused(void) {
    struct graft_product product = WHOLE("a");
    CHECK_EQUAL(graft_product_register(NULL), GRAFT_INVALID_ARGUMENT);
    product.name = NULL;
    CHECK_EQUAL(graft_product_register(&product), GRAFT_INVALID_ARGUMENT);
    product.name = "";
    CHECK_EQUAL(graft_product_register(&product), GRAFT_INVALID_ARGUMENT);
    struct graft_product without[4] = {WHOLE("a"), WHOLE("a"), WHOLE("a"), WHOLE("a")};
    without[0].start = NULL;
    without[1].restart = NULL;
    without[2].stop = NULL;
    without[3].at_exit = NULL;
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(graft_product_register(&without[i]), GRAFT_INVALID_ARGUMENT);
    CHECK(graft_product_take() == NULL);
}

static void a_product_can_be_withdrawn_until_it_is_taken(void) {
    static const struct graft_product first = WHOLE("first"), second = WHOLE("second");
    CHECK(!graft_product_unregister(&first));
    CHECK(!graft_product_unregister(NULL));
    CHECK_EQUAL(graft_product_register(&first), GRAFT_OK);
    CHECK_EQUAL(graft_product_register(&second), GRAFT_OK);
    CHECK(graft_product_unregister(&first));
    CHECK(!graft_product_unregister(&first));
    CHECK(graft_product_take() == &second);
    CHECK(graft_product_take() == NULL);
    CHECK(!graft_product_unregister(&second));
}

enum { THREADS = 4, ROUNDS = 20000 };
static struct graft_product raced[THREADS];
static _Atomic bool over;
static _Atomic unsigned taken[THREADS];

/* Registers its product and withdraws it, again and again, until it was too late to withdraw it. */
static void *register_and_withdraw(void *argument) {
    const struct graft_product *product = argument;
    for (int round = 0; round < ROUNDS; round++) {
        CHECK_EQUAL(graft_product_register(product), GRAFT_OK);
        if (!graft_product_unregister(product))
            return argument;
    }
    return NULL;
}

static void *take_all(void *argument) {
    while (!atomic_load_explicit(&over, memory_order_acquire)) {
        const struct graft_product *product = graft_product_take();
        if (product != NULL)
            atomic_fetch_add_explicit(&taken[product - raced], 1, memory_order_relaxed);
    }
    return argument;
}

static void a_product_is_either_withdrawn_or_taken_and_that_once(void) {
    pthread_t makers[THREADS], takers[2];
    for (int i = 0; i < THREADS; i++) {
        raced[i] = (struct graft_product)WHOLE("raced");
        CHECK_EQUAL(pthread_create(&makers[i], NULL, register_and_withdraw, &raced[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(pthread_create(&takers[i], NULL, take_all, NULL), 0);
    void *was_taken[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_join(makers[i], &was_taken[i]), 0);
    atomic_store_explicit(&over, true, memory_order_release);
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(pthread_join(takers[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(taken[i], was_taken[i] != NULL ? 1 : 0);
}

static void the_table_takes_as_many_as_its_limit_says(void) {
    static struct graft_product many[GRAFT_PRODUCTS_MAX];
    static const struct graft_product more = WHOLE("more");
    unsigned count = 0;
    for (; count < GRAFT_PRODUCTS_MAX; count++) {
        many[count] = (struct graft_product)WHOLE("many");
        if (graft_product_register(&many[count]) != GRAFT_OK)
            break;
    }
    /* What earlier behaviours had taken keeps its place. */
    unsigned kept = 1;
    for (int i = 0; i < THREADS; i++)
        kept += taken[i];
    CHECK_EQUAL(count + kept, GRAFT_PRODUCTS_MAX);
    CHECK_EQUAL(graft_product_register(&more), GRAFT_NO_MEMORY);
    CHECK(graft_product_unregister(&many[0]));
    CHECK_EQUAL(graft_product_register(&more), GRAFT_OK);
    unsigned found = 0;
    while (graft_product_take() != NULL)
        found++;
    CHECK_EQUAL(found, count);
}

int main(void) {
    RUN(an_incomplete_product_is_refused);
    RUN(a_product_can_be_withdrawn_until_it_is_taken);
    RUN(a_product_is_either_withdrawn_or_taken_and_that_once);
    RUN(the_table_takes_as_many_as_its_limit_says);
    return 0;
}
