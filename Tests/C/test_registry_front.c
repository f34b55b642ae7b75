/* test_registry_front.c: a registry with few nodes keeps them together; with many, and with few again, all are found. */
#include "check.h"
#include "registry.h"

enum { NODES = 2000, FEW = 40 };

static struct gr_registry_node nodes[NODES];
static unsigned seen[NODES];

static bool note(struct gr_registry_node *node, void *context) {
    CHECK(node == &nodes[node - nodes]);
    seen[node - nodes]++;
    return ++*(size_t *)context != 0;
}

/* Keys as addresses are: multiples of 16. */
static uint64_t key_of(size_t number) {
    return UINT64_C(0x7f0000000000) + number * 16;
}

static void insert(struct gr_registry *registry, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        nodes[i] = (struct gr_registry_node){.key = key_of(i)};
        CHECK_EQUAL(gr_registry_insert(registry, &nodes[i]), GRAFT_OK);
        CHECK_EQUAL(gr_registry_insert(registry, &(struct gr_registry_node){.key = key_of(i)}), GRAFT_DUPLICATE);
    }
}

static void take_out(struct gr_registry *registry, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        CHECK(gr_registry_remove(registry, key_of(i)) == &nodes[i]);
}

/* Those from `from` to `to` are there, and no other. */
static void check(struct gr_registry *registry, size_t from, size_t to) {
    size_t visits = 0;
    memset(seen, 0, sizeof seen);
    gr_registry_each(registry, note, &visits);
    CHECK_EQUAL(visits, to - from);
    CHECK_EQUAL(gr_registry_count(registry), to - from);
    for (size_t i = 0; i < NODES; i++) {
        bool there = i >= from && i < to;
        CHECK_EQUAL(seen[i], there);
        CHECK(gr_registry_find(registry, key_of(i)) == (there ? &nodes[i] : NULL));
    }
}

static void nodes_are_found_however_many_there_are(void) {
    struct gr_registry *registry;
    CHECK_EQUAL(gr_registry_create(NODES, &registry), GRAFT_OK);
    insert(registry, 0, FEW);
    check(registry, 0, FEW);
    insert(registry, FEW, NODES);
    check(registry, 0, NODES);
    take_out(registry, 0, NODES - FEW); /* what is left was inserted among many */
    check(registry, NODES - FEW, NODES);
    gr_registry_destroy(registry);
}

static void few_nodes_again_are_few(void) {
    struct gr_registry *registry;
    CHECK_EQUAL(gr_registry_create(NODES, &registry), GRAFT_OK);
    insert(registry, 0, NODES);
    take_out(registry, 0, NODES - FEW);
    insert(registry, NODES - 2 * FEW, NODES - FEW); /* by the others' side */
    check(registry, NODES - 2 * FEW, NODES);
    take_out(registry, NODES - FEW, NODES);
    check(registry, NODES - 2 * FEW, NODES - FEW);
    take_out(registry, NODES - 2 * FEW, NODES - FEW);
    check(registry, 0, 0);
    gr_registry_destroy(registry);
}

int main(void) {
    RUN(nodes_are_found_however_many_there_are);
    RUN(few_nodes_again_are_few);
    return 0;
}
