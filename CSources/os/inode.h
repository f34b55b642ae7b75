/* inode.h: which file a path leads to. */
#ifndef GR_OS_INODE_H
#define GR_OS_INODE_H

#include <graft/status.h>
#include <stdint.h>

/* The inode number of the file at `path`, links followed. GRAFT_NOT_FOUND, GRAFT_OS. */
enum graft_status gr_os_path_inode(const char *path, uint64_t *inode);

#endif
