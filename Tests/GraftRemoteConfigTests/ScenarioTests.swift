// ScenarioTests: the fifteen steps by which Remote Configuration clients are compared with each other.
//
// Step by step: what the agent answers, and what the next request must show.

import GraftRemoteConfig
import GraftTestKit
import Testing

@Suite("The fifteen steps")
struct ScenarioTests {
    private let on = "{\n    \"asm\": {\n        \"enabled\": true\n    }\n}\n"
    private let off = "{\n    \"asm\": {\n        \"enabled\": false\n    }\n}\n"
    private let thirdText = "{\n  \"asm\": {\n      \"enabled\": true\n  }\n}\n"

    /// The rogue product's file, which is never assigned.
    private func rogue(_ id: String) -> OfferedFile {
        OfferedFile("datadog/2/ROGUE_PRODUCT/\(id)/config", "whatever").with {
            $0.isAssigned = false
            $0.copies = 0
        }
    }

    /// The answers.
    private var offers: [Offer?] {
        let base1 = OfferedFile(features("ASM_FEATURES-base"), on)
        let base2 = OfferedFile(features("ASM_FEATURES-base"), off, version: 2)
        let second = OfferedFile(features("ASM_FEATURES-second"), on)
        let third = OfferedFile(features("ASM_FEATURES-third"), thirdText)
        let renamed = OfferedFile("datadog/2/ASM_FEATURES/ASM_FEATURES-third/testname", thirdText)
        let rogues = [rogue("myconfig"), rogue("myconfig2")]
        return [
            Offer(1), Offer(2, [base1]), Offer(3, [base2]), Offer(4), Offer(5, [second, base1]),
            Offer(6, [base1.cached, third]), Offer(7, [second, base2, third.cached]),
            Offer(8, [base1, second.cached]), Offer(9, [base1.cached, second.cached]),
            Offer(10, [base1.cached, second.cached, rogues[0]]), Offer(11, [base2, second.cached] + rogues),
            Offer(12, [base2.cached, second.cached, third.cached] + rogues),
            Offer(12, [base2.cached, second.cached, third.with { $0.isTarget = false }] + rogues),
            Offer(12, [base2.cached, second.cached, renamed]), nil,
        ]
    }

    /// What the request after each step shows: the version, the configurations with their versions, and an error.
    private let expected: [(UInt64, [String], Bool)] = [
        (1, [], false), (2, ["base 1"], false), (3, ["base 2"], false), (4, [], false),
        (5, ["base 1", "second 1"], false), (6, ["base 1", "third 1"], false),
        (7, ["base 2", "second 1", "third 1"], false), (8, ["base 1", "second 1"], false),
        (9, ["base 1", "second 1"], false), (10, ["base 1", "second 1"], false), (11, ["base 2", "second 1"], false),
        (11, ["base 2", "second 1"], true), (11, ["base 2", "second 1"], true),
        (12, ["base 2", "second 1", "third 1"], false), (12, ["base 2", "second 1", "third 1"], false),
    ]

    @Test("leave what every client shows in its next request, and report the two errors")
    func steps() {
        var state = RemoteConfigState.asking()
        #expect(state.request.targetsVersion == 0)
        for (step, offer) in offers.enumerated() {
            _ = state.take(offer?.answer ?? .ok("{}"))
            state.acknowledgeAll()
            let (version, configurations, hasError) = expected[step]
            let request = state.request
            #expect(request.targetsVersion == version, "step \(step)")
            let shown = request.configStates.map { "\($0.path.id.dropFirst("ASM_FEATURES-".count)) \($0.version)" }
            #expect(shown == configurations, "step \(step)")
            #expect(request.cachedFiles.map(\.path) == request.configStates.map(\.path), "step \(step)")
            #expect(request.configStates.allSatisfy { $0.acknowledgement == .acknowledged }, "step \(step)")
            #expect((request.error != nil) == hasError, "step \(step)")
            #expect(request.backendState == "eyJmb28iOiAiYmFyIn0=", "step \(step)")
        }
        #expect(state.request.cachedFiles.map(\.length) == [48, 47, 41])
        #expect(state.paths.last?.hasSuffix("/testname") == true)
    }

    @Test("come out the same when the agent sends every file every time")
    func withoutCache() {
        var (lean, full) = (RemoteConfigState.asking(), RemoteConfigState.asking())
        for (step, offer) in offers.enumerated() where ![11, 12].contains(step) {
            var everything = offer
            everything?.files = offer?.files.map { $0.with { if $0.isAssigned { $0.copies = 1 } } } ?? []
            let outcomes = (lean.take(offer?.answer ?? .ok("{}")), full.take(everything?.answer ?? .ok("{}")))
            #expect(outcomes.0 == outcomes.1)
            #expect(lean.request == full.request)
        }
    }
}
