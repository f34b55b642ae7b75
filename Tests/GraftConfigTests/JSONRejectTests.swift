// What the JSON reader refuses, with which code, and at which place. Neighbour: JSONAcceptTests.

import GraftConfig
import Testing

/// The error of reading `bytes`; nil when they were accepted.
func jsonError(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) -> ConfigError? {
    do throws(ConfigError) {
        _ = try JSONDocument.parse(bytes, limits: limits)
        return nil
    } catch {
        return error
    }
}

@Suite struct JSONRejectTests {
    @Test(
        "what is not JSON is refused at the byte that breaks it",
        arguments: [
            ("", 0), (" \n ", 3), ("[", 1), ("]", 0), ("}", 0), ("{", 1), (",", 0), (":", 0), ("[1", 2), ("[1,", 3),
            ("[,1]", 1),
            ("[1,]", 3), ("[1,,2]", 3), ("[1 2]", 3), ("[1;2]", 2), ("[1}", 2), ("{1:2}", 1), ("{a:1}", 1),
            ("{'a':1}", 1),
            (#"{"a"}"#, 4), (#"{"a":}"#, 5), (#"{"a":1,}"#, 7), (#"{"a" 1}"#, 5), (#"{"a":1"#, 6), (#"{"a":1]"#, 6),
            (#"{"a":1 "b":2}"#, 7), (#"{"a"::1}"#, 5), (#"{,"a":1}"#, 1), (#"{"a":1}}"#, 7), ("[1]]", 3), ("1 2", 2),
            ("{}x", 2),
            ("[1]//c", 3), ("/*c*/1", 0), ("#1", 0), ("tru", 0), ("True", 0), ("nul", 0), ("nulll", 4), ("TRUE", 0),
            ("NaN", 0),
            ("Infinity", 0), ("-Infinity", 0), ("undefined", 0), ("truefalse", 4), ("+1", 0), ("01", 0), ("-01", 0),
            ("00", 0),
            ("-", 0), ("1.", 0), (".5", 0), ("1.e1", 0), ("1e", 0), ("1e+", 0), ("-.5", 0), ("0x10", 1), ("1_000", 1),
            ("--1", 0),
            ("1a", 1), ("1e1.5", 3), ("1٢", 1), ("\"", 0), ("\"a", 0), ("\"\\\"", 0), ("'a'", 0), ("\"a\nb\"", 2),
            ("\"\t\"", 1),
            ("\"\0\"", 1), ("\"\u{1F}\"", 1), (#""\x41""#, 1), (#""\a""#, 1), (#""\u""#, 1), (#""\u12""#, 1),
            (#""\u12G4""#, 1),
            (#""\U0041""#, 1), (#""\uD800""#, 1), (#""\uDC00""#, 1), (#""\uD800\u0041""#, 1), (#""\uD800x""#, 1),
            (#""\uD800\n""#, 1),
            (#""\uD800\uD800""#, 1), (#""\uDBFF\u""#, 1), ("\"\\", 1), ("\u{A0}1", 0), ("1\u{2028}", 1), ("\u{C}1", 0),
            ("1\0", 1),
            ("\0", 0), ("é", 0), ("[\u{FEFF}1]", 1), ("{\"a\":1,\"b\"", 10), ("[[[[1]]]", 8), ("{\"a\":tru}", 5),
            ("[\"a\",\n4\n,1,1:]", 12),
        ] as [(String, Int)])
    func refusesSyntax(text: String, offset: Int) {
        let error = jsonError(Array(text.utf8))
        #expect(error?.code == .syntax)
        #expect(error?.place?.offset == offset)
        #expect(error?.message.isEmpty == false)
    }

    @Test(
        "invalid UTF-8 is refused where it begins",
        arguments: [
            [0x80], [0xBF], [0xC0, 0xAF], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82],
            [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80],
            [0xFE], [0xFF],
        ] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        let error = jsonError(Array("[\"ok\",\"".utf8) + bytes + Array("\"]".utf8))
        #expect(error?.code == .syntax)
        #expect(error?.place?.offset == 7)
        #expect(error?.place?.path.description == "$[1]")
        #expect(jsonError(bytes)?.place?.offset == 0)
    }

    @Test("a byte order mark is refused by name")
    func refusesByteOrderMark() {
        #expect(jsonError([0xEF, 0xBB, 0xBF] + Array("{}".utf8))?.message.contains("byte order mark") == true)
        #expect(jsonError([0xFF, 0xFE, 0x7B, 0x00]) != nil)
    }

    @Test(
        "a key that stands twice is refused at the second, however it is spelled",
        arguments: [
            (#"{"a":1,"a":2}"#, 7, "$"), (#"{"a":1,"\u0061":2}"#, 7, "$"),
            (#"[{"x":{"b":0,"a":[{"b":1}],"b":2}}]"#, 27, "$[0].x"),
            (#"{"":1,"":1}"#, 6, "$"),
            (#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"c":0,"a":1}"#, 55, "$"),
            (#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"\u0063":0}"#, 55, "$"),
        ] as [(String, Int, String)])
    func refusesDuplicateKeys(text: String, offset: Int, path: String) {
        let error = jsonError(Array(text.utf8))
        #expect(error?.code == .duplicateKey)
        #expect(error?.place?.offset == offset)
        #expect(error?.place?.path.description == path)
    }

    @Test("a very large object is checked for equal keys in a moment")
    func checksLargeObjects() {
        let members = (0..<20_000).map { "\"key-\($0)\":\($0)" }.joined(separator: ",")
        #expect(jsonError(Array("{\(members)}".utf8)) == nil)
        #expect(jsonError(Array("{\(members),\"key-12345\":0}".utf8))?.code == .duplicateKey)
    }

    @Test(
        "a number is refused when no Double comes near it", arguments: ["1e309", "-1e400", "1e999999999", "[1.8e308]"])
    func refusesInfiniteNumbers(text: String) {
        #expect(jsonError(Array(text.utf8))?.code == .limit)
    }
}

@Suite struct JSONLimitTests {
    /// A string of `character` repeated.
    private func times(_ count: Int, _ character: String) -> String { String(repeating: character, count: count) }

    @Test("arrays and objects are read to the depth limit and refused one past it")
    func limitsDepth() {
        let limit = JSONLimits.maximumDepth
        #expect(jsonError(Array((times(limit, "[") + times(limit, "]")).utf8)) == nil)
        let error = jsonError(Array((times(limit + 1, "[") + times(limit + 1, "]")).utf8))
        #expect(error?.code == .limit)
        #expect(error?.place?.offset == limit)
        let objects = times(limit, "{\"a\":") + "1" + times(limit, "}")
        #expect(jsonError(Array(objects.utf8)) == nil)
        #expect(jsonError(Array("[\(objects)]".utf8))?.code == .limit)
        #expect(jsonError(Array(times(1_000_000, "[").utf8))?.code == .limit)
    }

    @Test("a text is read to the byte limit and refused one past it")
    func limitsBytes() {
        let limit = JSONLimits.maximumBytes
        var text = [UInt8](repeating: UInt8(ascii: "a"), count: limit)
        text[0] = UInt8(ascii: "\"")
        text[limit - 1] = UInt8(ascii: "\"")
        #expect(jsonError(text) == nil)
        text.append(UInt8(ascii: " "))
        #expect(jsonError(text)?.code == .limit)
    }

    @Test("values are counted to the limit and refused one past it, keys included")
    func limitsValues() {
        var limits = JSONLimits()
        limits.values = 5
        #expect(jsonError(Array("[1,2,3,4]".utf8), limits: limits) == nil)
        #expect(jsonError(Array("[1,2,3,4,5]".utf8), limits: limits)?.code == .limit)
        #expect(jsonError(Array(#"{"a":1,"b":2}"#.utf8), limits: limits) == nil)
        #expect(jsonError(Array(#"{"a":1,"b":[2]}"#.utf8), limits: limits)?.code == .limit)
        let many = "[" + times(JSONLimits.maximumValues - 2, "0,") + "0]"
        #expect(jsonError(Array(many.utf8)) == nil)
        #expect(jsonError(Array(("[0," + many.dropFirst()).utf8))?.code == .limit)
    }

    @Test("a number is read to its byte limit and refused one past it")
    func limitsNumbers() {
        let limit = JSONLimits.maximumNumberBytes
        #expect(jsonError(Array(("0." + times(limit - 2, "1")).utf8)) == nil)
        #expect(jsonError(Array(("0." + times(limit - 1, "1")).utf8))?.code == .limit)
        #expect(jsonError(Array(times(309, "9").utf8))?.code == .limit)
        #expect(jsonError(Array(times(308, "9").utf8)) == nil)
    }
}
