// Detection.swift: a function that was named by a configuration and was reached.
//
// Owns the record; values only. Neighbour: DetectionLog.swift collects them within limits.

public import Graft

/// A reached function: who called it first, how often it was called, which advisories name it.
public struct Detection: Hashable, Sendable {
    /// The text of the target that named it.
    public var target: String
    /// The function.
    public var entry: EntryPoint
    /// The package that its image belongs to; nil when unknown.
    public var package: Package?
    /// The advisories that name it, sorted.
    public var advisories: [String]
    /// Where it was first called from; nil when that could not be kept.
    public var firstCaller: Symbol?
    /// Calls seen, over all the times that it was instrumented.
    public var count: UInt64

    /// A detection with these parts.
    public init(
        target: String, entry: EntryPoint, package: Package? = nil, advisories: [String] = [],
        firstCaller: Symbol? = nil, count: UInt64
    ) {
        self.target = target
        self.entry = entry
        self.package = package
        self.advisories = advisories
        self.firstCaller = firstCaller
        self.count = count
    }
}
