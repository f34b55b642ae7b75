// SocketPlace.swift: where the control sockets of one user's processes lie.
//
// Owns the choice of the folder and its checks: it is a real folder, of this user, closed to everyone else. In a folder
// of which that holds, nobody else can put, replace or reach a socket. Used by the agent, which makes the folder, and by
// the tool, which looks into it. Neighbours: ControlServer.swift, ControlClient.swift.

package import Glibc

/// A folder of control sockets.
package struct SocketPlace: Hashable, Sendable {
    /// The folder's path.
    package let folder: String

    /// The folder at this path.
    package init(folder: String) { self.folder = folder }

    /// Where a user's sockets may lie, most wanted first: `GRAFT_SOCKET_DIR` alone when it is set; otherwise `graft` in
    /// `XDG_RUNTIME_DIR`, then `/tmp/graft-UID`.
    package static func candidates(user: uid_t, environment: (String) -> String?) -> [Self] {
        if let given = environment(AgentSettings.socketFolderVariable), !given.isEmpty { return [Self(folder: given)] }
        let temporary = Self(folder: "/tmp/graft-\(user)")
        guard let runtime = environment("XDG_RUNTIME_DIR"), runtime.hasPrefix("/") else { return [temporary] }
        return [Self(folder: runtime + "/graft"), temporary]
    }

    /// The path of one process's socket.
    package func path(process: pid_t) -> String { "\(folder)/\(Self.name(process: process))" }

    /// The name of one process's socket in the folder.
    package static func name(process: pid_t) -> String { "\(process).sock" }

    /// The process that a socket of this name belongs to.
    package static func process(name: String) -> pid_t? {
        guard name.hasSuffix(".sock") else { return nil }
        return pid_t(name.dropLast(5)).flatMap { $0 > 0 ? $0 : nil }
    }

    /// Makes the folder if it is missing, and opens it.
    package func create(user: uid_t) throws(AgentError) -> Descriptor {
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw AgentError(call: "mkdir", place: folder) }
        return try open(user: user)
    }

    /// Opens the folder after checking that it is `user`'s alone.
    package func open(user: uid_t) throws(AgentError) -> Descriptor {
        let number = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard let descriptor = Descriptor(adopting: number) else {
            if errno == ELOOP || errno == ENOTDIR {
                throw AgentError(.untrusted, "is not a folder, or a symbolic link to one", place: folder)
            }
            throw AgentError(call: "open", place: folder)
        }
        var status = stat()
        guard fstat(number, &status) == 0 else { throw AgentError(call: "fstat", place: folder) }
        guard status.st_uid == user else {
            throw AgentError(.untrusted, "belongs to user \(status.st_uid), not to user \(user)", place: folder)
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw AgentError(.untrusted, "is open to other users (mode \(mode), must be 700)", place: folder)
        }
        return descriptor
    }
}
