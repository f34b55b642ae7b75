// ConsumerTests: a whole consumer against a real core agent that does what it should not.
//
// Owns gaps, restarts and rejections over the wire; each ends with the reader equal to the core agent's state, key by key.
// Neighbours: CoreAgent is told what to do.
#if ConfigStream

    import Foundation
    import GraftConfigStream
    import Testing

    @testable import GraftConfigStreamGRPC

    extension OverGRPC {
        @Suite struct ConsumerTests {
            /// Runs a consumer of a core agent while `body` runs, and then compares the two.
            private func follow(
                _ agent: CoreAgent, _ body: (ConfigStreamConsumer) async throws -> Void
            ) async throws {
                var settings = StreamSettings(clientName: "tests")
                settings.backoff = StreamBackoff(initial: .milliseconds(5), cap: .milliseconds(100))
                let consumer = try ConfigStreamConsumer(settings, transport: agent.transport())
                let running = Task { try await consumer.run() }
                let result: Result<Void, any Error>
                do {
                    try await consumer.waitReady(timeout: .seconds(30))
                    try await body(consumer)
                    let last = try #require(
                        try agent.command("set", ["key": "last", "value": true])["sequence"] as? Int32)
                    let reader = try await consumer.reader.atLeast(sequence: last)
                    #expect(try state(of: agent) == reader.allSettings().mapValues(\.json))
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
                consumer.stop()
                try await running.value
                try result.get()
            }

            /// The core agent's settings, each as JSON.
            private func state(of agent: CoreAgent) throws -> [String: String] {
                let answer = try agent.command("state")
                let settings = try #require(answer["settings"] as? [String: [String: Any]])
                return try settings.mapValues { setting in
                    let value = setting["value"] ?? NSNull()
                    let json = try JSONSerialization.data(
                        withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
                    return String(decoding: json, as: UTF8.self)
                }
            }

            @Test func anOverflowOfTheServersBufferIsNoticedAndCured() async throws {
                let agent = try CoreAgent()
                try agent.command("load", ["settings": ["a": 1, "b": "x"]])
                try await follow(agent) { consumer in
                    try agent.command("wait", ["subscribers": 1])
                    try agent.command("hold")
                    // More than the hundred that the server keeps for a subscriber; it does not tell that it has dropped some.
                    for number in 1...130 { try agent.command("set", ["key": "k\(number % 20)", "value": number]) }
                    try agent.command("release")
                    let last = try #require(try agent.command("set", ["key": "a", "value": 2])["sequence"] as? Int32)
                    _ = try await consumer.reader.atLeast(sequence: last)
                    #expect(consumer.counters.resyncs == [.gap: 1])
                    #expect(consumer.counters.sessionRegistrations == 1)
                }
            }

            @Test func lostReorderedAndDoubledUpdatesLeaveTheReaderRight() async throws {
                let agent = try CoreAgent()
                try await follow(agent) { _ in
                    for kind in ["drop", "duplicate", "reorder"] {
                        try agent.command("wait", ["subscribers": 1])
                        try agent.command("fault", ["kind": kind, "count": 2])
                        for number in 1...6 {
                            try agent.command("set", ["key": "\(kind).\(number % 3)", "value": number])
                        }
                    }
                }
            }

            @Test func aRestartWithLowerNumbersAndASessionThatIsForgottenAreFollowed() async throws {
                let agent = try CoreAgent(["--sequence", "1000"])
                try agent.command("load", ["settings": ["a": 1]])
                try await follow(agent) { consumer in
                    let epoch = consumer.reader.position.epoch
                    try agent.command("restart", ["settings": ["a": 7]])
                    _ = try await consumer.reader.atLeast(sequence: 0, epoch: epoch + 1)
                    #expect(consumer.reader.getInt("a") == 7)
                    #expect(consumer.reader.sequenceID < 1000)
                    let registrations = consumer.counters.sessionRegistrations
                    try agent.command("wait", ["subscribers": 1])
                    try agent.command("evict")
                    let next = consumer.reader.position.epoch + 1
                    _ = try await consumer.reader.atLeast(sequence: 0, epoch: next)
                    #expect(consumer.counters.sessionRegistrations == registrations + 1)
                }
            }

            @Test func aSnapshotOf30MiBIsFollowedByItsUpdates() async throws {
                let agent = try CoreAgent()
                try agent.command("fill", ["count": 300, "size": 102_400])
                try await follow(agent) { consumer in
                    #expect(consumer.reader.count == 300)
                    #expect(consumer.counters.bytes > 30_000_000)
                }
            }

            @Test func theWrapOfTheServersNumbersIsNoGap() async throws {
                let agent = try CoreAgent(["--sequence", "\(Int32.max - 2)"])
                try await follow(agent) { consumer in
                    try agent.command("wait", ["subscribers": 1])
                    for number in 1...5 { try agent.command("set", ["key": "k", "value": number]) }
                    _ = try await consumer.reader.atLeast(sequence: Int32.min + 2)
                    #expect(consumer.counters.resyncTotal == 0)
                    #expect(consumer.reader.getInt("k") == 5)
                }
            }
        }
    }

#endif
