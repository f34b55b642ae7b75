// ByteLines.swift: the lines of a text, without copying it. Splits at line feeds only; bytes need not be UTF-8.

private import Glibc

/// The lines of some bytes, one after the other, without their line feeds.
struct ByteLines: IteratorProtocol {
    /// What has not been handed out.
    private var rest: ArraySlice<UInt8>

    /// The lines of these bytes.
    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next line.
    mutating func next() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        // memchr rather than firstIndex: databases have hundreds of thousands of lines, and this may be a host's thread.
        let length = rest.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, let end = memchr(base, Int32(UInt8(ascii: "\n")), bytes.count) else {
                return nil
            }
            return UnsafeRawPointer(end) - base
        }
        let line = rest.prefix(length ?? rest.count)
        rest = rest.dropFirst(line.count + 1)
        return line
    }
}

extension ArraySlice<UInt8> {
    /// The lines of these bytes.
    var lines: ByteLines { ByteLines(self) }
}
