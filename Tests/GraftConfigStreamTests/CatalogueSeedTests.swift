// CatalogueSeedTests: the tests of the first consumer, by their names, under its profile and under ours.

import GraftConfigStream
import GraftTestKit
import Testing

/// What the first consumer's tests ask for (consumer_test.go).
@Suite("Catalogue: the seed's consumer") struct CatalogueSeedTests {
    /// An agent that says only what the test says.
    private func agent() -> InProcessCoreAgent {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        return agent
    }

    @Test(
        "TestConsumerSnapshot: typed values are readable and the sequence is the snapshot's",
        arguments: [StreamProfile.seed, .graft])
    func consumerSnapshot(profile: StreamProfile) async throws {
        let agent = agent()
        try await withConsumer(of: agent, testSettings(profile: profile)) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(
                snapshot(1, ["test.string": .string("value"), "test.int": .number(42), "test.bool": .bool(true)]))
            try await consumer.waitReady(timeout: patience)
            #expect(consumer.reader.getString("test.string") == "value")
            #expect(consumer.reader.getInt("test.int") == 42)
            #expect(consumer.reader.getBool("test.bool"))
            #expect(consumer.reader.sequenceID == 1)
        }
    }

    @Test(
        "TestConsumerUpdates: the update after the snapshot changes the value", arguments: [StreamProfile.seed, .graft])
    func consumerUpdates(profile: StreamProfile) async throws {
        let agent = agent()
        try await withConsumer(of: agent, testSettings(profile: profile)) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(1, ["key1": .string("value1")]))
            agent.send(update(2, "key1", .string("value2")))
            let reader = try await consumer.reader.atLeast(sequence: 2)
            #expect(reader.getString("key1") == "value2")
            #expect(reader.sequenceID == 2)
        }
    }

    @Test(
        "TestConsumerStaleUpdates: an update whose number has passed changes nothing",
        arguments: [StreamProfile.seed, .graft])
    func consumerStaleUpdates(profile: StreamProfile) async throws {
        let agent = agent()
        try await withConsumer(of: agent, testSettings(profile: profile)) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(5, ["key1": .string("value1")]))
            agent.send(update(3, "key1", .string("stale")))
            agent.send(update(6, "other", .bool(true)))
            let reader = try await consumer.reader.atLeast(sequence: 6)
            #expect(reader.getString("key1") == "value1")
            #expect(consumer.counters.droppedStale == 1)
        }
    }

    @Test("TestConsumerChangeSubscription: a subscriber hears of the snapshot, then of the update with both values")
    func consumerChangeSubscription() async throws {
        let agent = agent()
        try await withConsumer(of: agent) { consumer in
            var changes = consumer.changes().makeAsyncIterator()
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(1, ["key1": .string("value1")]))
            agent.send(update(2, "key1", .string("value2")))
            let first = await changes.next()
            #expect(first?.changes.map(\.new) == [.string("value1")])
            #expect(first?.changes.map(\.old) == [StreamValue?.none])
            let second = await changes.next()
            #expect(
                second
                    == .change(
                        StreamChange(
                            key: "key1", old: .string("value1"), new: .string("value2"), source: .file,
                            position: StreamPosition(epoch: 1, sequence: 2))))
        }
    }

    @Test("TestConsumerAppliesUpdatesInOrder: after an empty snapshot, four updates in order")
    func appliesUpdatesInOrder() async throws {
        let agent = agent()
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            await #expect(throws: StreamError.self) { try await consumer.waitReady(timeout: .milliseconds(100)) }
            agent.send(snapshot(1))
            for number in 2...5 { agent.send(update(Int32(number), "counter", .number(Double(number)))) }
            let reader = try await consumer.reader.atLeast(sequence: 5)
            #expect(reader.getInt("counter") == 5)
            #expect(reader.sequenceID == 5)
        }
    }

    @Test("TestUsagePatternNonBlocking: reads before the snapshot give zero values, and a change brings the new one")
    func usagePatternNonBlocking() async throws {
        let agent = agent()
        try await withConsumer(of: agent) { consumer in
            #expect(consumer.reader.getInt("port") == 0)
            #expect(!consumer.reader.isSet("port"))
            var changes = consumer.changes(.key("port")).makeAsyncIterator()
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(1, ["port": .number(8080), "host": .string("h")]))
            agent.send(update(2, "port", .number(9090)))
            _ = await changes.next()
            #expect(await changes.next()?.changes.first?.new?.integer == 9090)
            #expect(consumer.reader.getInt("port") == 9090)
        }
    }

    @Test("TestUsagePatternBlockingTimeout: waiting fails in time and says what it waited for")
    func usagePatternBlockingTimeout() async throws {
        let agent = agent()
        try await withConsumer(of: agent) { consumer in
            let begun = ContinuousClock.now
            let error = await #expect(throws: StreamError.self) {
                try await consumer.waitReady(timeout: .milliseconds(200))
            }
            #expect(error?.code == .notReady)
            #expect(error?.message.hasPrefix("timed out waiting for config snapshot") == true)
            #expect(ContinuousClock.now - begun >= .milliseconds(200))
        }
    }

    @Test("TestUsagePatternMultipleWaiters: one snapshot releases five waiters")
    func usagePatternMultipleWaiters() async throws {
        let agent = agent()
        try await withConsumer(of: agent) { consumer in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 { group.addTask { try await consumer.waitReady(timeout: patience) } }
                await agent.wait { $0.streamsOpen == 1 }
                agent.send(snapshot(1))
                try await group.waitForAll()
            }
        }
    }

    @Test("A gap under the seed's profile freezes the configuration until a snapshot comes")
    func seedGapFreezes() async throws {
        let agent = agent()
        try await withConsumer(of: agent, testSettings(profile: .seed)) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(1, ["a": .number(1)]))
            agent.send(update(3, "a", .number(3)))
            agent.send(update(4, "a", .number(4)))
            agent.send(snapshot(9, ["a": .number(9)]))
            let reader = try await consumer.reader.atLeast(sequence: 9)
            #expect(reader.getInt("a") == 9)
            #expect(consumer.counters.droppedBehindGap == 2)
            #expect(consumer.counters.updates == 0)
            #expect(consumer.counters.connects == 1)
        }
    }

    @Test(
        "A snapshot with number 0 is stale for the seed's profile and good for ours",
        arguments: [StreamProfile.seed, .graft])
    func snapshotZero(profile: StreamProfile) async throws {
        let agent = agent()
        try await withConsumer(of: agent, testSettings(profile: profile)) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(0, ["a": .number(1)]))
            agent.send(snapshot(1, ["a": .number(2)]))
            _ = try await consumer.reader.atLeast(sequence: 1)
            #expect(consumer.counters.droppedStale == (profile == .seed ? 1 : 0))
            #expect(consumer.counters.snapshots == (profile == .seed ? 1 : 2))
        }
    }
}
