/* test_trap.c: the table that the SIGTRAP handler reads: its limit, and that it never fills up or loses a site while
 * others come and go. */
#include "check.h"
#include "trap.h"
#include <pthread.h>

enum {
    CAPACITY = 100,
    STEADY = 60,     /* sites that stay throughout */
    ROUNDS = 200000, /* of sites that come and go: many times what the table has entries */
    READERS = 2,
};

static struct gr_site steady[STEADY], passing[CAPACITY - STEADY], one_more;
static _Atomic bool stop;

static void the_limit_is_exact(void) {
    CHECK_EQUAL(gr_traps_start(CAPACITY), GRAFT_OK);
    for (size_t i = 0; i < STEADY; i++) {
        steady[i].patch_address = 0x10000 + 16 * i;
        CHECK_EQUAL(gr_trap_add(&steady[i]), GRAFT_OK);
    }
    for (size_t i = 0; i < CAPACITY - STEADY; i++) {
        passing[i].patch_address = 0x20000 + 16 * i;
        CHECK_EQUAL(gr_trap_add(&passing[i]), GRAFT_OK);
    }
    one_more.patch_address = 0x30000;
    CHECK_EQUAL(gr_trap_add(&one_more), GRAFT_LIMIT_PROBES);
    CHECK(gr_trap_site(0x30000) == NULL);
    for (size_t i = 0; i < CAPACITY - STEADY; i++)
        gr_trap_remove(&passing[i]);
    CHECK(gr_trap_site(0x20000) == NULL);
    CHECK_EQUAL(gr_trap_add(&one_more), GRAFT_OK);
    CHECK(gr_trap_site(0x30000) == &one_more);
    gr_trap_remove(&one_more);
}

/* As the handler does, on another thread. */
static void *look(void *unused) {
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        for (size_t i = 0; i < STEADY; i++)
            CHECK(gr_trap_site(steady[i].patch_address) == &steady[i]);
    return unused;
}

/* A host that loads and unloads instrumented images for ever: each time at another address. */
static void sites_come_and_go_for_ever_while_others_are_found(void) {
    pthread_t readers[READERS];
    for (int i = 0; i < READERS; i++)
        CHECK_EQUAL(pthread_create(&readers[i], NULL, look, NULL), 0);
    uint64_t address = 0x40000;
    for (unsigned round = 0; round < ROUNDS; round++, address += 16 + 4096 * (round % 3)) {
        struct gr_site *site = &passing[round % (CAPACITY - STEADY)];
        if (round >= CAPACITY - STEADY) {
            uint64_t old = site->patch_address;
            gr_trap_remove(site);
            CHECK(gr_trap_site(old) == NULL);
        }
        site->patch_address = address;
        CHECK_EQUAL(gr_trap_add(site), GRAFT_OK);
        CHECK(gr_trap_site(address) == site);
    }
    atomic_store_explicit(&stop, true, memory_order_relaxed);
    for (int i = 0; i < READERS; i++)
        CHECK_EQUAL(pthread_join(readers[i], NULL), 0);
}

int main(void) {
    RUN(the_limit_is_exact);
    RUN(sites_come_and_go_for_ever_while_others_are_found);
    return 0;
}
