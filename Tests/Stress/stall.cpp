/* stall.cpp: what a change of functions costs the threads that call them: the longest single call, with and without.
 *
 * Windows of equal length alternate, without and with changes, under the same threads; calls.cpp measures each call in
 * them. No thread forks and no profiling signal arrives meanwhile, since those stall threads by themselves. */
#include "stress.h"
#include <algorithm>
#include <unistd.h>

namespace stress {

void measureStalls(Random &random, unsigned most, unsigned windows, unsigned milliseconds) {
    for (unsigned i = 0; i < 2 * windows; i++) {
        bool changing = i % 2 != 0;
        uint64_t until = nanoseconds() + UINT64_C(1000000) * milliseconds;
        setWindow(changing ? Window::changing : Window::quiet);
        if (!changing)
            usleep(milliseconds * 1000);
        while (changing && nanoseconds() < until)
            changeBatch(random, most);
        watched->beats++;
    }
    setWindow(Window::none);
}

Stalls stallsOf(Window window) {
    Stalls sum = {0, 0, 0, 0, 0, 0, 0};
    for (unsigned i = 0; i + 1 < slotCount(); i++) { /* the last one is of the thread that makes the changes */
        const Slot::Stalls &one = slots()[i].stalls[static_cast<int>(window)];
        sum.calls += one.calls;
        sum.over += one.over;
        sum.overPreempted += one.overPreempted;
        sum.waits += one.waits;
        sum.faultWaits += one.faultWaits;
        sum.worst = std::max<uint64_t>(sum.worst, one.worst);
        sum.worstWait = std::max<uint64_t>(sum.worstWait, one.worstWait);
    }
    return sum;
}

} // namespace stress
