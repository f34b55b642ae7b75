// ProductStatus: how a product fares, as a value.
//
// Owns the states, the sentences about them and their JSON for reports. Neighbours: ProductLedger moves products from
// state to state; ProductManager hands statuses out.

public import GraftConfig

/// How one product fares.
public struct ProductStatus: Sendable, Hashable {
    /// Where a product is in its life.
    public enum State: Sendable, Hashable {
        /// Registered; its turn has not come. Next: `starting`, `cyclic`, `unknownRequirement`, `failedRequirement`.
        case registered
        /// Its `start` or `restart` is under way. Next: `running`, `failed`.
        case starting
        /// It runs. Next: `stopping`; in a forked child `starting`, `failedRequirement`.
        case running
        /// It requires itself, by way of these products; not started. Next: as `registered`, at the next start.
        case cyclic([String])
        /// It requires a product that nobody has registered; not started. Next: as `registered`, at the next start.
        case unknownRequirement(String)
        /// It requires a product that does not run; not started. Next: as `registered`, at the next start.
        case failedRequirement(String)
        /// Its `start` or `restart` threw this; final.
        case failed(String)
        /// Its `stop` or `atExit` is under way. Next: `stopped`.
        case stopping
        /// It has run and does so no more; final.
        case stopped
    }

    /// The product.
    public var name: String
    /// What it requires.
    public var requires: [String]
    /// Where it is in its life.
    public var state: State
    /// What its last method but `start` and `restart` threw, if it did: such an error changes no state.
    public var lastError: String?
    /// How long its `start`, or `restart` in a child, took; nil before.
    public var startDuration: Duration?

    /// A status with these parts.
    public init(
        name: String, requires: [String] = [], state: State = .registered, lastError: String? = nil,
        startDuration: Duration? = nil
    ) {
        self.name = name
        self.requires = requires
        self.state = state
        self.lastError = lastError
        self.startDuration = startDuration
    }

    /// What is wrong, in a sentence that names everybody concerned; nil when nothing is.
    public var error: String? {
        switch state {
        case .cyclic(let names): "requires itself: \((names + names.prefix(1)).joined(separator: " -> "))"
        case .unknownRequirement(let name): "requires \(name), which is not registered"
        case .failedRequirement(let name): "requires \(name), which does not run"
        case .failed(let message): message
        default: lastError
        }
    }

    /// As an object for reports: `name`, `state`, and where there are any `requires`, `error`, `start_ms`.
    public var json: JSONValue {
        var object = JSONObject([JSONMember(key: "name", value: .string(name))])
        object["state"] = .string(state.slug)
        if !requires.isEmpty { object["requires"] = .array(requires.map(JSONValue.string)) }
        if let error { object["error"] = .string(error) }
        if let startDuration { object["start_ms"] = .number(startDuration / .milliseconds(1)) }
        return .object(object)
    }
}

extension ProductStatus.State {
    /// A short name that is stable across releases.
    public var slug: String {
        switch self {
        case .registered: "registered"
        case .starting: "starting"
        case .running: "running"
        case .cyclic: "cyclic"
        case .unknownRequirement: "unknown-requirement"
        case .failedRequirement: "failed-requirement"
        case .failed: "failed"
        case .stopping: "stopping"
        case .stopped: "stopped"
        }
    }
}
