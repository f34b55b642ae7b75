// RemoteSettings.swift: what the environment asks of the link to a Datadog agent.
//
// Owns the variables' names, the older ones included, their defaults and their limits, and the rule when there is a link
// at all. As in AgentSettings, a value that makes no sense is replaced by the default and reported; only a wrong address
// is not: nobody is asked then. Neighbours: AgentAddress reads where the Datadog agent is, RemoteLink.swift obeys.

package import GraftRemoteConfig

/// The settings of the link to a Datadog agent.
package struct RemoteSettings: Hashable, Sendable {
    /// Whether configuration is asked for; with the name that users of another tracer know.
    package static let enabledVariables = ["DD_REMOTE_CONFIGURATION_ENABLED", "DD_REMOTE_CONFIG_ENABLED"]
    /// Seconds between two polls, and the name that it had before.
    package static let intervalVariables = [
        "DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS", "DD_REMOTECONFIG_POLL_SECONDS",
    ]
    /// Seconds that an exchange with the agent may take.
    package static let timeoutVariable = "DD_TRACE_AGENT_TIMEOUT_SECONDS"
    /// The file that keeps the last good configuration for a start without an agent.
    package static let cacheVariable = "GRAFT_REMOTE_CONFIG_CACHE"
    /// Where the Datadog agent is, as a URL.
    package static let urlVariable = "DD_TRACE_AGENT_URL"
    /// The variables that name a Datadog agent.
    package static let agentVariables = [
        urlVariable, "DD_AGENT_HOST", "DD_TRACE_AGENT_HOSTNAME", "DD_TRACE_AGENT_PORT", "DD_AGENT_PORT",
    ]
    /// What else is read: who this program is.
    private static let otherVariables = ["DD_SERVICE", "DD_ENV", "DD_VERSION", "DD_TAGS", "DD_EXTERNAL_ENV"]

    /// The intervals that can be asked for, in seconds.
    package static let intervals = 0.01...3_600.0
    /// The timeouts that can be asked for, in seconds.
    package static let timeouts = 0.1...600.0
    /// How long an exchange may take when nobody said: a Datadog agent keeps a new client waiting for two seconds.
    package static let standardTimeout = Duration.seconds(5)
    /// The most tags that are sent, and the most bytes of one.
    package static let tagsMaximum = 100
    package static let tagBytesMaximum = 200

    /// Where the Datadog agent is.
    package var address: AgentAddress
    /// Whether it is asked for configuration.
    package var polls: Bool
    /// The pause between polls.
    package var interval = PollPace.standardInterval
    /// How long an exchange may take.
    package var timeout = standardTimeout
    /// The file of the last good configuration; nil when none is kept.
    package var cache: String?
    /// The service; the program's name when nobody said.
    package var service: String
    /// The environment: `prod`.
    package var environment: String
    /// The program's version.
    package var version: String
    /// Tags, as `key:value`.
    package var tags: [String]
    /// The variables that the transport reads.
    package var variables: [String: String]
}

extension RemoteSettings {
    /// The settings in an environment. Nil, and there is no link, when no Datadog agent is named and Remote Configuration is
    /// switched off, or a local configuration is followed and nobody has switched it on; and when the address is wrong.
    /// What is wrong goes to `complaints`, a line each.
    package init?(
        program: String, followsFile: Bool, complaints: inout [String], environment: (String) -> String?
    ) {
        var values: [String: String] = [:]
        let names =
            Self.enabledVariables + Self.intervalVariables + [Self.timeoutVariable, Self.cacheVariable]
            + Self.agentVariables + Self.otherVariables
        for name in names { values[name] = environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        var reader = SettingsReader(values)
        defer { complaints += reader.complaints }
        let isNamed = Self.agentVariables.contains { values[$0] != nil }
        let isWanted = reader.flag(Self.enabledVariables)
        guard isNamed || (isWanted ?? !followsFile) else { return nil }
        polls = isWanted ?? true
        do throws(TransportError) {
            address = try AgentAddress.chosen(by: values)
        } catch {
            reader.complaints.append("no Datadog agent is asked: \(error)")
            return nil
        }
        interval = reader.seconds(Self.intervalVariables, in: Self.intervals) ?? interval
        timeout = reader.seconds([Self.timeoutVariable], in: Self.timeouts) ?? timeout
        cache = values[Self.cacheVariable]
        service = values["DD_SERVICE"] ?? program
        self.environment = values["DD_ENV"] ?? ""
        version = values["DD_VERSION"] ?? ""
        tags = reader.tags("DD_TAGS", most: Self.tagsMaximum, bytes: Self.tagBytesMaximum)
        variables = values
    }

    /// Who asks, as requests describe it.
    package func tracer(runtimeID: String, version: String) -> ClientTracer {
        var tracer = ClientTracer(
            runtimeID: runtimeID, tracerVersion: version, service: service, environment: environment,
            appVersion: self.version)
        tracer.tags = tags
        return tracer
    }
}
