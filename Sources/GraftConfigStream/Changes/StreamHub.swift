// StreamHub: who listens.
//
// Owns the list of listeners. The consumer tells it of each step; a listener that is gone is off the list. Neighbours:
// Subscriber, StreamChanges.

internal import Synchronization

/// The listeners of one consumer.
final class StreamHub: Sendable {
    /// What the lock protects.
    private struct Storage {
        /// The listeners, by number.
        var subscribers: [UInt64: Subscriber] = [:]
        /// The last listener's number.
        var lastID: UInt64 = 0
        /// What is in force; the place at which a new listener begins.
        var generation: Generation
        /// Whether nothing comes any more.
        var hasEnded = false
    }

    private let storage: Mutex<Storage>

    /// A hub without listeners.
    init(_ generation: Generation) {
        storage = Mutex(Storage(generation: generation))
    }

    /// How many listen.
    var count: Int { storage.withLock { $0.subscribers.count } }

    /// Lets a listener listen: from now on, or from nothing on, so that it is told first what is in force.
    func add(_ subscriber: Subscriber, fromTheBeginning: Bool) -> UInt64 {
        storage.withLock { storage in
            storage.lastID += 1
            storage.subscribers[storage.lastID] = subscriber
            if fromTheBeginning { subscriber.offer(.none, storage.generation) }
            if storage.hasEnded { subscriber.end() }
            return storage.lastID
        }
    }

    /// Takes a listener off the list. Safe to call twice.
    func remove(_ id: UInt64) {
        storage.withLock { _ = $0.subscribers.removeValue(forKey: id) }
    }

    /// A generation is in force. One caller at a time.
    func step(to generation: Generation) {
        storage.withLock { storage in
            for subscriber in storage.subscribers.values { subscriber.offer(storage.generation, generation) }
            storage.generation = generation
        }
    }

    /// Nothing comes any more.
    func end() {
        storage.withLock { storage in
            storage.hasEnded = true
            for subscriber in storage.subscribers.values { subscriber.end() }
        }
    }
}
