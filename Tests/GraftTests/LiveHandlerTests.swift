// LiveHandlerTests: what becomes of a handler's closure, and what a handler may do.

import Graft
import Testing

extension Live {
    @Suite("A handler")
    struct HandlerTests {
        /// A started core.
        private let core: Core

        /// Starts the core.
        init() throws { core = try Core() }

        /// A handler that keeps a token alive.
        private func holding(_ token: Token) -> Handler { { _ in token.touch() } }

        @Test("lives as long as its probe, and no longer")
        func lifetime() throws {
            let (probe, _) = try core.install(":victim_add", .entry, handler: holding(Token()))
            #expect(Token.count == 1)
            for _ in 0..<10 { _ = victimAdd(1, 2, 3) }
            #expect(core.instrumentation.apply([.setMode(probe, .once)]).map(\.error) == [nil])
            _ = victimAdd(1, 2, 3)
            #expect(Token.count == 1)
            core.remove(probe)
            #expect(Token.count == 0)
        }

        @Test("is released when its probe is not accepted")
        func refused() async {
            // In a process of its own, since the first start of a process decides its limits.
            await #expect(processExitsWith: .success) {
                let limited = try Instrumentation.start(maximumProbes: 2)
                let many = 100
                let outcomes = limited.apply(
                    try (0..<many).map { index in
                        let token = Token()
                        let target = try Target("libno.so:f\(index)")
                        return .install(ProbeRequest(target: target, mode: .entry) { _ in token.touch() })
                    })
                #expect(outcomes.last?.error?.code == .limitProbes)
                let accepted = outcomes.compactMap { $0.error == nil ? $0.probe : nil }
                #expect(accepted.count >= 2 && accepted.count < many)
                #expect(Token.count == accepted.count)
                #expect(limited.apply(accepted.map { .remove($0) }).allSatisfy { $0.error == nil })
                #expect(Token.count == 0)
                limited.stop()
            }
        }

        @Test("of a probe that is left behind is released by the last stop")
        func leftBehind() throws {
            let other = try Instrumentation.start()
            _ = try core.install(":victim_add", .entry, handler: holding(Token()))
            other.stop()
            #expect(Token.count == 1)
            core.instrumentation.stop()
            #expect(Token.count == 0)
            #expect(victimAdd(1, 2, 3) == 6)
        }

        @Test("is told of one call in so many, when it asks for a sample")
        func sampled() throws {
            let calls = Seen(0)
            let target = try Target(":victim_add")
            let request = ProbeRequest(target: target, mode: .entry, sampleEvery: 100) { _ in calls.change { $0 += 1 } }
            let probe = try #require(core.instrumentation.apply([.install(request)]).first?.probe)
            for i in 0..<10_000 { #expect(victimAdd(i, 1, 2) == i + 3) }
            #expect(try core.instrumentation.hits(of: probe) == 10_000)
            #expect((80...120).contains(calls.value))
            core.remove(probe)
        }

        @Test("is told of so many calls in a second, when it asks for no more")
        func budget() throws {
            let calls = Seen(UInt64(0))
            let request = ProbeRequest(target: try Target(":victim_add"), mode: .entry, maximumPerSecond: 50) { _ in
                calls.change { $0 += 1 }
            }
            let begin = ContinuousClock.now
            let probe = try #require(core.instrumentation.apply([.install(request)]).first?.probe)
            for i in 0..<10_000 { #expect(victimAdd(i, 1, 2) == i + 3) }
            let seconds = UInt64((ContinuousClock.now - begin).components.seconds)
            let info = try #require(try core.instrumentation.snapshot().probes.first { $0.probe == probe })
            #expect(calls.value >= 50 && calls.value <= 50 * (seconds + 1))
            #expect(info.hits == 10_000)
            #expect(info.leftOut == 10_000 - calls.value)
            #expect(info.maximumPerSecond == 50)
            #expect(try core.instrumentation.snapshot().counters.hitsLeftOut >= info.leftOut)
            core.remove(probe)
        }

        @Test("that takes too long is taken out, until its mode is set again")
        func tripped() throws {
            let calls = Seen(0)
            let request = ProbeRequest(
                target: try Target(":victim_add"), mode: .entry, maximumHandlerNanoseconds: 1_000
            ) { _ in
                let begin = ContinuousClock.now
                while ContinuousClock.now - begin < .microseconds(20) {}
                calls.change { $0 += 1 }
            }
            let probe = try #require(core.instrumentation.apply([.install(request)]).first?.probe)
            for _ in 1...2 {
                calls.change { $0 = 0 }
                for i in 0..<1_000 { #expect(victimAdd(i, 1, 2) == i + 3) }
                #expect(calls.value == 16)
                let info = try #require(try core.instrumentation.snapshot().probes.first { $0.probe == probe })
                #expect(info.state == .tripped)
                #expect(info.handlerNanoseconds == 4 * 1_000)
                #expect(info.maximumHandlerNanoseconds == 1_000)
                #expect(core.instrumentation.apply([.setMode(probe, .entry)]).first?.state == .installed)
            }
            #expect(try core.instrumentation.snapshot().counters.tripped == 2)
            core.remove(probe)
        }

        @Test("may call instrumented functions, which are not reported")
        func nested() throws {
            let calls = Seen(0)
            let (inner, _) = try core.install(":victim_nested", .entry) { _ in calls.change { $0 += 1 } }
            let (outer, _) = try core.install(":victim_add", .entry) { _ in _ = victimNested(1) }
            _ = victimAdd(1, 2, 3)
            #expect(calls.value == 0)
            #expect(try core.instrumentation.snapshot().counters.hitsSuppressed >= 1)
            _ = victimNested(1)
            #expect(calls.value == 1)
            core.remove(outer)
            core.remove(inner)
        }

        @Test("may not wait: a change from inside is refused, and its closure released")
        func waiting() throws {
            let errors = Seen<[GraftError.Code?]>([])
            let instrumentation = core.instrumentation
            let target = try Target(":victim_busy")
            let (probe, _) = try core.install(":victim_add", .entry) { _ in
                let token = Token()
                let request = ProbeRequest(target: target, mode: .entry) { _ in token.touch() }
                let outcome = instrumentation.apply([.install(request)])
                var code: GraftError.Code?
                do throws(GraftError) { _ = try instrumentation.snapshot() } catch { code = error.code }
                let seen = [outcome.first?.error?.code, code]
                errors.change { $0 = seen }
            }
            _ = victimAdd(1, 2, 3)
            #expect(errors.value == [.inHandler, .inHandler])
            #expect(Token.count == 0)
            core.remove(probe)
        }

        @Test("may submit, which is carried out afterwards")
        func submitting() async throws {
            let stream = try core.instrumentation.stream(named: "handler")
            let target = try Target(":victim_busy")
            let (probe, _) = try core.install(":victim_add", .once) { _ in
                try? stream.submit(Update(changes: [.install(ProbeRequest(target: target, mode: .count))]))
            }
            let outcomes = stream.outcomes()
            _ = victimAdd(1, 2, 3)
            let outcome = await outcomes.first { _ in true }
            #expect(outcome?.outcomes.map(\.state) == [.installed])
            core.remove(probe)
        }
    }
}
