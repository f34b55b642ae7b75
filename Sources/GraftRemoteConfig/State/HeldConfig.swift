// HeldConfig: what is in force under a path, and what was refused under one.
//
// Owns the two records that a state keeps for each path. A path may have both: a version in force, and a newer one that
// could not be used.

/// A configuration that is in force.
struct HeldConfig: Sendable {
    /// What it says.
    var payload: Payload
    /// What became of it.
    var acknowledgement = Acknowledgement.unacknowledged
    /// Whether it comes from an earlier run, and no agent has said yet that it holds.
    var isAdopted = false
}

/// A file that was refused alone.
public struct Refusal: Sendable, Hashable {
    /// Its path, as the agent wrote it.
    public var path: String
    /// Its version, as far as it could be read.
    public var version: UInt64?
    /// Why it was refused: one bounded line.
    public var reason: String

    /// The refusal of the file at `path`.
    public init(path: String, version: UInt64?, reason: String) {
        self.path = BoundedText.line(path)
        self.version = version
        self.reason = BoundedText.line(reason)
    }
}
