// FailureTableTests: one test for each way in which a file, or an agent, can fail.

import GraftConfig
import GraftRemoteConfig
import GraftTestKit
import Testing

@Suite("When something is wrong")
struct FailureTableTests {
    private let path = features("bad")
    private let other = OfferedFile(features("good"), #"{"good":true}"#)

    /// Offers a bad version 2 of a file beside a good new one, after a good version 1, and checks that the bad one alone
    /// is refused.
    private func refusedAlone(_ reason: String, version: UInt64 = 2, _ spoil: (inout OfferedFile) -> Void) {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [OfferedFile(path, #"{"v":1}"#)]))
        state.acknowledgeAll()
        let spoiled = OfferedFile(path, #"{"v":2}"#, version: 2).with(spoil)
        let outcome = state.take(Offer(2, [spoiled, other]))
        #expect(outcome.verdict == .updated)
        #expect(outcome.summary == ["+" + other.path])
        #expect(outcome.refused.map(\.path) == [path])
        #expect(outcome.refused.first?.reason.contains(reason) == true, "\(outcome.refused)")
        #expect(outcome.log.count == 1 && outcome.log.first?.level == .warning)
        // The version before stays in force, and is what the agent is told that we have.
        #expect(state.payloads.first?.bytes == Array(#"{"v":1}"#.utf8))
        #expect(state.request.cachedFiles.map(\.length) == [7, 13])
        #expect(state.request.error == nil)
        #expect(state.request.targetsVersion == 2)
        let report = state.request.configStates.first
        #expect(report?.version == version)
        #expect(report?.acknowledgement.applyState == 3)
        #expect((report?.acknowledgement.applyError?.utf8.count ?? 999) <= 256)
        // The same again is no news; a good one is.
        #expect(state.take(Offer(3, [spoiled, other.cached])).log.isEmpty)
        #expect(
            state.take(Offer(4, [OfferedFile(path, #"{"v":3}"#, version: 3), other.cached])).summary == ["+" + path])
        #expect(state.request.configStates.first?.acknowledgement == .unacknowledged)
        #expect(state.activeRefusals.isEmpty)
    }

    @Test("a file whose hash differs is refused alone")
    func hashMismatch() { refusedAlone("sha256") { $0.raw = .string(Base64.text(of: #"{"v":9}"#.utf8)) } }

    @Test("a file whose length differs is refused alone, though its hash is right")
    func lengthMismatch() {
        refusedAlone("7 bytes") { $0.entry = $0.metadata.setting("length", to: 8) }
    }

    @Test("a file without a length is refused alone")
    func noLength() { refusedAlone("length") { $0.entry = $0.metadata.setting("length", to: nil) } }

    @Test("a file with another hash only is refused alone")
    func otherHash() { refusedAlone("no sha256") { $0.entry = $0.metadata.setting("hashes", to: ["sha512": "00"]) } }

    @Test("a file without hashes is refused alone")
    func noHashes() { refusedAlone("no sha256") { $0.entry = $0.metadata.setting("hashes", to: nil) } }

    @Test("a file with a hash that is none is refused alone")
    func badHash() { refusedAlone("hexadecimal") { $0.entry = $0.metadata.setting("hashes", to: ["sha256": "0g"]) } }

    @Test("a file that was sent twice is refused alone")
    func duplicate() { refusedAlone("2 times") { $0.copies = 2 } }

    @Test("a file that is not in base64 is refused alone", arguments: ["e30", "e3=0", "%%%%"])
    func badBase64(_ raw: String) { refusedAlone("base64") { $0.raw = .string(raw) } }

    @Test("a file that is no text is refused alone")
    func rawIsNumber() { refusedAlone("base64") { $0.raw = 7 } }

    @Test(
        "a file that is not JSON is refused alone, with the place",
        arguments: ["{", "nope", "{\"a\":1,}", "\u{FEFF}{}"])
    func notJSON(_ text: String) { refusedAlone("1:") { $0.bytes = Array(text.utf8) } }

    @Test("a file that is empty is refused alone")
    func empty() { refusedAlone("the text is empty") { $0.bytes = [] } }

    @Test("a file whose target is no object is refused alone")
    func badEntry() { refusedAlone("the target is", version: 0) { $0.entry = 7 } }

    @Test("a file whose version is none is refused alone, and the version before is reported")
    func badVersion() {
        refusedAlone("version", version: 1) { $0.entry = $0.metadata.setting("custom", to: ["v": "two"]) }
    }

    @Test("a file past the limit is refused alone, and one at the limit is not")
    func tooLong() {
        var limits = RemoteConfigLimits()
        limits.fileBytes = 10
        var state = RemoteConfigState.asking(limits: limits)
        func text(_ count: Int) -> String { "\"" + String(repeating: "x", count: count - 2) + "\"" }
        let outcome = state.take(
            Offer(1, [9, 10, 11, 12, 13, 100].map { OfferedFile(features("\($0)"), text($0)) }))
        #expect(state.paths == [features("10"), features("9")])
        #expect(outcome.refused.count == 4)
        #expect(outcome.refused.allSatisfy { $0.reason.contains("at most 10 bytes") })
    }

    @Test("a path that is none is refused alone and has no state to report")
    func badPath() {
        var state = RemoteConfigState.asking()
        let outcome = state.take(Offer(1, [OfferedFile("nosource/x/y/z", "{}"), other]))
        #expect(outcome.summary == ["+" + other.path])
        #expect(outcome.refused.map(\.path) == ["nosource/x/y/z"])
        #expect(state.request.configStates.map(\.path.text) == [other.path])
        #expect(state.take(Offer(2, [OfferedFile("nosource/x/y/z", "{}"), other.cached])).log.isEmpty)
    }

    @Test("a bad path among the targets of others concerns nobody")
    func badPathElsewhere() {
        var state = RemoteConfigState.asking()
        let elsewhere = OfferedFile("nosource/x/y/z", "{}").with { $0.isAssigned = false }
        #expect(state.take(Offer(1, [elsewhere, other])).refused.isEmpty)
        #expect(state.paths == [other.path])
    }

    @Test("a configuration whose file is neither sent nor held fails the answer, and nothing is applied")
    func missingFile() {
        wholeRefused("is not there", OfferedFile(features("third"), "{}").cached)
    }

    @Test("a configuration that the targets do not name fails the answer, and nothing is applied")
    func missingTarget() {
        wholeRefused("do not name it", OfferedFile(features("third"), "{}").with { $0.isTarget = false })
    }

    /// Offers a file that makes the whole answer unusable, beside a good one.
    private func wholeRefused(_ reason: String, _ file: OfferedFile) {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [OfferedFile(path, "{}")]))
        let before = state.request
        let outcome = state.take(Offer(2, [other, file]))
        #expect(outcome.changes.isEmpty)
        #expect(state.request.error?.contains(reason) == true)
        #expect(state.request.targetsVersion == before.targetsVersion)
        #expect(state.request.configStates == before.configStates)
        #expect(state.request.cachedFiles == before.cachedFiles)
        #expect(state.request.backendState == before.backendState)
    }

    @Test("a product that nobody asked for is neither held nor reported, and is no error")
    func unwantedProduct() {
        var state = RemoteConfigState.asking()
        let rogue = OfferedFile("datadog/2/ROGUE_PRODUCT/r/config", "not even JSON")
        #expect(state.take(Offer(1, [rogue, other])).refused.isEmpty)
        #expect(state.paths == [other.path])
        #expect(state.request.configStates.count == 1)
    }

    @Test("a product that no library knows is taken like any other")
    func unknownProduct() {
        var state = RemoteConfigState.asking(for: ["NEVER_HEARD_OF"])
        #expect(state.take(Offer(1, [OfferedFile("datadog/2/NEVER_HEARD_OF/x/config", "{}")])).summary.count == 1)
    }

    @Test("a status that is no answer keeps everything", arguments: [404, 500, 503, 400, 301, 202, 0])
    func statuses(_ status: Int) {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [other]))
        let before = state.request
        let outcome = state.take(.response(status: status, body: Array("remote configuration service".utf8)))
        #expect(outcome.changes.isEmpty)
        #expect(outcome.verdict == (status == 404 ? .notOffered : .failed("the agent answered with status \(status)")))
        #expect(state.request == before)
    }

    @Test("no answer at all keeps everything")
    func noAnswer() {
        var state = RemoteConfigState.asking()
        state.take(Offer(1, [other]))
        let before = state.request
        #expect(state.take(.failure("connection refused")).verdict == .failed("connection refused"))
        #expect(state.request == before)
    }

    @Test("many refusals are a few lines in the log")
    func boundedLog() {
        var state = RemoteConfigState.asking()
        func offer(_ count: Int) -> Offer { Offer(1, (0..<count).map { OfferedFile(features("\($0)"), "{") }) }
        #expect(state.take(offer(10)).log.filter { $0.level == .warning }.count == 10)
        state = .asking()
        let lines = state.take(offer(30)).log.filter { $0.level == .warning }
        #expect(lines.count == 11)
        #expect(lines.last?.text == "20 more configurations are refused")
    }
}

extension JSONValue {
    /// The object with another value for a key.
    func setting(_ key: String, to value: JSONValue?) -> JSONValue {
        guard var object else { return self }
        object[key] = value
        return .object(object)
    }
}
