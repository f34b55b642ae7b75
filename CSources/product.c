/* product.c: the table of products that are written in C.
 *
 * Writers: any thread that registers, withdraws or takes; each does one compare-and-exchange on one place, which is where
 * it happens. Progress: lock-free. Nothing is reclaimed: the products belong to their makers. A place is free, or holds a
 * product, or a product with the lowest bit set, which has been taken and never leaves again; so a fork at any moment
 * leaves a table that the child can use. Neighbours: include/graft/product.h alone. */
#include "compiler.h"

#include <graft/product.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

static _Atomic uintptr_t places[GRAFT_PRODUCTS_MAX];

#define TAKEN ((uintptr_t)1)
_Static_assert(_Alignof(struct graft_product) > 1, "the lowest bit of a product's address is free");

/* Release: who takes the product sees what its maker wrote. Acquire: pairs with that. */
static bool move(_Atomic uintptr_t *place, uintptr_t from, uintptr_t to) {
    return atomic_compare_exchange_strong_explicit(place, &from, to, memory_order_acq_rel, memory_order_relaxed);
}

static bool is_whole(const struct graft_product *product) {
    return product != NULL && product->name != NULL && product->name[0] != '\0' && product->start != NULL &&
           product->restart != NULL && product->stop != NULL && product->at_exit != NULL;
}

GR_PUBLIC enum graft_status graft_product_register(const struct graft_product *product) {
    if (!is_whole(product))
        return GRAFT_INVALID_ARGUMENT;
    for (unsigned i = 0; i < GRAFT_PRODUCTS_MAX; i++)
        if (move(&places[i], 0, (uintptr_t)product))
            return GRAFT_OK;
    return GRAFT_NO_MEMORY;
}

GR_PUBLIC bool graft_product_unregister(const struct graft_product *product) {
    for (unsigned i = 0; product != NULL && i < GRAFT_PRODUCTS_MAX; i++)
        if (move(&places[i], (uintptr_t)product, 0))
            return true;
    return false;
}

GR_PUBLIC const struct graft_product *graft_product_take(void) {
    for (unsigned i = 0; i < GRAFT_PRODUCTS_MAX; i++) {
        /* Only a hint: the exchange decides. */
        uintptr_t found = atomic_load_explicit(&places[i], memory_order_relaxed);
        if (found != 0 && (found & TAKEN) == 0 && move(&places[i], found, found | TAKEN))
            return (const struct graft_product *)found;
    }
    return NULL;
}
