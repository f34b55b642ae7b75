// StreamMeter: where measurements go.
//
// Owns the role of a metrics system, and what is measured. GraftConfigStreamProvider has the one for swift-metrics.
// Neighbours: StreamCounters has the same counts as values.

/// Takes measurements. Called on the consumer's tasks, one after the other, never under a lock; it must not wait.
public protocol StreamMeter: Sendable {
    /// Something was measured.
    func record(_ measurement: StreamMeasurement)
}

/// Something that was measured.
public enum StreamMeasurement: Sendable, Hashable {
    /// From `run()` to the first snapshot, once.
    case timeToFirstSnapshot(Duration)
    /// A stream was opened; whether it follows another one.
    case connected(again: Bool)
    /// A stream was given up.
    case resync(ResyncCause)
    /// The number of the last event that was applied.
    case lastSequence(Int32)
    /// So many events whose number had passed were dropped.
    case droppedStale(Int)
    /// From the arrival of an event to its being visible to readers.
    case applied(Duration)
    /// A session was obtained.
    case sessionRegistered
    /// A session could not be refreshed.
    case sessionRefreshFailed
}
