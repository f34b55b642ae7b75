// LogSink.swift: the core's log lines, handed to a closure.
//
// Owns the closure and the C function that finds it. The closure is called without a lock held, so it may take its own;
// it must not call this library. Never called for a hit.

internal import CGraft
internal import Synchronization

/// Where log lines go. One for the process, as the core's log is.
final class LogSink: Sendable {
    /// The sink of the process.
    static let shared = LogSink()

    /// The closure; nil while nobody listens. Written by starts and stops.
    private let closure = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// Sends the lines to this closure from now on.
    func set(_ closure: (@Sendable (String) -> Void)?) { self.closure.withLock { $0 = closure } }

    /// What the core calls with each line.
    static let receive: graft_log_handler = { line, _ in
        guard let line, let closure = shared.closure.withLock({ $0 }) else { return }
        closure(String(cString: line))
    }
}
