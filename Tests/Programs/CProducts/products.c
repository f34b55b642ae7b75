/* products.c: three products as a C library would have them, registered before main.
 *
 * Owns a thread that beats, in whichever process it is started, and a product that cannot start. Neighbour: ForkingNatives
 * runs them together with products in Swift. */
#include "cproducts.h"
#include <graft/product.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pid_t first_process;

void cproducts_say(const char *text) {
    char line[256];
    int length = snprintf(line, sizeof line, "%s: %s\n", getpid() == first_process ? "parent" : "child", text);
    if (length < 0 || (size_t)length >= sizeof line || write(1, line, (size_t)length) != length)
        abort();
}

/* What a product's functions are given. */
struct part {
    const char *name;
    bool is_broken;
    bool has_thread;
    pthread_t thread;
    sem_t beaten; /* raised by the thread when it runs */
    sem_t over;   /* raised by stop */
};

static void *beat(void *argument) {
    struct part *part = argument;
    sem_post(&part->beaten);
    sem_wait(&part->over);
    return NULL;
}

/* Says what is done, and to whom. */
static void say(const struct part *part, const char *method) {
    char text[128];
    snprintf(text, sizeof text, "%s %s", method, part->name);
    cproducts_say(text);
}

/* Starts the thread and waits for its first beat. */
static const char *begin(struct part *part) {
    sem_init(&part->beaten, 0, 0);
    sem_init(&part->over, 0, 0);
    if (pthread_create(&part->thread, NULL, beat, part) != 0)
        return "no thread";
    while (sem_wait(&part->beaten) != 0) {
    }
    return NULL;
}

static const char *start(void *context) {
    struct part *part = context;
    say(part, "start");
    if (part->is_broken)
        return "there is no room for the cache";
    return part->has_thread ? begin(part) : NULL;
}

static const char *restart(void *context, bool join) {
    (void)join;
    struct part *part = context;
    say(part, "restart");
    return part->has_thread ? begin(part) : NULL;
}

static const char *stop(void *context, bool join) {
    struct part *part = context;
    say(part, join ? "stop joining" : "stop");
    if (!part->has_thread)
        return "it has nothing to stop";
    sem_post(&part->over);
    if (join)
        pthread_join(part->thread, NULL);
    else
        pthread_detach(part->thread);
    return NULL;
}

static void before_fork(void *context) {
    say(context, "before");
}
static void after_fork(void *context) {
    say(context, "after");
}

static const char *const cache_requires[] = {"swift-index", NULL};
static struct part store = {.name = "c-store", .has_thread = true};
static struct part cache = {.name = "c-cache"};
static struct part broken = {.name = "c-broken", .is_broken = true};
static const struct graft_product products[] = {
    {"c-cache", cache_requires, &cache, start, restart, stop, stop, NULL, NULL, NULL},
    {"c-broken", NULL, &broken, start, restart, stop, stop, NULL, NULL, NULL},
    {"c-store", NULL, &store, start, restart, stop, stop, NULL, before_fork, after_fork},
};
static const struct graft_product twin = {"c-store", NULL, &store, start, restart, stop, stop, NULL, NULL, NULL};

void cproducts_register_twin(void) {
    if (graft_product_register(&twin) != GRAFT_OK)
        abort();
}

__attribute__((constructor)) static void announce(void) {
    first_process = getpid();
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        if (graft_product_register(&products[i]) != GRAFT_OK)
            abort();
}
