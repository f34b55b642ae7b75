/* test_completion.c: frames of open async calls: bounded, given back, and never one for two, by threads that race. */
#include "completion.h"
#include "core.h"
#include "os/fault.h"
#include <pthread.h>

enum { THREADS = 8, ROUNDS = 20000, HELD = 50 };

static struct gr_site site;

/* An async context: the caller's, and where to go on. */
struct context {
    struct context *parent;
    uint64_t resume;
};

static void the_context_leads_to_the_trampoline_and_back(void) {
    struct context context = {NULL, 0x1234};
    struct gr_completion *completion = gr_completion_open(&site, (uint64_t)(uintptr_t)&context);
    CHECK(completion != NULL);
    CHECK_EQUAL(completion->frame.return_address, 0x1235);
    CHECK_EQUAL(context.resume, 0x1234);
    gr_completion_watch(completion);
    CHECK_EQUAL(context.resume, completion->code);
    CHECK_EQUAL(gr_completion_of((uint64_t)(uintptr_t)&context), 0x1234);
    CHECK_EQUAL(gr_completion_behind(0x99), 0x99);
    CHECK_EQUAL(gr_completion_unwatch(completion), 0x1234);
    CHECK_EQUAL(context.resume, 0x1234);
    gr_completion_close(completion);
}

static void a_call_that_ends_in_another_is_watched_twice(void) {
    struct context context = {NULL, 0x1234};
    struct gr_completion *outer = gr_completion_open(&site, (uint64_t)(uintptr_t)&context);
    gr_completion_watch(outer);
    struct gr_completion *inner = gr_completion_open(&site, (uint64_t)(uintptr_t)&context);
    gr_completion_watch(inner);
    CHECK_EQUAL(inner->frame.return_address, 0x1235); /* the caller's, not the other's trampoline */
    CHECK_EQUAL(gr_completion_unwatch(inner), outer->code);
    CHECK_EQUAL(gr_completion_unwatch(outer), 0x1234);
    gr_completion_close(inner);
    gr_completion_close(outer);
}

static void a_call_that_yields_is_taken_over(void) {
    struct gr_frame frame = {.site = &site, .start = 5, .count = 2, .entered = {{7, 70}, {8, 80}}};
    struct gr_completion *completion = gr_completion_open_yielded(&frame, 0x4321);
    CHECK(completion != NULL);
    CHECK_EQUAL(completion->context, 0);
    CHECK_EQUAL(completion->resume, 0x4321);
    CHECK(completion->frame.site == &site);
    CHECK_EQUAL(completion->frame.start, 5);
    CHECK_EQUAL(completion->frame.count, 2);
    CHECK_EQUAL(completion->frame.entered[1].probe, 8);
    CHECK_EQUAL(completion->frame.entered[1].cookie, 80);
    gr_completion_close(completion);
}

static void *open_and_close(void *unused) {
    struct context contexts[HELD];
    struct gr_completion *held[HELD] = {0};
    for (int i = 0; i < ROUNDS; i++) {
        int at = i % HELD;
        if (held[at] != NULL) {
            CHECK(held[at]->context == (uint64_t)(uintptr_t)&contexts[at]); /* nobody else has it */
            CHECK_EQUAL(gr_completion_unwatch(held[at]), (uint64_t)i - HELD);
            gr_completion_close(held[at]);
        }
        contexts[at] = (struct context){NULL, (uint64_t)i};
        held[at] = gr_completion_open(&site, (uint64_t)(uintptr_t)&contexts[at]);
        CHECK(held[at] != NULL);
        gr_completion_watch(held[at]);
    }
    for (int at = 0; at < HELD; at++)
        gr_completion_close(held[at]);
    return unused;
}

static void threads_that_race_share_none(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, open_and_close, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static struct gr_completion *all[GR_COMPLETIONS_MAX];

static void as_many_as_promised_can_be_open_and_no_more(void) {
    static struct context context = {NULL, 1};
    for (int i = 0; i < GR_COMPLETIONS_MAX; i++) {
        all[i] = gr_completion_open(&site, (uint64_t)(uintptr_t)&context);
        CHECK(all[i] != NULL);
    }
    CHECK(gr_completion_open(&site, (uint64_t)(uintptr_t)&context) == NULL);
    struct gr_frame frame = {.site = &site, .count = 1};
    CHECK(gr_completion_open_yielded(&frame, 1) == NULL);
    for (int i = 0; i < GR_COMPLETIONS_MAX; i++) {
        CHECK_EQUAL(gr_completion_behind(all[i]->code), 1); /* where the context went on */
        CHECK_EQUAL(gr_completion_behind((uint64_t)(uintptr_t)all[i]), (uint64_t)(uintptr_t)all[i]);
    }
    gr_completion_close(all[7]);
    CHECK(gr_completion_open(&site, (uint64_t)(uintptr_t)&context) == all[7]);
    for (int i = 0; i < GR_COMPLETIONS_MAX; i++)
        gr_completion_close(all[i]);
}

static void without_memory_there_is_none_and_later_there_is(void) {
    static struct gr_completion *held[GR_COMPLETIONS_MAX];
    static struct context context = {NULL, 1};
    static const enum gr_os_call calls[] = {GR_OS_ALLOCATE, GR_OS_COMMIT};
    for (size_t call = 0; call < sizeof calls / sizeof *calls; call++) {
        int count = 0;
        gr_fault_set(calls[call], 0, 1);
        while ((held[count] = gr_completion_open(&site, (uint64_t)(uintptr_t)&context)) != NULL)
            count++;
        CHECK(gr_fault_calls(calls[call]) > 0);
        gr_fault_clear();
        struct gr_completion *more = gr_completion_open(&site, (uint64_t)(uintptr_t)&context);
        CHECK(more != NULL);
        gr_completion_close(more);
        while (count > 0)
            gr_completion_close(held[--count]);
    }
}

int main(void) {
    core_start();
    CHECK_EQUAL(gr_completions_start(), GRAFT_OK);
    RUN(the_context_leads_to_the_trampoline_and_back);
    RUN(a_call_that_ends_in_another_is_watched_twice);
    RUN(a_call_that_yields_is_taken_over);
    RUN(without_memory_there_is_none_and_later_there_is);
    RUN(threads_that_race_share_none);
    RUN(as_many_as_promised_can_be_open_and_no_more);
    return 0;
}
