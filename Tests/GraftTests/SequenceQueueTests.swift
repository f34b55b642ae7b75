// SequenceQueueTests.swift: order, drops, limits and lifetimes of the queue's elements. The rules of order themselves are
// tested in C (test_queue.c, test_queue_model.c).

import Graft
import Synchronization
import Testing

@Suite struct SequenceQueueTests {
    /// An element that says when it goes.
    private final class Counted: Sendable {
        /// How many exist.
        static let alive = Mutex(0)
        init() { Self.alive.withLock { $0 += 1 } }
        deinit { Self.alive.withLock { $0 -= 1 } }
    }

    /// What several tasks have taken.
    private final class Taken: Sendable {
        /// The elements.
        let all = Mutex<[UInt64]>([])
    }

    /// Takes everything that is due.
    private func drain(_ queue: SequenceQueue<String>) -> [String] {
        var taken: [String] = []
        while let (sequence, element) = queue.next() { taken.append("\(sequence)\(element)") }
        return taken
    }

    @Test func elementsComeInTheOrderOfTheirSequences() throws {
        let queue = try SequenceQueue<String>(capacity: 8)
        try queue.submit("c", sequence: 3, isSnapshot: false)
        try queue.submit("b", sequence: 2, isSnapshot: false)
        #expect(drain(queue) == [])
        #expect(queue.stats.gaps == 1)
        try queue.submit("a", sequence: 1, isSnapshot: false)
        #expect(drain(queue) == ["1a", "2b", "3c"])
        try queue.submit("d", sequence: 0, isSnapshot: false)
        #expect(drain(queue) == ["4d"])
    }

    @Test func whatIsDroppedIsToldWithItsReason() throws {
        let queue = try SequenceQueue<String>(capacity: 8, name: "config")
        try queue.submit("b", sequence: 2, isSnapshot: false)
        try queue.submit("b again", sequence: 2, isSnapshot: false)
        try queue.submit("all", sequence: 5, isSnapshot: true)
        var dropped: [String] = []
        let next = queue.next { dropped.append("\($1) \($0): \($2.code), \($2.place!)") }
        #expect(next?.sequence == 5)
        #expect(next?.element == "all")
        #expect(
            dropped.sorted() == [
                "2 b again: duplicate, sequence 2 of stream \"config\"",
                "2 b: superseded, sequence 2 of stream \"config\"",
            ])
        let counts = queue.stats
        #expect(counts.submitted == 3 && counts.taken == 1 && counts.duplicate == 1 && counts.superseded == 1)
        #expect(counts.last == 5 && counts.waiting == 0)
    }

    @Test func whatHasPassedIsRefused() throws {
        let queue = try SequenceQueue<String>(capacity: 8)
        try queue.submit("all", sequence: 5, isSnapshot: true)
        #expect(drain(queue) == ["5all"])
        let error = #expect(throws: GraftError.self) { try queue.submit("old", sequence: 5, isSnapshot: false) }
        #expect(error?.code == .stale)
        #expect(error?.place == .sequence(5, stream: "queue"))
    }

    @Test func theCapacityHoldsAndASnapshotEndsTheGap() throws {
        let queue = try SequenceQueue<String>(capacity: 2)
        try queue.submit("b", sequence: 2, isSnapshot: false)
        try queue.submit("c", sequence: 3, isSnapshot: false)
        #expect(throws: GraftError.self) { try queue.submit("d", sequence: 4, isSnapshot: false) }
        try queue.submit("all", sequence: 9, isSnapshot: true)
        #expect(drain(queue) == ["9all"])
        #expect(queue.stats.refusedFull == 1)
    }

    @Test(arguments: [0, -1, QueueCounts.capacityMax + 1, Int.max])
    func aCapacityOutsideTheLimitsIsRefused(capacity: Int) {
        let error = #expect(throws: GraftError.self) { try SequenceQueue<Int>(capacity: capacity) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func aRestartDropsWhatWaitsAndSetsTheNextSequence() throws {
        let queue = try SequenceQueue<String>(capacity: 8)
        try queue.submit("b", sequence: 2, isSnapshot: false)
        var dropped: [String] = []
        queue.restart(at: 7) { dropped.append("\($1)\($0) \($2.code)") }
        #expect(dropped == ["2b superseded"])
        try queue.submit("g", sequence: 7, isSnapshot: false)
        #expect(drain(queue) == ["7g"])
        queue.restart()
        try queue.submit("a", sequence: 1, isSnapshot: false)
        #expect(drain(queue) == ["1a"])
    }

    @Test func whoIsToldOfADropMayUseTheQueue() throws {
        let queue = try SequenceQueue<String>(capacity: 8)
        try queue.submit("b", sequence: 2, isSnapshot: false)
        try queue.submit("b", sequence: 2, isSnapshot: false)
        try queue.submit("all", sequence: 3, isSnapshot: true)
        var inside: [String] = []
        let next = queue.next { _, _, _ in
            try? queue.submit("d", sequence: 4, isSnapshot: false)
            while let (sequence, element) = queue.next() { inside.append("\(sequence)\(element)") }
        }
        #expect(next?.element == "all")
        #expect(inside == ["4d"])
    }

    @Test func everyElementIsReleasedOnce() throws {
        do {
            let queue = try SequenceQueue<Counted>(capacity: 2)
            try queue.submit(Counted(), sequence: 1, isSnapshot: false)
            #expect(queue.next() != nil)
            #expect(Counted.alive.withLock { $0 } == 0)
            #expect(throws: GraftError.self) { try queue.submit(Counted(), sequence: 1, isSnapshot: false) }
            try queue.submit(Counted(), sequence: 5, isSnapshot: false)
            try queue.submit(Counted(), sequence: 5, isSnapshot: false)
            #expect(queue.next() == nil)
            #expect(Counted.alive.withLock { $0 } == 1)
        }
        #expect(Counted.alive.withLock { $0 } == 0)
    }

    @Test func manyTasksSubmitAndManyTake() async throws {
        let queue = try SequenceQueue<UInt64>(capacity: 1000)
        let taken = Taken()
        await withTaskGroup(of: Void.self) { group in
            for part in 0..<4 {
                group.addTask {
                    for i in stride(from: UInt64(part) + 1, through: 800, by: 4) {
                        try! queue.submit(i, sequence: i, isSnapshot: false)
                    }
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    while taken.all.withLock({ $0.count }) < 800 {
                        if let (sequence, element) = queue.next() {
                            #expect(sequence == element)
                            taken.all.withLock { $0.append(element) }
                        } else {
                            await Task.yield()
                        }
                    }
                }
            }
        }
        #expect(taken.all.withLock { $0.sorted() } == Array(1...800))
    }
}
