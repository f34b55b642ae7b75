/* host.c: a program that the end-to-end tests of Remote Configuration run with the agent in it.
 *
 * Owns a function to instrument and what a test makes the program do, by its first argument:
 *   calls          calls the function each millisecond until its input ends
 *   once           calls it once and returns
 *   forks N        calls until a byte comes, then forks N children at random moments, which call it too, and tells their
 *                  numbers; ends them when its input ends
 *   daemon         forks, closes every descriptor but its output, and opens its own in their place; then calls
 * It prints "ready" when it is so far. Exit code 1: a descriptor of its own was touched. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) int shop_price(int quantity) {
    static volatile int unit = 42;
    return quantity > 1 ? quantity * unit : quantity == 1 ? unit : 0;
}

/* Calls until the input ends, or brings a byte and `stops` is set; for ever when there is none. */
static void call(int input, int stops) {
    struct pollfd waiting = {.fd = input, .events = POLLIN};
    for (int quantity = 0;; quantity++) {
        if (shop_price(quantity) != quantity * 42)
            _exit(2);
        char byte;
        if (poll(&waiting, 1, 1) > 0 && (read(input, &byte, 1) <= 0 || stops))
            return;
    }
}

static void ready(void) {
    puts("ready");
    fflush(stdout);
}

static int forks(int count) {
    pid_t *children = calloc((size_t)count, sizeof *children);
    if (!children)
        return 3;
    ready();
    call(STDIN_FILENO, 1);
    for (int i = 0; i < count; i++) {
        usleep((useconds_t)(rand() % 5000));
        children[i] = fork();
        if (children[i] < 0)
            return 3;
        if (children[i] == 0)
            call(-1, 0);
        printf("%d\n", (int)children[i]);
    }
    ready();
    call(STDIN_FILENO, 0);
    for (int i = 0; i < count; i++) {
        int status;
        kill(children[i], SIGTERM);
        if (waitpid(children[i], &status, 0) != children[i] || !WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
            return 4;
    }
    free(children);
    return 0;
}

/* What a daemon does, and then its own files under all the numbers that may have been somebody else's. */
static int daemonise(void) {
    enum { FIRST = 3, LAST = 1000 };
    static const char text[] = "the program's own bytes";
    char path[] = "/tmp/graft-host-XXXXXX";
    pid_t child = fork();
    if (child != 0)
        return child < 0 ? 3 : 0;
    for (int number = FIRST; number < LAST; number++)
        close(number);
    int file = mkstemp(path);
    if (file < 0 || unlink(path) != 0 || write(file, text, sizeof text) != sizeof text)
        return 3;
    for (int number = FIRST; number < LAST; number++)
        if (number != file && dup2(file, number) != number)
            return 3;
    lseek(file, 0, SEEK_SET);
    printf("%d\n", (int)getpid());
    ready();
    call(STDIN_FILENO, 0);
    char now[sizeof text + 1];
    off_t place = lseek(file, 0, SEEK_CUR);
    ssize_t count = pread(file, now, sizeof now, 0);
    int is_whole = place == 0 && count == sizeof text && memcmp(now, text, sizeof text) == 0;
    puts(is_whole ? "untouched" : "touched");
    fflush(stdout);
    return is_whole ? 0 : 1;
}

int main(int count, char **words) {
    const char *mode = count > 1 ? words[1] : "";
    if (strcmp(mode, "forks") == 0 && count > 2)
        return forks(atoi(words[2]));
    if (strcmp(mode, "daemon") == 0)
        return daemonise();
    if (strcmp(mode, "once") == 0)
        return shop_price(1) == 42 ? 0 : 2;
    if (strcmp(mode, "calls") != 0)
        return 64;
    ready();
    call(STDIN_FILENO, 0);
    return 0;
}
