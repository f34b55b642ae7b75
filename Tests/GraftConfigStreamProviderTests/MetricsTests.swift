// MetricsTests: what a metrics system is told of what really happens to a consumer.
#if ConfigStream

    import GraftConfigStream
    import GraftConfigStreamProvider
    import GraftTestKit
    import MetricsTestKit
    import Testing

    @Suite("A metrics system", .timeLimit(.minutes(1))) struct MetricsTests {
        /// Everything that is measured, as it is named.
        static let prefix = "configstream_consumer."

        /// Runs a consumer whose measurements go to a system in memory; the system, when it is over.
        private func measure(
            _ agent: InProcessCoreAgent, _ body: (ConfigStreamConsumer) async throws -> Void
        ) async throws -> TestMetrics {
            let metrics = TestMetrics()
            var settings = testSettings(meter: MetricsMeter(factory: metrics))
            settings.refreshInterval = .milliseconds(1)
            try await withConsumer(of: agent, settings) { consumer in
                try await consumer.waitReady(timeout: patience)
                try await body(consumer)
            }
            return metrics
        }

        @Test("has every metric of the agent's other clients from the start, by name")
        func names() throws {
            let metrics = TestMetrics()
            _ = MetricsMeter(dimensions: [("client", "a")], factory: metrics)
            let counters = Set(metrics.counters.map(\.label))
            #expect(
                counters
                    == Set(
                        [
                            "reconnect_count", "dropped_stale_updates", "buffer_overflow_disconnects",
                            "session_registrations", "session_refresh_failures", "connects", "resyncs",
                        ].map { Self.prefix + $0 }))
            #expect(
                Set(metrics.recorders.map(\.label))
                    == [Self.prefix + "time_to_first_snapshot_seconds", Self.prefix + "last_sequence_id"])
            #expect(metrics.recorders.allSatisfy { !$0.aggregate })
            #expect(metrics.timers.map(\.label) == [Self.prefix + "apply_latency"])
            #expect(metrics.counters(label: Self.prefix + "resyncs").count == ResyncCause.allCases.count)
            #expect(metrics.counters.allSatisfy { $0.dimensions.first.map { $0 == ("client", "a") } == true })
            #expect(metrics.counters.allSatisfy { $0.totalValue == 0 })
        }

        @Test("is told of the first snapshot, of each event, and of what came too late")
        func events() async throws {
            let agent = agent(["n": .number(1)])
            let metrics = try await measure(agent) { consumer in
                agent.set("n", .number(2))
                agent.send(
                    .update(
                        StreamUpdate(origin: "", sequence: 1, setting: .init(key: "n", source: "cli", value: .null))))
                _ = try await consumer.reader.atLeast(sequence: agent.set("n", .number(3)))
            }
            let first = try metrics.expectGauge(Self.prefix + "time_to_first_snapshot_seconds")
            #expect(first.values.count == 1)
            #expect((0..<30).contains(first.values[0]) && first.values[0] > 0)
            #expect(try metrics.expectGauge(Self.prefix + "last_sequence_id").values == [1, 2, 3])
            #expect(try metrics.expectCounter(Self.prefix + "dropped_stale_updates").totalValue == 1)
            let latency = try metrics.expectTimer(Self.prefix + "apply_latency")
            #expect(latency.values.count == 3)
            #expect(latency.values.allSatisfy { $0 > 0 && $0 < 30_000_000_000 })
            #expect(try metrics.expectCounter(Self.prefix + "connects").totalValue == 1)
            #expect(try metrics.expectCounter(Self.prefix + "reconnect_count").totalValue == 0)
        }

        @Test("is told of a gap as of a buffer that overflowed")
        func gap() async throws {
            let agent = agent(["n": .number(1)])
            let metrics = try await measure(agent) { consumer in
                agent.loseChanges(1)
                agent.set("n", .number(2))
                _ = try await consumer.reader.atLeast(sequence: agent.set("n", .number(3)), epoch: 2)
            }
            #expect(try metrics.expectCounter(Self.prefix + "buffer_overflow_disconnects").totalValue == 1)
            #expect(try resyncs(metrics, .gap) == 1)
            #expect(try metrics.expectCounter(Self.prefix + "connects").totalValue == 2)
            #expect(try metrics.expectCounter(Self.prefix + "reconnect_count").totalValue == 1)
        }

        @Test("is told why each stream was given up")
        func causes() async throws {
            let agent = agent(["n": .number(1)])
            let metrics = try await measure(agent) { consumer in
                agent.endStreams()
                _ = try await consumer.reader.atLeast(sequence: 1, epoch: 2)
                agent.endStreams(StreamFailure(.unavailable, "gone"))
                _ = try await consumer.reader.atLeast(sequence: 1, epoch: 3)
                agent.restart()
                _ = try await consumer.reader.atLeast(sequence: agent.set("n", .number(1)), epoch: 4)
            }
            #expect(try resyncs(metrics, .ended) == 1)
            #expect(try resyncs(metrics, .gap) == 0)
            #expect(try resyncs(metrics, .malformed) == 0)
            let broken = try resyncs(metrics, .transport)
            let rejected = try resyncs(metrics, .session)
            // The restart breaks the stream; which of its two troubles is seen first is the scheduler's.
            #expect(broken >= 1 && broken + rejected >= 2)
            #expect(try metrics.expectCounter(Self.prefix + "session_registrations").totalValue == 2)
            #expect(try metrics.expectCounter(Self.prefix + "buffer_overflow_disconnects").totalValue == 0)
        }

        @Test("is told of sessions that could not be refreshed")
        func refreshes() async throws {
            let agent = InProcessCoreAgent(refreshIntervalSeconds: 0)
            let failure = StreamFailure(.unavailable, "busy")
            agent.answerRefreshes([failure, nil, failure])
            let metrics = try await measure(agent) { _ in await agent.wait { $0.refreshes >= 5 } }
            #expect(try metrics.expectCounter(Self.prefix + "session_refresh_failures").totalValue == 2)
            #expect(try metrics.expectCounter(Self.prefix + "session_registrations").totalValue == 1)
        }

        /// How many streams were given up for a cause.
        private func resyncs(_ metrics: TestMetrics, _ cause: ResyncCause) throws -> Int64 {
            try metrics.expectCounter(Self.prefix + "resyncs", [("cause", cause.rawValue)]).totalValue
        }
    }

#endif
