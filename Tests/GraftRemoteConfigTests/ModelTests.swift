// ModelTests: a thousand random sequences of answers against a simple model of what must be in force.
//
// The model knows nothing of requests, hashes or JSON: it takes the agent's intentions (this file, that mistake) and says
// what a client must have, what it must report and what its callback must have been told. A failure prints the seed.

import GraftConfig
import GraftRemoteConfig
import GraftTestKit
import Testing

/// What a client must have.
private struct Model {
    /// One path.
    struct Entry: Equatable {
        /// The content in force; nil for none.
        var content: String?
        /// The version to report.
        var version: UInt64
        /// Whether it is reported as refused.
        var isRefused: Bool
    }

    var entries: [String: Entry] = [:]
    var version: UInt64 = 0
    var hasError = false
}

/// What an agent does in one step.
private enum Step: CaseIterable {
    case update, missingFile, missingTarget, nothing, noContent, failure, notFound, broken, expired
}

@Suite("Random answers")
struct ModelTests {
    @Test("leave in force what a simple model says", arguments: 0..<10)
    func sequences(_ part: Int) {
        for seed in UInt64(part * 100)..<UInt64(part * 100 + 100) {
            var run = Run(seed: seed)
            for step in 0..<8 {
                guard run.step() else {
                    Issue.record("seed \(seed), step \(step): \(run.complaint)")
                    return
                }
            }
        }
    }

    /// One sequence.
    private struct Run {
        private var random: SplitMix
        private var model = Model()
        private var poller = RemoteConfigPoller.test()
        private let recorder = Recorder()
        /// What the recorder's batches add up to.
        private var told: [String: String] = [:]
        private var batchesSeen = 0
        private(set) var complaint = ""

        init(seed: UInt64) {
            random = SplitMix(seed: seed)
            poller.registerCallback(recorder, for: "ASM_FEATURES")
            poller.enableProduct("ASM_FEATURES")
        }

        /// Carries out a random step and compares; false when something differs.
        mutating func step() -> Bool {
            let step =
                Double.random(in: 0..<1, using: &random) < 0.6 ? .update : Step.allCases.randomElement(using: &random)
            let answer = answer(step ?? .nothing)
            poller.poll(over: ScriptedTransport([answer]))
            return compare(after: step ?? .nothing)
        }

        /// The answer of a step; the model is moved on to what it must lead to.
        private mutating func answer(_ step: Step) -> HTTPAnswer {
            switch step {
            case .update: return update()
            case .missingFile, .missingTarget:
                model.hasError = true
                var offer = Offer(99, [OfferedFile(features("never"), "{}"), OfferedFile(features("0"), "{}")])
                if step == .missingFile { offer.files[0].copies = 0 } else { offer.files[0].isTarget = false }
                return offer.answer
            case .broken:
                model.hasError = true
                return .ok(#"{"targets":"broken"}"#)
            case .nothing: model.hasError = false; return .ok("{}")
            case .noContent: model.hasError = false; return .response(status: 204, body: [])
            case .failure: return .failure("no answer")
            case .notFound: return .response(status: 404, body: [])
            case .expired:
                model.hasError = false
                model.entries = [:]
                return .ok(#"{"config_status":1}"#)
            }
        }

        /// A random set of files, some spoiled, some left out because the client has them.
        private mutating func update() -> HTTPAnswer {
            var next: [String: Model.Entry] = [:]
            var files: [OfferedFile] = []
            for id in 0..<5 where Bool.random(using: &random) {
                let path = features("\(id)")
                let content = #"{"n":\#(Int.random(in: 0..<3, using: &random))}"#
                let version = UInt64.random(in: 1..<9, using: &random)
                let before = model.entries[path]?.content
                var file = OfferedFile(path, content, version: version)
                if content == before {
                    // The client has it: sent or not, even spoiled, it is the same.
                    file.copies = Int.random(in: 0..<3, using: &random)
                    if Bool.random(using: &random) { file.raw = "%" }
                    next[path] = .init(content: content, version: version, isRefused: false)
                } else if Double.random(in: 0..<1, using: &random) < 0.3 {
                    spoil(&file)
                    next[path] = .init(content: before, version: version, isRefused: true)
                } else {
                    next[path] = .init(content: content, version: version, isRefused: false)
                }
                files.append(file)
            }
            model.entries = next
            model.version = UInt64.random(in: 1..<50, using: &random)
            model.hasError = false
            return Offer(model.version, files.shuffled(using: &random)).answer
        }

        /// Makes a file unusable in one way or another.
        private mutating func spoil(_ file: inout OfferedFile) {
            switch Int.random(in: 0..<5, using: &random) {
            case 0: file.raw = "e30=="
            case 1: file.raw = .string(Base64.text(of: "{}".utf8))
            case 2: file.copies = 2
            case 3: file.bytes = Array("no json \(file.bytes.count)".utf8)
            default: file.entry = file.metadata.setting("length", to: 1)
            }
        }

        /// Whether the client is what the model says.
        private mutating func compare(after step: Step) -> Bool {
            let state = poller.state
            let held = state.payloads.reduce(into: [String: String]()) {
                $0[$1.path.text] = String(decoding: $1.bytes ?? [], as: UTF8.self)
            }
            let reported = state.configStates.reduce(into: [String: Model.Entry]()) {
                let path = $1.path.text
                $0[path] = .init(
                    content: held[path], version: $1.version, isRefused: $1.acknowledgement.applyState == 3)
            }
            if reported != model.entries { return complain(step, "\(reported) instead of \(model.entries)") }
            let done = state.configStates.allSatisfy { $0.acknowledgement != .unacknowledged }
            if !done { return complain(step, "not acknowledged: \(state.configStates)") }
            if (state.request.error != nil) != model.hasError { return complain(step, "\(state.request.error ?? "")") }
            if state.request.targetsVersion != 0 && state.request.targetsVersion != model.version {
                return complain(step, "version \(state.request.targetsVersion) instead of \(model.version)")
            }
            return compareTold(held, after: step)
        }

        /// Whether what the callback was told adds up to what is held, removals first in each batch.
        private mutating func compareTold(_ held: [String: String], after step: Step) -> Bool {
            let batches = recorder.payloads
            if batches.count > batchesSeen + 1 { return complain(step, "more than one call") }
            for payload in batches.dropFirst(batchesSeen).joined() {
                let text = payload.bytes.map { String(decoding: $0, as: UTF8.self) }
                if told[payload.path.text] == text { return complain(step, "told what is known: \(payload.path)") }
                told[payload.path.text] = text
            }
            let last = batches.dropFirst(batchesSeen).first ?? []
            if last.drop(while: \.isRemoval).contains(where: \.isRemoval) { return complain(step, "a late removal") }
            batchesSeen = batches.count
            return told == held || complain(step, "told \(told), held \(held)")
        }

        private mutating func complain(_ step: Step, _ text: String) -> Bool {
            complaint = "after \(step): \(text)"
            return false
        }
    }
}
