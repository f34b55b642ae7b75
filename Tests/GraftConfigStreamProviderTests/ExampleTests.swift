// ExampleTests: the examples in the comments of GraftConfigStreamProvider, as they stand there.
#if ConfigStream

    import Configuration
    import GraftConfigStream
    import GraftConfigStreamProvider
    import GraftTestKit
    import Logging
    import MetricsTestKit
    import ServiceLifecycle
    import Testing

    /// What an example serves with.
    private struct Server: Service {
        /// Where it would listen.
        var port = 0

        func run() async throws {
            try await gracefulShutdown()
        }
    }

    @Suite("An example", .timeLimit(.minutes(1))) struct ExampleTests {
        private let transport = agent(["my_agent.port": .number(9000)])
        private let logger = Logger(label: "example") { _ in SwiftLogNoOpLogHandler() }

        @Test("of ConfigStreamProvider gives a reader the stream's values, and its default before them")
        func provider() async throws {
            let consumer = try ConfigStreamConsumer(StreamSettings(clientName: "my-agent"), transport: transport)
            let stream = ConfigStreamProvider(consumer)
            let config = ConfigReader(providers: [EnvironmentVariablesProvider(), stream])
            let server = Server(port: config.int(forKey: "my_agent.port", default: 8080))
            let group = ServiceGroup(services: [stream, server], gracefulShutdownSignals: [], logger: logger)
            #expect(server.port == 8080)
            async let running: Void = group.run()
            try await consumer.waitReady(timeout: patience)
            #expect(config.int(forKey: "my_agent.port", default: 8080) == 9000)
            await group.triggerGracefulShutdown()
            try await running
        }

        @Test("of ConfigStreamProvider(readyWithin:) has values before the program's services are made")
        func readyWithin() async throws {
            let consumer = try ConfigStreamConsumer(StreamSettings(clientName: "my-agent"), transport: transport)
            let service = ConfigStreamService(consumer)
            let running = Task { try await service.run() }
            let stream = try await ConfigStreamProvider(consumer, readyWithin: .seconds(30))
            #expect(ConfigReader(provider: stream).int(forKey: "my_agent.port") == 9000)
            running.cancel()
            try await running.value
        }

        @Test("of ConfigStreamProvider.Options puts the environment between the stream's sources")
        func options() async throws {
            let consumer = try ConfigStreamConsumer(StreamSettings(clientName: "my-agent"), transport: transport)
            let config = ConfigReader(providers: [
                ConfigStreamProvider(consumer, options: .init(sources: .strongerThan(.environmentVariable))),
                EnvironmentVariablesProvider(),
                ConfigStreamProvider(consumer, options: .init(sources: .atMost(.environmentVariable))),
            ])
            #expect(config.int(forKey: "my_agent.port") == nil)
            var options = ConfigStreamProvider.Options()
            options.whenNotReady = .fail
            options.secrets = .dynamic { key, _ in key.hasSuffix("api_key") }
            #expect(options.secrets.isSecret(key: "my.api_key", value: .null))
        }

        @Test("of ConfigStreamSnapshot tells its place in the stream")
        func snapshot() async throws {
            try await withProvider(of: transport) { provider in
                if let moment = provider.snapshot() as? ConfigStreamSnapshot {
                    logger.info("configured", metadata: ["sequence": "\(moment.position.sequence)"])
                }
                #expect(provider.snapshot() is ConfigStreamSnapshot)
            }
        }

        @Test("of ConfigStreamService and MetricsMeter runs a consumer beside a server")
        func service() async throws {
            let metrics = TestMetrics()
            var settings = StreamSettings(clientName: "my-agent")
            settings.meter = MetricsMeter(factory: metrics)
            let consumer = try ConfigStreamConsumer(settings, transport: transport)
            let service = ConfigStreamService(consumer, logger: logger)
            let server = Server()
            let group = ServiceGroup(services: [service, server], gracefulShutdownSignals: [], logger: logger)
            async let running: Void = group.run()
            try await consumer.waitReady(timeout: patience)
            await group.triggerGracefulShutdown()
            try await running
            #expect(try metrics.expectCounter("configstream_consumer.connects").totalValue == 1)
        }
    }

#endif
