// JSONTape: what the reader keeps of a JSON text.
//
// Owns the layout of one node: 16 bytes for each value, in the order of the text, a key before its value. Strings and
// numbers stay in the text and are decoded when asked for. Written by JSONParser, read by JSONNode, immutable after.

/// What a node of the tape stands for; strings are told apart by whether they need decoding.
enum JSONTapeKind: UInt8 {
    case null, `true`, `false`
    /// A number that fits `Int64`.
    case integer
    /// Any other number.
    case number
    /// A string without escapes: its bytes are its text.
    case string
    /// A string with at least one escape.
    case escapedString
    case array, object
}

/// One value, or one key, of a JSON text.
struct JSONTapeNode {
    /// Offset of its first byte.
    var start: UInt32
    /// Offset of the byte after its last.
    var end: UInt32
    /// Index of the node after it and all that it contains.
    var next: UInt32
    /// What it is.
    var kind: JSONTapeKind
}

extension JSONTapeNode {
    /// What stands between the quotes of a string, as it is written.
    func quoted(in text: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
        text[Int(start) + 1..<Int(end) - 1]
    }

    /// The UTF-8 of a string's text.
    func text(in text: UnsafeRawBufferPointer) -> [UInt8] {
        let written = Array(quoted(in: text))
        return kind == .escapedString ? JSONText.unescaped(written[...]) : written
    }

    /// A string's text.
    func string(in bytes: [UInt8]) -> String {
        let written = bytes[Int(start) + 1..<Int(end) - 1]
        return kind == .escapedString
            ? String(decoding: JSONText.unescaped(written), as: UTF8.self) : String(decoding: written, as: UTF8.self)
    }
}
