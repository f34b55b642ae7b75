/* test_return.c: functions that were changed by one store while a thread blocked SIGTRAP go back to how they are changed at
 * first, and have the same two hops however often that comes and goes. Threads call all of them meanwhile, the one that
 * blocks SIGTRAP among them, and every result is checked. */
#include "core.h"
#include "os/fault.h"
#include "prologues.h"
#include "tactic.h"
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*function)(int);
} all[] = {
#define ROW(name) {#name, name},
    PROLOGUES_MAP(ROW)
#undef ROW
};

enum {
    FUNCTIONS = sizeof all / sizeof *all,
    LEAST = 12, /* functions that one store can change, and for which no one address will do: as they lie, about 20 */
    CALLERS = 4,
    TURNS = 1000,
    LIVES = 200,
    PAGE = 4096,
};

static struct gr_site *sites[FUNCTIONS]; /* those that take part */
static size_t count;

/* The thread that blocks SIGTRAP, past the C library, for as long as it is asked to. */
static pthread_t blocker, callers[CALLERS];
static _Atomic bool wanted, blocks, over;
static _Atomic uint64_t rounds;
static _Atomic int running; /* threads past their start, for which every signal is blocked */

static void call_all(int x) {
    for (size_t i = 0; i < FUNCTIONS; i++)
        CHECK_EQUAL(all[i].function(x), 7 * x + 3);
    atomic_fetch_add_explicit(&rounds, 1, memory_order_relaxed);
}

static void *call_them(void *unused) {
    atomic_fetch_add(&running, 1);
    for (int x = 0; !atomic_load(&over); x = (x + 1) & 0xffff)
        call_all(x);
    return unused;
}

static void *block_and_call_them(void *unused) {
    atomic_fetch_add(&running, 1);
    for (int x = 0; !atomic_load(&over); x = (x + 1) & 0xffff) {
        uint64_t every = UINT64_MAX;
        bool block = atomic_load(&wanted);
        if (block != atomic_load(&blocks))
            CHECK_EQUAL(syscall(SYS_rt_sigprocmask, block ? SIG_BLOCK : SIG_UNBLOCK, &every, NULL, sizeof every), 0);
        atomic_store(&blocks, block);
        call_all(x);
    }
    return unused;
}

static void blocks_sigtrap(bool so) {
    atomic_store(&wanted, so);
    while (atomic_load(&blocks) != so)
        sched_yield();
}

/* Takes the one address to which a change of the first byte alone would lead. */
static void occupy(int (*function)(int), unsigned behind) {
    int32_t displacement;
    uintptr_t jump = (uintptr_t)function + behind;
    memcpy(&displacement, (const void *)(jump + 1), sizeof displacement);
    uintptr_t page = (jump + GR_PATCH_SIZE + (uintptr_t)(intptr_t)displacement) & ~(uintptr_t)(PAGE - 1);
    (void)mmap((void *)page, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

static enum graft_status commit(struct gr_site *const *some, size_t number) {
    struct gr_site *failed;
    return gr_patch_commit(some, number, &failed);
}

static void commit_and_restore(void) {
    CHECK_EQUAL(commit(sites, count), GRAFT_OK);
    CHECK_EQUAL(gr_patch_restore(sites, count), GRAFT_OK);
    gr_patch_end();
}

/* What a thread would find that is late in a hop. */
static void read_hop(uint64_t place, uint8_t hop[GR_HOP_SIZE]) {
    memset(hop, 0, GR_HOP_SIZE);
    if (place != 0)
        memcpy(hop, (const void *)(uintptr_t)place, GR_HOP_SIZE);
}

static struct gr_site *prepare(const char *name) {
    struct gr_site *site;
    CHECK_EQUAL(core_prepare(name, GR_KEEP_ALL, &site), GRAFT_OK);
    gr_patch_aim(site, gr_site_stub(site, site->count_at));
    return site;
}

static void while_a_thread_blocks_traps_one_store_takes_the_place_of_the_first_choice(void) {
    blocks_sigtrap(true);
    for (size_t i = 0; i < FUNCTIONS; i++) {
        struct gr_site *site = prepare(all[i].name);
        bool traps = site->tactic == GR_TACTIC_TRAPS;
        if (commit(&site, 1) != GRAFT_OK)
            continue; /* it waits */
        CHECK_EQUAL(gr_patch_restore(&site, 1), GRAFT_OK);
        if (traps && site->tactic == GR_TACTIC_ONE_STORE)
            sites[count++] = site;
    }
    printf("  %zu functions\n", count);
    CHECK(count >= LEAST);
    CHECK_EQUAL(commit(sites, count), GRAFT_OK);
    for (size_t i = 0; i < count; i++)
        CHECK_EQUAL(sites[i]->tactic, GR_TACTIC_ONE_STORE);
}

static void what_is_in_place_stays_as_it_is_when_no_thread_blocks_them_any_more(void) {
    blocks_sigtrap(false);
    for (size_t i = 0; i < count; i++)
        CHECK(sites[i]->in_place && sites[i]->tactic == GR_TACTIC_ONE_STORE);
    CHECK_EQUAL(gr_patch_restore(sites, count), GRAFT_OK); /* by one store, as it came */
    for (size_t i = 0; i < count; i++)
        CHECK_EQUAL(sites[i]->tactic, GR_TACTIC_ONE_STORE);
}

static void the_first_choice_does_not_come_back_where_threads_cannot_be_asked(void) {
    gr_fault_clear();
    gr_fault_set(GR_OS_THREADS, 0, INT_MAX);
    commit_and_restore();
    gr_fault_clear();
    for (size_t i = 0; i < count; i++)
        CHECK_EQUAL(sites[i]->tactic, GR_TACTIC_ONE_STORE);
}

static void the_next_install_is_as_the_first_one_would_have_been(void) {
    uint64_t hits[FUNCTIONS];
    for (size_t i = 0; i < count; i++)
        hits[i] = gr_counter_read(sites[i]);
    CHECK_EQUAL(commit(sites, count), GRAFT_OK);
    for (size_t i = 0; i < count; i++) {
        const struct gr_site *site = sites[i];
        CHECK_EQUAL(site->tactic, GR_TACTIC_TRAPS);
        for (unsigned byte = 1; byte < GR_PATCH_SIZE; byte++)
            if ((site->boundaries >> byte & 1) != 0)
                CHECK(site->jump[byte] == 0xcc || site->jump[byte] == site->original[byte]);
    }
    uint64_t before = atomic_load(&rounds);
    while (atomic_load(&rounds) < before + 2 * (CALLERS + 1) + 1) /* one of them has begun and ended since */
        sched_yield();
    for (size_t i = 0; i < count; i++)
        CHECK(gr_counter_read(sites[i]) > hits[i]);
    CHECK_EQUAL(gr_patch_restore(sites, count), GRAFT_OK);
}

static void a_thousand_turns_leave_every_hop_as_it_was_and_take_no_more(void) {
    struct hops {
        uint64_t place[2];
        uint8_t hop[2][GR_HOP_SIZE];
    } before[FUNCTIONS], now;
    for (size_t i = 0; i < count; i++) {
        before[i].place[0] = sites[i]->place;
        before[i].place[1] = sites[i]->store_place;
        read_hop(sites[i]->place, before[i].hop[0]);
        read_hop(sites[i]->store_place, before[i].hop[1]);
    }
    size_t pages = gr_place_pages();
    unsigned turns = 0;
    for (; turns < TURNS; turns += (unsigned)count) {
        blocks_sigtrap(true);
        commit_and_restore();
        CHECK_EQUAL(sites[turns % count]->tactic, GR_TACTIC_ONE_STORE);
        blocks_sigtrap(false);
        commit_and_restore();
        CHECK_EQUAL(sites[turns % count]->tactic, GR_TACTIC_TRAPS);
    }
    printf("  %u turns, %zu pages, %llu calls of each\n", turns, pages, (unsigned long long)atomic_load(&rounds));
    CHECK_EQUAL(gr_place_pages(), pages);
    for (size_t i = 0; i < count; i++) {
        now.place[0] = sites[i]->place;
        now.place[1] = sites[i]->store_place;
        read_hop(sites[i]->place, now.hop[0]);
        read_hop(sites[i]->store_place, now.hop[1]);
        CHECK(memcmp(now.place, before[i].place, sizeof now.place) == 0);
        CHECK(memcmp(now.hop, before[i].hop, sizeof now.hop) == 0);
    }
}

/* True when this very place could be taken; then it is. */
static bool take(const struct gr_site *site, uint64_t place) {
    struct gr_pattern exactly = {UINT32_MAX, (uint32_t)(place - site->patch_address)};
    uint64_t taken;
    return gr_place_take(site->patch_address, exactly, site->slot, &taken) == GRAFT_OK;
}

/* With the threads gone, for nothing is given back under one that may be late. */
static void every_place_is_given_back_when_the_image_goes_and_not_before(void) {
    size_t tried = 0;
    atomic_store(&over, true);
    for (int i = 0; i < CALLERS; i++)
        CHECK_EQUAL(pthread_join(callers[i], NULL), 0);
    CHECK_EQUAL(pthread_join(blocker, NULL), 0);
    for (size_t i = 0; i < count; i++) {
        struct gr_site *site = sites[i];
        uint64_t places[2] = {site->place, site->store_place};
        if (places[0] == 0 || places[1] == 0)
            continue;
        CHECK(places[0] != places[1]);
        CHECK(!take(site, places[0]) && !take(site, places[1]));
        gr_patch_forget(site);
        for (int k = 0; k < 2; k++) {
            CHECK(take(site, places[k]));
            CHECK(!take(site, places[k]));
            gr_place_give(places[k]);
        }
        tried++;
    }
    CHECK(tried >= LEAST / 2);
}

static void a_function_that_is_loaded_and_unloaded_for_ever_takes_no_more_places(void) {
    size_t pages = 0;
    for (int life = 0; life < LIVES; life++) {
        for (size_t i = 0; i < FUNCTIONS; i++) {
            struct gr_site *site = prepare(all[i].name);
            (void)gr_tactic_choose(site, GR_TACTIC_ONLY_TRAPS);
            (void)gr_tactic_choose(site, GR_TACTIC_ONLY_STORE);
            (void)gr_tactic_choose(site, GR_TACTIC_ONLY_SAFE);
            gr_patch_forget(site);
        }
        gr_patch_end();
        if (life == 0)
            pages = gr_place_pages();
    }
    CHECK_EQUAL(gr_place_pages(), pages);
}

int main(void) {
    core_start();
    for (size_t i = 0; i < FUNCTIONS; i++)
        for (unsigned behind = 0; behind < 2; behind++) /* a push or endbr64 may stay */
            occupy(all[i].function, 4 * behind);
    CHECK_EQUAL(pthread_create(&blocker, NULL, block_and_call_them, NULL), 0);
    for (int i = 0; i < CALLERS; i++)
        CHECK_EQUAL(pthread_create(&callers[i], NULL, call_them, NULL), 0);
    while (atomic_load(&running) < CALLERS + 1)
        sched_yield();
    RUN(while_a_thread_blocks_traps_one_store_takes_the_place_of_the_first_choice);
    RUN(what_is_in_place_stays_as_it_is_when_no_thread_blocks_them_any_more);
    RUN(the_first_choice_does_not_come_back_where_threads_cannot_be_asked);
    RUN(the_next_install_is_as_the_first_one_would_have_been);
    RUN(a_thousand_turns_leave_every_hop_as_it_was_and_take_no_more);
    RUN(every_place_is_given_back_when_the_image_goes_and_not_before);
    RUN(a_function_that_is_loaded_and_unloaded_for_ever_takes_no_more_places);
    return 0;
}
