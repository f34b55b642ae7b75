// StreamOverride: a client's own setting in the place of one that all clients share.
//
// Owns the rule: a text that is not empty under the client's own key counts as the base key's value, as if the agent had set it
// while it runs: stronger than files and the environment, weaker than Remote Configuration and the command line. Found anew from what the
// core agent has said after each event, so that nothing has to be taken back. Neighbours: TableWriter.

/// A client's own setting that stands in for a shared one.
public struct StreamOverride: Sendable, Hashable {
    /// The client's own key: `security_agent.log_level`.
    public var key: StreamKey
    /// The shared one: `log_level`.
    public var base: StreamKey

    /// An override of `base` by `key`.
    public init(_ key: StreamKey, of base: StreamKey) {
        self.key = key
        self.base = base
    }

    /// Those of the agent's own processes, by the client's name; none for others.
    public static func usual(for clientName: String) -> [StreamOverride] {
        switch clientName {
        case "security-agent": [StreamOverride("security_agent.log_level", of: "log_level")]
        case "process-agent": [StreamOverride("process_config.log_level", of: "log_level")]
        case "trace-agent": [StreamOverride("apm_config.log_level", of: "log_level")]
        case "system-probe": [StreamOverride("system_probe.log_level", of: "log_level")]
        default: []
        }
    }
}

extension TableWriter {
    /// What readers see of what the core agent has said.
    func shown(_ said: StreamTable) -> StreamTable {
        overrides.reduce(said) { table, override in
            guard case .string(let text)? = said[override.key]?.value, !text.isEmpty else { return table }
            let layer = StreamSetting(
                key: override.base.name, source: StreamSource.agentRuntime.name, value: .string(text))
            return update(layer, after: table)
        }
    }
}
