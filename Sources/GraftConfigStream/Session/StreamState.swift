// StreamState: how far a consumer has come, for those who use its configuration.
//
// Owns the vocabulary of the public state; StreamMachine computes it. Neighbours: StreamStates is the sequence of them.

/// How far a consumer has come.
public enum StreamState: Sendable, Hashable {
    /// It does not run, or has ended.
    case disconnected
    /// It has no configuration yet, and asks for a session or a connection.
    case connecting
    /// It has no configuration yet; a stream is asked for, and its snapshot is awaited.
    case awaitingSnapshot
    /// What the reader shows is what the core agent has last said, as far as can be known.
    case live
    /// The reader shows what was last known, and the core agent may have said more since: the stream has ended or has a gap, or what
    /// the reader shows comes from the file of an earlier run. It is the time since which that is so, by the system's clock.
    case stale(since: WallTime)
    /// It has no configuration, and without a change elsewhere it will have none: the core agent is too old, its registry is
    /// off, or the address or the credentials cannot be used. It goes on trying, at the longest pause.
    case failed(StreamFailure)

    /// Whether there is a configuration, fresh or not.
    public var hasConfiguration: Bool {
        switch self {
        case .live, .stale: true
        case .disconnected, .connecting, .awaitingSnapshot, .failed: false
        }
    }
}

extension StreamState: CustomStringConvertible {
    /// One word, and what belongs to it.
    public var description: String {
        switch self {
        case .disconnected: "disconnected"
        case .connecting: "connecting"
        case .awaitingSnapshot: "awaiting-snapshot"
        case .live: "live"
        case .stale(let since): "stale since \(since)"
        case .failed(let failure): "failed: \(failure)"
        }
    }
}
