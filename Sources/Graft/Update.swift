// Update.swift: an ordered change, and the answer to it. Values only; UpdateStream.swift carries them.

/// Changes that are carried out together, with their place in a stream's order.
public struct Update: Sendable {
    /// The place in the order, from 1; nil takes the next free one.
    public var sequence: UInt64?
    /// Whether it replaces every earlier or missing update of its stream: it is applied at once and the stream
    /// continues after its sequence.
    public var isSnapshot: Bool
    /// What to do, in order.
    public var changes: [Change]

    /// An update with these parts.
    public init(sequence: UInt64? = nil, isSnapshot: Bool = false, changes: [Change]) {
        self.sequence = sequence
        self.isSnapshot = isSnapshot
        self.changes = changes
    }
}

/// What became of one update.
public struct UpdateOutcome: Hashable, Sendable {
    /// The sequence number that it had.
    public var sequence: UInt64
    /// Why it was dropped; nil when it was applied.
    public var error: GraftError?
    /// One for each change, in order; empty when it was dropped.
    public var outcomes: [Outcome]

    /// An outcome with these parts.
    public init(sequence: UInt64, error: GraftError? = nil, outcomes: [Outcome] = []) {
        self.sequence = sequence
        self.error = error
        self.outcomes = outcomes
    }
}
