// ReaderTests: every getter, on every kind of value.

import GraftConfigStream
import GraftTestKit
import Testing

/// What readers see.
@Suite("Reader") struct ReaderTests {
    /// A reader of these settings, for ever.
    private func reader(_ settings: [StreamSetting]) async throws -> StreamReader {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        return try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(.snapshot(StreamSnapshot(origin: "datadog.yaml", sequence: 1, settings: settings)))
            try await consumer.waitReady(timeout: patience)
            return consumer.reader.snapshot()
        }
    }

    /// A reader of these values, which come from a file.
    private func reader(_ values: [String: StreamValue]) async throws -> StreamReader {
        try await reader(values.map { StreamSetting(key: $0.key, source: "file", value: $0.value) })
    }

    @Test("TestConsumerReader: every getter on a map of every kind")
    func everyGetter() async throws {
        let reader = try await reader([
            "string": .string("text"), "int": .number(42), "float": .number(3.75), "bool": .bool(true),
            "slice": .list([.string("a"), .number(1), .bool(false)]),
            "map": .map(["k": .number(1), "l": .list([.string("x")])]),
        ])
        #expect(reader.getString("string") == "text")
        #expect(reader.getInt("int") == 42)
        #expect(reader.getInt32("int") == 42)
        #expect(reader.getInt64("float") == 3)
        #expect(reader.getFloat64("float") == 3.75)
        #expect(reader.getFloat("int") == 42)
        #expect(reader.getBool("bool"))
        #expect(reader.getStringSlice("slice") == ["a", "1", "false"])
        #expect(reader.getFloat64Slice("slice") == [1])
        #expect(reader.getStringMap("map") == ["k": .number(1), "l": .list([.string("x")])])
        #expect(reader.getStringMapString("map") == ["k": "1", "l": "[x]"])
        #expect(reader.getStringMapStringSlice("map") == ["l": ["x"]])
        #expect(reader.getSubfields("map") == ["k", "l"])
        #expect(reader.hasSection("map") && !reader.hasSection("slice"))
        #expect(reader.allSettings().count == 6)
        #expect(reader.allKeys == ["bool", "float", "int", "map", "slice", "string"])
        #expect(reader.count == 6)
        #expect(reader.isSet("string") && !reader.isSet("nothing"))
        #expect(reader.origin == "datadog.yaml")
        #expect(reader.allSettingsWithSequenceID().sequenceID == 1)
    }

    @Test("What is missing, or of another kind, is the kind's zero")
    func zeros() async throws {
        let reader = try await reader(["text": .string("text"), "list": .list([]), "null": .null])
        for key: StreamKey in ["nothing", "list", "null"] {
            #expect(reader.getInt(key) == 0)
            #expect(!reader.getBool(key))
            #expect(reader.getFloat64(key) == 0)
            #expect(reader.getDuration(key) == .zero)
            #expect(reader.getStringMap(key).isEmpty)
            #expect(reader.getSizeInBytes(key) == 0)
        }
        #expect(reader.getInt("text") == 0)
        #expect(reader.getString("null").isEmpty)
        #expect(reader.getStringSlice("nothing").isEmpty)
        #expect(reader.value(of: "nothing") == nil)
        #expect(!reader.isSet("null") && reader.isKnown("null"))
        #expect(reader.allKnownKeys == ["list", "null", "text"])
    }

    @Test("Keys are found in whatever case, on the wire and in the program, and dots mean nothing")
    func caseOfKeys() async throws {
        let reader = try await reader(["Mixed.Case_KEY": .number(1), "a": .map(["b": .number(2)]), "ÄPFEL": .number(3)])
        #expect(reader.getInt("mixed.case_key") == 1)
        #expect(reader.getInt("MIXED.CASE_KEY") == 1)
        #expect(reader.getInt("äpfel") == 3)
        #expect(reader.allKeys == ["a", "mixed.case_key", "äpfel"])
        #expect(!reader.isSet("a.b") && !reader.isSet("mixed"))
    }

    @Test("Keys of every length from 0 to 100 bytes are told apart")
    func lengthsOfKeys() async throws {
        var values: [String: StreamValue] = [:]
        for length in 0...100 {
            values[String(repeating: "x", count: length)] = .number(Double(length))
            if length > 0 { values[String(repeating: "x", count: length - 1) + "y"] = .number(Double(1000 + length)) }
        }
        let reader = try await reader(values)
        for (key, value) in values { #expect(reader.value(of: StreamKey(key)) == value, "\(key)") }
        #expect(!reader.isSet(StreamKey(String(repeating: "x", count: 101))))
    }

    @Test(
        "Whole numbers are exact to 2^53 and marked beyond",
        arguments: [
            (9_007_199_254_740_992.0, true), (-9_007_199_254_740_992.0, true), (9_007_199_254_740_994.0, false),
            (0.5, false),
            (.nan, false), (.infinity, false), (0, true), (1e300, false),
        ])
    func exactness(number: Double, isExact: Bool) async throws {
        let reader = try await reader(["n": .number(number)])
        #expect(reader.isExactInteger("n") == isExact)
        if isExact { #expect(Double(reader.getInt("n")) == number) }
    }

    @Test("Numbers that 64 or 32 bits do not hold are 0")
    func numbersThatDoNotFit() async throws {
        let reader = try await reader([
            "huge": .number(1e19), "nan": .number(.nan), "wide": .number(4_294_967_296), "edge": .number(2_147_483_647),
        ])
        #expect(reader.getInt("huge") == 0 && reader.getInt("nan") == 0)
        #expect(reader.getInt32("wide") == 0 && reader.getInt("wide") == 4_294_967_296)
        #expect(reader.getInt32("edge") == .max)
    }

    @Test(
        "Truth values are read as Go reads them",
        arguments: [
            ("1", true), ("t", true), ("TRUE", true), ("True", true), ("0", false), ("F", false), ("yes", false),
            ("", false),
        ])
    func booleans(text: String, expected: Bool) async throws {
        #expect(try await reader(["b": .string(text)]).getBool("b") == expected)
    }

    @Test("Durations are nanoseconds or texts of Go's form")
    func durations() async throws {
        let expected: [(StreamValue, Duration)] = [
            (.number(1_500_000_000), .milliseconds(1500)), (.string("1h2m3s"), .seconds(3723)),
            (.string("1.5s"), .milliseconds(1500)),
            (.string("-2ms"), .milliseconds(-2)), (.string("+5us"), .microseconds(5)),
            (.string("3µs"), .microseconds(3)),
            (.string("0"), .zero), (.string("100"), .zero), (.string("1x"), .zero), (.string(".s"), .zero),
            (.string(""), .zero),
            (.string("9999999999h"), .zero), (.string("1h1"), .zero), (.string(".5s"), .milliseconds(500)),
            (.bool(true), .zero),
        ]
        for (value, duration) in expected {
            #expect(try await reader(["d": value]).getDuration("d") == duration, "\(value)")
        }
    }

    @Test("Sizes are bytes or texts with a unit")
    func sizes() async throws {
        let expected: [(StreamValue, Int64)] = [
            (.number(7), 7), (.string("10MB"), 10 << 20), (.string("2 kb"), 2048), (.string("1g"), 1 << 30),
            (.string("5"), 5), (.string("5b"), 5),
            (.string("MB"), 0), (.string("1tb"), 0), (.string("9999999999999999gb"), 0),
        ]
        for (value, size) in expected {
            #expect(try await reader(["s": value]).getSizeInBytes("s") == size, "\(value)")
        }
    }

    @Test("Values as text: whole numbers have no point, maps are in order")
    func texts() async throws {
        let map = StreamValue.map(["b": .number(8_126_000), "a": .list([.null, .bool(true), .string("x")])])
        #expect(map.text == "map[a:[ true x] b:8126000]")
        #expect(map.json == #"{"a":[null,true,"x"],"b":8126000}"#)
        #expect(StreamValue.number(.nan).json == "\"NaN\"")
        #expect(StreamValue.string("a\"\\\n\u{1}").json == #""a\"\\\n\u0001""#)
        #expect(StreamValue.number(1.5).text == "1.5")
    }

    @Test("The source of the highest rank is in force, whatever the order in which they came")
    func precedence() async throws {
        let names = [
            "schema", "default", "unknown", "infra-mode", "file", "environment-variable", "fleet-policies",
            "config-post-init",
            "secret", "local-config-process", "agent-runtime", "remote-config", "cli",
        ]
        for (index, name) in names.enumerated().dropFirst() {
            let reader = try await reader(
                names.prefix(index + 1).shuffled().map { StreamSetting(key: "k", source: $0, value: .string($0)) })
            #expect(reader.getString("k") == name)
            #expect(reader.source(of: "k")?.name == name)
            #expect(reader.allSources(of: "k").map(\.source.name) == names.prefix(index + 1).reversed())
            #expect(reader.isConfigured("k") == (name != "default"))
        }
    }

    @Test("A source that declares, and one whose value is null, hide nothing; an unknown one ranks with `unknown`")
    func nullsAndUnknowns() async throws {
        let declared = try await reader([
            StreamSetting(key: "k", source: "cli", value: .null),
            StreamSetting(key: "k", source: "file", value: .number(1)),
            StreamSetting(key: "k", source: "agent-runtime", value: nil),
            StreamSetting(key: "s", source: "schema", value: .number(5)),
            StreamSetting(key: "o", source: "new-source", value: .number(2)),
            StreamSetting(key: "o", source: "default", value: .number(3)),
        ])
        #expect(declared.getInt("k") == 1 && declared.source(of: "k") == .file)
        #expect(!declared.isSet("s") && declared.source(of: "s") == nil)
        #expect(declared.getInt("o") == 2 && declared.source(of: "o") == .other("new-source"))
        #expect(declared.allSettingsBySource()[.default] == ["o": .number(3)])
    }

    @Test("Of a setting that a snapshot says twice for one source the later one counts, and it is counted")
    func duplicates() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(
                .snapshot(
                    StreamSnapshot(
                        origin: "", sequence: 1,
                        settings: [
                            StreamSetting(key: "k", source: "file", value: .number(1)),
                            StreamSetting(key: "K", source: "file", value: .number(2)),
                            StreamSetting(key: "k", source: "cli", value: .number(3)),
                        ])))
            try await consumer.waitReady(timeout: patience)
            #expect(consumer.reader.allSources(of: "k").map(\.value) == [.number(3), .number(2)])
            #expect(consumer.counters.duplicateSettings == 1)
        }
    }

    @Test("An unset with no source left removes the key; secrets and defaults can be left out")
    func unsetAndFilters() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(
                .snapshot(
                    StreamSnapshot(
                        origin: "", sequence: 1,
                        settings: [
                            StreamSetting(key: "k", source: "cli", value: .number(1)),
                            StreamSetting(key: "api_key", source: "secret", value: .string("hidden")),
                            StreamSetting(key: "d", source: "default", value: .number(3)),
                        ])))
            agent.send(update(2, "k", nil, source: "", unset: "cli"))
            agent.send(update(3, "nobody", nil, source: "", unset: "cli"))
            let reader = try await consumer.reader.atLeast(sequence: 3)
            #expect(!reader.isKnown("k") && !reader.isKnown("nobody"))
            #expect(reader.allSettingsWithoutSecrets().keys.sorted() == ["d"])
            #expect(reader.allSettingsWithoutDefault().keys.sorted() == ["api_key"])
        }
    }

    @Test("An unset says what is in force: a layer above it was unset before, unsaid, and goes as well")
    func unsetOfAHiddenLayer() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        try await withConsumer(of: agent) { consumer in
            await agent.wait { $0.streamsOpen == 1 }
            agent.send(snapshot(1, ["k": .string("file")]))
            agent.send(update(2, "k", .string("env"), source: "environment-variable"))
            agent.send(update(3, "k", .string("cli"), source: "cli"))
            agent.send(update(4, "k", .string("file"), source: "file", unset: "cli"))
            let reader = try await consumer.reader.atLeast(sequence: 4)
            #expect(reader.getString("k") == "file")
            #expect(reader.allSources(of: "k").map(\.source) == [.file])
        }
    }

    @Test("A snapshot of the reader does not change, and the reader does")
    func pinned() async throws {
        let agent = InProcessCoreAgent()
        agent.set("a", .number(1))
        agent.set("b", .number(1))
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            let before = consumer.reader.snapshot()
            agent.set("a", .number(2))
            let number = agent.set("b", .number(2))
            let after = try await consumer.reader.atLeast(sequence: number)
            #expect([before.getInt("a"), before.getInt("b")] == [1, 1])
            #expect([after.getInt("a"), after.getInt("b")] == [2, 2])
            #expect(before.position == StreamPosition(epoch: 1, sequence: 2))
            #expect(after.position == StreamPosition(epoch: 1, sequence: 4))
        }
    }

    @Test("Reads while the configuration changes are of one generation each")
    func readsWhileWriting() async throws {
        let agent = InProcessCoreAgent()
        agent.set("pair", .list([.number(0), .number(0)]))
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            let reader = consumer.reader
            await withTaskGroup(of: Int.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        var torn = 0
                        var last = -1.0
                        while last < 2000 {
                            let pair = reader.getFloat64Slice("pair")
                            if pair.count != 2 || pair[0] != pair[1] || pair[0] < last { torn += 1 }
                            last = pair.last ?? 0
                            // The writer needs one of the threads on which tasks run.
                            await Task.yield()
                        }
                        return torn
                    }
                }
                for number in 1...2000 { agent.set("pair", .list([.number(Double(number)), .number(Double(number))])) }
                for await torn in group { #expect(torn == 0) }
            }
        }
    }
}
