// StaleSockets.swift: removes what processes that died without their exit handlers left behind.
//
// Owns the question whether a socket is still somebody's: nobody listens on it, and no process has its number (or this
// one has: then an earlier program of this process made it). Both must hold, because a process that is about to listen
// does not answer yet. Bounded: one look at a folder examines `examinedMaximum` names.

internal import Glibc

/// Cleans a folder of control sockets.
enum StaleSockets {
    /// Names that one look examines.
    static let examinedMaximum = 512

    /// Removes the stale sockets in an opened folder; `place` is the same folder by name.
    static func remove(in folder: borrowing Descriptor, place: SocketPlace) {
        guard let listing = opendir(place.folder) else { return }
        defer { closedir(listing) }
        var examined = 0
        while examined < examinedMaximum, let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) {
                    String(cString: $0)
                }
            }
            guard let process = SocketPlace.process(name: name) else { continue }
            examined += 1
            if isStale(name: name, process: process, folder: folder) {
                unlink(SocketAddress.path(of: name, in: folder))
            }
        }
    }

    /// Whether a socket is nobody's any more.
    private static func isStale(name: String, process: pid_t, folder: borrowing Descriptor) -> Bool {
        let isGone = process == getpid() || (kill(process, 0) != 0 && errno == ESRCH)
        return isGone && !isAnswered(SocketAddress.path(of: name, in: folder))
    }

    /// Whether somebody listens on the socket at this path. When that cannot be told, the answer is yes.
    private static func isAnswered(_ path: String) -> Bool {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = socket(AF_UNIX, type, 0)
        guard number >= 0 else { return true }
        defer { close(number) }
        guard let answer = try? SocketAddress.with(path: path, { connect(number, $0, $1) }) else { return true }
        return answer == 0 || errno != ECONNREFUSED
    }
}
