// SocketAddress.swift: the address of a Unix socket inside an opened folder.
//
// Owns the translation. The path goes through the folder's descriptor, /proc/self/fd/N/NAME: it always fits the 107
// bytes that an address has, however long the folder's path is, and it means the folder that was checked, even if
// somebody renames something on the way to it.

internal import Glibc

/// Calls with the address of a socket.
enum SocketAddress {
    /// The path of a file in an opened folder.
    static func path(of name: String, in folder: borrowing Descriptor) -> String {
        "/proc/self/fd/\(folder.number)/\(name)"
    }

    /// Calls `body` with the address of the socket at `path`.
    static func with<Answer>(
        path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Answer
    ) throws(AgentError) -> Answer {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard bytes.count <= room else {
            throw AgentError(.limit, "is longer than the \(room) bytes of a socket's address", place: path)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// The user and the process at the other end of a connected Unix socket, as the kernel recorded them.
    static func peer(of socket: Int32) -> (user: uid_t, process: pid_t)? {
        // struct ucred: pid, uid, gid, each four bytes.
        var credentials: (pid: pid_t, uid: uid_t, gid: gid_t) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        return (credentials.uid, credentials.pid)
    }
}
