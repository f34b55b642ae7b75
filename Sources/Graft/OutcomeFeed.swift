// OutcomeFeed.swift: outcomes, handed to every async sequence that listens.
//
// Owns the listeners of one stream. A listener that is slow loses the oldest outcomes, never blocks the library's
// thread. Neighbours: UpdateStream.swift, Submission.swift.

internal import Synchronization

/// The listeners of one stream.
final class OutcomeFeed: Sendable {
    /// What changes.
    private struct State {
        /// The listeners, by a number of their own.
        var listeners: [Int: AsyncStream<UpdateOutcome>.Continuation] = [:]
        /// The next listener's number.
        var next = 0
        /// Whether the stream has been closed.
        var finished = false
    }

    /// The listeners. Written by listeners that come and go, and by the close.
    private let state = Mutex(State())

    /// A new listener's sequence.
    func listen(capacity: Int) -> AsyncStream<UpdateOutcome> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: UpdateOutcome.self, bufferingPolicy: .bufferingNewest(capacity))
        let number: Int? = state.withLock { state in
            guard !state.finished else { return nil }
            defer { state.next += 1 }
            state.listeners[state.next] = continuation
            return state.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
        }
        return stream
    }

    /// Hands an outcome to every listener. Outside the lock: a listener's end takes it.
    func send(_ outcome: UpdateOutcome) {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield(outcome) }
    }

    /// Ends every listener's sequence, and those of later listeners at once.
    func finish() {
        let listeners = state.withLock { state in
            state.finished = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
