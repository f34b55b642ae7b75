// AgentLog.swift: the agent's debug lines, in the same place as the core's.
//
// Owns the descriptor that they are appended to. One line is one write, so that lines of several threads and processes
// do not mix. A line that cannot be written is dropped: the log must never stop a host.

internal import Glibc

/// Writes lines to where `GRAFT_LOG` says.
package struct AgentLog: Sendable {
    /// Where lines go; nil is nowhere. It lives as long as the process, so nothing closes it but the host.
    private let descriptor: Descriptor?

    /// Bytes of one line.
    private static let lineMaximum = 1023

    /// Opens the destination; a file that cannot be opened leaves the log off.
    package init(_ destination: AgentSettings.LogDestination?) {
        switch destination {
        case nil: descriptor = nil
        case .standardError: descriptor = Descriptor(adopting: STDERR_FILENO)
        case .file(let path):
            descriptor = Descriptor(
                raising: open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0o600))
        }
    }

    /// Writes `graft: agent: LINE`, unless the host has put something else under the descriptor's number.
    package func callAsFunction(_ line: @autoclosure () -> String) {
        guard let descriptor, descriptor.isOurs else { return }
        var bytes = "graft: agent: \(line())".utf8.prefix(Self.lineMaximum).map { $0 < 0x20 ? 0x20 : $0 }
        bytes.append(UInt8(ascii: "\n"))
        _ = write(descriptor.number, bytes, bytes.count)
    }

    /// Writes one line to standard error whether the log is on or not: for what a user must know.
    package static func complain(_ line: String) {
        let bytes = Array("graft: \(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
