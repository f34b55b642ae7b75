// PollerThreadTests: slow callbacks, callbacks that call back, and several threads.

import Foundation
import GraftConfig
import GraftRemoteConfig
import GraftTestKit
import Synchronization
import Testing

@Suite("The poller, called from everywhere,")
struct PollerThreadTests {
    private let product = "ASM_FEATURES"
    private let a = OfferedFile(features("a"), #"{"a":1}"#)

    @Test("reports a call that takes more than half a second, and none that takes half a second")
    func slow() throws {
        let clock = HandClock()
        let poller = RemoteConfigPoller.test(clock: clock)
        let pause = Mutex(Duration.milliseconds(500))
        poller.registerCallback(
            Recorder(periodic: { clock.advance(pause.withLock { $0 }) }) { _ in
                clock.advance(pause.withLock { $0 })
            }, for: product)
        let quick = try #require(poller.poll(over: ScriptedTransport(Offer(1, [a]))))
        #expect(quick.calls.map(\.elapsed) == [.milliseconds(500), .milliseconds(500)])
        #expect(quick.calls.map(\.isSlow) == [false, false])
        #expect(quick.log.allSatisfy { $0.level == .debug })
        pause.withLock { $0 = .milliseconds(501) }
        let slow = try #require(poller.poll(over: ScriptedTransport(Offer(2))))
        #expect(slow.calls.map(\.kind) == [.periodic, .payload])
        #expect(slow.calls.allSatisfy { $0.isSlow && $0.product == product })
        let periodicLine = "the periodic callback of ASM_FEATURES took 501 ms"
        #expect(slow.log.map(\.text) == [periodicLine, "the callback of ASM_FEATURES took 501 ms"])
        // Slow at every beat is one line.
        #expect(poller.poll(over: ScriptedTransport())?.log.isEmpty == true)
    }

    @Test("measures how long the agent takes")
    func latency() throws {
        let clock = HandClock()
        struct Slow: RemoteConfigTransport {
            let clock: HandClock
            func send(_ request: HTTPRequest) -> HTTPAnswer {
                clock.advance(.milliseconds(70))
                return .ok("{}")
            }
        }
        let report = try #require(RemoteConfigPoller.test(clock: clock).poll(over: Slow(clock: clock)))
        #expect(report.latency == .milliseconds(70))
    }

    @Test("lets a callback do anything, without a deadlock")
    func reentrancy() {
        let poller = RemoteConfigPoller.test()
        let late = Recorder()
        let nested = Mutex<[Bool]>([])
        let act: @Sendable () -> Void = {
            poller.registerCallback(late, for: "ASM")
            poller.enableProduct("ASM")
            poller.disableProduct("ASM")
            poller.updateCapabilities(mask: .asmActivation, set: .asmActivation)
            poller.updateTracer { $0.extraServices.append("x") }
            poller.unregisterCallback("NONE")
            nested.withLock { $0 += [poller.poll(over: ScriptedTransport()) == nil, poller.deliver() == nil] }
        }
        poller.registerCallback(Recorder(periodic: act) { _ in act() }, for: product)
        poller.poll(over: ScriptedTransport(Offer(1, [a])))
        #expect(nested.withLock { $0 } == [true, true, true, true])
        #expect(poller.state.tracer.extraServices == ["x", "x"])
    }

    @Test("does not call a callback that another one has unregistered in the same round")
    func unregisterDuringRound() {
        let poller = RemoteConfigPoller.test()
        let victim = Recorder()
        poller.registerCallback(Recorder { _ in poller.unregisterCallback("ASM") }, for: product)
        poller.registerCallback(victim, for: "ASM")
        poller.poll(over: ScriptedTransport(Offer(1, [a, OfferedFile("datadog/2/ASM/c/config", "{}")])))
        #expect(victim.batches.isEmpty)
        #expect(poller.applyStates == ["a": 2, "c": 1])
    }

    @Test("takes no word for a product from a callback that has been replaced while it ran")
    func replacedWhileRunning() {
        let poller = RemoteConfigPoller.test()
        let successor = Recorder { _ in throw CallbackError(description: "successor") }
        poller.registerCallback(
            Recorder { _ in _ = poller.updateProductCallback(successor, for: "ASM_FEATURES") }, for: product)
        poller.poll(over: ScriptedTransport(Offer(1, [a])))
        #expect(poller.applyStates == ["a": 1])
        poller.deliver()
        #expect(successor.batches == [["+a"]])
        #expect(poller.applyStates == ["a": 3])
    }

    @Test("survives threads that register, enable, acknowledge and poll at once, and ends in agreement")
    func threads() async {
        let poller = RemoteConfigPoller.test()
        let known = Mutex<[String: Int]>([:])
        let keeper = Recorder { payloads in
            known.withLock { known in
                for payload in payloads {
                    known[payload.path.text] = payload.content?.root["n"]?.integer.map(Int.init)
                }
            }
        }
        poller.registerCallback(keeper, for: product)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 1...200 {
                    let files = (0..<5).filter { (round + $0) % 3 != 0 }.map {
                        OfferedFile(features("\($0)"), #"{"n":\#(round / 2)}"#)
                    }
                    poller.poll(over: ScriptedTransport(Offer(UInt64(round), files)))
                }
            }
            for worker in 0..<3 {
                group.addTask {
                    for round in 0..<200 {
                        let name = "P\(worker)"
                        poller.registerCallback(Recorder(), for: name)
                        poller.enableProduct(name)
                        for payload in poller.payloads(for: "ASM_FEATURES") {
                            poller.acknowledge(payload, .acknowledged)
                        }
                        poller.deliver()
                        if round % 2 == 0 { poller.unregisterCallback(name) }
                        poller.disableProduct(name)
                    }
                }
            }
        }
        poller.poll(over: ScriptedTransport())
        let inForce = poller.payloads(for: product).reduce(into: [String: Int]()) {
            $0[$1.path.text] = $1.content?.root["n"]?.integer.map(Int.init)
        }
        #expect(known.withLock { $0 } == inForce)
    }
}
