// PayloadReaderTests: the shapes of a payload, and what a mistake in it costs.

import Graft
import GraftConfig
import GraftSCA
import GraftTestKit
import Testing

@Suite("A payload")
struct PayloadReaderTests {
    /// Reads a payload.
    private func read(_ text: String) throws(ConfigError) -> Payload { try PayloadReader.read(Array(text.utf8)) }

    @Test(
        "is accepted in each shape",
        arguments: [
            #"{"sca_instrumentation": {"targets": ["a.so:f", "M:T.m"]}}"#,
            #"{"targets": ["a.so:f", "M:T.m"]}"#,
            #"{"version": 3, "targets": [{"target": "a.so:f"}, "M:T.m", "a.so:f"], "more": {}}"#,
            #"["a.so:f", "M:T.m"]"#,
            #"{"sca_instrumentation": {"targets": ["a.so:f"], "advisories": [{"target": "M:T.m"}]}}"#,
        ])
    func shapes(_ text: String) throws {
        let payload = try read(text)
        #expect(payload.wishes.map(\.target.text) == ["a.so:f", "M:T.m"])
        #expect(payload.wishes.allSatisfy { $0.mode == .once && $0.advisory == nil })
        #expect(payload.errors == [])
    }

    static let advisory = """
        {"id": "GHSA-1", "targets": ["libpq.so.5:PQexec", {"target": "b:g", "mode": "count"}], "lang": "c",
         "dependency_name": "libpq5", "package_versions": ["<15.7", ">=16, <16.3"],
         "vulnerability": {"severity": "HIGH"}}
        """

    @Test(
        "is accepted in the advisory form",
        arguments: ["[\(advisory)]", #"{"targets": [\#(advisory)]}"#, #"{"advisories": [\#(advisory)]}"#])
    func advisories(_ text: String) throws {
        let payload = try read(text)
        #expect(payload.errors == [])
        #expect(payload.wishes.map(\.mode) == [.once, .count])
        let advisory = try #require(payload.wishes.first?.advisory)
        #expect(advisory.id == "GHSA-1")
        #expect(advisory.dependency == "libpq5")
        #expect(advisory.versions?.description == "<15.7 or >=16, <16.3")
    }

    @Test("treats null, absent and empty conditions of an advisory as none")
    func noConditions() throws {
        let text = #"[{"id": "A", "targets": ["a:f"], "dependency_name": null, "package_versions": []}]"#
        let advisory = try #require(try read(text).wishes.first?.advisory)
        #expect(!advisory.isConditional)
    }

    @Test("takes every mode by its name", arguments: Mode.allCases.filter { $0 != .around })
    func modes(_ mode: Mode) throws {
        let payload = try read(#"{"targets": [{"target": "a:f", "mode": "\#(mode.rawValue)"}]}"#)
        #expect(payload.wishes.map(\.mode) == [mode])
    }

    @Test("takes a share of a target's calls, in the modes that have one", arguments: [Mode.entry, .entryExit])
    func shares(_ mode: Mode) throws {
        func share(_ fields: String) throws -> Share? {
            let payload = try read(#"[{"target": "a:f", "mode": "\#(mode.rawValue)"\#(fields)}]"#)
            #expect(payload.errors == [])
            return payload.wishes.first?.share
        }
        #expect(try share("") == .all)
        #expect(try share(#", "sample_every": null, "max_per_second": null"#) == .all)
        #expect(try share(#", "sample_every": 1, "max_per_second": 0"#) == .all)
        #expect(try share(#", "sample_every": 10"#) == Share(sampleEvery: 10))
        #expect(
            try share(#", "sample_every": 4294967295, "max_per_second": 4294967295"#)
                == Share(sampleEvery: .max, maximumPerSecond: .max))
    }

    @Test(
        "loses a target alone of which the share is none",
        arguments: [
            #""mode": "entry", "sample_every": 0"#, #""mode": "entry", "sample_every": 4294967296"#,
            #""mode": "entry", "sample_every": 1.5"#, #""mode": "entry", "sample_every": "2""#,
            #""mode": "entry", "max_per_second": -1"#, #""mode": "entry", "max_per_second": 4294967296"#,
            #""mode": "count", "max_per_second": 1"#, #""mode": "once", "sample_every": 1"#, #""max_per_second": 1"#,
        ])
    func badShare(_ fields: String) throws {
        let payload = try read(#"["a:before", {"target": "a:f", \#(fields)}, "a:after"]"#)
        #expect(payload.wishes.map(\.target.text) == ["a:before", "a:after"])
        #expect(payload.refused.map(\.text) == ["a:f"])
        let path = payload.errors.first?.place?.path.description
        #expect(path == "$[1].sample_every" || path == "$[1].max_per_second")
    }

    @Test(
        "is refused whole when its shape is none",
        arguments: [
            ("{}", "$"), ("7", "$"), (#""a.so:f""#, "$"), (#"{"targets": "a.so:f"}"#, "$.targets"),
            (#"{"sca_instrumentation": ["a.so:f"]}"#, "$.sca_instrumentation"),
            (#"{"sca_instrumentation": {}, "targets": []}"#, "$.sca_instrumentation"),
            (#"{"targets": [], "advisories": {}}"#, "$.advisories"),
        ])
    func wrongShape(_ text: String, _ path: String) throws {
        let error = try #require(throws: ConfigError.self) { try read(text) }
        #expect(error.code == .payload)
        #expect(error.place?.path.description == path)
    }

    @Test("is refused whole when it is not JSON, with the place")
    func notJSON() throws {
        let error = try #require(throws: ConfigError.self) { try read("{\"targets\": [\n  \"a:f\",,]}") }
        #expect(error.code == .syntax)
        #expect(error.place?.line == 2)
    }

    @Test("loses a bad target alone, which is named with its place")
    func badTarget() throws {
        let payload = try read("{\"targets\": [\n  \"a.so:f\",\n  \"nocolon\",\n  \"a.so:g\"\n]}")
        #expect(payload.wishes.map(\.target.text) == ["a.so:f", "a.so:g"])
        let error = try #require(payload.errors.first)
        #expect(payload.errors.count == 1)
        #expect(error.code.slug == "target-syntax")
        #expect(error.place?.path.description == "$.targets[1]")
        #expect(error.place?.line == 3)
        #expect(error.place?.column == 3)
        #expect(error.message.contains("byte"))
        #expect(payload.refused.map(\.text) == ["nocolon"])
    }

    @Test("loses a target that is too long alone")
    func longTarget() throws {
        let long = "a.so:" + String(repeating: "x", count: Target.maximumLength - 5)
        #expect(try read(#"{"targets": ["\#(long)"]}"#).errors == [])
        let payload = try read(#"{"targets": ["\#(long)x", "a:f"]}"#)
        #expect(payload.errors.map(\.code.slug) == ["target-too-long"])
        #expect(payload.wishes.count == 1)
    }

    @Test(
        "loses a bad element alone",
        arguments: [
            "7", "null", "[]", "{}", #"{"target": 7}"#, #"{"target": "a:f", "mode": "always"}"#,
            #"{"target": "a:f", "mode": 1}"#, #"{"id": "A"}"#, #"{"id": "A", "targets": "a:f"}"#,
            #"{"targets": ["a:f"]}"#, #"{"id": "", "targets": ["a:f"]}"#, #"{"id": 1, "targets": ["a:f"]}"#,
            #"{"id": "A", "targets": ["a:f"], "dependency_name": 1}"#,
            #"{"id": "A", "targets": ["a:f"], "package_versions": "<1"}"#,
        ])
    func badElement(_ element: String) throws {
        let payload = try read(#"{"targets": ["a:before", \#(element), "a:after"]}"#)
        #expect(payload.wishes.map(\.target.text) == ["a:before", "a:after"])
        #expect(payload.errors.count == 1)
        #expect(payload.errors.first?.place?.path.description.hasPrefix("$.targets[1]") == true)
    }

    @Test("reports a version range that cannot be read, which matches nothing")
    func badVersions() throws {
        let text = #"[{"id": "A", "targets": ["a:f"], "package_versions": ["~>1.0", "<2"]}]"#
        let payload = try read(text)
        #expect(payload.errors.map(\.place?.path.description) == ["$[0].package_versions[0]"])
        #expect(payload.wishes.first?.advisory?.versions?.description == "<2")
        let none = try read(#"[{"id": "A", "targets": ["a:f"], "package_versions": ["~>1.0", 7]}]"#)
        #expect(none.errors.count == 2)
        #expect(none.wishes.first?.advisory?.versions?.contains("1.5") == false)
    }

    @Test("has a limit of targets, those of advisories included")
    func targetLimit() throws {
        let limit = PayloadLimits.targets
        let targets = (0..<limit - 1).map { "\"a:f\($0)\"" }.joined(separator: ",")
        let advisory = #"{"id": "A", "targets": ["a:g"]}"#
        #expect(try read("[\(targets),\(advisory)]").wishes.count == limit)
        let error = try #require(throws: ConfigError.self) { try read("[\(targets),\(advisory),\"a:h\"]") }
        #expect(error.code == .limit)
        #expect(error.place?.path.description == "$[\(limit)]")
    }

    @Test("has a limit of advisories")
    func advisoryLimit() throws {
        let limit = PayloadLimits.advisories
        let list = (0..<limit).map { #"{"id":"A\#($0)","targets":[]}"# }.joined(separator: ",")
        #expect(try read("[\(list)]").errors == [])
        let error = try #require(throws: ConfigError.self) { try read(#"[\#(list),{"id":"B","targets":[]}]"#) }
        #expect(error.code == .limit)
    }

    @Test("has a limit of version ranges for an advisory")
    func rangeLimit() throws {
        func text(_ count: Int) -> String {
            let ranges = (0..<count).map { "\"\($0)\"" }.joined(separator: ",")
            return #"[{"id":"A","targets":["a:f"],"package_versions":[\#(ranges)]}]"#
        }
        #expect(try read(text(PayloadLimits.ranges)).wishes.count == 1)
        let over = try read(text(PayloadLimits.ranges + 1))
        #expect(over.wishes.isEmpty)
        #expect(over.errors.map(\.code) == [.limit])
    }

    @Test("has a limit to the length of names")
    func nameLimit() throws {
        func text(_ length: Int) -> String {
            #"[{"id":"\#(String(repeating: "i", count: length))","targets":["a:f"]}]"#
        }
        #expect(try read(text(PayloadLimits.nameBytes)).errors == [])
        #expect(try read(text(PayloadLimits.nameBytes + 1)).errors.count == 1)
    }

    @Test("keeps a limited number of errors, and counts the rest")
    func errorLimit() throws {
        let limit = PayloadLimits.errors
        let exact = try read("[" + Array(repeating: "7", count: limit).joined(separator: ",") + "]")
        #expect(exact.errors.count == limit && exact.errorsOmitted == 0)
        let over = try read("[" + Array(repeating: "7", count: limit + 5).joined(separator: ",") + "]")
        #expect(over.errors.count == limit && over.errorsOmitted == 5)
    }

    @Test("survives a thousand malformed texts")
    func malformed() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        let whole = Array(
            #"{"targets": ["a:f", {"target": "b:g", "mode": "once"}], "advisories": [\#(Self.advisory)]}"#.utf8)
        for _ in 0..<1_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: index)
                }
            }
            // Read or refused with a place or alone: either is well, as long as it comes back.
            do throws(ConfigError) { _ = try PayloadReader.read(bytes) } catch {
                #expect(error.place != nil, "seed \(seed)")
            }
        }
    }
}
