// ResilienceTests: what nobody else tests.
//
// Owns gaps, restarts, ends and stops: the list of the reference that no other consumer has tests for.

import GraftConfigStream
import GraftTestKit
import Testing

/// What a consumer does when things go wrong.
@Suite("Resilience") struct ResilienceTests {
    @Test(
        "A gap is cured by a second stream, without a moment in which there is no stream",
        arguments: [StreamProfile.graft, .current])
    func gapIsCured(profile: StreamProfile) async throws {
        let agent = InProcessCoreAgent()
        agent.set("k", .number(1))
        try await withConsumer(of: agent, testSettings(profile: profile)) { consumer in
            try await consumer.waitReady(timeout: patience)
            agent.loseChanges(1)
            agent.set("k", .number(2))
            let number = agent.set("other", .number(3))
            let reader = try await consumer.reader.atLeast(sequence: number)
            #expect(reader.getInt("k") == 2)
            #expect(reader.getInt("other") == 3)
            #expect(reader.position.epoch == 2)
            #expect(consumer.counters.resyncs == [.gap: 1])
            await agent.wait { $0.streamsOpen == 1 }
        }
    }

    @Test("A snapshot that the core agent sends by itself cures the gap, and the second stream is not wanted")
    func gapIsCuredByServer() async throws {
        let agent = InProcessCoreAgent()
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            agent.saySnapshots(false)
            agent.loseChanges(1)
            agent.set("k", .number(1))
            agent.set("k", .number(2))
            await agent.wait { $0.streamsOpen == 2 }
            #expect(consumer.state != .live)
            agent.sendSnapshot()
            let now = try await consumer.reader.atLeast(sequence: 2)
            #expect(now.getInt("k") == 2)
            await agent.wait { $0.streamsOpen == 1 }
            #expect(consumer.state == .live)
        }
    }

    @Test("What is lost last is seen with the next change")
    func trailingLoss() async throws {
        let agent = InProcessCoreAgent()
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            agent.loseChanges(3)
            for number in 1...3 { agent.set("k", .number(Double(number))) }
            let number = agent.set("other", .bool(true))
            let now = try await consumer.reader.atLeast(sequence: number)
            #expect(now.getInt("k") == 3)
        }
    }

    @Test("A clean end is followed by a pause: a core agent that ends every stream is not asked without rest")
    func cleanEndsArePaced() async throws {
        let agent = InProcessCoreAgent()
        let backoff = StreamBackoff(initial: .milliseconds(20), cap: .seconds(60))
        try await withConsumer(of: agent, testSettings(backoff: backoff)) { consumer in
            for round in 1...6 {
                await agent.wait { $0.streamsOpened == round && $0.streamsOpen == 1 }
                agent.endStreams()
            }
            #expect(consumer.counters.resyncs[.ended, default: 0] >= 5)
            // Six pauses of at most 20, 40, … ms; without them the streams would be thousands.
            #expect(agent.counts.streamsOpened <= 7)
        }
    }

    @Test("A core agent that restarts with lower numbers is followed, and the configuration is never gone")
    func restart() async throws {
        let agent = InProcessCoreAgent()
        for number in 1...50 { agent.set("k", .number(Double(number))) }
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            let states = consumer.stateChanges()
            agent.saySnapshots(false)
            agent.restart()
            await agent.wait { $0.streamsOpen == 1 }
            #expect(consumer.reader.getInt("k") == 50)
            agent.set("k", .number(7))
            agent.sendSnapshot()
            let reader = try await consumer.reader.atLeast(sequence: 1, epoch: 2)
            #expect(reader.getInt("k") == 7)
            #expect(reader.sequenceID == 1)
            consumer.stop()
            var seen: [String] = []
            for await state in states { seen.append(String(state.description.prefix { $0 != " " })) }
            #expect(seen == ["live", "stale", "live", "disconnected"])
        }
    }

    @Test("Two snapshots on one stream: the later one counts, an earlier number is stale")
    func twoSnapshots() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(3, ["a": .number(3), "gone": .bool(true)]))
            agent.send(snapshot(7, ["a": .number(7)]))
            agent.send(snapshot(5, ["a": .number(5)]))
            agent.send(update(8, "b", .number(8)))
            let reader = try await consumer.reader.atLeast(sequence: 8)
            #expect(reader.allSettings() == ["a": .number(7), "b": .number(8)])
            #expect(reader.position.epoch == 1)
        }
    }

    @Test("Numbers that wrap from 2^31 - 1 to -2^31 follow one another, and later than the wrap is later")
    func wrap() async throws {
        let agent = InProcessCoreAgent(sequence: Int32.max - 1)
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            for number in 1...3 { agent.set("k", .number(Double(number))) }
            let reader = try await consumer.reader.atLeast(sequence: Int32.min + 1)
            #expect(reader.getInt("k") == 3)
            #expect(reader.sequenceID == Int32.min + 1)
            #expect(consumer.counters.updates == 3)
            #expect(consumer.counters.connects == 1)
        }
    }

    @Test("A snapshot whose number has wrapped is taken, and -1 is followed by 0")
    func wrappedSnapshot() async throws {
        let agent = InProcessCoreAgent(sequence: -2)
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            for number in 1...3 { agent.set("k", .number(Double(number))) }
            let now = try await consumer.reader.atLeast(sequence: 1)
            #expect(now.getInt("k") == 3)
            #expect(consumer.counters.connects == 1)
        }
    }

    @Test("Empty events and updates of nothing are counted and change nothing")
    func emptyEvents() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(.empty)
            agent.send(snapshot(1))
            agent.send(.empty)
            agent.send(.update(StreamUpdate(origin: "", sequence: 2, setting: nil)))
            agent.send(update(2, "k", .number(2)))
            let now = try await consumer.reader.atLeast(sequence: 2)
            #expect(now.getInt("k") == 2)
            #expect(consumer.counters.malformed == 3)
            #expect(consumer.counters.connects == 1)
        }
    }

    @Test("An update before the snapshot is not applied, and the stream that has it is replaced")
    func updateBeforeSnapshot() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.saySnapshots(true)
            agent.send(update(5, "k", .number(5)))
            try await consumer.waitReady(timeout: patience)
            #expect(!consumer.reader.isSet("k"))
            #expect(consumer.counters.droppedBeforeSnapshot == 1)
        }
    }

    @Test("Stopping works in every phase: while connecting, registering, waiting, awaiting the snapshot, and live")
    func stopsInEveryPhase() async throws {
        for phase in 0..<4 {
            let agent = InProcessCoreAgent()
            agent.saySnapshots(false)
            if phase == 1 {
                agent.answerRegistrations(Array(repeating: StreamFailure(.unavailable, "nobody"), count: 99))
            }
            let backoff = phase == 1 ? StreamBackoff(initial: .seconds(600), cap: .seconds(600)) : StreamBackoff()
            try await withConsumer(of: agent, testSettings(backoff: backoff)) { consumer in
                if phase >= 2 { await agent.wait { $0.streamsOpen == 1 } }
                if phase == 3 {
                    agent.send(snapshot(1))
                    try await consumer.waitReady(timeout: patience)
                }
                consumer.stop()
                consumer.stop()
            }
            #expect(agent.counts.streamsOpen == 0)
            #expect(agent.counts.connections == 0)
        }
    }

    @Test("When it is stopped, those who wait and those who listen are told")
    func stopReleasesEverybody() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            let waiter = Task { try await consumer.waitReady(timeout: patience) }
            let barrier = Task { try await consumer.reader.atLeast(sequence: 5).sequenceID }
            let changes = consumer.changes()
            consumer.stop()
            await #expect(throws: StreamError.self) { try await waiter.value }
            await #expect(throws: StreamError.self) { try await barrier.value }
            for await _ in changes { Issue.record("there was nothing to be told") }
            #expect(consumer.state == .disconnected)
        }
    }

    @Test("A consumer runs once")
    func runsOnce() async throws {
        let consumer = try ConfigStreamConsumer(testSettings(), transport: InProcessCoreAgent())
        consumer.stop()
        try await consumer.run()
        let error = await #expect(throws: StreamError.self) { try await consumer.run() }
        #expect(error?.code == .alreadyRun)
    }

    @Test("A core agent that is too old is a failure that can be seen, and is asked again at the longest pause only")
    func tooOld() async throws {
        let agent = InProcessCoreAgent()
        agent.answerRegistrations([StreamFailure(.unimplemented, "remote agent registry not enabled")])
        let backoff = StreamBackoff(initial: .milliseconds(1), cap: .seconds(600))
        try await withConsumer(of: agent, testSettings(backoff: backoff)) { consumer in
            for await state in consumer.stateChanges() {
                if case .failed(let failure) = state {
                    #expect(failure.code == .unimplemented)
                    break
                }
            }
            #expect(agent.counts.registrations == 0)
        }
    }

    @Test("A provider is asked again when the session that it gave was rejected")
    func provider() async throws {
        let agent = InProcessCoreAgent()
        let other = try await agent.withConnection { connection in
            let request = RegistrationRequest(pid: "", flavor: "f", displayName: "d", apiEndpointURI: "https://x")
            return try await connection.register(request).sessionID
        }
        let asked = AskedTimes()
        let session = StreamSession.provided { asked.next() == 1 ? "nobody's" : other }
        try await withConsumer(of: agent, testSettings(session: session)) { consumer in
            try await consumer.waitReady(timeout: patience)
            #expect(asked.count == 2)
            #expect(consumer.sessionID == other)
        }
    }

    @Test("A fixed session that is rejected is a failure that can be seen")
    func fixedSession() async throws {
        let agent = InProcessCoreAgent()
        try await withConsumer(of: agent, testSettings(session: .fixed("nobody's"))) { consumer in
            for await state in consumer.stateChanges() {
                if case .failed(let failure) = state {
                    #expect(failure.code == .permissionDenied)
                    break
                }
            }
        }
    }

    @Test("A stream that says no snapshot in time is given up")
    func snapshotOverdue() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        var settings = testSettings()
        settings.snapshotTimeout = .milliseconds(20)
        try await withConsumer(of: agent, settings) { consumer in
            await agent.wait { $0.streamsOpened >= 2 }
            #expect(consumer.counters.resyncs[.transport, default: 0] >= 1)
            agent.saySnapshots(true)
            try await consumer.waitReady(timeout: patience)
        }
    }

    @Test("Settings that cannot be used are refused, each with its name")
    func settings() throws {
        var wrong: [(String, StreamSettings)] = []
        func add(_ name: String, _ change: (inout StreamSettings) -> Void) {
            var settings = testSettings()
            change(&settings)
            wrong.append((name, settings))
        }
        add("clientName") { $0.clientName = "" }
        add("session") { $0.session = .fixed("") }
        add("subscriberCapacity") { $0.subscriberCapacity = 0 }
        add("subscriberCapacity") { $0.subscriberCapacity = StreamSettings.subscriberCapacityMax + 1 }
        add("backoff.initial") { $0.backoff.initial = .zero }
        add("backoff.cap") { $0.backoff.cap = .zero }
        add("snapshotTimeout") { $0.snapshotTimeout = .zero }
        add("refreshInterval") { $0.refreshInterval = .zero }
        for (name, settings) in wrong {
            let error = #expect(throws: StreamError.self) {
                try ConfigStreamConsumer(settings, transport: InProcessCoreAgent())
            }
            #expect(error?.code == .setting)
            #expect(error?.message.contains(name) == true)
        }
        var largest = testSettings()
        largest.subscriberCapacity = StreamSettings.subscriberCapacityMax
        _ = try ConfigStreamConsumer(largest, transport: InProcessCoreAgent())
    }

    @Test("Pauses grow to the cap and no further, and each is at most its limit")
    func backoff() {
        let backoff = StreamBackoff(initial: .milliseconds(100), cap: .seconds(1))
        #expect(
            (0..<6).map { backoff.limit(attempt: $0) } == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
        #expect(backoff.limit(attempt: .max) == .seconds(1))
    }
}
