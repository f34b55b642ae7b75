// RemoteView.swift: how the link to a Datadog agent looks to a person.
//
// Owns the lines about it; a pure function of the status's JSON. Neighbour: StatusView.swift puts them under the gate's.

import GraftConfig

/// The parts of the link that people look at.
struct RemoteView: Hashable, Sendable {
    /// One configuration.
    struct Configuration: Hashable, Sendable {
        /// Its path.
        var path: String
        /// Its version.
        var version: Int64
        /// What became of it: a number of the protocol.
        var state: Int64
        /// What is wrong with it, or not in force.
        var text: String
    }

    /// Where the Datadog agent is.
    var agent: String
    /// Whether it is asked for configuration.
    var isEnabled: Bool
    /// How things stand with it.
    var state: String
    /// The products that it is asked for.
    var products: [String]
    /// The configurations.
    var configurations: [Configuration]
    /// Rounds, in all and failed ones.
    var polls: Int64
    var failed: Int64
    /// The latency of the last round and of the slowest, in milliseconds.
    var latency: Double
    var slowest: Double
    /// What is wrong with the last answer, or why none came.
    var error: String?

    /// The link in this member of a status; nil when there is none.
    init?(_ remote: JSONNode) {
        guard let agent = remote["agent"]?.string else { return nil }
        self.agent = agent
        isEnabled = remote["enabled"]?.bool ?? false
        state = remote["state"]?.string ?? "unknown"
        products = remote["products"]?.elements?.compactMap(\.string) ?? []
        configurations = (remote["configurations"]?.elements.map(Array.init) ?? []).map { configuration in
            Configuration(
                path: configuration["path"]?.string ?? "?", version: configuration["version"]?.integer ?? 0,
                state: configuration["apply_state"]?.integer ?? 0, text: configuration["apply_error"]?.string ?? "")
        }
        let polling = remote["polls"]
        polls = polling?["count"]?.integer ?? 0
        failed = polling?["failed"]?.integer ?? 0
        latency = polling?["last_ms"]?.number ?? 0
        slowest = polling?["slowest_ms"]?.number ?? 0
        error = remote["error"]?.string ?? (state == "online" ? nil : polling?["last_failure"]?.string)
    }

    /// The most configurations that are shown; those of which there is more to say than that they are in force come first.
    static let shown = 20

    /// The lines to show.
    var lines: [String] {
        guard isEnabled else { return ["remote configuration off, Datadog agent \(agent)"] }
        let failures = failed == 0 ? "" : ", \(failed) failed"
        var lines = [
            "remote configuration \(state), Datadog agent \(agent), products \(products.joined(separator: ", "))",
            "\(polls) polls\(failures), last \(latency) ms, slowest \(slowest) ms",
        ]
        if let error { lines.append("problem: \(error)") }
        let plain = configurations.filter(\.isPlain)
        let sorted = configurations.filter { !$0.isPlain } + plain
        lines += sorted.prefix(Self.shown).map(\.line)
        if sorted.count > Self.shown { lines.append("and \(sorted.count - Self.shown) configurations more") }
        return lines
    }
}

extension RemoteView.Configuration {
    /// Whether it is in force, and that is all.
    fileprivate var isPlain: Bool { state == 2 && text.isEmpty }

    /// `datadog/2/SCA_DETECTION/a/config version 3 refused: bad`.
    fileprivate var line: String {
        let word =
            switch state {
            case 1: "under way"
            case 2: "in force"
            case 3: "refused"
            default: "unknown"
            }
        return "\(path) version \(version) \(word)" + (text.isEmpty ? "" : ": \(text)")
    }
}
