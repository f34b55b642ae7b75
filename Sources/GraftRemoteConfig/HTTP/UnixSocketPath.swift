// UnixSocketPath: whether a path is a Unix socket.
//
// Owns one look at the file system, so that the choice of an address can be tested without it.

internal import Glibc

/// A look at a path.
public enum UnixSocketPath {
    /// Whether a socket is at `path`, links followed. Whether anybody listens there is not known before connecting. Any
    /// thread; leaves `errno` as it was.
    public static func isSocket(_ path: String) -> Bool {
        let hostErrno = errno
        defer { errno = hostErrno }
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }
}
