// LiveAsyncTests: async functions from their entry to their completion, across suspensions and threads.

import Graft
import Synchronization
import Testing

extension Live {
    @Suite("A probe on an async function")
    struct AsyncTests {
        /// A started core.
        private let core: Core

        /// Starts the core.
        init() throws { core = try Core() }

        /// What handlers saw, in numbers.
        final class Tally: Sendable {
            let enters = Atomic(0), leaves = Atomic(0), errors = Atomic(0), results = Atomic<UInt64>(0)
            let arguments = Atomic<UInt64>(0), wrongCookies = Atomic(0), longest = Atomic<UInt64>(0)

            /// Notes one hit.
            func note(_ hit: borrowing Hit) {
                switch hit.phase {
                case .enter:
                    enters.add(1, ordering: .relaxed)
                    arguments.wrappingAdd(hit.argument(0), ordering: .relaxed)
                    hit.cookie = hit.argument(0)
                case .leave:
                    leaves.add(1, ordering: .relaxed)
                    if hit.swiftError != 0 {
                        errors.add(1, ordering: .relaxed)
                    } else {
                        results.wrappingAdd(hit.result, ordering: .relaxed)
                    }
                    if hit.cookie == 0 { wrongCookies.add(1, ordering: .relaxed) }
                    longest.max(hit.nanoseconds, ordering: .relaxed)
                case .unwind: Issue.record("async functions are not unwound")
                }
            }
            /// What was noted.
            var all: (enters: Int, leaves: Int, errors: Int) {
                (enters.load(ordering: .relaxed), leaves.load(ordering: .relaxed), errors.load(ordering: .relaxed))
            }
        }

        /// Watches entry and completion.
        private func watch(_ target: String, _ options: ProbeOptions = []) throws -> (Probe, Tally) {
            let tally = Tally()
            let (probe, outcome) = try core.install(target, .entryExit, options) { hit in tally.note(hit) }
            #expect(outcome.state == .installed)
            return (probe, tally)
        }

        @Test("sees each completion with its result and its cookie", arguments: [false, true])
        func results(suspends: Bool) async throws {
            let (probe, tally) = try watch(suspends ? "GraftTests:asyncTriple(_:)" : "GraftTests:asyncPlain(_:)")
            var sum = 0, expected = 0
            for a in 1...1000 {
                sum += suspends ? await asyncTriple(a) : await asyncPlain(a)
                expected += suspends ? 3 * a : a + 100
            }
            core.remove(probe)
            #expect(sum == expected)
            #expect(tally.all == (1000, 1000, 0))
            #expect(tally.arguments.load(ordering: .relaxed) == 500_500)
            #expect(tally.results.load(ordering: .relaxed) == UInt64(expected))
            #expect(tally.wrongCookies.load(ordering: .relaxed) == 0)
        }

        @Test("tells a thrown error from a result")
        func errors() async throws {
            let (probe, tally) = try watch("GraftTests:asyncFails(_:)")
            var thrown = 0
            for a in -10...10 where a != 0 {
                do { #expect(try await asyncFails(a) == a) } catch is Refusal { thrown += 1 }
            }
            core.remove(probe)
            #expect(thrown == 10)
            #expect(tally.all == (20, 20, 10))
            #expect(tally.results.load(ordering: .relaxed) == 55)
        }

        @Test("keeps floating results, and may change integers")
        func values() async throws {
            let (half, seen) = try watch("GraftTests:asyncHalf(_:)")
            #expect(await asyncHalf(5) == 2.5)
            #expect(seen.all.leaves == 1)
            let (probe, _) = try core.install("GraftTests:asyncTriple(_:)", .entryExit) { hit in
                if hit.phase == .leave { hit.result = 42 } else { hit.setArgument(0, to: 1) }
            }
            #expect(await asyncTriple(7) == 42)
            core.remove(probe)
            core.remove(half)
            #expect(await asyncTriple(7) == 21)
        }

        @Test("measures the time across suspensions")
        func duration() async throws {
            let (probe, tally) = try watch("GraftTests:asyncWaits(_:at:)", .time)
            let gate = Gate()
            let task = Task { await asyncWaits(1, at: gate) }
            while gate.waiting == 0 { await Task.yield() }
            let clock = ContinuousClock(), begin = clock.now
            while clock.now - begin < .milliseconds(5) { await Task.yield() }
            gate.open()
            #expect(await task.value == 2)
            core.remove(probe)
            #expect(tally.longest.load(ordering: .relaxed) >= 5_000_000)
        }

        @Test("loses none of 100,000 calls that are open at once")
        func many() async throws {
            let calls = 100_000
            let (probe, tally) = try watch("GraftTests:asyncWaits(_:at:)")
            let gate = Gate()
            let sum = await withTaskGroup(of: Int.self) { group in
                for a in 1...calls { group.addTask { await asyncWaits(a, at: gate) } }
                while gate.waiting < calls { await Task.yield() }
                #expect(tally.all == (calls, 0, 0))
                gate.open()
                return await group.reduce(0, +)
            }
            let counters = try core.instrumentation.snapshot().counters
            core.remove(probe)
            #expect(sum == calls * (calls + 1) / 2 + calls)
            #expect(tally.all == (calls, calls, 0))
            #expect(tally.results.load(ordering: .relaxed) == UInt64(sum))
            #expect(counters.framesExhausted == 0)
        }

        @Test("sees a cancelled call end")
        func cancellation() async throws {
            let (probe, tally) = try watch("GraftTests:asyncSleeps()")
            let task = Task { try await asyncSleeps() }
            while tally.all.enters == 0 { await Task.yield() }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            core.remove(probe)
            #expect(tally.all == (1, 1, 1))
        }

        @Test("sees an actor's methods, async or not")
        func actors() async throws {
            let (plain, plainly) = try watch("GraftTests:AsyncCounter.add(_:)")
            let (later, asynchronously) = try watch("GraftTests:AsyncCounter.addLater(_:)")
            let counter = AsyncCounter()
            #expect(await counter.add(1) == 1)
            #expect(await counter.addLater(1) == 102)
            core.remove(plain)
            core.remove(later)
            #expect(plainly.all == (1, 1, 0))
            #expect(asynchronously.all == (1, 1, 0))
        }

        @Test("follows calls that call each other, and themselves")
        func nesting() async throws {
            let probes = try ["asyncOuter(_:)", "asyncTriple(_:)", "asyncDepth(_:)"].map {
                try watch("GraftTests:" + $0)
            }
            #expect(await asyncOuter(2) == 7)
            #expect(await asyncDepth(500) == 500)
            for (probe, _) in probes { core.remove(probe) }
            #expect(probes.map(\.1.all.leaves) == [1, 1, 501])
        }

        @Test("that is removed while a call is open lets it end")
        func removal() async throws {
            let (probe, tally) = try watch("GraftTests:asyncWaits(_:at:)")
            let gate = Gate()
            let task = Task { await asyncWaits(6, at: gate) }
            while gate.waiting == 0 { await Task.yield() }
            core.remove(probe)
            gate.open()
            #expect(await task.value == 7)
            #expect(tally.all == (1, 0, 0))
        }

        @Test("names the async caller, not what runs its task")
        func caller() async throws {
            let (probe, _) = try core.install("GraftTests:asyncTriple(_:)", .once, .caller)
            _ = await asyncOuter(1)
            var frames: [UInt64] = []
            while frames.isEmpty {
                frames = try #require(try core.info(probe)?.entries.first?.frames)
                await Task.yield()
            }
            let symbol = try #require(core.instrumentation.symbolise(frames[0] - 1))
            #expect(symbol.symbol.contains("asyncOuter"))
            core.remove(probe)
        }

        @Test("stays right while it comes and goes under load")
        func load() async throws {
            let stop = Seen(false)
            let calls = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var calls = 0
                        while !stop.value {
                            guard await asyncTriple(calls) == 3 * calls else { return -1 }
                            calls += 1
                        }
                        return calls
                    }
                }
                for _ in 0..<200 {
                    guard let (probe, tally) = try? watch("GraftTests:asyncTriple(_:)") else { break }
                    await Task.yield()
                    core.remove(probe)
                    let all = tally.all
                    #expect(all.leaves <= all.enters)
                }
                stop.change { $0 = true }
                return await group.reduce(Int.max) { min($0, $1) }
            }
            #expect(calls >= 0)
        }
    }
}
