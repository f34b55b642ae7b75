// StreamProfile: which generation of the protocol's rules a consumer follows.
//
// Owns the names of the rules in which generations differ, as values; StreamOrder, TableWriter and StreamMachine follow them.
// Three are those of consumers that exist, kept so that each rule can be tried; the fourth is what one wants.

/// The rules of order and removal of one generation of consumers.
public struct StreamProfile: Sendable, Hashable {
    /// What a missing update leads to.
    public enum GapRule: Sendable, Hashable {
        /// The update that shows the gap is ignored, and so is every later one until a snapshot comes: the configuration stays
        /// as it is.
        case ignore
        /// The stream is closed, and a new one is opened after the usual pause.
        case reconnect
        /// A second stream is opened beside the first, which is closed as soon as the second's snapshot is in force.
        case replace
    }

    /// The profile's name.
    public var name: String
    /// Whether sequences start anew with each stream: then its first snapshot is taken whatever its number, also after the core
    /// agent has restarted.
    public var startsAnew: Bool
    /// The number before the first: what a snapshot must exceed, and an update follow.
    public var before: Int32
    /// What a missing update leads to.
    public var gap: GapRule
    /// Whether a key keeps one value for each source, or only the one that came last.
    public var keepsSources: Bool
    /// Whether a snapshot removes what it does not say.
    public var snapshotRemoves: Bool
    /// Whether an update can remove: `unset_source`.
    public var updateRemoves: Bool
    /// Whether a key whose value is null counts as set.
    public var nullIsSet: Bool

    /// The first consumer, of spring 2026: a flat map, sequences for the life of the process, gaps only logged. Does not
    /// recover from a gap by itself, nor from a restart of the core agent.
    public static let seed = StreamProfile(
        name: "seed", startsAnew: false, before: 0, gap: .ignore, keepsSources: false, snapshotRemoves: true,
        updateRemoves: false, nullIsSet: true)
    /// The one that was merged in May 2026: sources are kept, nothing is ever removed.
    public static let merged = StreamProfile(
        name: "merged", startsAnew: false, before: 0, gap: .ignore, keepsSources: true, snapshotRemoves: false,
        updateRemoves: false, nullIsSet: false)
    /// The one of autumn 2026: sequences start with the stream, a gap closes it, removals are said and inferred.
    public static let current = StreamProfile(
        name: "current", startsAnew: true, before: -1, gap: .reconnect, keepsSources: true, snapshotRemoves: true,
        updateRemoves: true, nullIsSet: false)
    /// `current`, and a gap leaves no hole: the new stream is there before the old one goes. The default.
    public static let graft = StreamProfile(
        name: "graft", startsAnew: true, before: -1, gap: .replace, keepsSources: true, snapshotRemoves: true,
        updateRemoves: true, nullIsSet: false)
}
