// AgentLog.swift: the agent's debug lines, in the same place as the core's.
//
// Owns the descriptor that they are appended to. One line is one write, so that lines of several threads and processes
// do not mix. A line that cannot be written is dropped: the log must never stop a host.

internal import Glibc

/// Writes lines to where `GRAFT_LOG` says.
package struct AgentLog: Sendable {
    /// Where lines go; -1 is nowhere. Never closed: the log lives as long as the process.
    private let descriptor: Int32

    /// Bytes of one line.
    private static let lineMaximum = 1023

    /// A log that writes nothing.
    package static let off = AgentLog(descriptor: -1)

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Opens the destination; a file that cannot be opened leaves the log off.
    package init(_ destination: AgentSettings.LogDestination?) {
        switch destination {
        case nil: descriptor = -1
        case .standardError: descriptor = STDERR_FILENO
        case .file(let path): descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
    }

    /// Writes `graft: agent: LINE`.
    package func callAsFunction(_ line: @autoclosure () -> String) {
        guard descriptor >= 0 else { return }
        var bytes = Array("graft: agent: \(line())".utf8.prefix(Self.lineMaximum).map { $0 == 10 ? 32 : $0 })
        bytes.append(UInt8(ascii: "\n"))
        _ = write(descriptor, bytes, bytes.count)
    }

    /// Writes one line to standard error whether the log is on or not: for what a user must know.
    package static func complain(_ line: String) {
        let bytes = Array("graft: \(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
