/* test_budget_interleavings.c: threads that take calls from a budget, the control plane that shuts and opens it, and
 * seconds that pass, in every order of their loads, stores and store buffer flushes (explore.h). A second that begins
 * without its calls, is given them twice, or is shut with calls left: each makes a run fail here, and so does a thread
 * without which nobody goes on. What only weaker orders than TSO allow is not seen. */
#include "explore.h"

#include "budget.c" /* after explore.h, so that its atomic operations are explored */

enum { BEGAN = 7 };

/* The system, as far as a budget asks for it. */
static _Atomic uint64_t clock_now;
uint64_t gr_os_nanoseconds(void) {
    return atomic_load_explicit(&clock_now, memory_order_relaxed);
}
static bool notified;
void gr_notify(void) {
    notified = true;
}

static struct gr_budget budget;
static uint64_t seconds, taken[EXPLORE_THREADS], told_before;

/* Outside of a run, or without giving others a turn. */
static uint64_t told(void) {
    return __atomic_load_n((uint64_t *)&budget.told, __ATOMIC_RELAXED);
}

static void begin(uint32_t per_second) {
    seconds = told_before = 0;
    notified = false;
    memset(taken, 0, sizeof taken);
    memset(&budget, 0, sizeof budget);
    atomic_store_explicit(&clock_now, BEGAN, memory_order_relaxed);
    gr_budget_start(&budget, per_second);
}
static void begin_with_one(void) {
    begin(1);
}
static void begin_with_two(void) {
    begin(2);
}
static void begin_used_up(void) {
    begin_with_one();
    taken[0] = gr_budget_take(&budget);
}
static void begin_asked(void) {
    begin_with_two();
    while (gr_budget_take(&budget))
        taken[0]++;
    CHECK(notified);
}
static void begin_shut(void) {
    begin_asked();
    notified = false;
    CHECK(gr_budget_tend(&budget));
    CHECK(gr_budget_shut(&budget));
}

/* A hit was on its way when the budget was shut, has begun the next second and left a call of it. */
static void begin_shut_with_a_call_left(void) {
    begin_shut();
    atomic_fetch_add_explicit(&clock_now, GR_BUDGET_NANOSECONDS, memory_order_relaxed);
    seconds++;
    atomic_store_explicit(&budget.shut, false, memory_order_relaxed);
    taken[0] += gr_budget_take(&budget);
    atomic_store_explicit(&budget.shut, true, memory_order_relaxed);
}

static void take(void) {
    bool is_told = gr_budget_take(&budget);
    taken[explore.current] += is_told;
}
static void take_twice(void) {
    take();
    take();
}
static void pass_a_second(void) {
    atomic_fetch_add_explicit(&clock_now, GR_BUDGET_NANOSECONDS, memory_order_relaxed);
    seconds++;
    told_before = told();
}
static void pass_two_seconds(void) {
    pass_a_second();
    pass_a_second();
}

/* A round of the control plane's work, which another follows if it is notified meanwhile. */
static void tend(void) {
    notified = false;
    gr_budget_tend(&budget);
}
static void tend_twice(void) {
    tend();
    tend();
}

/* Takes all that is left in this second, with the control plane at work when it has been notified or it is time. */
static uint64_t drain(void) {
    uint64_t calls = 0, before;
    do {
        before = calls;
        if (notified || (gr_budget_shut(&budget) && gr_os_nanoseconds() >= gr_budget_opens(&budget)))
            tend();
        while (!gr_budget_shut(&budget) && gr_budget_take(&budget))
            calls++;
    } while (calls != before || notified);
    return calls;
}

/* At rest: the last second has told of some calls, none has told of more than it may, and the next has all its calls. */
static void check_seconds(void) {
    drain();
    CHECK_EQUAL(told(), budget.allowed);
    CHECK(told() <= (seconds + 1) * budget.per_second);
    CHECK(told() - told_before <= 2 * budget.per_second);
    CHECK(told() > told_before);
    pass_a_second();
    CHECK_EQUAL(drain(), budget.per_second);
}

/* Each call was told of once, as well. */
static void check_end(void) {
    uint64_t sum = drain();
    for (size_t i = 0; i < EXPLORE_THREADS; i++)
        sum += taken[i];
    CHECK_EQUAL(sum, told());
    check_seconds();
}

static void threads_take_while_a_second_passes(void) {
    explore_all(&(struct explore_scenario){
        "one call, two threads", begin_with_one, {take_twice, take_twice, pass_a_second}, check_end, 3});
    explore_all(&(struct explore_scenario){
        "two calls, two threads", begin_with_two, {take_twice, take_twice, pass_a_second}, check_end, 3});
    explore_all(
        &(struct explore_scenario){"three threads", begin_used_up, {take, take, take, pass_a_second}, check_end, 2});
}
static void threads_take_while_seconds_pass(void) {
    explore_all(&(struct explore_scenario){
        "two seconds", begin_used_up, {take_twice, take_twice, pass_two_seconds}, check_end, 3});
    explore_all(&(struct explore_scenario){
        "two seconds, three threads", begin_used_up, {take, take, take, pass_two_seconds}, check_end, 2});
}
static void the_control_plane_shuts_and_opens(void) {
    explore_all(&(struct explore_scenario){"a round", begin_asked, {tend, take_twice, pass_a_second}, check_end, 4});
    explore_all(&(struct explore_scenario){
        "two rounds", begin_asked, {tend_twice, take_twice, pass_two_seconds}, check_end, 3});
    explore_all(&(struct explore_scenario){
        "shut, two rounds", begin_shut, {tend_twice, take_twice, pass_two_seconds}, check_end, 3});
    explore_all(&(struct explore_scenario){
        "a late round", begin_shut_with_a_call_left, {pass_two_seconds, tend, take}, check_end, 3});
    explore_all(&(struct explore_scenario){
        "a round, two threads", begin_asked, {tend, take, take, pass_a_second}, check_end, 2});
}

/* Before each operation of thread 0 in turn. */
static void at_every_operation(void (*signal)(void), struct explore_scenario scenario) {
    explore.signal = signal;
    explore.signal_at = 0;
    do
        explore_all(&scenario);
    while (explore.signalled && ++explore.signal_at);
    CHECK(explore.signal_at >= 7);
    explore.signal = NULL;
}

static void a_handler_takes_calls(void) {
    at_every_operation(
        take_twice, (struct explore_scenario){"a signal", begin_used_up, {take, take, pass_a_second}, check_end, 2});
}

/* As one does that is killed, or leaves what it was doing by longjmp. */
static void vanish(void) {
    explore_self()->ended = true;
    explore_step();
}
static void take_in_each_of_two_seconds(void) {
    pass_a_second();
    take();
    pass_a_second();
    take();
}
static void a_thread_that_goes_holds_up_nobody(void) {
    at_every_operation(vanish,
        (struct explore_scenario){"a thread goes", begin_used_up, {take, take, pass_a_second}, check_seconds, 2});
    at_every_operation(vanish, (struct explore_scenario){"a thread goes, one is late", begin_used_up,
                                   {take_in_each_of_two_seconds, take, pass_a_second}, check_seconds, 2});
}

int main(void) {
    if (!explore_begin())
        return 0;
    RUN(threads_take_while_a_second_passes);
    RUN(threads_take_while_seconds_pass);
    RUN(the_control_plane_shuts_and_opens);
    RUN(a_handler_takes_calls);
    RUN(a_thread_that_goes_holds_up_nobody);
    return 0;
}
