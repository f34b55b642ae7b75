/* maps.c: reads /proc/self/maps to find the file that an address was mapped from.
 *
 * The loader's name may be relative to a directory that the process has left; the kernel knows which file it was.
 * Neighbours: loader.h. */
#include "loader.h"

#include <stdlib.h>
#include <string.h>

static const char deleted_mark[] = " (deleted)";

/* One line: "start-end perms offset dev inode   path". */
struct line {
    uint64_t start, end, inode;
    const char *path;
    size_t path_size;
};

static const char *next_field(const char *at) {
    at += strcspn(at, " \n");
    return at + strspn(at, " ");
}

static void read_line(const char *at, struct line *line) {
    char *after;
    line->start = strtoull(at, &after, 16);
    line->end = *after == '-' ? strtoull(after + 1, NULL, 16) : 0;
    const char *inode = next_field(next_field(next_field(next_field(at))));
    line->inode = strtoull(inode, NULL, 10);
    line->path = next_field(inode);
    line->path_size = strcspn(line->path, "\n");
}

/* The kernel writes a newline in a path as \012. Returns the new size. */
static size_t unescape(char *path, size_t size) {
    size_t to = 0;
    for (size_t from = 0; from < size; to++) {
        bool newline = size - from >= 4 && memcmp(path + from, "\\012", 4) == 0;
        path[to] = newline ? '\n' : path[from];
        from += newline ? 4 : 1;
    }
    return to;
}

static enum graft_status take(const struct line *line, struct gr_mapped_file *file) {
    size_t mark = sizeof deleted_mark - 1, size = line->path_size;
    if (line->inode == 0 || size == 0 || line->path[0] != '/' || file->path != NULL)
        return GRAFT_OK;
    if (size > mark && memcmp(line->path + size - mark, deleted_mark, mark) == 0)
        size -= mark;
    file->path = strndup(line->path, size);
    if (file->path == NULL)
        return GRAFT_NO_MEMORY;
    file->path[unescape(file->path, size)] = 0;
    file->inode = line->inode;
    return GRAFT_OK;
}

enum graft_status gr_mapped_files_read(const char *maps, struct gr_mapped_file *files, size_t count) {
    size_t at = 0;
    for (const char *text = maps; *text != 0; text += *text == '\n') {
        struct line line;
        read_line(text, &line);
        while (at < count && files[at].address < line.start)
            at++; /* in no mapping: unloaded since the list was copied, or an image without code */
        for (; at < count && files[at].address < line.end; at++) {
            enum graft_status status = take(&line, &files[at]);
            if (status != GRAFT_OK)
                return status;
        }
        text += strcspn(text, "\n");
    }
    return GRAFT_OK;
}
