// AdoptionTests: a start with the configurations of an earlier run, without an agent and with one that comes back.

import GraftConfig
import GraftTestKit
import Testing

@testable import GraftRemoteConfig

@Suite("What was adopted from an earlier run")
struct AdoptionTests {
    private let product = "ASM_FEATURES"
    private let a = OfferedFile(features("a"), #"{"a":1}"#)
    private let b = OfferedFile(features("b"), #"{"b":1}"#)

    /// What an earlier run had in force.
    private func earlier(_ files: [OfferedFile]) -> [Payload] {
        var state = RemoteConfigState.asking()
        state.take(Offer(5, files))
        state.acknowledgeAll()
        return state.lastKnownGood
    }

    @Test("is given to callbacks without an agent, once, and reported to nobody")
    func withoutAgent() {
        let poller = RemoteConfigPoller.test()
        let callback = Recorder()
        poller.registerCallback(callback, for: product)
        poller.enableProduct(product)
        poller.adopt(earlier([a, b]))
        #expect(poller.deliver()?.calls.count == 1)
        #expect(callback.batches == [["+a", "+b"]])
        for _ in 0..<3 { poller.poll(over: ScriptedTransport([.failure("nobody listens")])) }
        #expect(callback.batches.count == 1)
        #expect(poller.payloads(for: product).map(\.path.id) == ["a", "b"])
        let request = poller.state.request
        #expect(request.targetsVersion == 0 && request.cachedFiles.isEmpty && request.configStates.isEmpty)
        #expect(poller.state.lastKnownGood.map(\.path.id) == ["a", "b"])
    }

    @Test("is replaced by the agent's first statement: kept where it is the same, changed, or removed")
    func agentComesBack() {
        let poller = RemoteConfigPoller.test()
        let callback = Recorder()
        poller.registerCallback(callback, for: product)
        poller.enableProduct(product)
        let c = OfferedFile(features("c"), #"{"c":1}"#)
        poller.adopt(earlier([a, b, c]))
        poller.deliver()
        let changed = OfferedFile(features("b"), #"{"b":2}"#, version: 2)
        poller.poll(over: ScriptedTransport(Offer(9, [a, changed])))
        #expect(callback.batches == [["+a", "+b", "+c"], ["-c", "+b"]])
        let request = poller.state.request
        #expect(request.targetsVersion == 9)
        #expect(request.cachedFiles.map(\.path.id) == ["a", "b"])
        #expect(request.configStates.map(\.acknowledgement) == [.acknowledged, .acknowledged])
        poller.adopt(earlier([c]))
        #expect(poller.deliver()?.calls.isEmpty == true)
    }

    @Test("is removed by an agent that has nothing, and stays with one that states nothing")
    func removed() {
        var state = RemoteConfigState.asking()
        state.adopt(earlier([a]))
        for answer in [
            HTTPAnswer.ok("{}"), .response(status: 204, body: []), .response(status: 404, body: []),
            .response(status: 500, body: []), .failure("gone"), .ok("nonsense"),
        ] {
            #expect(state.take(answer).changes.isEmpty)
            #expect(state.paths == [features("a")])
            #expect(state.request.targetsVersion == 0 && state.request.cachedFiles.isEmpty)
        }
        #expect(state.take(Offer(1).answer).summary == ["-" + features("a")])
        #expect(state.paths.isEmpty)
    }

    @Test("is removed when the agent says that all has expired")
    func expired() {
        var state = RemoteConfigState.asking()
        state.adopt(earlier([a]))
        var offer = Offer(1)
        offer.change = { $0["config_status"] = 1 }
        #expect(state.take(offer.answer).summary == ["-" + features("a")])
        #expect(state.adopt(earlier([a])).isEmpty)
    }

    @Test("is what somebody wants, and not what an agent has given already")
    func wanted() {
        var state = RemoteConfigState.asking(for: ["ASM"])
        #expect(state.adopt(earlier([a])).isEmpty)
        state.handle(product)
        #expect(state.adopt(earlier([a])).map(\.path.id) == ["a"])
        #expect(state.adopt(earlier([a])).isEmpty)
    }

    @Test("is kept by a refused file as the version before it")
    func refused() {
        var state = RemoteConfigState.asking()
        state.adopt(earlier([a]))
        let broken = OfferedFile(features("a"), "not JSON", version: 2)
        #expect(state.take(Offer(2, [broken])).refused.count == 1)
        #expect(state.paths == [features("a")])
        #expect(state.request.configStates.map(\.acknowledgement.applyState) == [3])
        #expect(state.request.cachedFiles.map(\.path.id) == ["a"])
    }

    @Test("is only what was acknowledged: what a callback could not use does not come back")
    func good() throws {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [a, b]))
        #expect(state.lastKnownGood.isEmpty)
        state.acknowledge(try ConfigPath(features("a")), .acknowledged)
        state.acknowledge(try ConfigPath(features("b")), .error("no"))
        #expect(state.lastKnownGood.map(\.path.id) == ["a"])
        state.acknowledge(try ConfigPath(features("a")), .incomplete("a library is not loaded yet"))
        #expect(state.lastKnownGood.map(\.path.id) == ["a"])
    }
}
