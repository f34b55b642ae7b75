/* product.h: products that are written in C, for the manager that runs products in their order.
 *
 * A product is a part with a life of its own: it is started, stopped, and started anew in a forked child. Here it is only
 * registered; the manager is Swift's `ProductManager`, for which `RegisteredProduct` takes it. Names meet there: a second product
 * of a name is refused there. The table is that of the copy of the library that a program links: one that is loaded by
 * LD_PRELOAD has a table of its own, which nobody outside it can reach. Neighbours: none; this needs no graft_start. */
#ifndef GRAFT_PRODUCT_H
#define GRAFT_PRODUCT_H

#include <graft/status.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most products that are registered at a time. */
#define GRAFT_PRODUCTS_MAX 64

/* A product. Everything in it, and what it points to, stays valid and unchanged while it is registered; once it has been
 * taken, for the life of the process. It never grows: what a later version wants to know besides is registered by
 * another function.
 *
 * A function that can fail returns null, or a sentence that stays valid until the product's next call. The manager calls
 * one at a time, on the thread that called the manager. `join` asks to wait until the product's threads have ended. Those
 * that are said to be optional may be null. */
struct graft_product {
    const char *name;                /* not empty; 128 bytes at most */
    const char *const *requirements; /* names of products that must have started before, then a null; or null */
    void *context;                   /* handed to every function */
    const char *(*start)(void *context);
    const char *(*restart)(void *context, bool join); /* in a forked child, on a thread made for it */
    const char *(*stop)(void *context, bool join);
    const char *(*at_exit)(void *context, bool join); /* in place of stop, when the process ends */
    const char *(*post_preload)(void *context);       /* optional */
    void (*before_fork)(void *context);               /* optional; on the thread that forks: must not wait */
    void (*after_fork_in_parent)(void *context);      /* optional; the same */
};

/* Registers a product. It is started by the manager's next start after it was taken. Any thread, also from a constructor
 * and before graft_start; takes no lock. GRAFT_INVALID_ARGUMENT: a null where none may be, or an empty name;
 * GRAFT_NO_MEMORY: there are GRAFT_PRODUCTS_MAX already, taken ones included. */
enum graft_status graft_product_register(const struct graft_product *product);

/* Withdraws a product that has not been taken; true when it was withdrawn. False: it is not registered, or has been taken
 * and stays. Any thread. */
bool graft_product_unregister(const struct graft_product *product);

/* For whoever runs products: takes one that is registered and was not taken, the first of the table; null when there is
 * none. Each is given out once. Any thread. */
const struct graft_product *graft_product_take(void);

#ifdef __cplusplus
}
#endif
#endif
