// Standing.swift: how far one configuration is in force, as whoever delivered it is told.
//
// Owns the value. Neighbours: SCAProduct.swift gives it out, Product/Standings.swift makes it.

public import GraftConfig

/// How far one configuration is in force.
public struct Standing: Hashable, Sendable {
    /// A target that is asked for and is not instrumented.
    public struct Unresolved: Hashable, Sendable {
        /// Its text.
        public var target: String
        /// `pending`, `refused` or `tripped`.
        public var state: Report.State
        /// Why, where there is a reason to give.
        public var reason: String?

        /// A target with these parts.
        public init(target: String, state: Report.State, reason: String?) {
            self.target = target
            self.state = state
            self.reason = reason
        }
    }

    /// The most unresolved targets that are named; all of them are counted.
    public static let namedTargets = 16

    /// What became of the configuration's newest version.
    public var state: Report.Configuration.State
    /// What is wrong with its newest version, each with its place.
    public var errors: [ConfigError]
    /// The targets that it asks for.
    public var targets: Int
    /// How many of them are not instrumented, though they should be. One that concerns no installed package is none of them.
    public var unresolvedTargets: Int
    /// The first of them in the order of their texts.
    public var unresolved: [Unresolved]

    /// A standing with these parts.
    public init(
        state: Report.Configuration.State, errors: [ConfigError] = [], targets: Int = 0, unresolvedTargets: Int = 0,
        unresolved: [Unresolved] = []
    ) {
        self.state = state
        self.errors = errors
        self.targets = targets
        self.unresolvedTargets = unresolvedTargets
        self.unresolved = unresolved
    }
}
