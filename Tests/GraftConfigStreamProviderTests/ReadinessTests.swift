// ReadinessTests: what is given when there is no configuration yet, or none that is fresh.
#if ConfigStream

    import Configuration
    import GraftConfigStream
    import GraftConfigStreamProvider
    import GraftTestKit
    import Testing

    /// Keeps one configuration of an earlier run.
    private struct FilledCache: StreamCache {
        let configuration: CachedConfiguration

        func load() throws(StreamError) -> CachedConfiguration? { configuration }
        func save(_ configuration: CachedConfiguration) throws(StreamError) {}
    }

    @Suite("A provider", .timeLimit(.minutes(1))) struct ReadinessTests {
        /// A consumer that does not run.
        private func idleConsumer() throws -> ConfigStreamConsumer {
            try ConfigStreamConsumer(testSettings(), transport: agent(["n": .number(1)]))
        }

        /// Makes a stream open and its snapshot not come: the configuration is stale until the agent says one.
        private func makeStale(_ provider: ConfigStreamProvider, _ agent: InProcessCoreAgent) async {
            agent.saySnapshots(false)
            agent.endStreams()
            await agent.wait { $0.streamsOpened == 2 }
            for await state in provider.consumer.stateChanges() { if case .stale = state { break } }
        }

        @Test("without a configuration has nothing, and the next one is asked")
        func absent() throws {
            let provider = ConfigStreamProvider(try idleConsumer())
            #expect(provider.content("n", .int) == nil)
            #expect(try provider.snapshot().value(forKey: "n", type: .int).value == nil)
            let config = ConfigReader(providers: [provider, InMemoryProvider(values: ["n": 7])])
            #expect(config.int(forKey: "n") == 7)
        }

        @Test("without a configuration fails, if it was told to; only getters that require see it")
        func fails() async throws {
            let provider = ConfigStreamProvider(try idleConsumer(), options: options { $0.whenNotReady = .fail })
            let error = #expect(throws: ConfigStreamProviderError.self) {
                try provider.value(forKey: "n", type: .int)
            }
            #expect(error?.code == .notReady)
            #expect(throws: ConfigStreamProviderError.self) {
                try provider.snapshot().value(forKey: "n", type: .int)
            }
            let config = ConfigReader(providers: [provider, InMemoryProvider(values: ["n": 7])])
            #expect(throws: (any Error).self) { try config.requiredInt(forKey: "n") }
            #expect(config.int(forKey: "n", default: 8) == 8)
            try await provider.watchValue(forKey: "n", type: .int) { updates in
                var results = updates.makeAsyncIterator()
                let first = await results.take()
                #expect(throws: ConfigStreamProviderError.self) { try first?.get() }
                let running = Task { try await provider.run() }
                #expect(await results.take()?.content == 1)
                provider.consumer.stop()
                try await running.value
            }
            #expect(provider.content("n", .int) == 1)
        }

        @Test("that waits to be ready fails in time, with what has gone wrong last")
        func readyWithin() async throws {
            let agent = agent()
            agent.saySnapshots(false)
            try await withConsumer(of: agent) { consumer in
                let error = await #expect(throws: StreamError.self) {
                    _ = try await ConfigStreamProvider(consumer, readyWithin: .milliseconds(50))
                }
                #expect(error?.code == .notReady)
            }
        }

        @Test("has what an earlier run has kept, and fetches nothing from it")
        func cached() async throws {
            var settings = testSettings()
            let savedAt = WallTime(nanoseconds: 1_700_000_000_000_000_000)
            settings.cache = FilledCache(
                configuration: CachedConfiguration(
                    settings: [StreamSetting(key: "n", source: "file", value: .number(3))], origin: "datadog.yaml",
                    sequence: 9, savedAt: savedAt))
            let consumer = try ConfigStreamConsumer(settings, transport: agent())
            let provider = ConfigStreamProvider(
                consumer,
                options: options {
                    $0.whenNotReady = .fail
                    $0.fetchTimeout = .milliseconds(10)
                })
            #expect(provider.content("n", .int) == 3)
            let error = await #expect(throws: ConfigStreamProviderError.self) {
                try await provider.fetchValue(forKey: "n", type: .int)
            }
            #expect(error?.code == .stale)
            #expect(error?.staleSince == savedAt)
        }

        @Test("fetches what is in force while the stream is live")
        func fetchLive() async throws {
            let agent = agent(["n": .number(1)])
            try await withProvider(of: agent) { provider in
                let result = try await provider.fetchValue(forKey: "n", type: .int)
                #expect(result.value == 1)
                #expect(agent.counts.streamsOpened == 1)
            }
        }

        @Test("fetches nothing that may have passed: it waits for the stream")
        func fetchWaits() async throws {
            let agent = agent(["n": .number(1)])
            try await withProvider(of: agent, options { $0.fetchTimeout = patience }) { provider in
                await makeStale(provider, agent)
                async let fetched = provider.fetchValue(forKey: "n", type: .int)
                #expect(provider.content("n", .int) == 1)
                agent.set("n", .number(2))
                agent.sendSnapshot()
                let result = try await fetched
                #expect(result.value == 2)
            }
        }

        @Test("that cannot fetch says since when it is stale, or gives what was last known, as it was told")
        func fetchStale() async throws {
            let agent = agent(["n": .number(1)])
            try await withProvider(of: agent, options { $0.fetchTimeout = .milliseconds(20) }) { provider in
                await makeStale(provider, agent)
                let error = await #expect(throws: ConfigStreamProviderError.self) {
                    try await provider.fetchValue(forKey: "n", type: .int)
                }
                #expect(error?.code == .stale)
                guard case .stale(let since) = provider.consumer.state else {
                    Issue.record("it is \(provider.consumer.state)")
                    return
                }
                #expect(error?.staleSince == since)
                var lenient = provider.options
                lenient.whenOffline = .lastKnown
                let other = ConfigStreamProvider(provider.consumer, options: lenient)
                let result = try await other.fetchValue(forKey: "n", type: .int)
                #expect(result.value == 1)
            }
        }

        @Test("fetches nothing without a configuration")
        func fetchNotReady() async throws {
            let provider = ConfigStreamProvider(
                try idleConsumer(), options: options { $0.fetchTimeout = .milliseconds(10) })
            let error = await #expect(throws: ConfigStreamProviderError.self) {
                try await provider.fetchValue(forKey: "n", type: .int)
            }
            #expect(error?.code == .notReady)
        }

        @Test("whose consumer has ended fails to fetch at once, and still has its values")
        func fetchEnded() async throws {
            try await withProvider(of: agent(["n": .number(1)]), options { $0.fetchTimeout = .seconds(3600) }) {
                provider in
                provider.consumer.stop()
                let error = await #expect(throws: ConfigStreamProviderError.self) {
                    try await provider.fetchValue(forKey: "n", type: .int)
                }
                #expect(error?.code == .stale)
                #expect(provider.content("n", .int) == 1)
            }
        }

        @Test("stops fetching when the task is cancelled")
        func fetchCancelled() async throws {
            let provider = ConfigStreamProvider(
                try idleConsumer(), options: options { $0.fetchTimeout = .seconds(3600) })
            let fetching = Task { try await provider.fetchValue(forKey: "n", type: .int) }
            fetching.cancel()
            await #expect(throws: CancellationError.self) { try await fetching.value }
        }

        @Test("gives snapshots that stay what they are, each of one moment")
        func snapshots() async throws {
            let agent = agent(["a": .number(1), "b": .number(1)])
            try await withProvider(of: agent) { provider in
                let before = try #require(provider.snapshot() as? ConfigStreamSnapshot)
                agent.set("a", .number(2))
                try await provider.reaches(agent.set("b", .number(2)))
                let after = provider.snapshot()
                #expect(try before.value(forKey: "a", type: .int).value == 1)
                #expect(try before.value(forKey: "b", type: .int).value == 1)
                #expect(before.position == StreamPosition(epoch: 1, sequence: 2))
                #expect(try after.value(forKey: "a", type: .int).value == 2)
                #expect(try after.value(forKey: "b", type: .int).value == 2)
            }
        }
    }

#endif
