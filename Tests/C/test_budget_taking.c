/* test_budget_taking.c: threads take calls from one budget while it is shut and opened: none is taken twice, and no second
 * gives more than it has. No probe is installed, so that the thread sanitizer sees all of it. */
#include "budget.h"
#include "check.h"
#include "os/fault.h"
#include "os/os.h"
#include <pthread.h>
#include <sched.h>

enum { BUDGET = 1000, THREADS = 4, SECONDS = 200 };

static struct gr_budget budget;
static _Atomic bool finished;

static void *take(void *context) {
    uint64_t *taken = context;
    while (!atomic_load(&finished)) {
        bool told = gr_budget_take(&budget);
        *taken += told;
        if (!told)
            sched_yield(); /* to whoever lets seconds pass */
    }
    return NULL;
}

static void threads_take_no_more_than_each_second_has(void) {
    uint64_t taken[THREADS] = {0}, sum = 0, before = 0;
    pthread_t threads[THREADS];
    gr_budget_start(&budget, BUDGET);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(pthread_create(&threads[i], NULL, take, &taken[i]), 0);
    for (uint64_t second = 0; second < SECONDS; second++) {
        uint64_t told;
        do {
            gr_budget_tend(&budget);
            told = atomic_load(&budget.told);
            CHECK(told <= (second + 1) * BUDGET);
        } while (told == before);
        before = told;
        gr_clock_advance(GR_BUDGET_NANOSECONDS);
    }
    atomic_store(&finished, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += taken[i];
    }
    CHECK_EQUAL(sum, atomic_load(&budget.told));
    CHECK(sum <= (SECONDS + 1) * BUDGET);
}

int main(void) {
    gr_clock_stop();
    RUN(threads_take_no_more_than_each_second_has);
    return 0;
}
