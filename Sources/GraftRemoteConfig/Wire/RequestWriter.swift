// RequestWriter: JSON that is written straight into bytes.
//
// Owns the commas and the quotes. A request is made for every poll, and most polls bring nothing: a tree of values for
// JSONWriter would be made each time, and thrown away. What has to be escaped is JSONWriter's, so that there is one set of
// rules. Neighbours: ConfigRequest and ClientTracer say what is written.

internal import GraftConfig

/// Writes JSON, compact, in the order of the calls.
struct RequestWriter {
    /// What has been written.
    private(set) var bytes: [UInt8] = []
    /// Whether a value stands before what comes next.
    private var needsComma = false

    /// A writer that makes room for so many bytes beforehand.
    init(reserving count: Int) { bytes.reserveCapacity(count) }

    /// An object, whose members `body` writes.
    mutating func object(_ body: (inout Self) -> Void) {
        begin(UInt8(ascii: "{"))
        body(&self)
        end(UInt8(ascii: "}"))
    }

    /// An array of what `body` writes for each element.
    mutating func array<Element>(_ elements: [Element], _ body: (inout Self, Element) -> Void) {
        begin(UInt8(ascii: "["))
        for element in elements { body(&self, element) }
        end(UInt8(ascii: "]"))
    }

    /// An array of texts.
    mutating func array(_ texts: [String]) { array(texts) { $0.text($1) } }

    /// The name of the value that comes next.
    mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A text.
    mutating func text(_ text: String) {
        separate()
        var text = text
        let isPlain = text.withUTF8 { utf8 in
            guard !utf8.contains(where: Self.isEscaped) else { return false }
            bytes.append(UInt8(ascii: "\""))
            bytes.append(contentsOf: utf8)
            bytes.append(UInt8(ascii: "\""))
            return true
        }
        if !isPlain { bytes += JSONWriter.bytes(.string(text)) }
        needsComma = true
    }

    /// A whole number.
    mutating func number(_ number: some BinaryInteger) {
        separate()
        bytes += String(number).utf8
        needsComma = true
    }

    /// A truth value.
    mutating func bool(_ bool: Bool) {
        separate()
        bytes += (bool ? "true" : "false").utf8
        needsComma = true
    }

    /// A digest, as its hexadecimal digits.
    mutating func digest(_ digest: SHA256Digest) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        digest.appendHex(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Whether JSONWriter writes this byte as something else.
    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Writes the comma that is due.
    private mutating func separate() { if needsComma { bytes.append(UInt8(ascii: ",")) } }

    /// Begins an object or an array.
    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    /// Ends one.
    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }
}
