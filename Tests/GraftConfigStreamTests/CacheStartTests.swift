// CacheStartTests: a consumer with a cache: how it starts without a core agent, and when it saves.

import GraftTestKit
import Testing

@testable import GraftConfigStream

@Suite("A consumer with a cache") struct CacheStartTests {
    /// Settings with a cache.
    private func settings(_ cache: any StreamCache, interval: Duration = .seconds(3_600)) -> StreamSettings {
        var settings = testSettings()
        settings.cache = cache
        settings.cacheInterval = interval
        return settings
    }

    @Test("starts without a core agent with what was kept, stale since it was saved, and is not ready")
    func offline() async throws {
        let kept = cached(["port": .number(8080)])
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent, settings(RecordingCache(kept))) { consumer in
            #expect(consumer.reader.getInt("port") == 8080)
            #expect(consumer.reader.position == StreamPosition(epoch: 0, sequence: 7))
            #expect(consumer.reader.origin == "datadog.yaml")
            await agent.wait { $0.streamsOpen == 1 }
            #expect(consumer.state == .stale(since: kept.savedAt))
            let error = await #expect(throws: StreamError.self) {
                try await consumer.waitReady(timeout: .milliseconds(50))
            }
            #expect(error?.code == .notReady && error?.message.contains("stale since 2026-05-04") == true)
            try await consumer.waitReady(timeout: patience, acceptingStale: true)
            // The snapshot replaces all of it, whatever its number.
            agent.send(snapshot(1, ["host": .string("h")]))
            try await consumer.waitReady(timeout: patience)
            #expect(consumer.state == .live)
            #expect(!consumer.reader.isSet("port") && consumer.reader.getString("host") == "h")
        }
    }

    @Test("without anything kept is not ready either way, until a snapshot comes")
    func nothingKept() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent, settings(RecordingCache())) { consumer in
            await #expect(throws: StreamError.self) {
                try await consumer.waitReady(timeout: .milliseconds(50), acceptingStale: true)
            }
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(1))
            try await consumer.waitReady(timeout: patience, acceptingStale: true)
        }
    }

    @Test("starts without a file that is damaged, says why, and replaces it")
    func damaged() async throws {
        let folder = try CacheFolder()
        folder.write(Array("{\"format\":\n".utf8))
        let agent = InProcessCoreAgent()
        agent.set("a", .number(1))
        try await withConsumer(of: agent, settings(try folder.cache())) { consumer in
            #expect(consumer.cacheFailure?.message.hasPrefix("\(folder.file):1:11: ") == true)
            #expect(consumer.counters.cacheFailures == 1)
            try await consumer.waitReady(timeout: patience)
        }
        #expect(try folder.cache().load()?.settings == [StreamSetting(key: "a", source: "file", value: .number(1))])
    }

    @Test("is not made with a file that is damaged, if that is asked for")
    func refused() throws {
        let folder = try CacheFolder()
        folder.write([0])
        var settings = settings(try folder.cache())
        settings.unusableCache = .refuse
        let error = refusal { _ = try ConfigStreamConsumer(settings, transport: InProcessCoreAgent()) }
        #expect(error?.code == .cache && error?.message.hasPrefix(folder.file) == true)
        settings.unusableCache = .startWithout
        #expect(try ConfigStreamConsumer(settings, transport: InProcessCoreAgent()).state == .disconnected)
        settings.cacheInterval = .nanoseconds(-1)
        #expect(refusal { _ = try ConfigStreamConsumer(settings, transport: InProcessCoreAgent()) }?.code == .setting)
    }

    @Test("saves each snapshot at once, updates not before the interval, and the rest at the end")
    func times() async throws {
        let agent = InProcessCoreAgent()
        agent.set("a", .number(0))
        let cache = RecordingCache()
        var saves = cache.saves.makeAsyncIterator()
        let before = WallTime.now
        try await withConsumer(of: agent, settings(cache)) { consumer in
            #expect(await saves.next()?.sequence == 1)
            // Counted after it was made.
            while consumer.counters.cacheSaves == 0 { await Task.yield() }
            for number in 1...100 { agent.set("a", .number(Double(number))) }
            _ = try await consumer.reader.atLeast(sequence: 101)
            #expect(consumer.counters.cacheSaves == 1)
            // Another snapshot does not wait.
            agent.sendSnapshot()
            agent.endStreams()
            let second = await saves.next()
            #expect(second?.sequence == 101)
            #expect(consumer.state.hasConfiguration)
            _ = agent.set("a", .number(-1))
            await agent.wait { $0.streamsOpened == 2 }
            _ = try await consumer.reader.atLeast(sequence: 102)
        }
        // What came last is there when run() has returned, whether or not a snapshot has saved it before.
        let last = try #require(try cache.load())
        #expect(last.sequence == 102)
        #expect(last.settings == [StreamSetting(key: "a", source: "file", value: .number(-1))])
        #expect(last.savedAt > before && last.savedAt <= .now)
    }

    @Test("saves updates when the interval is over")
    func interval() async throws {
        let agent = InProcessCoreAgent()
        let cache = RecordingCache()
        var saves = cache.saves.makeAsyncIterator()
        try await withConsumer(of: agent, settings(cache, interval: .milliseconds(20))) { consumer in
            _ = await saves.next()
            for number: Int32 in 1...3 {
                agent.set("a", .number(Double(number)))
                var saved = await saves.next()
                // A save may have begun before the update.
                while saved?.sequence != number { saved = await saves.next() }
            }
        }
    }

    @Test("goes on when it cannot save, says why, and tries again")
    func failing() async throws {
        let agent = InProcessCoreAgent()
        let cache = RecordingCache()
        var saves = cache.saves.makeAsyncIterator()
        cache.fail(StreamError(.cache, "the disk is full"))
        try await withConsumer(of: agent, settings(cache, interval: .zero)) { consumer in
            #expect(consumer.cacheFailure?.message == "the disk is full")
            _ = await saves.next()
            let number = agent.set("a", .number(1))
            let reader = try await consumer.reader.atLeast(sequence: number)
            #expect(reader.getInt("a") == 1)
            _ = await saves.next()
            #expect(consumer.cacheFailure != nil && consumer.counters.cacheSaves == 0)
            #expect(consumer.lastFailure == nil && consumer.state == .live)
            cache.fail(nil)
            agent.set("a", .number(2))
            var saved = await saves.next()
            while saved?.sequence != 2 { saved = await saves.next() }
        }
        #expect(try cache.load()?.sequence == 2)
    }

    @Test("saves nothing that it has not received: without a snapshot the file stays as it was")
    func nothingReceived() async throws {
        let kept = cached(["a": .number(1)])
        let cache = RecordingCache(kept)
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent, settings(cache)) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            _ = consumer
        }
        #expect(try cache.load() == kept)
    }

    @Test("keeps the layers of every key, in their order, from one run to the next")
    func layers() async throws {
        let folder = try CacheFolder()
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        let both = [
            StreamSetting(key: "k", source: "first", value: .number(1)),
            StreamSetting(key: "k", source: "second", value: .number(2)),
            StreamSetting(key: "k", source: "default", value: .number(0)),
            StreamSetting(key: "none", source: "schema", value: .null),
        ]
        try await withConsumer(of: agent, settings(try folder.cache())) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(.snapshot(StreamSnapshot(origin: "o", sequence: 3, settings: both)))
            try await consumer.waitReady(timeout: patience)
            #expect(consumer.reader.getInt("k") == 2)
        }
        let again = try ConfigStreamConsumer(settings(try folder.cache()), transport: agent)
        #expect(again.reader.allSources(of: "k").map(\.value) == [.number(2), .number(1), .number(0)])
        #expect(again.reader.isKnown("none") && !again.reader.isSet("none"))
        #expect(again.reader.sequenceID == 3)
    }

    @Test("saves at the end also when its task is cancelled")
    func cancelled() async throws {
        let agent = InProcessCoreAgent()
        let cache = RecordingCache()
        let consumer = try ConfigStreamConsumer(settings(cache), transport: agent)
        let running = Task { try await consumer.run() }
        try await consumer.waitReady(timeout: patience)
        let number = agent.set("a", .number(1))
        _ = try await consumer.reader.atLeast(sequence: number)
        running.cancel()
        try await running.value
        #expect(try cache.load()?.sequence == number)
    }
}
