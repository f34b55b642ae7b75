// EntityFiles: the two looks at /proc and /sys by which a container is known.
//
// Owns the calls; decides nothing. Neither waits for anything but the kernel. What cannot be read is not known, which is no
// error: most processes are in no container. The looks are at the calling thread, since /proc/self is the first thread, which
// a program may have ended: `dispatchMain` does. Neighbour: EntityHeaders.

internal import Glibc

/// Looks at the files of this process.
package struct EntityFiles: Sendable {
    /// The text of /proc/thread-self/cgroup; nil when it cannot be read.
    package var cgroups: @Sendable () -> String?
    /// The inode of what is at a path, links followed; nil when nothing is.
    package var inode: @Sendable (String) -> UInt64?

    /// The most bytes that are read of the table.
    static let maximumTableBytes = 64 << 10

    /// Looks of a test's own.
    package init(cgroups: @escaping @Sendable () -> String?, inode: @escaping @Sendable (String) -> UInt64?) {
        self.cgroups = cgroups
        self.inode = inode
    }

    /// The system's.
    package static let system = EntityFiles(
        cgroups: { table("/proc/thread-self/cgroup") },
        inode: { path in
            var status = stat()
            return stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
        })

    /// The text of a small file of the kernel's.
    private static func table(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: maximumTableBytes)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + filled, $0.count - filled) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }
}
