// Support.swift: what the tests of the provider have in common.
//
// Owns a provider over a consumer that runs for the time of a test, fed by a core agent in the process.
#if ConfigStream

    import Configuration
    import GraftConfigStream
    import GraftConfigStreamProvider
    import GraftTestKit
    import Testing

    /// How long a test waits for what must happen before it says that it did not.
    let patience: Duration = .seconds(30)

    /// Settings for tests: pauses of milliseconds.
    func testSettings(meter: (any StreamMeter)? = nil) -> StreamSettings {
        var settings = StreamSettings(clientName: "test", session: .registered(flavor: "test"))
        settings.backoff = StreamBackoff(initial: .milliseconds(1), cap: .milliseconds(5))
        settings.meter = meter
        return settings
    }

    /// Options with some of them changed.
    func options(_ change: (inout ConfigStreamProvider.Options) -> Void = { _ in }) -> ConfigStreamProvider.Options {
        var options = ConfigStreamProvider.Options()
        change(&options)
        return options
    }

    /// Runs a consumer while `body` runs; both are over when this returns.
    func withConsumer<Result: Sendable>(
        of agent: any StreamTransport, _ settings: StreamSettings = testSettings(),
        _ body: (ConfigStreamConsumer) async throws -> Result
    ) async throws -> Result {
        let consumer = try ConfigStreamConsumer(settings, transport: agent)
        let running = Task { try await consumer.run() }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(consumer)) } catch { result = .failure(error) }
        consumer.stop()
        try await running.value
        return try result.get()
    }

    /// Runs a provider that is ready while `body` runs.
    func withProvider<Result: Sendable>(
        of agent: InProcessCoreAgent, _ options: ConfigStreamProvider.Options = options(),
        _ body: (ConfigStreamProvider) async throws -> Result
    ) async throws -> Result {
        try await withConsumer(of: agent) { consumer in
            try await body(try await ConfigStreamProvider(consumer, readyWithin: patience, options: options))
        }
    }

    /// A core agent with these settings, from a file.
    func agent(_ settings: [String: StreamValue] = [:]) -> InProcessCoreAgent {
        let agent = InProcessCoreAgent(origin: "datadog.yaml")
        for (key, value) in settings { agent.set(key, value) }
        return agent
    }

    extension ConfigStreamProvider {
        /// What is under a key; nil when there is nothing. An error is the test's.
        func found(_ key: AbsoluteConfigKey, _ type: ConfigType) -> ConfigValue? {
            do {
                return try value(forKey: key, type: type).value
            } catch {
                Issue.record(error)
                return nil
            }
        }

        /// The content under a key; nil when there is none. An error is the test's.
        func content(_ key: AbsoluteConfigKey, _ type: ConfigType) -> ConfigContent? { found(key, type)?.content }

        /// Waits until an event with this number has been applied.
        func reaches(_ sequence: Int32) async throws { _ = try await consumer.reader.atLeast(sequence: sequence) }
    }

    extension AsyncIteratorProtocol where Failure == Never {
        /// The next element; nil at the end.
        nonisolated(nonsending) mutating func take() async -> Element? { await next(isolation: #isolation) }
    }

    extension Result where Success == LookupResult {
        /// The content that was found; nil when there is none, or an error.
        var content: ConfigContent? { (try? get())?.value?.content }
    }

#endif
