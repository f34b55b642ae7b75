// Lifecycle.swift: starts and stops of the library, counted on the Swift side.
//
// Owns the number of Swift users. The last Swift user's stop removes the probes whose handlers are Swift closures, even
// when a C user keeps the library running: no closure outlives this module's use of it. Neighbours:
// Instrumentation.swift asks, HandlerTable.swift knows the handlers, LogSink.swift carries the log.

internal import CGraft
internal import Synchronization

/// The users of the library. One for the process, as the core is.
final class Lifecycle: Sendable {
    /// The users of the process.
    static let shared = Lifecycle()

    /// How many starts have not been stopped. Held across the core's start and stop, so that they never overlap.
    private let users = Mutex(0)

    /// Starts the core, or counts one more user.
    func start(
        maximumProbes: UInt32?, guardsThreads: Bool, log: (@Sendable (String) -> Void)?
    ) throws(GraftError) {
        try users.withLock { users throws(GraftError) in
            if users == 0 { LogSink.shared.set(log) }
            var options = graft_options()
            options.probes_max = maximumProbes ?? 0
            options.guard_threads = guardsThreads
            options.log = log == nil ? nil : LogSink.receive
            try GraftError.check(graft_start(&options))
            users += 1
        }
    }

    /// Counts one user less; the last one removes what is left and stops the core. False when the core would not, which
    /// it says inside a handler only: then nothing has changed.
    func stop() -> Bool {
        users.withLock { users in
            precondition(users > 0, "stop without start")
            if users == 1 { removeHandlers() }
            guard graft_stop() != GRAFT_IN_HANDLER else { return false }
            users -= 1
            if users == 0 { LogSink.shared.set(nil) }
            return true
        }
    }

    /// Removes every probe that has a Swift handler, and releases the handlers. A probe that the core cannot restore
    /// now keeps its handler: leaking it is safe, releasing it is not.
    private func removeHandlers() {
        let changes = HandlerTable.shared.probes.map { Change.remove($0) }
        guard !changes.isEmpty else { return }
        _ = Instrumentation.carryOut(changes[...], kind: GRAFT_CHANGE_REMOVE)
    }
}
