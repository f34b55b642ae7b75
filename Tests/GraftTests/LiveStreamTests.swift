// LiveStreamTests: ordered updates: order, gaps, drops, and outcomes by callback and as a sequence.

import Graft
import Testing

extension Live {
    @Suite("A stream of updates")
    struct StreamTests {
        /// A started core.
        private let core: Core

        /// Starts the core.
        init() throws { core = try Core() }

        /// An installation that keeps a token alive.
        private func install(_ target: String) throws -> Change {
            let token = Token()
            return .install(ProbeRequest(target: try Target(target), mode: .entry) { _ in token.touch() })
        }

        @Test("is carried out in the order of the sequences, however they arrive")
        func order() async throws {
            let stream = try core.instrumentation.stream(named: "order")
            var outcomes = stream.outcomes().makeAsyncIterator()
            let calls = Seen<[UInt64]>([])
            for sequence: UInt64 in [3, 2, 1] {
                try stream.submit(Update(sequence: sequence, changes: [])) { outcome in
                    calls.change { $0.append(outcome.sequence) }
                }
            }
            for expected: UInt64 in 1...3 { #expect(await outcomes.next()?.sequence == expected) }
            #expect(calls.value == [1, 2, 3])
        }

        @Test("drops what is stale or a duplicate, says so once, and releases its handlers")
        func drops() async throws {
            let stream = try core.instrumentation.stream(named: "drops")
            var outcomes = stream.outcomes().makeAsyncIterator()
            try stream.submit(Update(sequence: 1, changes: []))
            #expect(await outcomes.next()?.error == nil)
            let calls = Seen<[GraftError.Code?]>([])
            let error = try #require(throws: GraftError.self) {
                try stream.submit(Update(sequence: 1, changes: [try install(":victim_add")])) { outcome in
                    calls.change { $0.append(outcome.error?.code) }
                }
            }
            #expect(error.code == .stale)
            #expect(error.place == .sequence(1, stream: "drops"))
            #expect(calls.value == [.stale])
            try stream.submit(Update(sequence: 5, changes: []))
            try stream.submit(Update(sequence: 5, changes: [try install(":victim_add")]))
            let duplicate = try #require(await outcomes.next())
            #expect(duplicate.sequence == 1 && duplicate.error?.code == .stale)
            #expect(await outcomes.next()?.error?.code == .duplicate)
            #expect(Token.count == 0)
            stream.close()
        }

        @Test("keeps a handler until the removal's outcome")
        func handlers() async throws {
            let stream = try core.instrumentation.stream(named: "handlers")
            var outcomes = stream.outcomes().makeAsyncIterator()
            try stream.submit(Update(changes: [try install(":victim_add"), try install("libno.so:f")]))
            let installed = try #require(await outcomes.next())
            #expect(installed.outcomes.map(\.state) == [.installed, .pending])
            #expect(Token.count == 2)
            _ = victimAdd(1, 2, 3)
            try stream.submit(Update(changes: installed.outcomes.compactMap(\.probe).map { .remove($0) }))
            #expect(await outcomes.next()?.outcomes.map(\.state) == [.removed, .removed])
            #expect(Token.count == 0)
        }

        @Test("is continued after a gap by a snapshot, which supersedes what waited")
        func snapshot() async throws {
            let stream = try core.instrumentation.stream(named: "snapshot")
            var outcomes = stream.outcomes().makeAsyncIterator()
            try stream.submit(Update(sequence: 5, changes: [try install(":victim_add")]))
            try stream.submit(Update(sequence: 9, isSnapshot: true, changes: []))
            var errors: [UInt64: GraftError.Code?] = [:]
            for _ in 0..<2 {
                let outcome = try #require(await outcomes.next())
                errors[outcome.sequence] = .some(outcome.error?.code)
            }
            #expect(errors == [5: .superseded, 9: nil])
            #expect(Token.count == 0)
            try stream.submit(Update(sequence: 10, changes: []))
            #expect(await outcomes.next()?.sequence == 10)
        }

        @Test("cancels what waits when it is closed, ends its sequences, and refuses what comes later")
        func close() async throws {
            let stream = try core.instrumentation.stream(named: "close")
            let calls = Seen<[GraftError.Code?]>([])
            let outcomes = stream.outcomes()
            try stream.submit(Update(sequence: 2, changes: [try install(":victim_add")])) { outcome in
                calls.change { $0.append(outcome.error?.code) }
            }
            stream.close()
            stream.close()
            #expect(calls.value == [.cancelled])
            #expect(Token.count == 0)
            for await outcome in outcomes { #expect(outcome.error?.code == .cancelled) }
            for await _ in stream.outcomes() { Issue.record("a closed stream has no outcomes") }
            let error = try #require(throws: GraftError.self) { try stream.submit(Update(changes: [])) }
            #expect(error.code == .cancelled)
        }

        @Test("has a name that is neither empty nor too long")
        func name() throws {
            let longest = String(repeating: "n", count: 63)
            #expect(try core.instrumentation.stream(named: longest).name == longest)
            #expect(throws: GraftError.self) { try core.instrumentation.stream(named: longest + "n") }
        }

        @Test("holds a limited number of updates")
        func capacity() throws {
            let stream = try core.instrumentation.stream(named: "capacity")
            for sequence in 2..<UInt64(UpdateStream.capacity + 2) {
                try stream.submit(Update(sequence: sequence, changes: []))
            }
            let error = try #require(throws: GraftError.self) {
                try stream.submit(Update(sequence: UInt64(UpdateStream.capacity + 2), changes: []))
            }
            #expect(error.code == .limitQueue)
        }
    }
}
