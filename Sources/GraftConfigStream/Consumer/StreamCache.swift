// StreamCache: where the last configuration is kept.
//
// Owns the role of the store from which a consumer starts while there is no core agent. StreamCacheFile is the one that
// there is. Neighbours: ConfigStreamConsumer loads it before it connects and saves what it has received.

/// A configuration of an earlier run.
public struct CachedConfiguration: Sendable, Hashable {
    /// The settings, every source's.
    public var settings: [StreamSetting]
    /// The core agent's word for where its configuration comes from.
    public var origin: String
    /// The number of the last event that is in it.
    public var sequence: Int32
    /// When it was last known to be fresh.
    public var savedAt: WallTime
    /// How much of it was not kept, since it is secret: settings, and members and elements of their values.
    public var withheld: Int

    /// A configuration with these parts.
    public init(
        settings: [StreamSetting], origin: String, sequence: Int32, savedAt: WallTime, withheld: Int = 0
    ) {
        self.settings = settings
        self.origin = origin
        self.sequence = sequence
        self.savedAt = savedAt
        self.withheld = withheld
    }
}

/// Keeps the last configuration for a start without a core agent. Called on threads of the consumer's own, one call at a time; may wait.
public protocol StreamCache: Sendable {
    /// What was kept; nil when nothing was.
    ///
    /// - Throws: `StreamError` of code `cache` when something was, and it cannot be used: with the place.
    func load() throws(StreamError) -> CachedConfiguration?

    /// Keeps a configuration instead of what was kept. Whatever happens, what was kept or what is new can be loaded afterwards.
    ///
    /// - Throws: `StreamError` of code `cache`.
    func save(_ configuration: CachedConfiguration) throws(StreamError)
}
