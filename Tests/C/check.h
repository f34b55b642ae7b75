/* check.h: assertions for the C tests. A test is a program: exit status 0 when every check held. */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fails the program with the place and the text of the condition. */
#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                \
        }                                                                           \
    } while (0)

/* Compares two integers and shows both. */
#define CHECK_EQUAL(left, right)                                                                                     \
    do {                                                                                                             \
        long long check_left = (long long)(left), check_right = (long long)(right);                                  \
        if (check_left != check_right) {                                                                             \
            fprintf(stderr, "%s:%d: failed: %s == %s (%lld, %lld)\n", __FILE__, __LINE__, #left, #right, check_left, \
                check_right);                                                                                        \
            exit(1);                                                                                                 \
        }                                                                                                            \
    } while (0)

/* Compares two texts and shows both. */
#define CHECK_TEXT(left, right)                                                                              \
    do {                                                                                                     \
        const char *check_left = (left), *check_right = (right);                                             \
        if (strcmp(check_left, check_right) != 0) {                                                          \
            fprintf(stderr, "%s:%d: failed: %s == %s (\"%s\", \"%s\")\n", __FILE__, __LINE__, #left, #right, \
                check_left, check_right);                                                                    \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

/* True when the environment's LEFT_OUT, names with a colon behind each, has this one: where the machine that runs the test
 * cannot show it. */
static inline bool check_left_out(const char *name) {
    const char *found = getenv("LEFT_OUT");
    size_t length = strlen(name);
    while (found != NULL && (found = strstr(found, name)) != NULL && found[length] != ':')
        found += length;
    return found != NULL;
}

/* Runs one behaviour and prints its name when it held. */
#define RUN(behaviour)                                                 \
    do {                                                               \
        bool check_runs = !check_left_out(#behaviour);                 \
        if (check_runs)                                                \
            behaviour();                                               \
        printf("%s %s\n", check_runs ? "ok" : "left out", #behaviour); \
        fflush(stdout);                                                \
    } while (0)

#endif
