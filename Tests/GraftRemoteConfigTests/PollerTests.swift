// PollerTests: what callbacks are called with, in which order, and what is acknowledged.

import GraftConfig
import GraftRemoteConfig
import GraftTestKit
import Synchronization
import Testing

@Suite("The poller")
struct PollerTests {
    private let product = "ASM_FEATURES"
    private let a = OfferedFile(features("a"), #"{"a":1}"#)
    private let b = OfferedFile(features("b"), #"{"b":1}"#)
    private let c = OfferedFile("datadog/2/ASM/c/config", #"{"c":1}"#)

    @Test("calls each product once a round with its changes, removals first, and not at all without any")
    func batches() {
        let poller = RemoteConfigPoller.test()
        let (one, two) = (Recorder(), Recorder())
        poller.registerCallback(one, for: product)
        poller.registerCallback(two, for: "ASM")
        let script = ScriptedTransport(Offer(1, [a, c]), Offer(2, [b, c.cached]), Offer(3))
        for _ in 0..<5 { poller.poll(over: script) }
        #expect(one.batches == [["+a"], ["-a", "+b"], ["-b"]])
        #expect(two.batches == [["+c"], ["-c"]])
        #expect(one.payloads[0][0].content?.root["a"]?.integer == 1)
        #expect(one.payloads[1][0].content == nil)
        #expect(one.payloads[1][0].metadata.productName == product)
    }

    @Test("gives a callback the complete set beside the changes, so that nothing merged is lost")
    func completeSet() throws {
        // The defect of others: each merges what a batch has, and loses what it does not repeat.
        let poller = RemoteConfigPoller.test()
        let merged = Mutex<[[String]]>([])
        poller.registerCallback(
            Recorder { _ in
                let all = poller.payloads(for: "ASM_FEATURES").map(\.path.id)
                merged.withLock { $0.append(all) }
            }, for: product)
        let script = ScriptedTransport(Offer(1, [a]), Offer(2, [a.cached, b]), Offer(3, [b.cached]))
        for _ in 0..<3 { poller.poll(over: script) }
        #expect(merged.withLock { $0 } == [["a"], ["a", "b"], ["b"]])
    }

    @Test("calls periodic() before anything is asked, also when no answer comes")
    func periodic() {
        let poller = RemoteConfigPoller.test()
        let script = ScriptedTransport([.failure("no agent"), Offer(1, [a]).answer])
        let sentBefore = Mutex<[Int]>([])
        let recorder = Recorder(periodic: {
            let count = script.sent.count
            sentBefore.withLock { $0.append(count) }
        })
        poller.registerCallback(recorder, for: product)
        for _ in 0..<3 { poller.poll(over: script) }
        #expect(sentBefore.withLock { $0 } == [0, 1, 2])
        #expect(recorder.batches == [["+a"]])
    }

    @Test("asks for enabled products only; registration and enablement are independent")
    func independence() {
        let poller = RemoteConfigPoller.test()
        let recorder = Recorder()
        poller.registerCallback(recorder, for: product)
        #expect(poller.state.request.products == [])
        poller.enableProduct(product)
        poller.enableProduct("OTHER")
        #expect(poller.state.request.products == [product, "OTHER"])
        poller.unregisterCallback(product)
        #expect(poller.state.request.products == [product, "OTHER"])
        poller.registerCallback(recorder, for: product)
        poller.disableProduct(product)
        #expect(poller.state.request.products == ["OTHER"])
        // Disabled, and still told that the agent takes things back.
        poller.poll(over: ScriptedTransport(Offer(1, [a])))
        poller.poll(over: ScriptedTransport(Offer(2)))
        #expect(recorder.batches == [["+a"], ["-a"]])
    }

    @Test("gives a callback that comes late what is held, at once when the driver wakes")
    func lateRegistration() {
        let woken = Mutex<[RemoteConfigPoller.Attention]>([])
        let poller = RemoteConfigPoller.test { reason in woken.withLock { $0.append(reason) } }
        poller.enableProduct(product)
        poller.poll(over: ScriptedTransport(Offer(1, [a, b])))
        #expect(poller.applyStates == ["a": 1, "b": 1])
        let recorder = Recorder()
        poller.registerCallback(recorder, for: product)
        #expect(woken.withLock { $0 } == [.request, .delivery])
        #expect(poller.deliver()?.calls.count == 1)
        #expect(recorder.batches == [["+a", "+b"]])
        #expect(poller.applyStates == ["a": 2, "b": 2])
        #expect(poller.deliver()?.calls.isEmpty == true)
    }

    @Test("gives a late callback nothing that is gone again")
    func lateAndGone() {
        let poller = RemoteConfigPoller.test()
        poller.enableProduct(product)
        let script = ScriptedTransport(Offer(1, [a, b]), Offer(2, [b.cached]))
        for _ in 0..<2 { poller.poll(over: script) }
        let recorder = Recorder()
        poller.registerCallback(recorder, for: product)
        poller.poll(over: script)
        #expect(recorder.batches == [["+b"]])
    }

    @Test("lets another callback take a product over, with what is held, and says when there is none to replace")
    func replacement() {
        let poller = RemoteConfigPoller.test()
        let (one, two) = (Recorder(), Recorder())
        #expect(!poller.updateProductCallback(one, for: product))
        poller.registerCallback(one, for: product, capabilities: .asmActivation)
        poller.enableProduct(product)
        poller.poll(over: ScriptedTransport(Offer(1, [a])))
        #expect(poller.updateProductCallback(two, for: product))
        poller.poll(over: ScriptedTransport(Offer(2, [a.cached, b])))
        #expect(one.batches == [["+a"]])
        #expect(two.batches == [["+a", "+b"]])
        #expect(poller.state.request.products == [product])
        #expect(poller.state.capabilities == .asmActivation)
    }

    @Test("calls nobody who is unregistered, and says that nobody has the configurations in force")
    func unregistered() {
        let poller = RemoteConfigPoller.test()
        let recorder = Recorder()
        poller.registerCallback(recorder, for: product)
        poller.enableProduct(product)
        poller.poll(over: ScriptedTransport(Offer(1, [a])))
        #expect(poller.applyStates == ["a": 2])
        poller.unregisterCallback(product)
        poller.unregisterCallback(product)
        #expect(poller.applyStates == ["a": 1])
        poller.poll(over: ScriptedTransport(Offer(2, [b])))
        #expect(recorder.batches.count == 1)
        #expect(recorder.periodicCalls == 1)
    }

    @Test("acknowledges while under way, when done, and with the error that was thrown")
    func acknowledgements() {
        let poller = RemoteConfigPoller.test()
        let during = Mutex<[Int?]>([])
        poller.registerCallback(
            Recorder { payloads in
                during.withLock { $0.append(poller.applyStates["a"]) }
                if payloads[0].content?.root["a"]?.integer == 2 { throw CallbackError(description: "two\nis too much") }
            }, for: product)
        poller.poll(over: ScriptedTransport(Offer(1, [a])))
        #expect(poller.applyStates == ["a": 2])
        poller.poll(over: ScriptedTransport(Offer(2, [OfferedFile(a.path, #"{"a":2}"#)])))
        #expect(poller.state.configStates.map(\.acknowledgement) == [.error("two is too much")])
        poller.poll(over: ScriptedTransport(Offer(3, [OfferedFile(a.path, #"{"a":3}"#)])))
        #expect(poller.applyStates == ["a": 2])
        #expect(during.withLock { $0 } == [1, 1, 1])
    }

    @Test("lets a callback acknowledge each configuration by itself, also later")
    func ownAcknowledgements() {
        let poller = RemoteConfigPoller.test()
        let later = Mutex<[Payload]>([])
        poller.registerCallback(
            Recorder { payloads in
                for payload in payloads where payload.path.id == "a" {
                    poller.acknowledge(payload, .unacknowledged)
                    later.withLock { $0.append(payload) }
                }
                for payload in payloads where payload.path.id == "b" { poller.acknowledge(payload, .error("no")) }
            }, for: product)
        poller.poll(over: ScriptedTransport(Offer(1, [a, b, OfferedFile(features("d"), "{}")])))
        #expect(poller.applyStates == ["a": 1, "b": 3, "d": 2])
        let first = later.withLock { $0[0] }
        #expect(poller.acknowledge(first, .acknowledged))
        #expect(poller.applyStates == ["a": 2, "b": 3, "d": 2])
        // The work on the first version ends when there is a second one.
        poller.poll(over: ScriptedTransport(Offer(2, [OfferedFile(a.path, #"{"a":2}"#)])))
        #expect(!poller.acknowledge(first, .error("late")))
        #expect(poller.applyStates == ["a": 1])
    }

    @Test("goes on to the next product when a callback throws, and logs it")
    func isolation() throws {
        let poller = RemoteConfigPoller.test()
        let other = Recorder()
        poller.registerCallback(
            Recorder(periodic: { throw CallbackError(description: "beat") }) { _ in
                throw CallbackError(description: "boom")
            }, for: product)
        poller.registerCallback(other, for: "ASM")
        let report = try #require(poller.poll(over: ScriptedTransport(Offer(1, [a, c]))))
        #expect(other.batches == [["+c"]])
        #expect(poller.applyStates == ["a": 3, "c": 2])
        #expect(report.calls.map(\.error) == ["beat", nil, "boom", nil])
        #expect(report.log.filter { $0.level == .error }.count == 2)
        // The same trouble at every beat is one line.
        #expect(poller.poll(over: ScriptedTransport())?.log.isEmpty == true)
    }

    @Test("adds, sets and clears capabilities")
    func capabilities() {
        let poller = RemoteConfigPoller.test()
        poller.registerCallback(Recorder(), for: product, capabilities: [.asmActivation, .apmTracingEnabled])
        poller.registerCallback(Recorder(), for: "ASM", capabilities: .apmTracingSampleRules)
        poller.updateCapabilities(
            mask: [.asmActivation, .apmTracingCustomTags], set: [.apmTracingCustomTags, .apmTracingSampleRate])
        #expect(poller.state.capabilities == [.apmTracingEnabled, .apmTracingSampleRules, .apmTracingCustomTags])
        poller.unregisterCallback("ASM")
        #expect(poller.state.capabilities.contains(.apmTracingSampleRules))
    }

    @Test("asks /info first and the configuration in the same round")
    func info() throws {
        let state = RemoteConfigState(
            clientID: "client", tracer: ClientTracer(runtimeID: "runtime", tracerVersion: "1.0.0"))
        let poller = RemoteConfigPoller(state: state, clock: { .zero }, random: { 0.5 })
        let recorder = Recorder()
        poller.registerCallback(recorder, for: product)
        let script = ScriptedTransport([.infoWithout, .info, Offer(1, [a]).answer])
        let first = try #require(poller.poll(over: script))
        #expect(first.outcomes.map(\.verdict) == [.info(offersRemoteConfig: false)])
        #expect(first.delay == .seconds(5))
        let second = try #require(poller.poll(over: script))
        #expect(second.outcomes.map(\.verdict) == [.info(offersRemoteConfig: true), .updated])
        #expect(recorder.batches == [["+a"]])
        #expect(script.sent.map(\.path) == ["/info", "/info", "/v0.7/config"])
    }

    @Test("tells what the program speaks for from the next request on")
    func tracer() {
        let poller = RemoteConfigPoller.test()
        poller.updateTracer { $0.extraServices.append("billing") }
        #expect(poller.state.request.tracer.extraServices == ["billing"])
    }
}
