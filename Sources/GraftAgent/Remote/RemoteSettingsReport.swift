// RemoteSettingsReport.swift: the settings of the link, as telemetry reports them.
//
// Owns which of them are reported, under which names. A variable that makes no sense was replaced by the default: it is
// reported as what it was replaced by, by default.

internal import GraftConfig
internal import GraftProducts
internal import GraftRemoteConfig

extension RemoteSettings {
    /// The settings, each with where it comes from.
    var configuration: [ConfigurationEntry] {
        [
            entry(Self.enabledVariables, .bool(polls), isStandard: polls),
            entry(
                Self.intervalVariables, .number(interval / .seconds(1)),
                isStandard: interval == PollPace.standardInterval),
            entry([Self.timeoutVariable], .number(timeout / .seconds(1)), isStandard: timeout == Self.standardTimeout),
            entry([Self.urlVariable], .string(address.description), isStandard: !isNamed),
            entry(["DD_SERVICE"], .string(service), isStandard: false),
            entry(["DD_ENV"], .string(environment), isStandard: false),
            entry(["DD_VERSION"], .string(version), isStandard: false),
        ]
    }

    /// A setting, which comes from the environment when a variable of it is set and what it says was obeyed. One that says
    /// what holds without it cannot be told from one that was not obeyed; both are reported as the default.
    private func entry(_ names: [String], _ value: JSONValue, isStandard: Bool) -> ConfigurationEntry {
        let isSet = names.contains { variables[$0] != nil } || (names == [Self.urlVariable] && isNamed)
        return ConfigurationEntry(
            name: names[0], value: value, origin: isSet && !isStandard ? .environment : .byDefault)
    }

    /// Whether a variable names the Datadog agent.
    private var isNamed: Bool { Self.agentVariables.contains { variables[$0] != nil } }
}
