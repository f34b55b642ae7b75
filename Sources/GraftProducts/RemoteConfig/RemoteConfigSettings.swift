// RemoteConfigSettings: whom a client of Remote Configuration asks, how often, and in whose name.
//
// Owns values only. Neighbours: RemoteConfigProduct is made of them, AgentAddress reads where the agent is.

public import GraftRemoteConfig

/// The settings of a program's client of Remote Configuration.
///
/// ```swift
/// let address = try AgentAddress.chosen(by: environment)
/// let settings = RemoteConfigSettings(address: address, service: "shop", environment: "prod", tracerVersion: "1.0.0")
/// ```
public struct RemoteConfigSettings: Sendable {
    /// Where the agent is.
    public var address: AgentAddress
    /// Who asks. Its `runtimeID` is not looked at: each process has one of its own.
    public var tracer: ClientTracer
    /// The pause between polls.
    public var interval = PollPace.standardInterval
    /// How long one exchange may take. An agent takes up to two seconds for the first one of a new client.
    public var timeout = Duration.seconds(5)
    /// Whether anything is asked at all (`DD_REMOTE_CONFIGURATION_ENABLED`). If not, the product starts and does nothing, so
    /// that those that require it start as well.
    public var isEnabled = true
    /// Whether the agent is asked first if it offers Remote Configuration.
    public var asksInfo = true
    /// Variables that the transport looks at: `DD_EXTERNAL_ENV`.
    public var variables: [String: String] = [:]
    /// How much an answer may ask for.
    public var limits = RemoteConfigLimits()

    /// Settings with this tracer; the rest is usual.
    public init(address: AgentAddress, tracer: ClientTracer) {
        self.address = address
        self.tracer = tracer
    }

    /// Settings of a program. `tracerVersion` is the version of the library that acts on what is configured.
    public init(
        address: AgentAddress, service: String, environment: String = "", version: String = "", tracerVersion: String
    ) {
        self.init(
            address: address,
            tracer: ClientTracer(
                runtimeID: "", tracerVersion: tracerVersion, service: service, environment: environment,
                appVersion: version))
    }
}
