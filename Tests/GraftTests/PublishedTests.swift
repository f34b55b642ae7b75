// PublishedTests.swift: what readers see of a replaced value, and when values are released. Orders of execution and limits
// are tested in C (test_published.c, test_published_interleavings.c).

import Graft
import Synchronization
import Testing

@Suite struct PublishedTests {
    /// How many values of one test exist.
    private final class Census: Sendable {
        /// The number.
        let alive = Mutex(0)
        /// The number now.
        var count: Int { alive.withLock { $0 } }
    }

    /// A value whose two halves belong together.
    private final class Value: Sendable {
        /// A half.
        let number: Int
        /// The other half.
        let check: Int
        /// Where it is counted.
        let census: Census

        init(_ number: Int, in census: Census) {
            self.number = number
            check = ~number
            self.census = census
            census.alive.withLock { $0 += 1 }
        }

        deinit { census.alive.withLock { $0 -= 1 } }
    }

    /// An error of a reader.
    private struct Refusal: Error, Equatable {}

    /// Waits until what was replaced is released: tests that run beside this one read, too.
    private func settle(_ published: Published<Value>) async {
        while !published.reclaim() { await Task.yield() }
    }

    @Test func readersSeeTheLatestValue() async throws {
        let census = Census()
        let published = try Published(Value(1, in: census))
        #expect(published.withValue { $0.number } == 1)
        try published.replace(with: Value(2, in: census))
        #expect(published.withValue { $0.number } == 2)
        #expect(published.current.number == 2)
        await settle(published)
        #expect(census.count == 1)
    }

    @Test func aValueLivesAsLongAsTheReadThatSeesIt() async throws {
        let census = Census()
        let published = try Published(Value(1, in: census))
        try published.withValue { value in
            try published.replace(with: Value(2, in: census))
            #expect(published.withValue { $0.number } == 2)
            #expect(value.number == 1 && value.check == ~1)
            #expect(census.count == 2)
            #expect(!published.reclaim())
        }
        await settle(published)
        #expect(census.count == 1)
    }

    @Test func whatIsKeptOutlivesEverything() throws {
        let census = Census()
        var kept: Value?
        do {
            let published = try Published(Value(1, in: census))
            kept = published.current
            try published.replace(with: Value(2, in: census))
        }
        #expect(census.count == 1)
        #expect(kept?.number == 1)
        kept = nil
        #expect(census.count == 0)
    }

    @Test func anErrorOfTheReaderEndsTheRead() async throws {
        let census = Census()
        let published = try Published(Value(1, in: census))
        #expect(throws: Refusal()) { try published.withValue { _ throws(Refusal) in throw Refusal() } }
        try published.replace(with: Value(2, in: census))
        await settle(published)
        #expect(census.count == 1)
    }

    @Test func readersAndWritersAtOnce() async throws {
        let census = Census()
        do {
            let published = try Published(Value(0, in: census))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<2 {
                    group.addTask {
                        for i in 0..<500 { try published.replace(with: Value(writer * 1000 + i, in: census)) }
                    }
                }
                for _ in 0..<3 {
                    group.addTask {
                        for i in 0..<20_000 {
                            let whole = published.withValue { $0.check == ~$0.number }
                            #expect(whole)
                            if i % 1000 == 0 {
                                let current = published.current
                                await Task.yield()
                                #expect(current.check == ~current.number)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            await settle(published)
            #expect(census.count == 1)
        }
        #expect(census.count == 0)
    }
}
