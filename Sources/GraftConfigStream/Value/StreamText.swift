// StreamText: values as text.
//
// Owns how a value reads when a text is asked for, and values as JSON. A text is itself; a whole number has no point and no
// exponent, at any depth; lists and maps read as Go's `%v` writes them, with the keys of a map in order.
// Neighbours: StreamValue, StreamReader.

extension StreamValue {
    /// The value as text: empty for null.
    public var text: String {
        switch self {
        case .null: ""
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): Self.text(of: number)
        case .string(let text): text
        case .list(let values): "[" + values.map(\.text).joined(separator: " ") + "]"
        case .map(let values):
            "map[" + values.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.text)" }.joined(separator: " ") + "]"
        }
    }

    /// The value as JSON. What JSON has no number for (not a number, infinite) is a string, as protobuf's own JSON has it.
    public var json: String {
        switch self {
        case .null: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number) where number.isFinite: Self.text(of: number)
        case .number(let number): number.isNaN ? "\"NaN\"" : number < 0 ? "\"-Infinity\"" : "\"Infinity\""
        case .string(let text): Self.quoted(text)
        case .list(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        case .map(let values):
            "{"
                + values.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)):\($0.value.json)" }
                .joined(separator: ",") + "}"
        }
    }

    /// A number: whole ones up to 2^53 without a point.
    private static func text(of number: Double) -> String {
        StreamValue.number(number).isExactInteger ? "\(Int64(number))" : "\(number)"
    }

    /// A text as a JSON string.
    static func quoted(_ text: String) -> String {
        // Nearly every text is as it stands.
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain { return "\"" + text + "\"" }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
