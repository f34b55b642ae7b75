// DecoderTests: messages of the stream, from bytes to values: a table, the limits, and the generated types as a second opinion.
#if ConfigStream

    import GraftConfigStream
    import SwiftProtobuf
    import Testing

    @testable import GraftConfigStreamGRPC

    /// Bytes of protobuf, put together by hand.
    enum Wire {
        /// A varint.
        static func varint(_ value: UInt64) -> [UInt8] {
            value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
        }

        /// A field with a varint.
        static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }

        /// A field with a double.
        static func double(_ field: UInt64, _ value: Double) -> [UInt8] {
            varint(field << 3 | 1) + withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        }

        /// A field with bytes: a text, or a message of these fields.
        static func bytes(_ field: UInt64, _ fields: [UInt8]...) -> [UInt8] {
            let value = Array(fields.joined())
            return varint(field << 3 | 2) + varint(UInt64(value.count)) + value
        }

        /// Fields one after the other.
        static func all(_ fields: [UInt8]...) -> [UInt8] { Array(fields.joined()) }

        /// A field with a text.
        static func text(_ field: UInt64, _ value: String) -> [UInt8] { bytes(field, Array(value.utf8)) }

        /// An update whose setting has these bytes.
        static func update(setting: [UInt8]) -> [UInt8] { bytes(2, bytes(3, setting)) }

        /// Lists in lists, so many values deep; the innermost is empty.
        static func lists(deep: Int) -> [UInt8] {
            (1..<deep).reduce(bytes(6, [])) { inner, _ in bytes(6, bytes(1, inner)) }
        }

        /// Maps in maps, so many values deep; the innermost is empty.
        static func maps(deep: Int) -> [UInt8] {
            (1..<deep).reduce(bytes(5, [])) { inner, _ in bytes(5, bytes(1, text(1, "k"), bytes(2, inner))) }
        }
    }

    /// Reads a message.
    private func decoded(_ bytes: [UInt8]) throws -> StreamMessage {
        try bytes.withUnsafeBytes { try MessageDecoder.message($0) }
    }

    /// What a setting's `value` says that has these bytes.
    private func value(_ bytes: [UInt8]) throws -> StreamValue? {
        guard case .update(let update) = try decoded(Wire.update(setting: Wire.bytes(3, bytes))).event else {
            return nil
        }
        return update.setting?.value
    }

    @Suite struct DecoderTests {
        @Test func everyKindOfValueIsRead() throws {
            let map = Wire.bytes(
                5, Wire.bytes(1, Wire.text(1, "a.b"), Wire.bytes(2, Wire.double(2, 1))),
                Wire.bytes(1, Wire.text(1, "none")), Wire.bytes(1, Wire.bytes(2, Wire.text(3, "nameless"))))
            let table: [(bytes: [UInt8], value: StreamValue)] = [
                ([], .null), (Wire.number(1, 0), .null), (Wire.number(1, 7), .null),
                (Wire.double(2, 1.5), .number(1.5)), (Wire.double(2, -0.0), .number(-0.0)),
                (Wire.double(2, .infinity), .number(.infinity)), (Wire.double(2, -.infinity), .number(-.infinity)),
                (Wire.text(3, ""), .string("")), (Wire.text(3, "a\u{0}ü😀"), .string("a\u{0}ü😀")),
                (Wire.number(4, 0), .bool(false)), (Wire.number(4, 1), .bool(true)),
                (Wire.number(4, 1 << 40), .bool(true)), (Wire.bytes(5), .map([:])), (Wire.bytes(6), .list([])),
                (Wire.bytes(6, Wire.bytes(1, Wire.number(4, 1)), Wire.bytes(1)), .list([.bool(true), .null])),
                (map, .map(["a.b": .number(1), "none": .null, "": .string("nameless")])),
            ]
            for (bytes, expected) in table { #expect(try value(bytes) == expected) }
            guard case .number(let number) = try value(Wire.double(2, .nan)) else { return #expect(Bool(false)) }
            #expect(number.isNaN)
        }

        @Test func theLastKindCountsAndContainersOfOneKindAreMerged() throws {
            #expect(try value(Wire.all(Wire.text(3, "a"), Wire.number(4, 1))) == .bool(true))
            #expect(try value(Wire.all(Wire.bytes(6), Wire.text(3, "a"))) == .string("a"))
            let one = Wire.bytes(1, Wire.number(4, 1))
            #expect(try value(Wire.all(Wire.bytes(6, one), Wire.bytes(6, one))) == .list([.bool(true), .bool(true)]))
            let entry = { (name: String, number: Double) in
                Wire.bytes(5, Wire.bytes(1, Wire.text(1, name), Wire.bytes(2, Wire.double(2, number))))
            }
            #expect(
                try value(Wire.all(entry("a", 1), entry("b", 2), entry("a", 3)))
                    == .map(["a": .number(3), "b": .number(2)]))
        }

        @Test func aValueThatIsAbsentIsNotOneThatIsNull() throws {
            let absent = try decoded(Wire.update(setting: Wire.text(2, "k")))
            #expect(
                absent.event
                    == .update(
                        StreamUpdate(
                            origin: "", sequence: 0, setting: StreamSetting(key: "k", source: "", value: nil))))
            #expect(try value([]) == .null)
        }

        @Test func theEventsAreReadWithAllTheirParts() throws {
            let setting = Wire.all(
                Wire.text(1, "file"), Wire.text(2, "k"), Wire.bytes(3, Wire.text(3, "v")), Wire.text(4, "cli"))
            let expected = StreamSetting(key: "k", source: "file", value: .string("v"), unsetSource: "cli")
            let body = Wire.all(
                Wire.text(1, "datadog.yaml"), Wire.number(2, UInt64(bitPattern: -5)), Wire.bytes(3, setting))
            #expect(
                try decoded(Wire.bytes(1, body)).event
                    == .snapshot(StreamSnapshot(origin: "datadog.yaml", sequence: -5, settings: [expected])))
            #expect(
                try decoded(Wire.bytes(2, body)).event
                    == .update(StreamUpdate(origin: "datadog.yaml", sequence: -5, setting: expected)))
            #expect(try decoded([]).event == .empty)
            #expect(try decoded([]).size == 0)
            #expect(
                try decoded(Wire.bytes(2, [])).event == .update(StreamUpdate(origin: "", sequence: 0, setting: nil)))
            // The last arm counts; parts of one are merged.
            #expect(
                try decoded(Wire.all(Wire.bytes(1, body), Wire.bytes(2))).event != decoded(Wire.bytes(1, body)).event)
            guard case .snapshot(let merged) = try decoded(Wire.all(Wire.bytes(1, body), Wire.bytes(1, body))).event
            else {
                return #expect(Bool(false))
            }
            #expect(merged.settings == [expected, expected])
            // More than 32 bits are cut.
            guard case .update(let cut) = try decoded(Wire.bytes(2, Wire.number(2, 1 << 32 | 7))).event else {
                return #expect(Bool(false))
            }
            #expect(cut.sequence == 7)
        }

        @Test func whatIsNotKnownIsCountedAtEveryDepth() throws {
            let group: [UInt8] = Wire.all([0x7B], Wire.number(1, 1), [0x7C])  // field 15: a group with a field in it
            let unknown = Wire.all(
                Wire.number(100, 1), Wire.double(101, 1), Wire.text(102, "x"), group, [0x7D, 1, 2, 3, 4])
            let value = Wire.bytes(3, Wire.text(3, "v"), unknown)
            let setting = Wire.all(Wire.text(2, "k"), value, unknown)
            let message = try decoded(Wire.all(Wire.bytes(1, Wire.bytes(3, setting), unknown), unknown))
            #expect(message.unknownFields == 4 * 5)
            guard case .snapshot(let snapshot) = message.event else { return #expect(Bool(false)) }
            #expect(snapshot.settings == [StreamSetting(key: "k", source: "", value: .string("v"))])
            // A field that is known, but of another kind, is not known.
            #expect(try decoded(Wire.update(setting: Wire.number(4, 1))).unknownFields == 1)
            let inside = Wire.all(Wire.bytes(5, unknown, Wire.bytes(1, unknown)), Wire.bytes(6, unknown))
            #expect(try decoded(Wire.update(setting: Wire.bytes(3, inside))).unknownFields == 3 * 5)
        }

        @Test func valuesAreReadToTheLimitOfTheirDepth() throws {
            for nested in [Wire.lists, Wire.maps] {
                #expect(try value(nested(ValueDecoder.depthMax)) != nil)
                #expect(throws: WireError.deep) { try value(nested(ValueDecoder.depthMax + 1)) }
            }
            let groups = { (depth: Int) in
                [UInt8](repeating: 0x7B, count: depth) + [UInt8](repeating: 0x7C, count: depth)
            }
            #expect(try decoded(groups(WireReader.groupDepthMax)).unknownFields == 1)
            #expect(throws: WireError.deep) { try decoded(groups(WireReader.groupDepthMax + 1)) }
        }

        @Test func whatIsNoMessageIsRefused() {
            let long = [UInt8](repeating: 0x80, count: 11)
            let table: [(bytes: [UInt8], error: WireError)] = [
                ([0x0A], .cut), ([0x0A, 5, 1], .cut), (Wire.all([0x0A], Wire.varint(.max)), .cut), ([0x80], .cut),
                (long, .longVarint), ([0x00, 0], .tag), ([0x06], .tag),
                ([0x07], .tag),
                ([0x0C], .tag), ([0x7B], .cut), ([0x7B, 0x0C], .tag), (Wire.varint(1 << 40), .tag),
                ([0x79, 1, 2], .cut),
                (Wire.update(setting: Wire.bytes(2, [0xFF])), .text),
                (Wire.update(setting: Wire.bytes(1, [0xC0, 0x80])), .text),
                (Wire.update(setting: Wire.bytes(3, Wire.bytes(3, [0xED, 0xA0, 0x80]))), .text),
                (Wire.bytes(1, Wire.bytes(1, [0x80])), .text), (Wire.update(setting: Wire.varint(3 << 3 | 2)), .cut),
                (Wire.update(setting: Wire.bytes(3, [0x11, 0, 0])), .cut),
            ]
            for (bytes, error) in table { #expect(throws: error) { try decoded(bytes) } }
        }

        @Test func theGeneratedTypesReadTheSame() throws {
            var random = Random(state: 42)
            for _ in 0..<2000 {
                let event = Random.event(&random)
                let bytes: [UInt8] = try event.serializedBytes()
                let message = try decoded(bytes)
                #expect(message.event == Reference.event(event))
                #expect(message.size == bytes.count && message.unknownFields == 0)
            }
        }

        @Test func brokenMessagesAreReadAsTheGeneratedTypesReadThem() throws {
            var random = Random(state: 43)
            var refused = 0
            for _ in 0..<20_000 {
                var bytes: [UInt8] = try Random.event(&random).serializedBytes()
                for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0: bytes[place] = .random(in: 0...255, using: &random)
                    case 1: bytes.remove(at: place)
                    default: bytes.insert(.random(in: 0...255, using: &random), at: place)
                    }
                }
                let theirs = (try? Datadog_Model_V1_ConfigEvent(serializedBytes: bytes)).map(Reference.event)
                let ours = try? decoded(bytes).event
                #expect(String(describing: ours) == String(describing: theirs), "\(bytes)")
                if ours == nil { refused += 1 }
            }
            #expect(refused > 1000)
        }
    }

    /// The generated types' opinion.
    private enum Reference {
        static func event(_ event: Datadog_Model_V1_ConfigEvent) -> StreamEvent {
            switch event.event {
            case .snapshot(let it):
                .snapshot(
                    StreamSnapshot(origin: it.origin, sequence: it.sequenceID, settings: it.settings.map(setting)))
            case .update(let it):
                .update(
                    StreamUpdate(
                        origin: it.origin, sequence: it.sequenceID, setting: it.hasSetting ? setting(it.setting) : nil))
            case nil: .empty
            }
        }

        private static func setting(_ it: Datadog_Model_V1_ConfigSetting) -> StreamSetting {
            StreamSetting(
                key: it.key, source: it.source, value: it.hasValue ? value(it.value) : nil, unsetSource: it.unsetSource)
        }

        private static func value(_ it: Google_Protobuf_Value) -> StreamValue {
            switch it.kind {
            case .nullValue, nil: .null
            case .numberValue(let number): .number(number)
            case .stringValue(let text): .string(text)
            case .boolValue(let flag): .bool(flag)
            case .structValue(let map): .map(map.fields.mapValues(value))
            case .listValue(let list): .list(list.values.map(value))
            }
        }
    }

    /// Messages that are made up, the same ones each time.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }

        static func event(_ random: inout Random) -> Datadog_Model_V1_ConfigEvent {
            .with { event in
                switch Int.random(in: 0..<8, using: &random) {
                case 0: break
                case 1...3:
                    event.snapshot = .with {
                        $0.origin = text(&random)
                        $0.sequenceID = .random(in: .min ... .max, using: &random)
                        $0.settings = (0..<Int.random(in: 0..<5, using: &random)).map { _ in setting(&random) }
                    }
                default:
                    event.update = .with {
                        $0.origin = text(&random)
                        $0.sequenceID = .random(in: -5...500, using: &random)
                        if Bool.random(using: &random) { $0.setting = setting(&random) }
                    }
                }
            }
        }

        private static func setting(_ random: inout Random) -> Datadog_Model_V1_ConfigSetting {
            .with {
                $0.key = text(&random)
                $0.source = ["file", "default", "environment-variable", ""].randomElement(using: &random)!
                if Bool.random(using: &random) { $0.value = value(&random, depth: 0) }
                if Int.random(in: 0..<4, using: &random) == 0 { $0.unsetSource = text(&random) }
            }
        }

        private static func value(_ random: inout Random, depth: Int) -> Google_Protobuf_Value {
            .with {
                switch Int.random(in: 0..<(depth < 4 ? 7 : 5), using: &random) {
                case 0: break
                case 1: $0.nullValue = .nullValue
                case 2: $0.numberValue = .random(in: -1e9...1e9, using: &random)
                case 3: $0.stringValue = text(&random)
                case 4: $0.boolValue = .random(using: &random)
                case 5:
                    // One entry, so that maps print in one order.
                    let name = text(&random), inner = value(&random, depth: depth + 1)
                    $0.structValue = .with { $0.fields = [name: inner] }
                default:
                    let values = (0..<Int.random(in: 0..<4, using: &random)).map { _ in value(&random, depth: depth + 1)
                    }
                    $0.listValue = .with { $0.values = values }
                }
            }
        }

        private static func text(_ random: inout Random) -> String {
            ["", "a", "logs_enabled", "apm_config.obfuscation.http", "ü😀", String(repeating: "long", count: 50)]
                .randomElement(using: &random)!
        }
    }

#endif
