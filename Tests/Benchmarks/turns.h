/* turns.h: for how long a thread of this process ran, and for how long it was ready to and waited for a processor. */
#ifndef TURNS_H
#define TURNS_H

struct turns {
    double runs, waits; /* milliseconds since it began; 0 where the kernel does not say */
};

/* The id of the first thread with this name; 0: none. */
int turns_thread(const char *name);
struct turns turns_of(int thread);

#endif
