// StreamStates: the state, as a value and as a sequence.
//
// Owns the present state and those who follow it. Neighbours: ConfigStreamConsumer.

internal import Synchronization

/// The present state, and those who follow it.
final class StateHub: Sendable {
    /// How many states somebody may be behind; older ones are left out.
    static let capacity = 64

    /// What the lock protects.
    private struct Storage {
        var state: StreamState
        /// Those who follow, by number.
        var followers: [UInt64: AsyncStream<StreamState>.Continuation] = [:]
        var lastID: UInt64 = 0
        var hasEnded = false
    }

    private let storage = Mutex(Storage(state: .disconnected))

    /// The present state.
    var state: StreamState { storage.withLock { $0.state } }

    /// The state is another one now; nothing happens when it is the same.
    func set(_ state: StreamState) {
        storage.withLock { storage in
            if storage.state == state { return }
            storage.state = state
            for follower in storage.followers.values { follower.yield(state) }
        }
    }

    /// The present state and those that follow it.
    func follow() -> AsyncStream<StreamState> {
        let (states, continuation) = AsyncStream.makeStream(
            of: StreamState.self, bufferingPolicy: .bufferingNewest(Self.capacity))
        let id = storage.withLock { storage -> UInt64 in
            storage.lastID += 1
            continuation.yield(storage.state)
            if storage.hasEnded { continuation.finish() } else { storage.followers[storage.lastID] = continuation }
            return storage.lastID
        }
        // Called at once if it has finished already; never under the lock, which the stream would take in reverse order.
        continuation.onTermination = { [weak self] _ in
            _ = self?.storage.withLock { $0.followers.removeValue(forKey: id) }
        }
        return states
    }

    /// No state follows.
    func end() {
        let followers = storage.withLock { storage in
            storage.hasEnded = true
            return Array(storage.followers.values)
        }
        for follower in followers { follower.finish() }
    }
}
