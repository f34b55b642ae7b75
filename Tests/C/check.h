/* check.h: assertions for the C tests. A test is a program: exit status 0 when every check held. */
#ifndef CHECK_H
#define CHECK_H

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

/* Runs one behaviour and prints its name when it held. */
#define RUN(behaviour)                 \
    do {                               \
        behaviour();                   \
        printf("ok %s\n", #behaviour); \
        fflush(stdout);                \
    } while (0)

#endif
