// ServiceTests: a consumer in a group of services, and its log.
#if ConfigStream

    import GraftConfigStream
    import GraftConfigStreamProvider
    import GraftTestKit
    import Logging
    import Scenarios
    import ServiceLifecycle
    import Synchronization
    import Testing

    /// Reaches a core agent that never answers.
    private struct SilentTransport: StreamTransport {
        let address = "silent"

        func withConnection<Result: Sendable>(
            _ body: (any StreamConnection) async throws -> Result
        ) async throws -> Result {
            try await Task.sleep(for: .seconds(3600))
            throw StreamFailure(.unavailable, "an hour has passed")
        }
    }

    @Suite("A service", .timeLimit(.minutes(1))) struct ServiceTests {
        /// A group of one service.
        private func group(_ service: any Service) -> ServiceGroup {
            ServiceGroup(services: [service], logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() })
        }

        @Test("ends within a second of SIGTERM, and keeps what was received")
        func signal() throws {
            let scenario = try Scenario(of: "SignalledStream", [], seconds: 60)
            #expect(scenario.hasSucceeded)
            #expect(
                scenario.lines == [
                    "service in time disconnected, n 1, connections 0",
                    "provider in time disconnected, n 1, connections 0",
                ])
        }

        @Test("ends at once while nobody answers")
        func silent() async throws {
            let consumer = try ConfigStreamConsumer(testSettings(), transport: SilentTransport())
            let group = group(ConfigStreamService(consumer))
            let running = Task { try await group.run() }
            for await state in consumer.stateChanges() where state == .connecting { break }
            let begin = ContinuousClock.now
            await group.triggerGracefulShutdown()
            try await running.value
            #expect(.now - begin < .seconds(1))
        }

        @Test("ends with its task")
        func cancelled() async throws {
            let consumer = try ConfigStreamConsumer(testSettings(), transport: agent())
            let service = ConfigStreamService(consumer)
            let running = Task { try await service.run() }
            try await consumer.waitReady(timeout: patience)
            running.cancel()
            try await running.value
            #expect(consumer.state == .disconnected)
        }

        @Test("does not run a consumer that runs")
        func twice() async throws {
            try await withConsumer(of: agent()) { consumer in
                try await consumer.waitReady(timeout: patience)
                let service = ConfigStreamService(consumer, logger: Lines().logger)
                let error = await #expect(throws: StreamError.self) { try await service.run() }
                #expect(error?.code == .alreadyRun)
                #expect(consumer.state == .live)
            }
        }

        @Test("logs each state and each failure once, with who and where, and no value")
        func log() async throws {
            let agent = agent(["password": .string("hunter2")])
            let refusal = StreamFailure(.unavailable, "nobody is there")
            agent.answerOpenings([refusal, refusal, refusal])
            let lines = Lines()
            let consumer = try ConfigStreamConsumer(testSettings(), transport: agent)
            let service = ConfigStreamService(consumer, logger: lines.logger)
            let running = Task { try await service.run() }
            try await consumer.waitReady(timeout: patience)
            _ = try await consumer.reader.atLeast(sequence: agent.set("password", .string("hunter3")))
            agent.saySnapshots(false)
            agent.endStreams(StreamFailure(.internalError, "it broke"))
            await agent.wait { $0.streamsOpened == 2 }
            agent.sendSnapshot()
            for await state in consumer.stateChanges() where state == .live { break }
            consumer.stop()
            try await running.value

            #expect(lines.count(.warning, "config stream trouble: unavailable: nobody is there") == 1)
            #expect(lines.count(.warning, "config stream trouble: internal: it broke") == 1)
            #expect(lines.count(.info, "config stream is live") == 2)
            #expect(lines.count(.warning, "config stream is stale since ") == 1)
            #expect(lines.count(.debug, "config stream is disconnected") == 2)
            let all = lines.all
            let first = try #require(all.first { $0.text == "config stream is live" })
            #expect(first.metadata == ["name": "test", "state": "live", "epoch": "1", "sequence": "1"])
            let trouble = try #require(all.first { $0.text.contains("it broke") })
            #expect(
                trouble.metadata == [
                    "name": "test", "state": "stale", "epoch": "1", "sequence": "2", "failure": "internal",
                ])
            #expect(!all.contains { "\($0)".contains("hunter") })
            for (line, next) in zip(all, all.dropFirst()) { #expect(line.text != next.text) }
        }

        @Test("logs a failure that lasts as an error")
        func failed() async throws {
            let agent = agent()
            agent.answerRegistrations([StreamFailure(.unimplemented, "remote agent registry not enabled")])
            let lines = Lines()
            let consumer = try ConfigStreamConsumer(testSettings(), transport: agent)
            let provider = ConfigStreamProvider(consumer, options: options { $0.logger = lines.logger })
            let running = Task { try await provider.run() }
            try await consumer.waitReady(timeout: patience)
            consumer.stop()
            try await running.value
            #expect(
                lines.count(.error, "config stream is failed: unimplemented: remote agent registry not enabled") == 1)
            #expect(lines.count(.warning, "") == 0)
        }
    }

    /// The lines of a log.
    private final class Lines: Sendable {
        /// One line.
        struct Line: Sendable {
            let level: Logger.Level
            let text: String
            let metadata: [String: String]
        }

        private let lines = Mutex<[Line]>([])

        /// A logger that writes here, everything.
        var logger: Logger { Logger(label: "stream") { _ in Handler(lines: self) } }
        /// Every line.
        var all: [Line] { lines.withLock { $0 } }

        /// How many lines of a level begin with a text.
        func count(_ level: Logger.Level, _ text: String) -> Int {
            all.count { $0.level == level && $0.text.hasPrefix(text) }
        }

        /// Writes into lines.
        private struct Handler: LogHandler {
            let lines: Lines
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.trace

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                let line = Line(
                    level: event.level, text: "\(event.message)",
                    metadata: (event.metadata ?? [:]).mapValues { "\($0)" })
                lines.lines.withLock { $0.append(line) }
            }
        }
    }

#endif
