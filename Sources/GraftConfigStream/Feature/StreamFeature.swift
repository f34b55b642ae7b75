// StreamFeature: from the stream, or from the local configuration, and never from both.
//
// Owns the choice and its reason, and the run of a consumer for as long as it is needed. Neighbours: StreamSwitches has the
// rule for each setting, ConfigStreamConsumer is one branch, LocalConfiguration the other.

/// Whether a program takes its configuration from the core agent's stream, behind the flag `use_rar_config_stream`.
///
/// ```swift
/// let feature = StreamFeature(local, environment: environment)
/// try await feature.withConfiguration(settings, transport: try makeTransport()) { configuration in
///     print(configuration)  // "streamed config from core agent"
///     try await serve(configuration.reader)
/// }
/// ```
///
/// The flag is off by default. A variable goes before the local configuration: `DD_USE_RAR_CONFIG_STREAM`,
/// `DD_REMOTE_AGENT_CONFIGSTREAM_CONSUMER_ENABLED`, `DD_REMOTE_AGENT_CORE_AGENT_IPC_ENABLED`; one that is no truth value counts
/// as not set.
public struct StreamFeature: Sendable {
    /// Where the configuration comes from.
    public enum Choice: Sendable, Hashable {
        /// From the stream.
        case stream
        /// From the local configuration, for this reason.
        case local(Reason)
    }

    /// Why the stream is not used.
    public enum Reason: String, Sendable, Hashable, CustomStringConvertible {
        /// The flag is off.
        case flagIsOff = "use_rar_config_stream is off"
        /// Remote agents are not to consume the stream.
        case consumerIsOff = "remote_agent.configstream.consumer.enabled is off"
        /// They are not to talk to the core agent at all.
        case ipcIsOff = "remote_agent.core_agent_ipc.enabled is off"

        /// The reason, for a log.
        public var description: String { rawValue }
    }

    /// How long a program waits for the first snapshot unless it says otherwise.
    public static let usualTimeout: Duration = .seconds(30)

    /// Where the configuration comes from.
    public let choice: Choice
    /// The other branch.
    public let local: LocalConfiguration
    private let isRegistryEnabled: Bool

    /// Chooses.
    ///
    /// - Parameters:
    ///   - local: the program's own configuration.
    ///   - environment: the variables that go before it.
    public init(_ local: LocalConfiguration, environment: [String: String]) {
        let switches = StreamSwitches(local: local, environment: environment)
        self.local = local
        isRegistryEnabled = switches.isOn(StreamSwitches.registry)
        // What switches off the most is said first.
        if !switches.isOn(StreamSwitches.ipc) {
            choice = .local(.ipcIsOff)
        } else if !switches.isOn(StreamSwitches.consumer) {
            choice = .local(.consumerIsOff)
        } else {
            choice = switches.isOn(StreamSwitches.flag) ? .stream : .local(.flagIsOff)
        }
    }

    /// Whether remote agents on this host are to consume the stream, apart from this program's flag: unless somebody has
    /// switched that off.
    public static func isEnabled(_ local: LocalConfiguration, environment: [String: String]) -> Bool {
        let switches = StreamSwitches(local: local, environment: environment)
        return switches.isOn(StreamSwitches.ipc) && switches.isOn(StreamSwitches.consumer)
    }

    /// Calls `body` with the configuration that was chosen. A stream's is there when `body` is called; its consumer runs
    /// until `body` has returned or thrown, and is over when this returns.
    ///
    /// - Parameters:
    ///   - settings: the consumer's; not looked at in the local branch.
    ///   - transport: made only if the stream was chosen.
    ///   - timeout: how long to wait for the first snapshot.
    ///   - fallingBackToCache: whether, when there is none in time, the configuration of an earlier run, from `settings.cache`, will
    ///     do. It is the stream's too: the local configuration is never mixed in.
    ///   - isolation: where `body` runs: where the caller does.
    ///   - body: what is to be done with the configuration.
    /// - Throws: `StreamError`: `notReady` with what has gone wrong, `setting` for a setting that cannot be used or when the registry
    ///   with which the consumer would register is off; what `transport` and `body` throw.
    public func withConfiguration<Result>(
        _ settings: StreamSettings, transport: @autoclosure () throws -> any StreamTransport,
        timeout: Duration = usualTimeout, fallingBackToCache: Bool = false,
        isolation: isolated (any Actor)? = #isolation, _ body: (EffectiveConfiguration) async throws -> Result
    ) async throws -> Result {
        guard choice == .stream else {
            return try await body(EffectiveConfiguration(choice: choice, reader: local.reader, consumer: nil))
        }
        if case .registered = settings.session, !isRegistryEnabled {
            throw StreamError(.setting, "remote_agent.registry.enabled is off, and without it there is no session")
        }
        let consumer = try ConfigStreamConsumer(settings, transport: try transport())
        let running = Task { try await consumer.run() }
        let result: Swift.Result<Result, any Error>
        do {
            try await Self.wait(for: consumer, timeout, fallingBackToCache)
            let configuration = EffectiveConfiguration(choice: choice, reader: consumer.reader, consumer: consumer)
            result = .success(try await body(configuration))
        } catch {
            result = .failure(error)
        }
        consumer.stop()
        try await running.value
        return try result.get()
    }

    /// Waits for the first snapshot, or does with what was kept.
    private static func wait(
        for consumer: ConfigStreamConsumer, _ timeout: Duration, _ fallsBack: Bool
    ) async throws {
        do {
            try await consumer.waitReady(timeout: timeout)
        } catch let error as StreamError where error.code == .notReady {
            if fallsBack && consumer.reader.hasConfiguration { return }
            throw StreamError(.notReady, "config stream not ready: \(error.message)")
        }
    }
}

/// The configuration that a program goes by.
public struct EffectiveConfiguration: Sendable, CustomStringConvertible {
    /// Where it comes from.
    public let choice: StreamFeature.Choice
    /// The configuration.
    public let reader: StreamReader
    /// The consumer that keeps it up to date, for its changes and its state; nil for a local configuration, which stays as it is.
    public let consumer: ConfigStreamConsumer?

    /// One sentence for a log.
    public var description: String {
        switch choice {
        case .stream: "streamed config from core agent"
        case .local(let reason): "local config: \(reason)"
        }
    }
}
