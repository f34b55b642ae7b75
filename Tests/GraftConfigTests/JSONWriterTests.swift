// What the JSON writer writes.

import GraftConfig
import Testing

@Suite struct JSONWriterTests {
    @Test(
        "each value has one compact text",
        arguments: [
            (nil, "null"), (true, "true"), (-7, "-7"), (.integer(.min), "-9223372036854775808"), (1.5, "1.5"),
            (.number(1), "1.0"),
            (.number(.infinity), "null"), (.number(-.infinity), "null"), (.number(.nan), "null"),
            (.number(1e300), "1e+300"),
            ("", "\"\""), ("a\"b\\c/d", #""a\"b\\c/d""#),
            ("\u{8}\u{C}\n\r\t\0\u{1F}\u{7F}", #""\b\f\n\r\t\u0000\u001f\u007f""#),
            ("é𝄞", "\"é𝄞\""), ([], "[]"), ([:], "{}"), ([1, [], ["a": [:]]], #"[1,[],{"a":{}}]"#),
            (["b": 1, "a": [2, 3]], #"{"b":1,"a":[2,3]}"#),
        ] as [(JSONValue, String)])
    func writesCompact(value: JSONValue, text: String) {
        #expect(JSONWriter.text(value) == text)
    }

    @Test("pretty text puts one element on a line and keeps what is empty on its own")
    func writesPretty() {
        let value: JSONValue = ["b": [1, [:], []], "a": ["x": nil]]
        let expected = """
            {
              "b": [
                1,
                {},
                []
              ],
              "a": {
                "x": null
              }
            }
            """
        #expect(JSONWriter.text(value, style: .pretty) == expected)
    }

    @Test("keys are sorted by their bytes when asked")
    func sortsKeys() {
        #expect(
            JSONWriter.text(["b": 1, "": 2, "é": 3, "B": ["z": 1, "y": 2]], keyOrder: .sorted)
                == #"{"":2,"B":{"y":2,"z":1},"b":1,"é":3}"#)
    }

    @Test("a value deeper than any stack is written")
    func writesDeepValues() {
        let value = (0..<1_000).reduce(JSONValue.null) { inner, _ in [inner] }
        #expect(JSONWriter.bytes(value).count == 2_004)
    }

    @Test(
        "numbers read back as they were",
        arguments: [0.1, 1e16, 1e-5, .leastNonzeroMagnitude, 123_456_789_012_345_680, -0.0, 2.5e-8])
    func roundTripsNumbers(number: Double) throws {
        let back = try JSONDocument.parse(JSONWriter.bytes(.number(number))).root.value
        #expect(back.number?.bitPattern == number.bitPattern)
    }

    @Test("values are built from what reports hold")
    func buildsValues() {
        #expect(JSONValue(UInt64.max) == .number(18_446_744_073_709_551_616) && JSONValue(UInt32(7)) == 7)
        #expect(JSONValue(String?.none) == nil && JSONValue("x" as String?) == "x")
        var object = JSONObject()
        object["a"] = 1
        object["b"] = 2
        object["a"] = 3
        #expect(JSONWriter.text(.object(object)) == #"{"a":3,"b":2}"#)
        object["a"] = nil
        object["c"] = nil
        #expect(JSONWriter.text(.object(object)) == #"{"b":2}"#)
    }
}
