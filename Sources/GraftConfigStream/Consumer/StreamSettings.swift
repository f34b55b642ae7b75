// StreamSettings: what a consumer is told when it is made.
//
// Owns the parameters, their defaults and their limits. Neighbours: ConfigStreamConsumer, StreamProfile, StreamBackoff.

/// Where a consumer has its session from.
public enum StreamSession: Sendable {
    /// It registers itself with the core agent's Remote Agent Registry, refreshes the session and registers again when it is
    /// rejected. `flavor` is the flavour of agent.
    case registered(flavor: String)
    /// An id that somebody else has registered and keeps alive. When it is rejected, nothing can be done but to try again.
    case fixed(String)
    /// Somebody else registers and refreshes: gives the id of the session, and another one when the last one was rejected.
    case provided(@Sendable () async throws -> String)
}

/// What a cache that cannot be used leads to: a file that is damaged, of another version, or of somebody else.
public enum UnusableCache: Sendable, Hashable {
    /// The consumer starts as if there were none, and replaces it if it can. The reason is its `cacheFailure`.
    case startWithout
    /// The consumer is not made: its `init` throws the reason.
    case refuse
}

/// What a consumer is told when it is made.
public struct StreamSettings: Sendable {
    /// The name that the core agent knows the client by; not empty.
    public var clientName: String
    /// Where the session comes from.
    public var session: StreamSession
    /// The rules of order and removal.
    public var profile: StreamProfile
    /// Which of the client's own settings stand in for shared ones.
    public var overrides: [StreamOverride]
    /// The pauses after something went wrong.
    public var backoff: StreamBackoff
    /// How long a stream must have been live for its end to count as the first trouble again.
    public var healthyAfter: Duration
    /// How long a new stream may take to say its snapshot.
    public var snapshotTimeout: Duration
    /// How often a session is refreshed when the core agent does not say.
    public var refreshInterval: Duration
    /// How many events a subscriber may be behind before the changes it has not taken are made one.
    public var subscriberCapacity: Int
    /// Told of what is measured.
    public var meter: (any StreamMeter)?
    /// Where the last configuration is kept for a start without a core agent; nil keeps nothing.
    public var cache: (any StreamCache)?
    /// What a cache that cannot be used leads to.
    public var unusableCache: UnusableCache
    /// The least time between two saves for the sake of updates; snapshots are saved at once, and so is what there is at the end.
    public var cacheInterval: Duration

    /// The largest `subscriberCapacity`.
    public static let subscriberCapacityMax = 1 << 16

    /// Settings with the usual values but for the name and the session.
    public init(clientName: String, session: StreamSession = .registered(flavor: "graft")) {
        self.clientName = clientName
        self.session = session
        profile = .graft
        overrides = StreamOverride.usual(for: clientName)
        backoff = StreamBackoff()
        healthyAfter = .seconds(30)
        snapshotTimeout = .seconds(60)
        refreshInterval = .seconds(10)
        subscriberCapacity = 256
        unusableCache = .startWithout
        cacheInterval = .seconds(30)
    }

    /// - Throws: `StreamError` of code `setting`, with the setting that cannot be used.
    func check() throws(StreamError) {
        func require(_ holds: Bool, _ message: String) throws(StreamError) {
            if !holds { throw StreamError(.setting, message) }
        }
        try require(!clientName.isEmpty, "clientName is empty: the core agent wants a name")
        if case .fixed(let id) = session { try require(!id.isEmpty, "the fixed session id is empty") }
        try require(
            (1...Self.subscriberCapacityMax).contains(subscriberCapacity),
            "subscriberCapacity is \(subscriberCapacity), not 1 to \(Self.subscriberCapacityMax)")
        try require(backoff.initial > .zero, "backoff.initial is not a time")
        try require(backoff.cap >= backoff.initial, "backoff.cap is less than backoff.initial")
        try require(snapshotTimeout > .zero, "snapshotTimeout is not a time")
        try require(refreshInterval > .zero, "refreshInterval is not a time")
        try require(cacheInterval >= .zero, "cacheInterval is less than no time")
    }
}
