// JSONWriter: from values to JSON text.
//
// Owns layout and escaping. The same value always gives the same bytes: members come in their order, or sorted when
// asked. It keeps its own stack, so that deep values use no more of the thread's. It never fails: what JSON cannot
// express (infinity, not-a-number) is written as null. Neighbours: JSONValue.

/// Writes values as JSON text.
///
/// ```swift
/// print(JSONWriter.text(["hits": 12, "complete": true], style: .pretty))
/// ```
public struct JSONWriter {
    /// How the text is laid out.
    public enum Style: Sendable {
        /// One line, without a space.
        case compact
        /// One element or member to a line, indented by two spaces; empty arrays and objects stay on their line.
        case pretty
    }

    /// The order of an object's members.
    public enum KeyOrder: Sendable {
        /// As they stand in the object.
        case asGiven
        /// By the bytes of their keys.
        case sorted
    }

    /// An array or object whose end has not been written yet.
    private struct Open {
        /// The keys, in an object.
        var keys: [String]?
        /// The values.
        var values: [JSONValue]
        /// How many have been written.
        var written = 0
        /// The closing bracket.
        var end: UInt8 { keys == nil ? UInt8(ascii: "]") : UInt8(ascii: "}") }
    }

    private let style: Style
    private let keyOrder: KeyOrder
    private var output: [UInt8] = []
    private var open: [Open] = []

    /// The UTF-8 of the JSON text of `value`, without a final line end.
    public static func bytes(
        _ value: JSONValue, style: Style = .compact, keyOrder: KeyOrder = .asGiven
    ) -> [UInt8] {
        var writer = JSONWriter(style: style, keyOrder: keyOrder)
        writer.write(value)
        while !writer.open.isEmpty { writer.continueContainer() }
        return writer.output
    }

    /// The JSON text of `value`, without a final line end.
    public static func text(
        _ value: JSONValue, style: Style = .compact, keyOrder: KeyOrder = .asGiven
    ) -> String {
        String(decoding: bytes(value, style: style, keyOrder: keyOrder), as: UTF8.self)
    }

    private init(style: Style, keyOrder: KeyOrder) {
        self.style = style
        self.keyOrder = keyOrder
    }
}

// MARK: Layout

extension JSONWriter {
    /// Writes a scalar, or the beginning of an array or object.
    private mutating func write(_ value: JSONValue) {
        switch value {
        case .null: output += "null".utf8
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .integer(let value): output += value.description.utf8
        // The shortest text that reads back as the same number.
        case .number(let value): output += value.isFinite ? value.description.utf8 : "null".utf8
        case .string(let value): write(text: value)
        case .array(let elements): begin(UInt8(ascii: "["), Open(keys: nil, values: elements))
        case .object(let object):
            let members = ordered(object.members)
            begin(UInt8(ascii: "{"), Open(keys: members.map(\.key), values: members.map(\.value)))
        }
    }

    /// The members in the order in which they are written.
    private func ordered(_ members: [JSONMember]) -> [JSONMember] {
        switch keyOrder {
        case .asGiven: members
        case .sorted: members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        }
    }

    /// Writes an opening bracket; an empty array or object is completed at once.
    private mutating func begin(_ bracket: UInt8, _ container: Open) {
        output.append(bracket)
        if container.values.isEmpty {
            output.append(container.end)
        } else {
            open.append(container)
        }
    }

    /// Writes the next element or member of the innermost open array or object, or its end.
    private mutating func continueContainer() {
        let last = open.count - 1
        let position = open[last].written
        guard position < open[last].values.count else {
            let container = open.removeLast()
            newLine()
            output.append(container.end)
            return
        }
        if position > 0 { output.append(UInt8(ascii: ",")) }
        newLine()
        if let keys = open[last].keys {
            write(text: keys[position])
            output += (style == .pretty ? ": " : ":").utf8
        }
        open[last].written += 1
        write(open[last].values[position])
    }

    /// Begins a line, in pretty style.
    private mutating func newLine() {
        guard style == .pretty else { return }
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * open.count))
    }
}

// MARK: Escaping

extension JSONWriter {
    /// Writes a string.
    private mutating func write(text: String) { Self.append(text, to: &output) }

    /// Appends a string in quotes: quotes, backslashes and control characters escaped, all else as it is. For whoever
    /// writes much and by hand; the bytes are those of `bytes(.string(text))`.
    package static func append(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { append(utf8: $0, to: &output) }
    }

    /// The same for a string that is given as its UTF-8.
    package static func append(utf8 text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        output.append(quote)
        var start = 0
        for index in text.indices where needsEscape(text[index]) {
            output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
            escape(text[index], to: &output)
            start = index + 1
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        output.append(quote)
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    /// Whether a byte cannot stand for itself. DEL is allowed as it is, but it is invisible; it is escaped like the other
    /// control characters.
    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == quote || byte == backslash || byte == 0x7F
    }

    /// Writes such a byte.
    private static func escape(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case quote, backslash:
            // One after the other: an array of both would be allocated for each.
            output.append(backslash)
            output.append(byte)
        case 0x08: output += "\\b".utf8
        case 0x09: output += "\\t".utf8
        case 0x0A: output += "\\n".utf8
        case 0x0C: output += "\\f".utf8
        case 0x0D: output += "\\r".utf8
        default:
            output += "\\u00".utf8
            output.append(hex(byte >> 4))
            output.append(hex(byte & 0xF))
        }
    }

    /// A hexadecimal digit.
    private static func hex(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
