/* shop.c: a program whose functions are called when its input says so.
 *
 * Each line names a function and how often it is called, "price 3", and is answered when that is done. The first line of the
 * output is the process's number. It knows nothing of instrumentation. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int stock = 1;

__attribute__((noinline)) int shop_price(int article) {
    for (int i = 0; i < 3; i++)
        stock += article * i;
    return stock;
}

__attribute__((noinline)) int shop_order(int article) {
    for (int i = 0; i < 3; i++)
        stock -= article * i;
    return stock;
}

int main(void) {
    char name[16];
    int count;
    printf("%d\n", (int)getpid());
    fflush(stdout);
    while (scanf("%15s %d", name, &count) == 2) {
        for (int i = 0; i < count; i++)
            (void)(strcmp(name, "price") == 0 ? shop_price(i) : shop_order(i));
        printf("%s %d\n", name, count);
        fflush(stdout);
    }
    return 0;
}
