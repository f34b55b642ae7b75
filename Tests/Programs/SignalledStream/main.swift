// SignalledStream: a program whose group of services is told by SIGTERM to end; the tests start it and read what it says. A
// program of its own, since a group leaves the signal ignored in its process and in those that it starts.
//
// Neighbours: ServiceTests knows what is to be said.
#if ConfigStream

    import Glibc
    import GraftConfigStream
    import GraftConfigStreamProvider
    import GraftTestKit
    import Logging
    import ServiceLifecycle
    import UnixSignals

    /// Runs a service in a group until it is live, signals the process, and says how that ended.
    func end(_ name: String, _ makeService: (ConfigStreamConsumer) -> any Service) async throws {
        let agent = InProcessCoreAgent()
        agent.set("n", .number(1))
        let consumer = try ConfigStreamConsumer(StreamSettings(clientName: name), transport: agent)
        let group = ServiceGroup(
            services: [makeService(consumer)], gracefulShutdownSignals: [.sigterm],
            logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await group.run() }
        // The group takes signals before it runs services.
        try await consumer.waitReady(timeout: .seconds(30))
        let begin = ContinuousClock.now
        kill(getpid(), SIGTERM)
        try await running.value
        let isInTime = ContinuousClock.now - begin < .seconds(1)
        print(
            "\(name) \(isInTime ? "in time" : "late") \(consumer.state), n \(consumer.reader.getInt("n")),",
            "connections \(agent.counts.connections)")
    }

    try await end("service") { ConfigStreamService($0) }
    try await end("provider") { ConfigStreamProvider($0) }

#endif
