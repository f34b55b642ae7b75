/* turns.c: see turns.h. */
#include "turns.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_of_thread(int thread, const char *file) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/%s", thread, file);
    return fopen(path, "r");
}

int turns_thread(const char *name) {
    char found[32];
    DIR *tasks = opendir("/proc/self/task");
    int thread = 0;
    for (struct dirent *task; thread == 0 && tasks != NULL && (task = readdir(tasks)) != NULL;) {
        int candidate = atoi(task->d_name);
        FILE *file = open_of_thread(candidate, "comm");
        if (file == NULL)
            continue;
        if (fgets(found, sizeof found, file) != NULL) {
            found[strcspn(found, "\n")] = 0;
            thread = strcmp(found, name) == 0 ? candidate : 0;
        }
        fclose(file);
    }
    if (tasks != NULL)
        closedir(tasks);
    return thread;
}

struct turns turns_of(int thread) {
    struct turns turns = {0, 0};
    FILE *file = open_of_thread(thread, "schedstat");
    if (file != NULL && fscanf(file, "%lf %lf", &turns.runs, &turns.waits) != 2)
        turns = (struct turns){0, 0};
    if (file != NULL)
        fclose(file);
    return (struct turns){turns.runs / 1e6, turns.waits / 1e6};
}
