// The asynchronous sequence over a source, and the scripted source.

import GraftTestKit
import Testing

@testable import GraftConfig

@Suite struct ConfigUpdatesTests {
    @Test("the scripted source is a source")
    func scriptedConforms() throws {
        let violations = try checkConfigSource {
            let source = try ScriptedConfigSource()
            return ConfigSourceStage(
                open: { source }, put: { source.put($0, $1) }, spoil: { source.fail($0) },
                remove: { source.remove($0) },
                path: { $0 })
        }
        #expect(violations == [])
    }

    @Test("the conformance check finds what is wrong with a source")
    func checkFindsFaults() throws {
        let violations = try checkConfigSource(patience: .milliseconds(50), quiet: .milliseconds(10)) {
            let source = try ScriptedConfigSource()
            return ConfigSourceStage(
                open: { source }, put: { source.put($0, $1 + "!") }, spoil: { source.remove($0) }, remove: { _ in },
                path: { $0 })
        }
        #expect(violations.count >= 4)
    }

    @Test("a snapshot replaces everything")
    func snapshots() throws {
        let source = try ScriptedConfigSource()
        let listener = ConfigSourceListener(source)
        source.put("a", "1")
        source.put("b", "2")
        source.putSnapshot("c", "3")
        #expect(listener.listen { $0.count == 3 })
        #expect(listener.inForce == ["c": Array("3".utf8)])
        #expect(listener.updates.map(\.isSnapshot) == [false, false, true])
    }

    @Test("events come in order, those that were there and those to come")
    func delivers() async throws {
        let source = try ScriptedConfigSource()
        source.put("a", "1")
        source.put("b", "2")
        var iterator = try ConfigUpdates(source).makeAsyncIterator()
        var sequences: [UInt64] = []
        for round in 0..<50 {
            if case .update(let update)? = await iterator.next() { sequences.append(update.sequence) }
            source.put("c", "\(round)")
        }
        #expect(sequences == Array(1...50))
    }

    @Test("a source is not asked while nobody waits")
    func asksOnDemand() async throws {
        let source = try ScriptedConfigSource()
        let updates = try ConfigUpdates(source)
        source.put("a", "1")
        #expect(source.poll().count == 1)
        source.put("a", "2")
        var iterator = updates.makeAsyncIterator()
        guard case .update(let update)? = await iterator.next() else {
            Issue.record("the sequence ended")
            return
        }
        #expect(update.sequence == 2)
    }

    @Test("the sequence ends for a task that is cancelled, and goes on for others")
    func cancels() async throws {
        let source = try ScriptedConfigSource()
        let updates = try ConfigUpdates(source)
        let waiting = Task {
            var iterator = updates.makeAsyncIterator()
            return await iterator.next()
        }
        waiting.cancel()
        #expect(await waiting.value == nil)
        source.put("a", "1")
        var iterator = updates.makeAsyncIterator()
        #expect(await iterator.next() != nil)
    }

    @Test("the source is closed when the sequence is forgotten, and the sequence ends when the source is closed")
    func ends() async throws {
        let source = try ScriptedConfigSource()
        do {
            _ = try ConfigUpdates(source)
        }
        for _ in 0..<1_000 where source.descriptor >= 0 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(source.descriptor == -1)
        var iterator = try ConfigUpdates(source).makeAsyncIterator()
        #expect(await iterator.next() == nil)
    }

    @Test("tasks that wait together get each event once")
    func divides() async throws {
        let source = try ScriptedConfigSource()
        let updates = try ConfigUpdates(source)
        let count = 64
        let sequences = await withTaskGroup(of: UInt64?.self) { group in
            for _ in 0..<count {
                group.addTask {
                    var iterator = updates.makeAsyncIterator()
                    guard case .update(let update)? = await iterator.next() else { return nil }
                    return update.sequence
                }
            }
            for round in 0..<count { source.put("a", "\(round)") }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(sequences.compactMap { $0 }).count == count)
    }

    @Test("a file's changes reach a task")
    func deliversFiles() async throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        var iterator = try ConfigUpdates(FileConfigSource(path: scratch.path)).makeAsyncIterator()
        for round in 1...5 {
            guard case .update(let update)? = await iterator.next() else {
                Issue.record("the sequence ended")
                return
            }
            #expect(update.bytes == Array("[\(round)]".utf8))
            try scratch.replace("a.json", "[\(round + 1)]")
        }
    }
}
