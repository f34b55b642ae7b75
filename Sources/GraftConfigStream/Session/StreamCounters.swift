// StreamCounters: what a consumer has seen, in numbers.
//
// Owns the counts; StreamMachine and the consumer count. All counts are since the consumer was made and only grow.
// Neighbours: StreamMeter hands them to a metrics system.

/// Why a stream was replaced by another one.
public enum ResyncCause: String, Sendable, Hashable, CaseIterable {
    /// Updates were missing: the core agent has dropped what did not fit into its buffer for this client.
    case gap
    /// The core agent did not know the session any more.
    case session
    /// The core agent ended the stream in good order: it shuts down.
    case ended
    /// The connection broke, or the stream ended with another status.
    case transport
    /// The stream said what this release cannot follow, under a profile that reconnects for it.
    case malformed
}

/// What a consumer has seen, in numbers, since it was made.
public struct StreamCounters: Sendable, Hashable {
    /// Streams that were opened.
    public var connects = 0
    /// Streams that were opened after another one.
    public var reconnects = 0
    /// Streams given up, by cause.
    public var resyncs: [ResyncCause: Int] = [:]
    /// Sessions that were obtained.
    public var sessionRegistrations = 0
    /// Refreshes of a session that failed, for whatever reason.
    public var sessionRefreshFailures = 0
    /// Snapshots that were applied.
    public var snapshots = 0
    /// Updates that were applied.
    public var updates = 0
    /// Snapshots and updates whose number had passed.
    public var droppedStale = 0
    /// Updates that came while earlier ones were missing.
    public var droppedBehindGap = 0
    /// Updates that came on a stream before its snapshot and could not be placed.
    public var droppedBeforeSnapshot = 0
    /// Messages that said neither snapshot nor update, or an update of nothing.
    public var malformed = 0
    /// Settings that a snapshot has said twice for one source.
    public var duplicateSettings = 0
    /// Fields, at any depth, that this release does not know.
    public var unknownFields = 0
    /// Bytes of messages.
    public var bytes = 0
    /// How often the last configuration was saved.
    public var cacheSaves = 0
    /// How often it could not be loaded or saved.
    public var cacheFailures = 0

    /// How often streams were given up, for whatever cause.
    public var resyncTotal: Int { resyncs.values.reduce(0, +) }
}
