// WatchTests: what those who watch are told, and what is left when they have gone.
#if ConfigStream

    import Configuration
    import Dispatch
    import GraftConfigStream
    @testable import GraftConfigStreamProvider
    import GraftTestKit
    import Synchronization
    import Testing

    @Suite("A watcher", .timeLimit(.minutes(1))) struct WatchTests {
        /// A change of a value of some type.
        struct Change: Sendable, CustomTestStringConvertible {
            let type: ConfigType
            let before: (StreamValue, ConfigContent)
            let after: (StreamValue, ConfigContent)
            var testDescription: String { "\(type)" }
        }

        static let changes = [
            Change(type: .string, before: (.string("a"), "a"), after: (.string("b"), "b")),
            Change(type: .int, before: (.number(1), 1), after: (.number(2), 2)),
            Change(type: .double, before: (.number(1.5), 1.5), after: (.number(2), 2.0)),
            Change(type: .bool, before: (.bool(false), false), after: (.bool(true), true)),
            Change(type: .bytes, before: (.string("AQ=="), .bytes([1])), after: (.string("Ag=="), .bytes([2]))),
            Change(
                type: .stringArray, before: (.list([]), .stringArray([])),
                after: (.list([.string("a")]), .stringArray(["a"]))),
            Change(
                type: .intArray, before: (.list([.number(1)]), .intArray([1])),
                after: (.list([.number(2)]), .intArray([2]))),
            Change(
                type: .doubleArray, before: (.list([.number(1)]), .doubleArray([1])),
                after: (.list([.number(2)]), .doubleArray([2]))),
            Change(
                type: .boolArray, before: (.list([.bool(true)]), .boolArray([true])),
                after: (.list([.bool(false)]), .boolArray([false]))),
            Change(
                type: .byteChunkArray, before: (.list([.string("AQ==")]), .byteChunkArray([[1]])),
                after: (.list([.string("Ag==")]), .byteChunkArray([[2]]))),
        ]

        @Test("of a value of any type is told of a change", arguments: changes)
        func everyType(change: Change) async throws {
            let agent = agent(["key": change.before.0])
            try await withProvider(of: agent) { provider in
                try await provider.watchValue(forKey: "key", type: change.type) { updates in
                    var results = updates.makeAsyncIterator()
                    #expect(await results.take()?.content == change.before.1)
                    agent.set("key", change.after.0)
                    #expect(await results.take()?.content == change.after.1)
                    agent.unset("key", source: .file)
                    let last = try await results.take()?.get()
                    #expect(last == LookupResult(encodedKey: "key", value: nil))
                }
            }
        }

        @Test("of a field in a map is told of the map's changes, and of a setting that takes its place")
        func field() async throws {
            let agent = agent(["a": .map(["b": .map(["c": .number(1)])])])
            try await withProvider(of: agent) { provider in
                try await provider.watchValue(forKey: "a.b.c", type: .int) { updates in
                    var results = updates.makeAsyncIterator()
                    #expect(await results.take()?.content == 1)
                    agent.set("a", .map(["b": .map(["c": .number(2)])]))
                    #expect(await results.take()?.content == 2)
                    agent.set("a.b", .map(["c": .number(3)]))
                    #expect(await results.take()?.content == 3)
                    agent.set("a.b.c", .number(4))
                    #expect(await results.take()?.content == 4)
                }
            }
        }

        @Test("hears of an error as a result, and goes on")
        func errors() async throws {
            let agent = agent(["n": .number(1)])
            try await withProvider(of: agent) { provider in
                try await provider.watchValue(forKey: "n", type: .int) { updates in
                    var results = updates.makeAsyncIterator()
                    #expect(await results.take()?.content == 1)
                    agent.set("n", .string("one"))
                    let result = await results.take()
                    #expect(throws: ConfigStreamProviderError.self) { try result?.get() }
                    agent.set("n", .number(2))
                    #expect(await results.take()?.content == 2)
                }
            }
        }

        @Test("is not told again what it knows")
        func distinct() async throws {
            let agent = agent(["n": .number(1)])
            try await withProvider(of: agent) { provider in
                try await provider.watchValue(forKey: "n", type: .int) { updates in
                    var results = updates.makeAsyncIterator()
                    #expect(await results.take()?.content == 1)
                    agent.set("n", .number(1), source: .cli)
                    agent.set("other", .number(5))
                    agent.set("n", .number(2), source: .cli)
                    try await provider.reaches(agent.set("n", .number(1), source: .cli))
                    agent.set("n", .number(3), source: .cli)
                    #expect(await results.take()?.content == 3)
                }
            }
        }

        @Test("that takes its time is told of the newest only")
        func newest() async throws {
            let agent = agent(["n": .number(0)])
            try await withProvider(of: agent) { provider in
                try await provider.watchValue(forKey: "n", type: .int) { updates in
                    var last: Int32 = 0
                    for number in 1...100 { last = agent.set("n", .number(Double(number))) }
                    try await provider.reaches(last)
                    var results = updates.makeAsyncIterator()
                    #expect(await results.take()?.content == 100)
                }
            }
        }

        @Test("that begins amid changes ends with the last, and never goes back")
        func beginsAmidChanges() async throws {
            let agent = agent(["n": .number(0)])
            let last = 2000
            try await withProvider(of: agent) { provider in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for number in 1...last {
                            agent.set("n", .number(Double(number)))
                            if number % 20 == 0 { await Task.yield() }
                        }
                    }
                    for _ in 0..<100 {
                        await Task.yield()
                        group.addTask {
                            try await provider.watchValue(forKey: "n", type: .int) { updates in
                                var before = -1
                                for await result in updates {
                                    guard case .int(let number) = result.content else { continue }
                                    #expect(number > before)
                                    before = number
                                    if number == last { break }
                                }
                                #expect(before == last)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(provider.watcherCount == 0)
            }
        }

        @Test("that begins at the moment of a change is given what was before it, then the change")
        func beginsWithAChange() async throws {
            let agent = agent(["n": .number(1)])
            try await withProvider(of: agent) { provider in
                let old = provider.consumer.reader.snapshot()
                try await provider.reaches(agent.set("n", .number(2)))
                let new = provider.consumer.reader.snapshot()
                let watchers = StreamWatchers(old)
                let taken = Mutex<[StreamPosition]>([])
                let changing = DispatchGroup()
                let take: @Sendable (StreamReader) -> Void = { reader in
                    if reader.position == old.position {
                        // The change comes now. It must not get through to the watcher before this has ended.
                        DispatchQueue.global().async(group: changing) { watchers.show(new) }
                        #expect(changing.wait(timeout: .now() + .milliseconds(200)) == .timedOut)
                    }
                    taken.withLock { $0.append(reader.position) }
                }
                _ = watchers.add(StreamWatchers.Watcher(keys: nil, take: take, finish: {}))
                await withCheckedContinuation { done in
                    changing.notify(queue: .global()) { done.resume() }
                }
                #expect(taken.withLock { $0 } == [old.position, new.position])
            }
        }

        @Test("of snapshots is given the moment that each one names, in order")
        func snapshots() async throws {
            let agent = agent(["n": .number(1)])
            let last = 500
            try await withProvider(of: agent) { provider in
                try await provider.watchSnapshot { updates in
                    var before: Int32 = 0
                    for await snapshot in updates {
                        let moment = try #require(snapshot as? ConfigStreamSnapshot)
                        let number = try snapshot.value(forKey: "n", type: .int).value?.content
                        #expect(number == .int(Int(moment.position.sequence)))
                        #expect(snapshot.providerName == "ConfigStreamProvider[test]")
                        #expect(moment.position.sequence > before)
                        before = moment.position.sequence
                        if before == last { break }
                        agent.set("n", .number(Double(agent.sequence + 1)))
                    }
                    #expect(before == last)
                }
            }
        }

        @Test("leaves nothing behind, also of keys that are watched once")
        func leavesNothing() async throws {
            let agent = agent()
            try await withProvider(of: agent) { provider in
                for number in 0..<1000 {
                    try await provider.watchValue(forKey: ["key", "\(number)"], type: .int) { updates in
                        var results = updates.makeAsyncIterator()
                        #expect(await results.take() != nil)
                        #expect(provider.watcherCount == 1)
                    }
                }
                try await provider.watchSnapshot { _ in #expect(provider.watcherCount == 1) }
                await #expect(throws: CancellationError.self) {
                    try await provider.watchSnapshot { _ in throw CancellationError() }
                }
                #expect(provider.watcherCount == 0)
                #expect("\(provider)" == "ConfigStreamProvider[test][live, 0 values, 0 watchers]")
            }
        }

        @Test("ends when its task is cancelled")
        func cancelled() async throws {
            try await withProvider(of: agent()) { provider in
                let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
                let watching = Task {
                    try await provider.watchValue(forKey: "n", type: .int) { updates in
                        for await _ in updates { beginning.yield() }
                        #expect(Task.isCancelled)
                    }
                }
                for await _ in begun { break }
                watching.cancel()
                try await watching.value
                #expect(provider.watcherCount == 0)
            }
        }

        @Test("ends with its handler, wherever its sequence goes")
        func escaped() async throws {
            try await withProvider(of: agent(["n": .number(1)])) { provider in
                let updates = try await provider.watchValue(forKey: "n", type: .int) { $0 }
                var contents: [ConfigContent?] = []
                for await result in updates { contents.append(result.content) }
                #expect(contents == [1])
            }
        }

        @Test("ends with the consumer, after what was in force last")
        func ends() async throws {
            let agent = agent(["n": .number(1)])
            try await withProvider(of: agent) { provider in
                try await provider.watchValue(forKey: "n", type: .int) { updates in
                    var results = updates.makeAsyncIterator()
                    #expect(await results.take()?.content == 1)
                    try await provider.reaches(agent.set("n", .number(2)))
                    provider.consumer.stop()
                    #expect(await results.take()?.content == 2)
                    #expect(await results.take() == nil)
                }
                try await provider.watchValue(forKey: "n", type: .int) { updates in
                    var results = updates.makeAsyncIterator()
                    #expect(await results.take()?.content == 2)
                    #expect(await results.take() == nil)
                }
                #expect(provider.content("n", .int) == 2)
            }
        }

        @Test("may be any actor's: its handler runs where it was made") @MainActor
        func isolation() async throws {
            let agent = agent(["n": .number(1)])
            let consumer = try ConfigStreamConsumer(testSettings(), transport: agent)
            let running = Task { try await consumer.run() }
            let provider = try await ConfigStreamProvider(consumer, readyWithin: patience)
            var seen: [ConfigContent?] = []
            try await provider.watchValue(forKey: "n", type: .int) { updates in
                MainActor.assertIsolated()
                for await result in updates {
                    MainActor.assertIsolated()
                    seen.append(result.content)
                    if seen.count == 2 { break }
                    agent.set("n", .number(2))
                }
            }
            #expect(seen == [1, 2])
            consumer.stop()
            try await running.value
        }

        @Test("through a reader of several providers is told at once, though there is no configuration yet")
        func severalProviders() async throws {
            let agent = agent(["n": .number(1)])
            let consumer = try ConfigStreamConsumer(testSettings(), transport: agent)
            let config = ConfigReader(providers: [
                ConfigStreamProvider(consumer), InMemoryProvider(values: ["n": 7]),
            ])
            try await config.watchInt(forKey: "n") { updates in
                var numbers = updates.makeAsyncIterator()
                #expect(try await numbers.next() == 7)
                let running = Task { try await consumer.run() }
                #expect(try await numbers.next() == 1)
                agent.unset("n", source: .file)
                #expect(try await numbers.next() == 7)
                consumer.stop()
                try await running.value
            }
        }

        @Test("keeps nothing of a provider that is gone")
        func gone() async throws {
            try await withConsumer(of: agent()) { consumer in
                weak var watched: Token?
                do {
                    let token = Token()
                    watched = token
                    let options = options { $0.secrets = .dynamic { _, _ in token.isSecret } }
                    let provider = try await ConfigStreamProvider(consumer, readyWithin: patience, options: options)
                    #expect(provider.content("n", .int) == nil)
                    #expect(watched != nil)
                }
                #expect(watched == nil)
            }
        }
    }

    /// Something whose life shows that of what holds it.
    private final class Token: Sendable {
        /// No.
        let isSecret = false
    }

#endif
