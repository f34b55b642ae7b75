// JSONPlace: where in a JSON text something is.
//
// Owns the translation of a byte offset to line and column. It knows nothing of JSON's grammar; JSONPath is the other
// half of a place. Computed only when an error is made, so that reading costs nothing for it.

/// A position in a JSON text: as a byte offset, as an editor shows it, and as a path through the values.
public struct JSONPlace: Sendable, Hashable {
    /// Bytes before it.
    public let offset: Int
    /// The line, counted from 1. Lines end at a line feed; a carriage return before it belongs to its line.
    public let line: Int
    /// The column, counted from 1, in Unicode scalars: "é" counts once if it is one scalar, a tab counts once.
    public let column: Int
    /// The way from the root to the value at, or around, the position.
    public let path: JSONPath

    /// Finds line and column of `offset` in `bytes`. Takes time in proportion to the offset.
    ///
    /// A byte of invalid UTF-8 counts as a scalar unless it has the form of a continuation byte.
    public init(offset: Int, in bytes: [UInt8], path: JSONPath) {
        let before = bytes[..<min(offset, bytes.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        self.offset = offset
        self.line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        self.column = before[lineStart...].reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
        self.path = path
    }
    /// The same place in a text of which the text that was read is one line: this one, counted from 1. `offset` stays that in
    /// the line.
    package func onLine(_ line: Int) -> JSONPlace { JSONPlace(offset: offset, line: line, column: column, path: path) }

    /// A place with these parts.
    private init(offset: Int, line: Int, column: Int, path: JSONPath) {
        self.offset = offset
        self.line = line
        self.column = column
        self.path = path
    }
}
