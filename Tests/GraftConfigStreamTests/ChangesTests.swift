// ChangesTests: what subscribers are told, whatever their pace.

import GraftConfigStream
import GraftTestKit
import Testing

/// Subscriptions.
@Suite("Changes") struct ChangesTests {
    @Test("A key, a prefix and everything are told apart, in whatever case")
    func selections() async throws {
        let agent = InProcessCoreAgent()
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            let key = consumer.changes(.key("A.b"))
            let prefix = consumer.changes(.prefix("A."))
            let all = consumer.changes()
            for name in ["a.b", "A.C", "b"] { agent.set(name, .bool(true)) }
            _ = try await consumer.reader.atLeast(sequence: 3)
            for changes in [key, prefix, all] { changes.cancel() }
            #expect(await keys(key) == ["a.b"])
            #expect(await keys(prefix) == ["a.b", "a.c"])
            #expect(await keys(all) == ["a.b", "a.c", "b"])
        }
    }

    /// The keys of all notices, in order.
    private func keys(_ changes: StreamChanges) async -> [String] {
        var keys: [String] = []
        for await notice in changes { keys += notice.changes.map(\.key) }
        return keys
    }

    @Test("From the beginning: first everything that is in force, then what follows")
    func fromTheBeginning() async throws {
        let agent = InProcessCoreAgent()
        agent.set("a", .number(1))
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            let changes = consumer.changes(fromTheBeginning: true)
            agent.set("b", .number(2))
            agent.unset("a", source: .file)
            _ = try await consumer.reader.atLeast(sequence: 3)
            changes.cancel()
            var seen: [String] = []
            for await notice in changes {
                for change in notice.changes {
                    seen.append("\(change.key):\(change.new?.text ?? "-")@\(change.sequence)")
                }
            }
            #expect(seen == ["a:1@1", "b:2@2", "a:-@3"])
        }
    }

    @Test("A value that stays the same is no change; one whose source changes is")
    func sameValue() async throws {
        let agent = InProcessCoreAgent()
        agent.set("a", .number(1))
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            let changes = consumer.changes()
            agent.set("a", .number(1))
            agent.set("a", .string("1"))
            agent.set("a", .string("1"), source: .cli)
            agent.sendSnapshot()
            _ = try await consumer.reader.atLeast(sequence: 4)
            changes.cancel()
            var seen: [StreamChange] = []
            for await notice in changes { seen += notice.changes }
            #expect(seen.map(\.sequence) == [3, 4])
            #expect(seen.map(\.source) == [.file, .cli])
        }
    }

    @Test("Of three subscribers one that takes nothing holds up nobody, and is told once what the changes come to")
    func stalled() async throws {
        let agent = InProcessCoreAgent()
        agent.set("gone", .bool(true))
        var settings = testSettings()
        settings.subscriberCapacity = 8
        try await withConsumer(of: agent, settings) { consumer in
            try await consumer.waitReady(timeout: patience)
            let stalled = consumer.changes()
            let quick = (0..<2).map { _ in consumer.changes() }
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for changes in quick {
                    group.addTask {
                        var count = 0
                        for await notice in changes { count += notice.changes.count }
                        return count
                    }
                }
                for number in 1...1000 {
                    agent.set("k\(number % 10)", .number(Double(number)))
                    // The quick ones are given the time that they need.
                    _ = try await consumer.reader.atLeast(sequence: Int32(number + 1))
                    if number % 4 == 0 { while quick.contains(where: { $0.backlog > 4 }) { await Task.yield() } }
                }
                let last = agent.unset("gone", source: .file)
                _ = try await consumer.reader.atLeast(sequence: last)
                for changes in quick { changes.cancel() }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts == [1001, 1001])
            var iterator = stalled.makeAsyncIterator()
            guard case .lagged(let from, let to, let changes)? = await iterator.next() else {
                Issue.record("the subscriber was not told that it has lagged")
                return
            }
            #expect(from.sequence == 1 && to.sequence <= 1002)
            #expect(changes.count >= 10)
            stalled.cancel()
            stalled.cancel()
            var state: [String: StreamValue] = ["gone": .bool(true)]
            apply(changes, to: &state)
            while let notice = await iterator.next() { apply(notice.changes, to: &state) }
            #expect(state == consumer.reader.allSettings())
        }
    }

    /// Applies changes as a subscriber would.
    private func apply(_ changes: [StreamChange], to state: inout [String: StreamValue]) {
        for change in changes {
            #expect(state[change.key] == change.old, "\(change)")
            state[change.key] = change.new
        }
    }

    @Test(
        "Whatever is said and whenever it is taken, the changes lead from what one had to what is in force",
        arguments: 0..<30)
    func replay(seed: Int) async throws {
        var random = SplitMix(seed: UInt64(seed))
        let agent = InProcessCoreAgent()
        var settings = testSettings()
        settings.subscriberCapacity = Int.random(in: 1...6, using: &random)
        try await withConsumer(of: agent, settings) { consumer in
            try await consumer.waitReady(timeout: patience)
            let changes = consumer.changes()
            var state: [String: StreamValue] = [:]
            for _ in 0..<120 {
                let key = "k\(Int.random(in: 0..<12, using: &random))"
                let source: StreamSource = [.file, .cli, .remoteConfig].randomElement(using: &random)!
                var number = agent.sequence
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<6:
                    number = agent.set(key, .number(Double(Int.random(in: 0..<3, using: &random))), source: source)
                case 6..<8: number = agent.unset(key, source: source)
                case 8:
                    agent.loseChanges(1)
                    agent.set(key, .bool(true), source: source)
                    number = agent.set("other", .number(Double.random(in: 0...1, using: &random)))
                default: agent.sendSnapshot()
                }
                _ = try await consumer.reader.atLeast(sequence: number)
                // Takes what is there, sometimes.
                guard Bool.random(using: &random) else { continue }
                for notice in changes.takeAll() { apply(notice.changes, to: &state) }
            }
            for notice in changes.takeAll() { apply(notice.changes, to: &state) }
            #expect(state == consumer.reader.allSettings())
        }
    }

    @Test("A subscription that nobody holds is off the list, and one that is cancelled is at once")
    func cleanUp() async throws {
        let consumer = try ConfigStreamConsumer(testSettings(), transport: InProcessCoreAgent())
        do {
            let changes = consumer.changes()
            var iterator: StreamChanges.AsyncIterator? = changes.makeAsyncIterator()
            #expect(consumer.subscriberCount == 1)
            _ = iterator
            iterator = nil
        }
        #expect(consumer.subscriberCount == 0)
        let cancelled = consumer.changes()
        cancelled.cancel()
        cancelled.cancel()
        #expect(consumer.subscriberCount == 0)
    }

    @Test("A task that waits for a change ends when it is cancelled, and others go on")
    func cancellation() async throws {
        let agent = InProcessCoreAgent()
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            let changes = consumer.changes()
            let waiting = Task { for await _ in changes { Issue.record("there was nothing to be told") } }
            waiting.cancel()
            await waiting.value
            var iterator = changes.makeAsyncIterator()
            agent.set("a", .number(1))
            #expect(await iterator.next()?.changes.map(\.key) == ["a"])
        }
    }
}
