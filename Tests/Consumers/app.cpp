// app.cpp: a C++ user of Graft outside its tree: sees methods of its own be entered, return, and throw, through one
// instrumented frame and through two, to the caller that catches.
// Built by use-cpp against what `make install` put down. Exit status 0 when each phase was seen as often as it happened.
#include <cstdio>
#include <graft/graft.h>
#include <stdexcept>

namespace shop {
struct Order {
    [[gnu::noinline]] int price(int quantity) {
        asm volatile("" ::: "memory");
        if (quantity < 0)
            throw std::invalid_argument("quantity");
        return quantity * 5;
    }
};

struct Cart {
    Order order;
    [[gnu::noinline]] int total(int quantity) {
        asm volatile("" ::: "memory");
        return order.price(quantity) + 1;
    }
};
} // namespace shop

struct Phases {
    int entered = 0, left = 0, unwound = 0;
};

int main() {
    if (graft_start(nullptr) != GRAFT_OK)
        return std::fprintf(stderr, "the library does not start\n"), 1;

    Phases phases;
    graft_probe_spec probe = {};
    probe.target = ":shop::*";
    probe.mode = GRAFT_MODE_ENTRY_EXIT;
    probe.context = &phases;
    probe.handler = [](graft_hit *hit, void *context) {
        auto *phases = static_cast<Phases *>(context);
        if (hit->phase == GRAFT_PHASE_ENTER)
            phases->entered++;
        else if (hit->phase == GRAFT_PHASE_LEAVE)
            phases->left++;
        else
            phases->unwound++;
    };
    graft_outcome outcome;
    graft_status status = graft_install(&probe, 1, &outcome);
    if (status != GRAFT_OK || outcome.installed != 2)
        return std::fprintf(stderr, "not installed: %s\n", graft_status_sentence(status ? status : outcome.refusal)), 1;

    shop::Cart cart;
    int caught = 0, sum = 0;
    for (int i = -3; i < 7; i++) {
        try {
            sum += cart.order.price(i);
        } catch (const std::invalid_argument &) {
            caught++;
        }
        try {
            sum += cart.total(i);
        } catch (const std::invalid_argument &) {
            caught++;
        }
    }
    graft_remove(&outcome.probe, 1, nullptr);
    graft_stop();
    std::printf("entered %d, left %d, unwound %d, sum %d\n", phases.entered, phases.left, phases.unwound, sum);
    return phases.entered == 30 && phases.left == 21 && phases.unwound == 9 && caught == 6 && sum == 217 ? 0 : 1;
}
