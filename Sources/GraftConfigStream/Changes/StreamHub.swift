// StreamHub: who listens.
//
// Owns the list of listeners, and that of observers. The consumer tells it of each step; who is gone is off the list.
// Neighbours: Subscriber, StreamChanges, StreamObserver.

internal import Synchronization

/// The listeners of one consumer.
final class StreamHub: Sendable {
    /// Called with what happens.
    typealias Observer = @Sendable (StreamOccurrence) -> Void

    /// What the lock protects.
    private struct Storage {
        /// The listeners, by number.
        var subscribers: [UInt64: Subscriber] = [:]
        /// The observers, by number.
        var observers: [UInt64: Observer] = [:]
        /// The last listener's or observer's number.
        var lastID: UInt64 = 0
        /// What is in force; the place at which a new listener begins.
        var generation: Generation
        /// What observers were told last of the state.
        var status: StreamStatus
        /// Whether nothing comes any more.
        var hasEnded = false
    }

    private let storage: Mutex<Storage>

    /// A hub without listeners.
    init(_ generation: Generation, _ state: StreamState) {
        let status = StreamStatus(state: state, failure: nil, position: generation.position)
        storage = Mutex(Storage(generation: generation, status: status))
    }

    /// How many listen.
    var count: Int { storage.withLock { $0.subscribers.count } }

    /// How many observe.
    var observerCount: Int { storage.withLock { $0.observers.count } }

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

    /// Lets an observer observe, and tells it what is in force.
    func add(_ observer: @escaping Observer) -> UInt64 {
        storage.withLock { storage in
            storage.lastID += 1
            storage.observers[storage.lastID] = observer
            observer(.configuration(StreamReader(storage.generation)))
            observer(.status(storage.status))
            if storage.hasEnded { observer(.ended) }
            return storage.lastID
        }
    }

    /// Takes an observer off the list. Safe to call twice.
    func removeObserver(_ id: UInt64) {
        // What the observer holds is let go after the lock.
        _ = storage.withLock { $0.observers.removeValue(forKey: id) }
    }

    /// The state or the last failure is another one. One caller at a time.
    func show(_ status: StreamStatus) {
        storage.withLock { storage in
            storage.status = status
            for observer in storage.observers.values { observer(.status(status)) }
        }
    }

    /// A generation is in force. One caller at a time.
    func step(to generation: Generation) {
        storage.withLock { storage in
            for observer in storage.observers.values {
                observer(.configuration(StreamReader(generation)))
            }
            for subscriber in storage.subscribers.values { subscriber.offer(storage.generation, generation) }
            storage.generation = generation
        }
    }

    /// Nothing comes any more.
    func end() {
        storage.withLock { storage in
            if storage.hasEnded { return }
            storage.hasEnded = true
            for subscriber in storage.subscribers.values { subscriber.end() }
            for observer in storage.observers.values { observer(.ended) }
        }
    }
}
