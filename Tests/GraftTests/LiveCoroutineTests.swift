// LiveCoroutineTests: modify and read accessors, which are left when the access has ended.

import Graft
import Testing

/// What happened, in order. Used on one thread at a time.
nonisolated(unsafe) private var steps: [String] = []

/// Two values behind accessors that yield.
private final class Shelf {
    /// The first one.
    private var one = 1
    /// The second one.
    private var two = 2

    /// The first value.
    var first: Int {
        @inline(never) @_optimize(none) _read {
            defer { steps.append("first read") }
            yield one
        }
        @inline(never) @_optimize(none) _modify {
            defer { steps.append("first modified") }
            yield &one
        }
    }

    /// The value at an index.
    subscript(index: Int) -> Int {
        @inline(never) @_optimize(none) _read { if index == 0 { yield one } else { yield two } }
        @inline(never) @_optimize(none) _modify {
            if index == 0 { yield &one } else { yield &two }
            steps.append("[\(index)] modified")
        }
    }
}

/// Changes two values at once.
@inline(never) @_optimize(none)
private func exchange(_ a: inout Int, _ b: inout Int) {
    steps.append("exchange")
    (a, b) = (b, a)
}

/// Changes a value and then refuses to.
@inline(never) @_optimize(none)
private func refuse(_ a: inout Int) throws {
    a = 7
    throw Refusal()
}

extension Live {
    @Suite("A probe on an accessor that yields")
    struct CoroutineTests {
        /// A started core.
        private let core: Core

        /// Starts the core.
        init() throws {
            core = try Core()
            steps = []
        }

        /// Writes down entries and exits.
        private func watch(_ target: String, _ name: String) throws -> Probe {
            let (probe, outcome) = try core.install(target, .entryExit, .time) { hit in
                if hit.phase == .enter {
                    hit.cookie = 0x5e1f
                    steps.append("\(name) enter")
                } else {
                    steps.append(hit.cookie == 0x5e1f && hit.nanoseconds > 0 ? "\(name) leave" : "\(name) another's")
                }
            }
            #expect(outcome.state == .installed)
            return probe
        }

        @Test("sees the access end after what the accessor does then")
        func modify() throws {
            let shelf = Shelf()
            let probe = try watch("GraftTests:Shelf.first.modify", "modify")
            shelf.first += 40
            steps.append("done")
            core.remove(probe)
            #expect(steps == ["modify enter", "first modified", "modify leave", "done"])
            #expect(shelf.first == 41)
        }

        @Test("knows a read as well")
        func read() throws {
            let shelf = Shelf()
            let probe = try watch("GraftTests:Shelf.first.read", "read")
            #expect(shelf.first == 1)
            core.remove(probe)
            #expect(shelf.first == 1)
            #expect(steps == ["read enter", "first read", "read leave", "first read"])
        }

        @Test("keeps two accesses apart that are open at once")
        func nested() throws {
            let shelf = Shelf()
            let first = try watch("GraftTests:Shelf.first.modify", "first")
            let second = try watch("GraftTests:Shelf.subscript.modify", "second")
            let other = Shelf()
            exchange(&shelf.first, &other[1])
            core.remove(first)
            core.remove(second)
            #expect(
                steps == [
                    "first enter", "second enter", "exchange", "[1] modified", "second leave", "first modified",
                    "first leave",
                ])
            #expect(shelf.first == 2 && other[1] == 1)
        }

        @Test("sees an access that an error ends")
        func aborted() throws {
            let shelf = Shelf()
            let probe = try watch("GraftTests:Shelf.first.modify", "modify")
            #expect(throws: Refusal.self) { try refuse(&shelf.first) }
            core.remove(probe)
            #expect(steps == ["modify enter", "first modified", "modify leave"])
            #expect(shelf.first == 7)
        }

        @Test("may come and go while an access is open")
        func inTheMiddle() throws {
            let shelf = Shelf()
            /// Changes the probes in the middle of an access.
            func within(_ value: inout Int, _ body: () throws -> Void) rethrows {
                value += 1
                try body()
            }
            let probe = try watch("GraftTests:Shelf.first.modify", "modify")
            within(&shelf.first) { core.remove(probe) }
            #expect(steps == ["modify enter", "first modified"])
            var late: Probe?
            try within(&shelf.first) { late = try watch("GraftTests:Shelf.first.modify", "late") }
            core.remove(try #require(late))
            #expect(steps == ["modify enter", "first modified", "first modified"])
            #expect(shelf.first == 3)
        }

        @Test("keeps what a hundred thousand accesses do")
        func many() throws {
            let shelf = Shelf()
            let probe = try watch("GraftTests:Shelf.first.modify", "modify")
            for _ in 1...100_000 {
                shelf.first += 1
                if steps.count > 1000 { steps = [] }
            }
            let counters = try core.instrumentation.snapshot().counters
            core.remove(probe)
            #expect(shelf.first == 100_001)
            #expect(counters.framesExhausted == 0)
        }
    }
}
