// StreamChange: what a subscriber is told.
//
// Owns the vocabulary of changes. Neighbours: StreamChanges is the sequence of them, TableDiff finds them.

/// One key's value in force has changed.
public struct StreamChange: Sendable, Hashable {
    /// The key, in lower case.
    public var key: String
    /// The value before; nil when there was none.
    public var old: StreamValue?
    /// The value now; nil when there is none any more.
    public var new: StreamValue?
    /// Who has set the value now; nil without one.
    public var source: StreamSource?
    /// Where in the history it became so.
    public var position: StreamPosition

    /// A change with these parts.
    public init(
        key: String, old: StreamValue?, new: StreamValue?, source: StreamSource?, position: StreamPosition
    ) {
        self.key = key
        self.old = old
        self.new = new
        self.source = source
        self.position = position
    }

    /// The core agent's number of the event that changed it.
    public var sequence: Int32 { position.sequence }
}

/// What a subscriber is told: a change, or, when it was too slow for them one by one, what they come to.
public enum StreamNotice: Sendable, Hashable {
    /// One key has changed.
    case change(StreamChange)
    /// The subscriber had not taken the changes from the first of these places on, and what has become of them up to the
    /// second is this: one change for each key that is not as it was. Applied one after the other to what the subscriber has,
    /// they give what was in force at the second place.
    case lagged(from: StreamPosition, to: StreamPosition, changes: [StreamChange])

    /// The changes, whichever way they come.
    public var changes: [StreamChange] {
        switch self {
        case .change(let change): [change]
        case .lagged(_, _, let changes): changes
        }
    }
}

/// Which keys a subscriber wants to hear of.
public enum StreamSelection: Sendable, Hashable {
    /// All.
    case all
    /// One.
    case key(StreamKey)
    /// Those that begin with a text, in whatever case: `apm_config.`.
    case prefix(String)

    /// Whether an entry's key is wanted.
    func contains(_ entry: StreamEntry) -> Bool {
        switch self {
        case .all: true
        case .key(let key): entry.header.hash == key.hash && entry.name == key.name
        case .prefix(let prefix): entry.name.hasPrefix(StreamKey.fold(prefix))
        }
    }
}
