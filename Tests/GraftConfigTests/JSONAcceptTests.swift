// What the JSON reader accepts, and what it makes of it. Neighbours: JSONRejectTests, JSONDifferentialTests.

import GraftConfig
import Testing

@Suite struct JSONAcceptTests {
    @Test(
        "every kind of value is read as what it means",
        arguments: [
            ("null", .null), ("true", .bool(true)), ("false", .bool(false)),
            ("0", .integer(0)), ("-0", .integer(0)), ("-1", .integer(-1)), ("42", .integer(42)),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("-9223372036854775809", .number(-9_223_372_036_854_775_808)),
            ("18446744073709551616", .number(18_446_744_073_709_551_616)),
            ("1.0", .number(1)), ("0.5", .number(0.5)), ("-0.0", .number(-0.0)), ("1e3", .number(1000)),
            ("1E+2", .number(100)), ("125e-2", .number(1.25)), ("0e0", .number(0)), ("0e+1", .number(0)),
            ("1e-400", .number(0)), ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
            ("5e-324", .number(.leastNonzeroMagnitude)), ("0.1", .number(0.1)),
            (#""""#, .string("")), (#""a""#, .string("a")),
            (#""0123456789abcdef0123""#, .string("0123456789abcdef0123")),
            (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")), (#""\u0041\u00e9\u20AC""#, .string("Aé€")),
            (#""\u0000""#, .string("\0")), (#""\uD834\uDD1E""#, .string("𝄞")),
            (#""\udbff\udfff""#, .string("\u{10FFFF}")),
            (#""x\u0041y""#, .string("xAy")), ("\"\u{7F}\"", .string("\u{7F}")),
            ("\"é€𝄞\u{10FFFF}\u{FFFF}\"", .string("é€𝄞\u{10FFFF}\u{FFFF}")),
            ("[]", .array([])), ("{}", .object(JSONObject())), ("[ ]", .array([])), ("{\n}", .object(JSONObject())),
            ("[1,[2,[]],{}]", [1, [2, []], [:]]), (" \t\r\n[ 1 , 2 ] \t\r\n", [1, 2]),
            (#"{"a":1,"":2,"A":3,"a ":4}"#, ["a": 1, "": 2, "A": 3, "a ": 4]),
            (#"{"\u0061":1,"b":2}"#, ["a": 1, "b": 2]),
            (#"{"sca_instrumentation":{"targets":["a.b:C.d"]}}"#, ["sca_instrumentation": ["targets": ["a.b:C.d"]]]),
        ] as [(String, JSONValue)])
    func acceptsAndUnderstands(text: String, expected: JSONValue) throws {
        #expect(try JSONDocument.parse(text).root.value == expected)
    }

    @Test("keys that differ only in Unicode normalisation are two keys")
    func comparesKeysByBytes() throws {
        let root = try JSONDocument.parse("{\"e\u{301}\":1,\"\u{E9}\":2}").root
        #expect(root["e\u{301}"]?.integer == 1)
        #expect(root["\u{E9}"]?.integer == 2)
        #expect(root.value["\u{E9}"]?.integer == 2)
    }

    @Test("an integer beyond 64 bits says that it was rounded, and its digits are still there")
    func marksRoundedIntegers() throws {
        let elements = try JSONDocument.parse("[9223372036854775807, 9223372036854775808, 0.1, 1e3]").root.elements
        let nodes = Array(try #require(elements))
        #expect(nodes.map(\.isExact) == [true, false, true, true])
        #expect(nodes.map(\.integer) == [.max, nil, nil, nil])
        #expect(String(decoding: nodes[1].source, as: UTF8.self) == "9223372036854775808")
    }

    @Test("every scalar is the same as itself, as an escape and as a surrogate pair")
    func readsEveryScalar() throws {
        for value in stride(from: UInt32(0x20), through: 0x10FFFF, by: 7) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let escapes = String(scalar).utf16.map { unit in
                "\\u" + String(repeating: "0", count: 4 - String(unit, radix: 16).count) + String(unit, radix: 16)
            }
            let plain = scalar == "\"" || scalar == "\\" ? "" : String(scalar)
            let document = try JSONDocument.parse("[\"\(plain)\",\"\(escapes.joined())\"]")
            let texts = document.root.elements?.map { $0.string ?? "" } ?? []
            guard texts == [plain, String(scalar)] else {
                Issue.record("U+\(String(value, radix: 16)): \(texts)")
                return
            }
        }
    }

    @Test("looking for what is not there gives nil")
    func givesNilForWhatIsNotThere() throws {
        let root = try JSONDocument.parse(#"{"a":[1,"x",null,true,2.5]}"#).root
        #expect(root["b"] == nil)
        #expect(
            root.elements == nil && root.string == nil && root.integer == nil && root.bool == nil && root.number == nil)
        let nodes = Array(try #require(root["a"]?.elements))
        #expect(nodes.map(\.kind) == [.integer, .string, .null, .bool, .number])
        #expect(nodes[0].members == nil && nodes[0]["a"] == nil && nodes[0].number == 1 && nodes[3].bool == true)
        #expect(nodes[2].isNull && !nodes[1].isNull)
        #expect(root.value["a"]?[1]?.string == "x" && root.value["a"]?[5] == nil && root.value[0] == nil)
    }
}
