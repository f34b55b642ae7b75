/* inode.c: asks the kernel which file a path leads to. Keeps no state. Neighbours: inode.h. */
#include "os/inode.h"

#include <errno.h>
#include <sys/stat.h>

enum graft_status gr_os_path_inode(const char *path, uint64_t *inode) {
    struct stat file;
    if (stat(path, &file) != 0)
        return errno == ENOENT || errno == ENOTDIR ? GRAFT_NOT_FOUND : GRAFT_OS;
    *inode = file.st_ino;
    return GRAFT_OK;
}
