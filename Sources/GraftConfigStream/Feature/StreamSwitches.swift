// StreamSwitches: what is asked of the local configuration before there is a stream.
//
// Owns the names of the settings, their variables and their defaults, and the rule that finds one: the variable, if it is set and
// can be read as what it should be; else the local configuration; else the default. Neighbours: StreamFeature, StreamBootstrap.

/// A setting that decides about the stream itself, and so does not come from it.
struct StreamSwitches {
    /// A setting that is on or off.
    struct Switch {
        /// The key.
        let key: StreamKey
        /// What holds when nobody says anything.
        let isOnByDefault: Bool

        /// The environment variable: `DD_REMOTE_AGENT_REGISTRY_ENABLED`.
        var variable: String { StreamSwitches.variable(of: key) }
    }

    /// Whether this program takes its configuration from the stream at all.
    static let flag = Switch(key: "use_rar_config_stream", isOnByDefault: false)
    /// Whether remote agents do.
    static let consumer = Switch(key: "remote_agent.configstream.consumer.enabled", isOnByDefault: true)
    /// Whether they talk to the core agent; off wins over everything.
    static let ipc = Switch(key: "remote_agent.core_agent_ipc.enabled", isOnByDefault: true)
    /// Whether the core agent has a registry.
    static let registry = Switch(key: "remote_agent.registry.enabled", isOnByDefault: true)

    /// The local configuration.
    let local: LocalConfiguration
    /// The environment.
    let environment: [String: String]

    /// Whether a setting is on.
    func isOn(_ setting: Switch) -> Bool {
        environment[setting.variable].flatMap { StreamValue.string($0).boolean }
            ?? local.reader.value(of: setting.key)?.boolean ?? setting.isOnByDefault
    }

    /// A setting as a text; an empty variable is none.
    func text(_ key: StreamKey, default fallback: String) -> String {
        if let text = environment[Self.variable(of: key)], !text.isEmpty { return text }
        let text = local.reader.getString(key)
        return text.isEmpty ? fallback : text
    }

    /// The environment variable of a key.
    static func variable(of key: StreamKey) -> String {
        "DD_" + String(key.name.uppercased().map { $0 == "." ? "_" : $0 })
    }
}
