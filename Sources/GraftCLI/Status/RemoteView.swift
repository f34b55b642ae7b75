// RemoteView.swift: how the link to a Datadog agent looks to a person.
//
// Owns the lines about it; a pure function of the status's JSON. Neighbour: StatusView.swift puts them under the gate's.

import GraftConfig

/// The parts of the link that people look at.
struct RemoteView: Hashable, Sendable {
    /// One configuration that is not simply in force.
    struct Configuration: Hashable, Sendable {
        /// Its path.
        var path: String
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
    /// How many configurations are known.
    var count: Int
    /// Those of which there is something to say.
    var configurations: [Configuration]
    /// Rounds, in all and failed ones.
    var polls: Int64
    var failed: Int64
    /// The latency of the last round in milliseconds.
    var latency: Double
    /// What is wrong with the last answer, or why none came.
    var error: String?

    /// The link in this member of a status; nil when there is none.
    init?(_ remote: JSONNode) {
        guard let agent = remote["agent"]?.string else { return nil }
        self.agent = agent
        isEnabled = remote["enabled"]?.bool ?? false
        state = remote["state"]?.string ?? "unknown"
        let all = remote["configurations"]?.elements.map(Array.init) ?? []
        count = all.count
        configurations = all.compactMap { configuration in
            let text = configuration["apply_error"]?.string ?? ""
            let state = configuration["apply_state"]?.integer ?? 0
            guard !text.isEmpty || state != 2 else { return nil }
            return Configuration(path: configuration["path"]?.string ?? "?", state: state, text: text)
        }
        let polling = remote["polls"]
        polls = polling?["count"]?.integer ?? 0
        failed = polling?["failed"]?.integer ?? 0
        latency = polling?["last_ms"]?.number ?? 0
        error = remote["error"]?.string ?? (state == "online" ? nil : polling?["last_failure"]?.string)
    }

    /// The lines to show.
    var lines: [String] {
        guard isEnabled else { return ["remote configuration off, Datadog agent \(agent)"] }
        let failures = failed == 0 ? "" : ", \(failed) failed"
        var lines = [
            "remote configuration \(state), Datadog agent \(agent), \(count) configurations, "
                + "\(polls) polls\(failures), last \(latency) ms"
        ]
        if let error { lines.append("problem: \(error)") }
        lines += configurations.map { configuration in
            let word =
                switch configuration.state {
                case 1: "under way"
                case 2: "in force"
                case 3: "refused"
                default: "unknown"
                }
            return "\(configuration.path) \(word)" + (configuration.text.isEmpty ? "" : ": \(configuration.text)")
        }
        return lines
    }
}
