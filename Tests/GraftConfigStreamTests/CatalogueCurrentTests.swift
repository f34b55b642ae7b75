// CatalogueCurrentTests: the tests of the newest consumer, by their names.
//
// Owns those of integration_test.go and session_test.go that are about session, order and removal. What belongs to the process's own
// configuration (overrides, dropped environment variables) is not a stream's.

import GraftConfigStream
import GraftTestKit
import Testing

/// What the newest consumer's tests ask for.
@Suite("Catalogue: the newest consumer") struct CatalogueCurrentTests {
    @Test(
        "TestStartBlocksUntilSnapshot, TestUsagePatternBlocking: `run` begins at once, `waitReady` ends with the snapshot, and all is there"
    )
    func startBlocks() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            let waiting = Task {
                try await consumer.waitReady(timeout: patience)
                return consumer.reader.allSettings()
            }
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(1, ["a": .number(1), "b": .string("x")]))
            let all = try await waiting.value
            #expect(all == ["a": .number(1), "b": .string("x")])
        }
    }

    @Test("TestRunBlocksUntilConfigStreamSnapshot: nobody is ready before the snapshot, everybody after")
    func blocksUntilSnapshot() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            await #expect(throws: StreamError.self) { try await consumer.waitReady(timeout: .milliseconds(100)) }
            #expect(consumer.state == .awaitingSnapshot)
            agent.send(snapshot(1))
            try await consumer.waitReady(timeout: patience)
            #expect(consumer.state == .live)
        }
    }

    @Test(
        "TestConsumerReregistersAfterStreamRejectsSession: a stream that is refused leads to a new session, not to refreshes"
    )
    func reregisters() async throws {
        let agent = InProcessCoreAgent(refreshIntervalSeconds: 60)
        agent.answerOpenings([StreamFailure(.permissionDenied, "session_id 'session-1' not found")])
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            #expect(agent.counts.registrations == 2)
            #expect(agent.counts.refreshes == 0)
            #expect(consumer.sessionID == "session-2")
            #expect(consumer.counters.resyncs[.session] == 1)
        }
    }

    @Test("TestConsumerRefreshesSession: a session is refreshed and kept")
    func refreshes() async throws {
        let agent = InProcessCoreAgent(refreshIntervalSeconds: 0)
        var settings = testSettings()
        settings.refreshInterval = .milliseconds(5)
        try await withConsumer(of: agent, settings) { consumer in
            await agent.wait { $0.refreshes >= 2 }
            #expect(agent.counts.registrations == 1)
            #expect(consumer.sessionID == "session-1")
        }
    }

    @Test("TestConsumerKeepsSessionAfterTransientRefreshFailure: what says nothing about the session changes nothing")
    func keepsSession() async throws {
        let agent = InProcessCoreAgent(refreshIntervalSeconds: 0)
        agent.answerRefreshes([
            StreamFailure(.unavailable, "gone"), StreamFailure(.deadlineExceeded, "late"), nil, nil,
        ])
        var settings = testSettings()
        settings.refreshInterval = .milliseconds(5)
        try await withConsumer(of: agent, settings) { consumer in
            await agent.wait { $0.refreshes >= 4 }
            #expect(agent.counts.registrations == 1)
            #expect(consumer.sessionID == "session-1")
            #expect(consumer.counters.sessionRefreshFailures == 2)
        }
    }

    @Test("TestInvalidateSessionWakesSessionLoop: a refresh that rejects the session replaces it and the stream")
    func refreshRejects() async throws {
        let agent = InProcessCoreAgent(refreshIntervalSeconds: 0)
        var settings = testSettings()
        settings.refreshInterval = .milliseconds(5)
        agent.set("a", .number(1))
        try await withConsumer(of: agent, settings) { consumer in
            try await consumer.waitReady(timeout: patience)
            agent.forgetSessions()
            await agent.wait { $0.registrations >= 2 && $0.streamsOpened >= 2 }
            _ = try await consumer.reader.atLeast(sequence: 1, epoch: 2)
            #expect(consumer.reader.getInt("a") == 1)
            #expect(agent.counts.streamsOpen == 1)
        }
    }

    @Test(
        "TestUnsetUpdateRestoresShadowedValue: value and source fall back", arguments: [StreamProfile.current, .graft])
    func unsetRestores(profile: StreamProfile) async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent, testSettings(profile: profile)) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(1, ["k": .string("runtime")], source: "agent-runtime"))
            agent.send(update(2, "k", .string("from-env"), source: "environment-variable", unset: "agent-runtime"))
            let reader = try await consumer.reader.atLeast(sequence: 2)
            #expect(reader.getString("k") == "from-env")
            #expect(reader.source(of: "k") == .environmentVariable)
        }
    }

    @Test("TestSnapshotRetractsLayerRemovedWhileDisconnected: what the new snapshot does not say is gone")
    func snapshotRetracts() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(1, ["k": .string("file")]))
            agent.send(update(2, "k", .string("cli"), source: "cli"))
            let now = try await consumer.reader.atLeast(sequence: 2)
            #expect(now.source(of: "k") == .cli)
            agent.endStreams()
            await agent.wait { $0.streamsOpened == 2 && $0.streamsOpen == 1 }
            agent.send(snapshot(3, ["k": .string("file")]))
            let reader = try await consumer.reader.atLeast(sequence: 3)
            #expect(reader.getString("k") == "file")
            #expect(reader.allSources(of: "k").map(\.source) == [.file])
        }
    }

    @Test("Under the profile of the consumer that was merged first, what a snapshot does not say stays")
    func mergedNeverRemoves() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent, testSettings(profile: .merged)) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(1, ["k": .string("cli")], source: "cli"))
            agent.send(snapshot(2, ["k": .string("file")]))
            let now = try await consumer.reader.atLeast(sequence: 2)
            #expect(now.getString("k") == "cli")
            #expect(consumer.reader.allSources(of: "k").map(\.source) == [.cli, .file])
        }
    }

    @Test("TestApplySnapshotAfterStreamReset: a lower number, also 0, is good on a new stream and stale on the old one")
    func lowerNumberAfterReset() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(10, ["k": .number(10)]))
            agent.send(snapshot(4, ["k": .number(4)]))
            agent.send(update(11, "k", .number(11)))
            let now = try await consumer.reader.atLeast(sequence: 11)
            #expect(now.getInt("k") == 11)
            #expect(consumer.counters.droppedStale == 1)
            agent.restart()
            await agent.wait { $0.streamsOpened == 2 && $0.streamsOpen == 1 }
            agent.send(snapshot(0, ["k": .number(0)]))
            let reader = try await consumer.reader.atLeast(sequence: 0, epoch: 2)
            #expect(reader.getInt("k") == 0)
            #expect(reader.position == StreamPosition(epoch: 2, sequence: 0))
        }
    }

    @Test("Under the seed's profile a restarted core agent's snapshot is stale: the configuration stays as it was")
    func seedIsPinnedAfterRestart() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent, testSettings(profile: .seed)) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(10, ["k": .number(10)]))
            _ = try await consumer.reader.atLeast(sequence: 10)
            agent.restart()
            await agent.wait { $0.streamsOpened == 2 && $0.streamsOpen == 1 }
            agent.send(snapshot(3, ["k": .number(3)]))
            agent.send(snapshot(11, ["k": .number(11)]))
            _ = try await consumer.reader.atLeast(sequence: 11)
            #expect(consumer.counters.droppedStale == 1)
        }
    }

    @Test("TestSnapshotPreservesEndUserDeviceProcessCollection: value and source follow three snapshots")
    func threeSnapshots() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        let key = "process_config.process_collection.enabled"
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            for (number, value, source) in [(1, true, "infra-mode"), (2, false, "file"), (3, true, "infra-mode")] {
                agent.send(snapshot(Int32(number), [key: .bool(value)], source: source))
                let reader = try await consumer.reader.atLeast(sequence: Int32(number))
                #expect(reader.getBool(StreamKey(key)) == value)
                #expect(reader.source(of: StreamKey(key)) == StreamSource(source))
            }
        }
    }

    @Test("TestOnlySnapshotsSignalReadiness: updates 0 and 1 are applied and make nobody ready; snapshot 2 does")
    func onlySnapshotsSignalReadiness() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            var changes = consumer.changes().makeAsyncIterator()
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(update(0, "k", .number(0)))
            agent.send(update(1, "k", .number(1)))
            _ = await changes.next()
            _ = await changes.next()
            #expect(consumer.reader.getInt("k") == 1)
            #expect(consumer.counters.updates == 2)
            await #expect(throws: StreamError.self) { try await consumer.waitReady(timeout: .milliseconds(50)) }
            agent.send(snapshot(2, ["k": .number(2)]))
            try await consumer.waitReady(timeout: patience)
        }
    }

    @Test("TestStaleSnapshotDoesNotSignalReadiness: a snapshot whose number has passed is not one")
    func staleSnapshotIsNotReadiness() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        var profile = StreamProfile.current
        profile.before = 10
        try await withConsumer(of: agent, testSettings(profile: profile)) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(4))
            agent.send(update(11, "k", .number(1)))
            var changes = consumer.changes(fromTheBeginning: true).makeAsyncIterator()
            _ = await changes.next()
            #expect(consumer.counters.droppedStale == 1)
            await #expect(throws: StreamError.self) { try await consumer.waitReady(timeout: .milliseconds(50)) }
        }
    }

    @Test(
        "TestSecurityAgentLogLevelOverridesBaseKey: in force when the consumer is ready, gone with the own key; an empty one is none"
    )
    func overridesBaseKey() async throws {
        let agent = InProcessCoreAgent()
        agent.set("log_level", .string("info"))
        agent.set("security_agent.log_level", .string("debug"))
        var settings = testSettings()
        settings.overrides = StreamOverride.usual(for: "security-agent")
        try await withConsumer(of: agent, settings) { consumer in
            try await consumer.waitReady(timeout: patience)
            #expect(consumer.reader.getString("log_level") == "debug")
            #expect(consumer.reader.source(of: "log_level") == .agentRuntime)
            agent.set("log_level", .string("trace"), source: .cli)
            var number = agent.unset("log_level", source: .cli)
            _ = try await consumer.reader.atLeast(sequence: number)
            #expect(consumer.reader.getString("log_level") == "debug")
            number = agent.set("security_agent.log_level", .string(""))
            _ = try await consumer.reader.atLeast(sequence: number)
            #expect(consumer.reader.getString("log_level") == "info")
            agent.set("security_agent.log_level", .string("warn"))
            number = agent.unset("security_agent.log_level", source: .file)
            let reader = try await consumer.reader.atLeast(sequence: number)
            #expect(reader.getString("log_level") == "info" && reader.source(of: "log_level") == .file)
        }
    }

    @Test(
        "TestLogLevelOverrideIsPerClient: each client has its own key, and others none",
        arguments: [
            ("security-agent", "s"), ("process-agent", "p"), ("trace-agent", "t"), ("system-probe", "y"),
            ("other", "base"),
        ])
    func overridesArePerClient(client: String, level: String) async throws {
        let agent = InProcessCoreAgent()
        agent.set("log_level", .string("base"))
        agent.set("security_agent.log_level", .string("s"))
        agent.set("process_config.log_level", .string("p"))
        agent.set("apm_config.log_level", .string("t"))
        agent.set("system_probe.log_level", .string("y"))
        var settings = StreamSettings(clientName: client)
        settings.backoff = testSettings().backoff
        try await withConsumer(of: agent, settings) { consumer in
            try await consumer.waitReady(timeout: patience)
            #expect(consumer.reader.getString("log_level") == level)
            #expect(consumer.reader.getString("apm_config.log_level") == "t")
        }
    }

    @Test("TestCurrentRefreshIntervalFallsBackToDefault: 10 s when the core agent leaves it to the client")
    func usualRefreshInterval() {
        #expect(StreamSettings(clientName: "x").refreshInterval == .seconds(10))
    }

    @Test("TestSessionRejected: three codes reject a session, the others say nothing about it")
    func sessionRejected() {
        for code: StreamFailure.Code in [.notFound, .permissionDenied, .unauthenticated] {
            #expect(StreamFailure(code, "").rejectsSession)
        }
        for code: StreamFailure.Code in [.unavailable, .deadlineExceeded, .unknown, .internalError, .cancelled] {
            #expect(!StreamFailure(code, "").rejectsSession)
        }
    }
}
