// LiveProbeTests: probes on functions of this process: hits, arguments, results, modes, removal.

import Foundation
import Graft
import Testing

extension Live {
    @Suite("A probe")
    struct ProbeTests {
        /// A started core.
        private let core: Core

        /// Starts the core.
        init() throws { core = try Core() }

        @Test("counts every call, on every thread, exactly")
        func count() throws {
            let (probe, outcome) = try core.install(":victim_busy", .count)
            #expect(outcome.state == .installed && outcome.installed == 1 && outcome.refused == 0)
            let threads = 4
            let calls = 5_000
            let group = DispatchGroup()
            let wrong = Seen(0)
            for _ in 0..<threads {
                group.enter()
                Thread {
                    for index in 0..<calls where victimBusy(index) != index * 3 + 1 { wrong.change { $0 += 1 } }
                    group.leave()
                }.start()
            }
            group.wait()
            #expect(wrong.value == 0)
            #expect(try core.instrumentation.hits(of: probe) == UInt64(threads * calls))
            #expect(try core.info(probe)?.hits == UInt64(threads * calls))
            core.remove(probe)
        }

        @Test("shows its handler the integer arguments, in registers and on the stack")
        func arguments() throws {
            let seen = Seen<[UInt64]>([])
            let (probe, _) = try core.install(":victim_eight", .entry) { hit in
                let arguments = (0..<8).map { hit.argument($0) }
                seen.change { $0 = arguments }
            }
            #expect(victimEight(1, 2, 3, 4, 5, 6, 7, 8) == 204)
            #expect(seen.value == [1, 2, 3, 4, 5, 6, 7, 8])
            core.remove(probe)
        }

        @Test("shows its handler floating arguments and results")
        func floats() throws {
            let seen = Seen<[Double]>([])
            let (probe, _) = try core.install(":victim_scale", .entryExit) { hit in
                let numbers = hit.phase == .enter ? [hit.floatArgument(0), hit.floatArgument(1)] : [hit.floatResult]
                seen.change { $0 += numbers }
            }
            #expect(victimScale(1.5, 4) == 6.5)
            #expect(seen.value == [1.5, 4, 6.5])
            core.remove(probe)
        }

        @Test("shows its handler who it is and where it was called from")
        func identity() throws {
            let seen = Seen<(probe: Probe?, symbol: String, image: String, caller: UInt64, thread: UInt32)>(
                (nil, "", "", 0, 0))
            let (probe, _) = try core.install(":victim_called", .entry, .thread) { hit in
                let view = (hit.probe, hit.symbol, hit.image, hit.returnAddress, hit.thread)
                seen.change { $0 = view }
            }
            _ = victimCaller(1)
            #expect(seen.value.probe == probe)
            #expect(seen.value.symbol == "victim_called")
            #expect(seen.value.image.contains("xctest"))
            #expect(seen.value.thread != 0)
            let caller = try #require(core.instrumentation.symbolise(seen.value.caller - 1))
            #expect(caller.symbol.contains("victimCaller") || caller.symbol == "victim_caller")
            core.remove(probe)
        }

        @Test("sees entry and exit as one call, with its duration and the handler's word")
        func exit() throws {
            let seen = Seen<[String]>([])
            let (probe, _) = try core.install(":victim_add", .entryExit, .time) { hit in
                switch hit.phase {
                case .enter: hit.cookie = hit.argument(0) * 10
                case .leave:
                    let text = "\(hit.cookie) \(hit.result) \(hit.nanoseconds > 0)"
                    seen.change { $0.append(text) }
                case .unwind: seen.change { $0.append("unwind") }
                }
            }
            #expect(victimAdd(1, 2, 3) == 6)
            #expect(victimAdd(2, 3, 4) == 9)
            #expect(seen.value == ["10 6 true", "20 9 true"])
            core.remove(probe)
        }

        @Test("lets its handler change an argument and the result")
        func changes() throws {
            let (probe, _) = try core.install(":victim_add", .entryExit) { hit in
                if hit.phase == .enter { hit.setArgument(1, to: 100) } else { hit.result += 1_000 }
            }
            #expect(victimAdd(1, 2, 3) == 1_104)
            core.remove(probe)
            #expect(victimAdd(1, 2, 3) == 6)
        }

        @Test("in mode once reports the first call, keeps its caller, and takes itself out")
        func once() throws {
            let calls = Seen(0)
            let (probe, _) = try core.install(":victim_called", .once, .caller) { _ in calls.change { $0 += 1 } }
            for index in 0..<100 { #expect(victimCaller(index) == index * 5 - 1) }
            #expect(calls.value == 1)
            let info = try #require(try core.info(probe))
            #expect(info.state == .disarmed)
            #expect(info.hits >= 1)
            let frame = try #require(info.entries.first?.frames.first)
            let caller = try #require(core.instrumentation.symbolise(frame - 1))
            #expect(caller.symbol.contains("victimCaller") || caller.symbol == "victim_caller")
            #expect(core.instrumentation.apply([.setMode(probe, .once)]).first?.error == nil)
            _ = victimCaller(1)
            #expect(calls.value == 2)
            core.remove(probe)
        }

        @Test("can be switched between modes while it is installed")
        func setMode() throws {
            let calls = Seen(0)
            let (probe, _) = try core.install(":victim_add", .count) { _ in calls.change { $0 += 1 } }
            _ = victimAdd(1, 2, 3)
            #expect(calls.value == 0)
            let outcome = core.instrumentation.apply([.setMode(probe, .entryExit)])
            #expect(outcome.map(\.state) == [.installed])
            _ = victimAdd(1, 2, 3)
            #expect(calls.value == 2)
            #expect(core.instrumentation.apply([.setMode(probe, .entry)]).map(\.error) == [nil])
            _ = victimAdd(1, 2, 3)
            #expect(calls.value == 3)
            #expect(try core.instrumentation.hits(of: probe) == 3)
            #expect(try core.info(probe)?.mode == .entry)
            core.remove(probe)
        }

        @Test("is gone after its removal: no call reaches the handler, and the bytes are the original ones")
        func removal() throws {
            let calls = Seen(0)
            let address = try #require(try address(of: ":victim_add"))
            let before = bytes(at: address)
            let (probe, _) = try core.install(":victim_add", .entry) { _ in calls.change { $0 += 1 } }
            #expect(bytes(at: address) != before)
            #expect(core.instrumentation.lookup(address: address)?.state == .installed)
            _ = victimAdd(1, 2, 3)
            let outcome = core.instrumentation.apply([.remove(probe)])
            #expect(outcome.map(\.state) == [.removed])
            #expect(outcome.map(\.installed) == [1])
            #expect(bytes(at: address) == before)
            _ = victimAdd(1, 2, 3)
            #expect(calls.value == 1)
            #expect(core.instrumentation.lookup(address: address)?.state == .removed)
            #expect(core.instrumentation.lookup(address: 16) == nil)
            #expect(try core.info(probe) == nil)
            #expect(core.instrumentation.apply([.remove(probe)]).first?.error?.code == .noSuchProbe)
            #expect(core.instrumentation.apply([.setMode(probe, .count)]).first?.error?.code == .noSuchProbe)
            #expect(throws: GraftError.self) { try core.instrumentation.hits(of: probe) }
        }

        @Test("is pending while nothing matches")
        func pending() throws {
            let (probe, outcome) = try core.install("libdoes-not-exist.so:f", .count)
            #expect(outcome.state == .pending && outcome.installed == 0)
            #expect(try core.info(probe)?.state == .pending)
            #expect(try core.instrumentation.snapshot().counters.pending == 1)
            core.remove(probe)
        }

        @Test("is carried out together with others, in order, each with its own outcome")
        func batch() throws {
            let outcomes = core.instrumentation.apply([
                .install(ProbeRequest(target: try Target(":victim_add"), mode: .count)),
                .install(ProbeRequest(target: try Target(":victim_busy"), mode: .count)),
                .remove(Probe(id: 999_999_999)),
                .install(ProbeRequest(target: try Target("libdoes-not-exist.so:f"), mode: .count)),
            ])
            #expect(outcomes.map(\.state) == [.installed, .installed, .unknown, .pending])
            #expect(outcomes.map { $0.error?.code } == [nil, nil, .noSuchProbe, nil])
            #expect(outcomes[2].error?.place == .probe(Probe(id: 999_999_999)))
            let removed = core.instrumentation.apply(
                outcomes.compactMap(\.probe).filter { $0.id < 999_999_999 }.map { .remove($0) })
            #expect(removed.allSatisfy { $0.error == nil })
            #expect(core.instrumentation.apply([]) == [])
        }

        @Test("is found by its canonical identifier")
        func identifier() throws {
            let (probe, _) = try core.install(":victim_add", .count)
            let identifier = try #require(try core.info(probe)?.entries.first?.entry.identifier)
            #expect(identifier.hasSuffix(":victim_add"))
            let before = try #require(core.instrumentation.lookup(identifier: identifier))
            #expect(before.state == .installed)
            _ = victimAdd(1, 2, 3)
            #expect(core.instrumentation.lookup(identifier: identifier)?.hits == before.hits + 1)
            #expect(core.instrumentation.lookup(identifier: identifier + "x") == nil)
            core.remove(probe)
        }

        /// The address of the one function of a target.
        private func address(of target: String) throws -> UInt64? {
            let (probe, _) = try core.install(target, .count)
            defer { core.remove(probe) }
            return try core.info(probe)?.entries.first?.entry.address
        }

        /// The first bytes of a function.
        private func bytes(at address: UInt64) -> [UInt8] {
            guard let pointer = UnsafeRawPointer(bitPattern: UInt(address)) else { return [] }
            return Array(UnsafeRawBufferPointer(start: pointer, count: 16))
        }
    }
}
