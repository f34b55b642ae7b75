// ByteLines.swift: the lines of a text, without copying it. Splits at line feeds only; bytes need not be UTF-8.

/// The lines of some bytes, one after the other, without their line feeds.
struct ByteLines: IteratorProtocol {
    /// What has not been handed out; nil after the last line.
    private var rest: ArraySlice<UInt8>?

    /// The lines of these bytes.
    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next line.
    mutating func next() -> ArraySlice<UInt8>? {
        guard let bytes = rest, !bytes.isEmpty else { return nil }
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            rest = nil
            return bytes
        }
        rest = bytes[(end + 1)...]
        return bytes[..<end]
    }
}

extension ArraySlice<UInt8> {
    /// The lines of these bytes.
    var lines: ByteLines { ByteLines(self) }
}

extension Files {
    /// A path below a root; the root `/` adds nothing.
    static func join(_ root: String, _ path: String) -> String {
        var root = root[...]
        while root.last == "/" { root = root.dropLast() }
        return root + path
    }
}
