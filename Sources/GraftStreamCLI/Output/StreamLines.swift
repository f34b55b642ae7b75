// StreamLines: what is printed of a stream.
//
// Owns the role of a format, and what it is given. Pure functions: the time is a parameter. Neighbours: TextLines, JSONLines.
#if ConfigStream

    internal import GraftConfigStream

    /// The configuration at one moment.
    struct ShownSnapshot: Hashable, Sendable {
        /// Where in the history it stands.
        var position: StreamPosition
        /// Where the core agent has it from.
        var origin: String
        /// The settings, in the order of their keys.
        var settings: [ShownChange]
    }

    /// A format.
    protocol StreamLines: Sendable {
        /// The lines of a snapshot.
        func snapshot(_ snapshot: ShownSnapshot, at time: WallTime) -> [String]
        /// The line of a change.
        func change(_ change: ShownChange, at time: WallTime) -> String
        /// The line before the changes that several others came to.
        func lagged(from: StreamPosition, to: StreamPosition, count: Int, at time: WallTime) -> String
    }

#endif
