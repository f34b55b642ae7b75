// FileStatus: what the system tells about a file without reading it.
//
// Owns the few fields of `struct stat` that this module decides by. Neighbours: PathWalk and FileReader get it,
// FileTrust judges it, FileRecord compares it.

internal import Glibc

/// What the system tells about a file.
struct FileStatus: Equatable {
    /// What sort of thing it is.
    enum Kind: Equatable {
        /// Bytes on a disk.
        case regular
        /// A directory.
        case directory
        /// A symbolic link.
        case link
        /// A pipe, socket or device; opening one may wait or have effects.
        case other
    }

    /// The device and the number on it: which file it is.
    var device: UInt64
    /// The number on the device.
    var inode: UInt64
    /// Bytes in it.
    var size: Int64
    /// When its bytes were last written, in nanoseconds since 1970.
    var modified: Int64
    /// When it was last changed in any way; it cannot be set back.
    var changed: Int64
    /// Type and permissions.
    var mode: UInt32
    /// Who owns it.
    var owner: UInt32

    /// What sort of thing it is.
    var kind: Kind {
        switch mode & S_IFMT {
        case S_IFREG: .regular
        case S_IFDIR: .directory
        case S_IFLNK: .link
        default: .other
        }
    }

    /// Whether everybody may write to it.
    var isWorldWritable: Bool { mode & S_IWOTH != 0 }

    /// Whether only owners may remove or rename what is in it (directories such as /tmp).
    var isSticky: Bool { mode & S_ISVTX != 0 }
}

extension FileStatus {
    /// The fields that matter of what stat(2) gave.
    init(_ raw: stat) {
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        size = Int64(raw.st_size)
        modified = Self.nanoseconds(raw.st_mtim)
        changed = Self.nanoseconds(raw.st_ctim)
        mode = UInt32(raw.st_mode)
        owner = UInt32(raw.st_uid)
    }

    /// A stamp as one number. Anybody can stamp a file with a year that does not fit; it wraps, and still differs from
    /// other stamps, which is all that stamps are for here.
    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// What is at `path` itself: a link is not followed.
    init(at path: String) throws(SystemFailure) {
        var raw = stat()
        guard lstat(path, &raw) == 0 else { throw SystemFailure("lstat") }
        self.init(raw)
    }

    /// What is open as `descriptor`.
    init(of descriptor: borrowing Descriptor) throws(SystemFailure) {
        var raw = stat()
        guard fstat(descriptor.number, &raw) == 0 else { throw SystemFailure("fstat") }
        self.init(raw)
    }
}
