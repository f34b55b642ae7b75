// ResponseTests: what an answer means as a whole.

import GraftConfig
import GraftRemoteConfig
import GraftTestKit
import Testing

@Suite("An answer")
struct ResponseTests {
    /// A client with one configuration in force.
    private func holding(limits: RemoteConfigLimits = RemoteConfigLimits()) -> RemoteConfigState {
        var state = RemoteConfigState.asking(limits: limits)
        state.take(Offer(7, [OfferedFile(features("a"), "{}")]))
        state.acknowledgeAll()
        return state
    }

    @Test(
        "that says nothing changes nothing",
        arguments: [
            "{}", "", "null", " {} ", "{}\r\n", "[]", "\n", "abc", #"{"new_field":1}"#, #"{"targets":""}"#,
            #"{"targets":null}"#,
        ])
    func nothing(_ body: String) {
        var state = holding()
        let before = state.request
        let outcome = state.take(.ok(body))
        #expect(outcome.verdict == .unchanged)
        #expect(outcome.changes.isEmpty)
        #expect(state.request == before)
    }

    @Test("without a body and with status 204 changes nothing")
    func noContent() {
        var state = holding()
        let before = state.request
        #expect(state.take(.response(status: 204, body: [])).verdict == .unchanged)
        #expect(state.request == before)
    }

    @Test("without targets but with files and configurations changes nothing and does not reset the version")
    func noTargets() {
        var state = holding()
        var offer = Offer(9, [OfferedFile(features("b"), "{}")])
        offer.change = { $0["targets"] = nil }
        #expect(state.take(offer).verdict == .unchanged)
        #expect(state.request.targetsVersion == 7)
        #expect(state.paths == [features("a")])
    }

    @Test("with fields that nobody knows is read")
    func unknownFields() {
        var state = RemoteConfigState.asking()
        var offer = Offer(1, [OfferedFile(features("a"), "{}")])
        offer.custom["more"] = [1, 2]
        offer.signed = { $0["delegations"] = ["keys": [:]] }
        offer.change = {
            $0["config_status"] = 0
            $0["something_new"] = ["deep": [nil]]
        }
        #expect(state.take(offer).summary == ["+" + features("a")])
    }

    @Test("moves version, state of the back end and root's version on")
    func advance() {
        var state = RemoteConfigState.asking()
        var offer = Offer(12)
        let roots = [2, 5].map { JSONValue.string(Base64.text(of: #"{"signed":{"version":\#($0)}}"#.utf8)) }
        offer.change = { $0["roots"] = .array(roots) }
        state.take(offer)
        #expect(state.request.targetsVersion == 12)
        #expect(state.request.backendState == "eyJmb28iOiAiYmFyIn0=")
        #expect(state.request.rootVersion == 5)
    }

    @Test(
        "with a root that cannot be read leaves the root's version as it is",
        arguments: ["!", "e30=", "bm8=", Base64.text(of: #"{"signed":{"version":0}}"#.utf8)])
    func badRoot(_ root: String) {
        var state = RemoteConfigState.asking()
        var offer = Offer(12, [OfferedFile(features("a"), "{}")])
        offer.change = { $0["roots"] = [.string(root)] }
        #expect(state.take(offer).verdict == .updated)
        #expect(state.request.rootVersion == 1)
    }

    @Test("with a lower version is taken")
    func lowerVersion() {
        var state = holding()
        #expect(state.take(Offer(3, [OfferedFile(features("a"), "{}").cached])).verdict == .updated)
        #expect(state.request.targetsVersion == 3)
    }

    /// Answers that are broken as a whole.
    static let broken: [String] =
        [
            "nope", "[1,2,3]", "1234", #"{"targets":7}"#, #"{"targets":"%%%%"}"#, #"{"targets":"e30"}"#,
        ]
        + [
            "no json", "[]", "{}", #"{"signed":1}"#, #"{"signed":{}}"#, #"{"signed":{"version":-1}}"#,
            #"{"signed":{"version":1.5}}"#, #"{"signed":{"version":"1"}}"#, #"{"signed":{"_type":"root","version":1}}"#,
            #"{"signed":{"spec_version":"2.0","version":1}}"#, #"{"signed":{"targets":[],"version":1}}"#,
            #"{"signed":{"custom":{"opaque_backend_state":7},"version":1}}"#,
        ].map { #"{"targets":"\#(Base64.text(of: $0.utf8))"}"# }
        + [
            { $0["client_configs"] = "a" }, { $0["client_configs"] = [7] }, { $0["target_files"] = [:] },
            { $0["target_files"] = [7] }, { $0["target_files"] = [["raw": ""]] },
        ].map { (change: @escaping (inout JSONObject) -> Void) in
            var offer = Offer(9)
            offer.change = change
            return JSONWriter.text(offer.json)
        }

    @Test("that is broken as a whole changes nothing but the error that is reported", arguments: broken)
    func brokenEnvelope(_ body: String) throws {
        var state = holding()
        var before = state.request
        let outcome = state.take(.ok(body))
        guard case .refused = outcome.verdict else {
            Issue.record("\(outcome.verdict)")
            return
        }
        #expect(outcome.changes.isEmpty)
        let error = try #require(state.request.error)
        #expect(!error.isEmpty && error.utf8.count <= 256)
        before.error = error
        #expect(state.request == before)
        let json = try JSONDocument.parse(state.request.bytes).root["client"]?["state"]
        #expect(json?["has_error"]?.bool == true)
        #expect(json?["error"]?.string == error)
        #expect(state.take(.ok("{}")).verdict == .unchanged)
        #expect(state.request.error == nil)
    }

    @Test("has a limit of bytes")
    func byteLimit() {
        let body = JSONWriter.text(Offer(1).json)
        var limits = RemoteConfigLimits()
        limits.responseBytes = body.utf8.count
        var state = RemoteConfigState.asking(limits: limits)
        #expect(state.take(.ok(body)).verdict == .updated)
        guard case .refused(let error) = state.take(.ok(body + " ")).verdict else {
            Issue.record("past the limit")
            return
        }
        #expect(error.code == .limit)
    }

    @Test("has a limit of configurations, of files, and of the back end's state")
    func countLimits() {
        var limits = RemoteConfigLimits()
        (limits.configurations, limits.files, limits.backendStateBytes) = (3, 4, 5)
        func verdict(_ assigned: Int, _ sent: Int, _ backendState: String) -> ConfigError.Code? {
            var state = RemoteConfigState.asking(limits: limits)
            var offer = Offer(
                1,
                (0..<max(assigned, sent)).map { index in
                    OfferedFile(features("\(index)"), "{}").with {
                        $0.isAssigned = index < assigned
                        $0.copies = index < sent ? 1 : 0
                    }
                })
            offer.custom["opaque_backend_state"] = .string(backendState)
            guard case .refused(let error) = state.take(offer).verdict else { return nil }
            return error.code
        }
        #expect(verdict(3, 4, "12345") == nil)
        #expect(verdict(4, 4, "12345") == .limit)
        #expect(verdict(3, 5, "12345") == .limit)
        #expect(verdict(3, 4, "123456") == .limit)
    }

    @Test("that names a configuration twice names it once")
    func repeatedConfiguration() {
        var state = RemoteConfigState.asking()
        var offer = Offer(1, [OfferedFile(features("a"), "{}")])
        offer.change = { $0["client_configs"] = [.string(features("a")), .string(features("a"))] }
        #expect(state.take(offer).summary == ["+" + features("a")])
    }

    @Test("with escaped slashes in its base64 is read")
    func escapedSlashes() {
        var state = RemoteConfigState.asking()
        let file = OfferedFile(features("a"), #"{"q":"???>>>"}"#)
        let body = JSONWriter.text(Offer(1, [file]).json).replacing("/", with: #"\/"#)
        #expect(state.take(.ok(body)).summary == ["+" + features("a")])
    }

    @Test("may have values that are null")
    func nulls() {
        var state = RemoteConfigState.asking()
        var offer = Offer(1)
        offer.change = {
            for key in ["roots", "client_configs", "target_files", "config_status"] { $0[key] = .null }
        }
        #expect(state.take(offer).verdict == .updated)
    }
}
