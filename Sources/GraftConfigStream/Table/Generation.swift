// Generation: everything that is in force after one event. Immutable.
//
// Owns the table and where in the stream it stands. The writer makes a new generation for each event that changes
// something and publishes it behind one pointer. Neighbours: StreamTable, StreamReader, StreamView.

/// What is in force after one event.
final class Generation: Sendable {
    /// The settings.
    let table: StreamTable
    /// Where it stands.
    let position: StreamPosition
    /// The core agent's word for where its configuration comes from.
    let origin: String

    /// A generation with these parts.
    init(table: StreamTable, position: StreamPosition, origin: String) {
        self.table = table
        self.position = position
        self.origin = origin
    }

    /// What is in force before anything was received.
    static let none = Generation(table: .empty, position: StreamPosition(epoch: 0, sequence: -1), origin: "")
}

/// A place in the history of what was received.
public struct StreamPosition: Sendable, Hashable {
    /// Counts the streams whose snapshot was taken: 1, 2, 3, … as long as the consumer lives; 0 before the first. Within an epoch
    /// sequences only grow; from one epoch to the next they may go back, when the core agent has restarted.
    public var epoch: UInt64
    /// The core agent's number of the last event that was applied; -1 before the first.
    public var sequence: Int32

    /// A place with these parts.
    public init(epoch: UInt64, sequence: Int32) {
        self.epoch = epoch
        self.sequence = sequence
    }
}
