// StateTests: what a client applies, acknowledges and asks for over several answers.

import GraftConfig
import GraftRemoteConfig
import GraftTestKit
import Testing

@Suite("A client's state")
struct StateTests {
    private let a = OfferedFile(features("a"), #"{"a":1}"#)
    private let b = OfferedFile(features("b"), #"{"b":1}"#)

    @Test("puts removals before additions, product by product")
    func order() {
        var state = RemoteConfigState.asking(for: ["ASM_FEATURES", "ASM"])
        let asm = ["x", "y"].map { OfferedFile("datadog/2/ASM/\($0)/config", "{}") }
        #expect(state.take(Offer(1, [b, asm[0]])).summary == ["+" + asm[0].path, "+" + b.path])
        let outcome = state.take(Offer(2, [a, asm[1]]))
        #expect(outcome.summary == ["-" + asm[0].path, "+" + asm[1].path, "-" + b.path, "+" + a.path])
        #expect(outcome.changes.map(\.product) == ["ASM", "ASM_FEATURES"])
        #expect(outcome.changes[0].payloads[0].metadata.length == 2)
    }

    @Test("removes what is no longer assigned though the targets still name it")
    func unassigned() {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [a, b]))
        let outcome = state.take(Offer(2, [a.cached.with { $0.isAssigned = false }, b.cached]))
        #expect(outcome.summary == ["-" + a.path])
    }

    @Test("says nothing of content that has not changed, and reports its newest version")
    func newestVersion() {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [a]))
        state.acknowledgeAll()
        let outcome = state.take(Offer(2, [a.with { $0.version = 9 }]))
        #expect(outcome.summary == [])
        #expect(state.request.configStates.map(\.version) == [9])
        #expect(state.request.configStates.map(\.acknowledgement) == [.acknowledged])
        #expect(state.payloads.first?.metadata.version == 9)
    }

    @Test("sees another content under the same version: the content decides")
    func sameVersionOtherContent() {
        var state = RemoteConfigState.asking()
        state.take(Offer(0, [a.with { $0.version = 0 }]))
        let changed = OfferedFile(a.path, #"{"a":2}"#, version: 0)
        #expect(state.take(Offer(0, [changed])).summary == ["+" + a.path])
    }

    @Test("does not look at a file that it has, whatever is sent in its place")
    func heldIsNotReadAgain() {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [a]))
        #expect(state.take(Offer(2, [a.with { $0.raw = "%" }])).refused.isEmpty)
        #expect(state.paths == [a.path])
    }

    @Test("goes from unacknowledged to acknowledged or to an error, which is bounded")
    func acknowledgements() throws {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [a]))
        let payload = try #require(state.payloads.first)
        #expect(state.request.configStates[0].acknowledgement == .unacknowledged)
        #expect(state.acknowledge(payload.path, .acknowledged, content: payload.metadata.sha256) == true)
        #expect(state.request.configStates[0].acknowledgement == .acknowledged)
        #expect(state.acknowledge(payload.path, .error(String(repeating: "x", count: 999))) == true)
        #expect(state.request.configStates[0].acknowledgement.applyError?.utf8.count ?? 999 <= 256)
    }

    @Test("takes no acknowledgement of what is no longer in force")
    func staleAcknowledgement() throws {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [a]))
        let old = try #require(state.payloads.first)
        state.take(Offer(2, [OfferedFile(a.path, "{}", version: 2)]))
        #expect(state.acknowledge(old.path, .acknowledged, content: old.metadata.sha256) == false)
        #expect(state.request.configStates[0].acknowledgement == .unacknowledged)
        state.take(Offer(3))
        #expect(state.acknowledge(old.path, .acknowledged) == false)
        #expect(state.request.configStates.isEmpty)
    }

    @Test("returns to the acknowledgement of the version in force when a bad one is withdrawn")
    func badVersionWithdrawn() {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [a]))
        state.acknowledgeAll()
        state.take(Offer(2, [OfferedFile(a.path, "{", version: 2)]))
        #expect(state.request.configStates.map(\.version) == [2])
        #expect(state.take(Offer(3, [a.cached.with { $0.version = 3 }])).summary == [])
        #expect(state.request.configStates.map(\.acknowledgement) == [.acknowledged])
        #expect(state.request.configStates.map(\.version) == [3])
    }

    @Test("forgets a refused configuration that is taken back, and removes the version that was in force")
    func refusedThenRemoved() {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [a]))
        state.take(Offer(2, [OfferedFile(a.path, "{", version: 2)]))
        #expect(state.take(Offer(3)).summary == ["-" + a.path])
        #expect(state.request.configStates.isEmpty)
        state.take(Offer(4, [OfferedFile(b.path, "{", version: 2)]))
        #expect(state.request.configStates.map(\.acknowledgement.applyState) == [3])
        #expect(state.request.cachedFiles.isEmpty)
        #expect(state.take(Offer(5)).summary == [])
        #expect(state.request.configStates.isEmpty)
    }

    @Test("asks for everything once when the set of products changes, and keeps its files")
    func productsChange() {
        var state = RemoteConfigState.asking()
        state.take(Offer(5, [a]))
        #expect(state.request.targetsVersion == 5)
        #expect(state.enable("ASM") == true)
        #expect(state.enable("ASM") == false)
        #expect(state.request.targetsVersion == 0)
        #expect(state.request.cachedFiles.count == 1)
        // Until it has been answered: a failure is no answer, nor is one that cannot be used.
        _ = state.take(.failure("timeout"))
        _ = state.take(.ok("broken"))
        #expect(state.request.targetsVersion == 0)
        _ = state.take(.ok("{}"))
        #expect(state.request.targetsVersion == 5)
        #expect(state.disable("ASM") == true)
        #expect(state.disable("ASM") == false)
        #expect(state.request.targetsVersion == 0)
        #expect(state.request.products == ["ASM_FEATURES"])
    }

    @Test("asks again for everything when the products change while an answer is on its way")
    func productsChangeMeanwhile() {
        var state = RemoteConfigState.asking()
        let exchange = state.nextExchange()
        state.enable("ASM")
        _ = state.receive(Offer(5).answer, to: exchange)
        #expect(state.request.targetsVersion == 0)
        state.take(Offer(5))
        #expect(state.request.targetsVersion == 5)
    }

    @Test("asks for everything when somebody begins to wait for a product that was ignored")
    func ignoredThenHandled() {
        var state = RemoteConfigState.asking()
        let rogue = OfferedFile("datadog/2/LATE/l/config", "{}")
        #expect(state.take(Offer(5, [rogue])).summary == [])
        state.handle("LATE")
        #expect(state.request.targetsVersion == 0)
        #expect(state.take(Offer(5, [rogue])).summary == ["+" + rogue.path])
    }

    @Test("holds what an enabled product is sent before anybody waits for it, unacknowledged")
    func enabledWithoutHandler() {
        var state = RemoteConfigState.asking(for: [])
        state.enable("ASM_FEATURES")
        #expect(state.take(Offer(1, [a])).summary == ["+" + a.path])
        #expect(state.request.configStates.map(\.acknowledgement) == [.unacknowledged])
        #expect(state.payloads(for: "ASM_FEATURES").map(\.path.text) == [a.path])
        #expect(state.payloads(for: "ASM").isEmpty)
    }

    @Test("has nothing in force when the agent's configuration has expired, and gets it back as new")
    func expired() {
        var state = RemoteConfigState.asking()
        state.take(Offer(5, [a, b]))
        state.acknowledgeAll()
        var flushed = Offer(5)
        flushed.change = { $0["config_status"] = 1 }
        let outcome = state.take(flushed)
        #expect(outcome.verdict == .expired)
        #expect(outcome.summary == ["-" + a.path, "-" + b.path])
        #expect(state.request.targetsVersion == 5)
        #expect(state.request.backendState == "eyJmb28iOiAiYmFyIn0=")
        #expect(state.request.configStates.isEmpty && state.request.cachedFiles.isEmpty)
        #expect(state.take(flushed).log.isEmpty)
        #expect(state.take(Offer(6, [a, b])).summary == ["+" + a.path, "+" + b.path])
        #expect(state.request.configStates.map(\.acknowledgement) == [.unacknowledged, .unacknowledged])
    }

    @Test("asks for everything when the agent says that nothing has changed since it had expired")
    func expiredThenUnchanged() {
        var state = RemoteConfigState.asking()
        state.take(Offer(5, [a]))
        _ = state.take(.ok(#"{"config_status":"CONFIG_STATUS_EXPIRED"}"#))
        #expect(state.request.targetsVersion == 5)
        _ = state.take(.ok("{}"))
        #expect(state.request.targetsVersion == 0)
        #expect(state.take(Offer(5, [a])).summary == ["+" + a.path])
        #expect(state.request.targetsVersion == 5)
    }

    @Test("forgets the back end's state when the targets no longer have one")
    func backendState() {
        var state = RemoteConfigState.asking()
        state.take(Offer(1))
        var offer = Offer(2)
        offer.custom["opaque_backend_state"] = nil
        state.take(offer)
        #expect(state.request.backendState == nil)
    }
}
