// Payload.swift: what a configuration asks for, once it has been read.
//
// Owns values only: no JSON, no state. Neighbours: PayloadReader.swift makes them, Planner.swift merges those of several
// configurations.

package import Graft
package import GraftConfig

/// One wish of a configuration: instrument a target, perhaps only if a package is affected.
package struct Wish: Hashable, Sendable {
    /// What to instrument.
    package var target: Target
    /// How.
    package var mode: Mode
    /// Of which of its calls more is done than to count them.
    package var share: Share
    /// The advisory that asks for it, with the packages that it concerns; nil for a plain target.
    package var advisory: Advisory?

    /// A wish with these parts.
    package init(target: Target, mode: Mode, share: Share = .all, advisory: Advisory? = nil) {
        self.target = target
        self.mode = mode
        self.share = share
        self.advisory = advisory
    }
}

/// Of which calls of a function more is done than to count them, in the modes `entry` and `entry-exit`.
package struct Share: Hashable, Sendable {
    /// Of each.
    package static let all = Share()

    /// Of one call in so many, evenly spread; at least 1.
    package var sampleEvery: UInt32 = 1
    /// Of so many in a second at most; 0: of any number.
    package var maximumPerSecond: UInt32 = 0

    /// A share with these parts.
    package init(sampleEvery: UInt32 = 1, maximumPerSecond: UInt32 = 0) {
        self.sampleEvery = sampleEvery
        self.maximumPerSecond = maximumPerSecond
    }

    /// What serves both: the larger share.
    package func merged(with other: Share) -> Share {
        let isUnlimited = maximumPerSecond == 0 || other.maximumPerSecond == 0
        return Share(
            sampleEvery: min(sampleEvery, other.sampleEvery),
            maximumPerSecond: isUnlimited ? 0 : max(maximumPerSecond, other.maximumPerSecond))
    }
}

/// A published vulnerability, as far as it decides what to instrument.
package struct Advisory: Hashable, Sendable {
    /// Its identifier: `GHSA-652x-xj99-gmcc`.
    package var id: String
    /// The package that it concerns; nil for whichever package the image belongs to.
    package var dependency: String?
    /// The versions that it concerns; nil for all.
    package var versions: VersionRange?

    /// An advisory with these parts.
    package init(id: String, dependency: String? = nil, versions: VersionRange? = nil) {
        self.id = id
        self.dependency = dependency
        self.versions = versions
    }
}

/// A configuration that has been read.
package struct Payload: Sendable {
    /// A target that was refused by itself.
    package struct RefusedTarget: Hashable, Sendable {
        /// Its text.
        package var text: String
        /// Why, with the place in the payload.
        package var error: ConfigError
    }

    /// What it asks for, in the order of the text, without repetition.
    package var wishes: [Wish] = []
    /// The faults that it asks for, in the order of the text, without repetition.
    package var faults: [Fault] = []
    /// The targets that were refused; at most `PayloadLimits.errors` of them are kept.
    package var refused: [RefusedTarget] = []
    /// Everything that is wrong with it and did not stop the rest; at most `PayloadLimits.errors`.
    package var errors: [ConfigError] = []
    /// Errors that were not kept.
    package var errorsOmitted = 0

    /// An empty payload.
    package init() {}
}

/// How much a payload may ask for. Past a limit the whole payload is refused: half of a list is not what was meant.
package enum PayloadLimits {
    /// Targets in one payload, those of its advisories included.
    package static let targets = 10_000
    /// Advisories in one payload.
    package static let advisories = 10_000
    /// Version ranges of one advisory.
    package static let ranges = 1_000
    /// Bytes of an advisory's identifier or of a package's name.
    package static let nameBytes = 256
    /// Errors of one payload that are kept with their places; working out a place takes time.
    package static let errors = 100
}
