// StreamStore: the generation in force, and those who wait for one.
//
// Owns the one pointer through which readers see the configuration, and the list of waiters. One writer at a time, the
// consumer under its lock; any number of readers, which take no lock. Neighbours: Graft.Published, StreamReader.

internal import Graft
internal import Synchronization

/// The generation in force.
final class StreamStore: Sendable {
    /// What somebody waits for.
    typealias Condition = @Sendable (_ generation: Generation, _ isReady: Bool) -> Bool

    /// Somebody who waits.
    private struct Waiter {
        /// What for.
        let condition: Condition
        /// Resumed with nil when it has come, else with why it will not.
        let continuation: CheckedContinuation<StreamError?, Never>
    }

    /// What the lock protects.
    private struct Storage {
        /// The waiters, by number.
        var waiters: [UInt64: Waiter] = [:]
        /// The last waiter's number.
        var lastID: UInt64 = 0
        /// Whether a snapshot has ever been applied.
        var isReady = false
        /// Set when nothing will come any more.
        var end: StreamError?
    }

    /// What readers see.
    let published: Published<Generation>
    private let storage = Mutex(Storage())

    /// A store with this generation.
    init(_ generation: Generation) throws(GraftError) {
        published = try Published(generation)
    }

    /// Makes a generation the one in force. The writer only.
    ///
    /// - Throws: when there is no memory for it; then readers see what they saw.
    func publish(_ generation: Generation) throws(GraftError) {
        try published.replace(with: generation)
    }

    /// Tells everybody who waits, and will, that nothing comes any more.
    func end(_ error: StreamError) {
        let waiters = storage.withLock { storage in
            storage.end = error
            defer { storage.waiters = [:] }
            return storage.waiters.values
        }
        for waiter in waiters { waiter.continuation.resume(returning: error) }
    }

    /// Waits until the condition holds.
    ///
    /// - Throws: `StreamError`, when the consumer has ended, and `CancellationError`.
    func wait(until condition: @escaping Condition) async throws {
        let id = storage.withLock { storage in
            storage.lastID += 1
            return storage.lastID
        }
        let error = await withTaskCancellationHandler {
            await withCheckedContinuation { enlist(id, Waiter(condition: condition, continuation: $0)) }
        } onCancel: {
            storage.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: nil)
        }
        try Task.checkCancellation()
        if let error { throw error }
    }

    /// Lets a waiter wait, or answers it at once.
    private func enlist(_ id: UInt64, _ waiter: Waiter) {
        // The flag of a cancelled task is set before its handler runs, which takes the lock: it finds the waiter or is seen here.
        let answer: StreamError?? = storage.withLock { storage in
            if Task.isCancelled || waiter.condition(published.current, storage.isReady) { return .some(nil) }
            if let end = storage.end { return .some(end) }
            storage.waiters[id] = waiter
            return nil
        }
        if let answer { waiter.continuation.resume(returning: answer) }
    }

    /// Wakes those whose condition holds now: when everybody who listens has been told.
    func wake(_ generation: Generation, isReady: Bool) {
        let woken = storage.withLock { storage in
            storage.isReady = isReady
            let due = storage.waiters.filter { $0.value.condition(generation, isReady) }
            for id in due.keys { storage.waiters.removeValue(forKey: id) }
            return due.values
        }
        for waiter in woken { waiter.continuation.resume(returning: nil) }
    }
}
