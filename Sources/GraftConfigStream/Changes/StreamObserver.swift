// StreamObserver: told of what happens, where it happens.
//
// Owns the synchronous way out, for what must not miss or reorder anything: an observer is called in the order in which things
// come to be, and is told what is in force when it begins, in one step with its beginning. Within the package only: it runs
// under the consumer's lock. Neighbours: StreamHub calls, GraftConfigStreamProvider observes.

/// What an observer is told.
package enum StreamOccurrence: Sendable {
    /// This configuration is in force; it is one moment's, for ever. First at once, then for each event that was applied.
    case configuration(StreamReader)
    /// The state or the last failure is another one. First at once.
    case status(StreamStatus)
    /// The consumer has ended: nothing follows.
    case ended
}

/// How far a consumer has come, and what has gone wrong last.
package struct StreamStatus: Sendable, Hashable {
    /// The state.
    package var state: StreamState
    /// What has gone wrong last; nil since the last snapshot.
    package var failure: StreamFailure?
    /// Where the configuration stood when it became so.
    package var position: StreamPosition

    /// Whether another one says the same, wherever the configuration stands.
    func says(sameAs other: StreamStatus) -> Bool { state == other.state && failure == other.failure }
}

/// Ends an observation when nobody holds it any more.
package final class StreamObservation: Sendable {
    private let hub: StreamHub
    private let id: UInt64

    /// Observes.
    init(_ observer: @escaping StreamHub.Observer, of hub: StreamHub) {
        self.hub = hub
        id = hub.add(observer)
    }

    deinit { hub.removeObserver(id) }
}

extension ConfigStreamConsumer {
    /// Calls `observer` with what is in force, before this returns, and with everything that happens from then on, as long as
    /// the observation is held. One call at a time, under the consumer's lock: it must not wait, nor call the consumer.
    package func observe(_ observer: @escaping @Sendable (StreamOccurrence) -> Void) -> StreamObservation {
        StreamObservation(observer, of: hub)
    }
}

extension StreamReader {
    /// Whether there is a configuration: one that was received, or kept by an earlier run.
    package var hasConfiguration: Bool { withGeneration { $0 !== Generation.none } }

    /// Whether a key may say something else than in another reader. What is the same was not changed between the two; what
    /// was said again is the same, too.
    package func mayDiffer(from other: StreamReader, at key: StreamKey) -> Bool {
        withGeneration { new in other.withGeneration { old in new.table[key] !== old.table[key] } }
    }
}
