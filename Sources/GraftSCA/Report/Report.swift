// Report.swift: what the product tells about itself: the model of the report and of the live status.
//
// Owns values only. Neighbours: ReportJSON.swift encodes them, SCAProduct.swift makes them.

public import Graft
public import GraftConfig

/// Everything a user may want to know: is it on, what was configured, what became of each target.
public struct Report: Hashable, Sendable {
    /// Whether the product is on, and if not, why.
    public var gate: Gate
    /// Why the core could not be started or asked; nil when it could, or was not needed yet.
    public var error: String?
    /// The configurations, by path.
    public var configurations: [Configuration]
    /// The targets, by text; those that were removed a while ago come last.
    public var targets: [Target]
    /// The counters of the core and of the product, with their names, in a fixed order.
    public var counters: [Counter]
    /// Entry points refused, by reason, in the order of the reasons' names.
    public var refusedBy: [Counter]

    /// A report with these parts.
    public init(
        gate: Gate, error: String? = nil, configurations: [Configuration] = [], targets: [Target] = [],
        counters: [Counter] = [], refusedBy: [Counter] = []
    ) {
        self.gate = gate
        self.error = error
        self.configurations = configurations
        self.targets = targets
        self.counters = counters
        self.refusedBy = refusedBy
    }
}

extension Report {
    /// A number with its name.
    public struct Counter: Hashable, Sendable {
        /// The name, as reports print it.
        public var name: String
        /// The number.
        public var value: UInt64

        /// A counter.
        public init(name: String, value: UInt64) {
            self.name = name
            self.value = value
        }
    }

    /// One configuration.
    public struct Configuration: Hashable, Sendable {
        /// What became of its newest version.
        public enum State: String, Hashable, Sendable {
            /// All of it is in force.
            case applied
            /// It is in force but for the targets and versions that `errors` names.
            case partial
            /// It was refused; the version before it, if any, stays in force.
            case refused
            /// It was not read, because the gate is closed or the product has been stopped.
            case ignored
        }

        /// The path that it is known by.
        public var path: String
        /// The version that is in force; nil when none is.
        public var version: UInt64?
        /// What became of its newest version.
        public var state: State
        /// What is wrong with its newest version, each with its place.
        public var errors: [ConfigError]

        /// A configuration with these parts.
        public init(path: String, version: UInt64?, state: State, errors: [ConfigError] = []) {
            self.path = path
            self.version = version
            self.state = state
            self.errors = errors
        }
    }

    /// The state of a target or of an entry point.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Nothing matches yet.
        case pending
        /// Instrumented.
        case installed
        /// It has reported, and costs nothing any more.
        case disarmed
        /// Not instrumented; the reason says why.
        case refused
        /// No longer configured; the original bytes are back.
        case removed
        /// Its handler took too long, so it was taken out.
        case tripped
        /// Configured by advisories that do not concern the installed package.
        case notAffected = "not-affected"
    }

    /// One target.
    public struct Target: Hashable, Sendable {
        /// Its text.
        public var target: String
        /// Its state.
        public var state: State
        /// Why it is in this state, where there is a reason to give.
        public var reason: String?
        /// What is done when it is called; nil for a target that was never asked of the core.
        public var mode: Mode?
        /// More than to count is done at one call in so many.
        public var sampleEvery: UInt32 = 1
        /// And at so many in a second at most; 0: at any number.
        public var maximumPerSecond: UInt32 = 0
        /// Calls seen at which, for these two, nothing more was done.
        public var leftOut: UInt64 = 0
        /// The advisories that name it.
        public var advisories: [String]
        /// The functions that it names.
        public var entryPoints: [EntryPoint]

        /// A target with these parts.
        public init(
            target: String, state: State, reason: String? = nil, mode: Mode? = nil, advisories: [String] = [],
            entryPoints: [EntryPoint] = []
        ) {
            self.target = target
            self.state = state
            self.reason = reason
            self.mode = mode
            self.advisories = advisories
            self.entryPoints = entryPoints
        }
    }

    /// One function that a target names.
    public struct EntryPoint: Hashable, Sendable {
        /// The path of its image.
        public var image: String
        /// The image's build-id; empty when it has none.
        public var buildID: String
        /// Its virtual address in the image's file.
        public var offset: UInt64
        /// Its demangled name.
        public var symbol: String
        /// Its state.
        public var state: State
        /// Why it is in this state, where there is a reason to give.
        public var reason: String?
        /// Calls seen.
        public var hits: UInt64
        /// Where it was first called from; nil before the first call.
        public var firstCaller: Symbol?
        /// The package that its image belongs to, where that was asked and is known.
        public var package: Package?

        /// An entry point with these parts.
        public init(
            image: String, buildID: String = "", offset: UInt64, symbol: String, state: State, reason: String? = nil,
            hits: UInt64 = 0, firstCaller: Symbol? = nil, package: Package? = nil
        ) {
            self.image = image
            self.buildID = buildID
            self.offset = offset
            self.symbol = symbol
            self.state = state
            self.reason = reason
            self.hits = hits
            self.firstCaller = firstCaller
            self.package = package
        }
    }
}
