/* peer.c: what one call of a function costs while somebody else's tool watches it; see bench-peers.
 *
 *   peer [wait]      waits for a line on standard input first, so that a tool can attach
 *
 * Prints nanoseconds: of a bare call, and of a call of the watched function over that. Each is the least of many
 * repetitions, in thread CPU time, as in bench_hit.c. Built with PEER_XRAY, it has XRay patch the function; built with
 * PEER_INSTRUMENT, it has the two functions that -finstrument-functions calls. */
#include "../work.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { REPETITIONS = 25, CALLS = 200000 };

#ifdef PEER_XRAY
/* <xray/xray_interface.h>, in C: what the runtime exports. */
int xray_set(void (*handler)(int, int)) __asm__("__xray_set_handler");
int xray_patch(void) __asm__("__xray_patch");
__attribute__((xray_never_instrument)) static void on_event(int id, int kind) {
    (void)id, (void)kind;
}
#endif

#ifdef PEER_INSTRUMENT
void __cyg_profile_func_enter(void *function, void *caller);
void __cyg_profile_func_exit(void *function, void *caller);
void __cyg_profile_func_enter(void *function, void *caller) {
    (void)function, (void)caller;
}
void __cyg_profile_func_exit(void *function, void *caller) {
    (void)function, (void)caller;
}
#endif

static double cpu_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static volatile int sink;

static double measure(int (*call)(int)) {
    double best = 1e9;
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
        int x = 1;
        double start = cpu_nanoseconds();
        for (int i = 0; i < CALLS; i++)
            x = call(i) + (x & 1);
        double each = (cpu_nanoseconds() - start) / (double)CALLS;
        sink = x;
        best = each < best ? each : best;
    }
    return best;
}

int main(int argc, char **argv) {
    char line[16];
    if (argc > 1 && strcmp(argv[1], "wait") == 0) {
        puts("ready");
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL)
            return 1;
    }
#ifdef PEER_XRAY
    if (xray_set(on_event) != 1 || xray_patch() != 1) {
        fputs("peer: XRay could not patch\n", stderr);
        return 1;
    }
#endif
    double bare = measure(bench_bare);
    printf("%.3f %.3f\n", bare, measure(bench_work) - bare);
    return 0;
}
