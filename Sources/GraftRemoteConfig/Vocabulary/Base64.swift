// Base64: bytes as text, as the agent writes them.
//
// Owns RFC 4648's standard alphabet, strictly: padding is required, nothing is skipped, and the bits that padding leaves
// over are zero. So each text stands for one run of bytes and each run of bytes has one text.

/// Base64 with the standard alphabet and padding.
public enum Base64 {
    /// Bytes that four characters stand for.
    private static let groupBytes = 3
    /// Characters that stand for three bytes.
    private static let groupCharacters = 4
    /// What marks the end of a text whose bytes are no multiple of three.
    private static let pad = UInt8(ascii: "=")
    /// In the table of values: no character of the alphabet. No value has its high bit.
    private static let none: UInt8 = 0xFF
    /// The alphabet.
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// For each byte its value, or `none`.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: none, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()
}

// MARK: To text

extension Base64 {
    /// The text of `bytes`.
    public static func text(of bytes: some Sequence<UInt8>) -> String {
        bytes.withContiguousStorageIfAvailable { text(of: $0) } ?? Array(bytes).withUnsafeBufferPointer { text(of: $0) }
    }

    /// The text of bytes in memory.
    private static func text(of bytes: UnsafeBufferPointer<UInt8>) -> String {
        let capacity = (bytes.count + groupBytes - 1) / groupBytes * groupCharacters
        return String(unsafeUninitializedCapacity: capacity) { output in
            alphabet.withUnsafeBufferPointer { alphabet in
                var (read, written) = (0, 0)
                while read < bytes.count {
                    let count = min(groupBytes, bytes.count - read)
                    var bits = UInt32(bytes[read]) << 16
                    if count > 1 { bits |= UInt32(bytes[read + 1]) << 8 }
                    if count > 2 { bits |= UInt32(bytes[read + 2]) }
                    for place in 0..<groupCharacters {
                        let value = Int(bits >> UInt32(18 - 6 * place) & 0x3F)
                        output[written + place] = place <= count ? alphabet[value] : pad
                    }
                    read += count
                    written += groupCharacters
                }
                return written
            }
        }
    }
}

// MARK: To bytes

extension Base64 {
    /// How many bytes a text of `count` characters stands for at most.
    public static func decodedCount(ofText count: Int) -> Int { count / groupCharacters * groupBytes }

    /// The bytes that `text` stands for; nil unless it is exactly what `text(of:)` would write.
    public static func bytes(of text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { bytes(of: $0) }
    }

    /// The bytes that the characters stand for; nil as above.
    static func bytes(of text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count % groupCharacters == 0, let last = text.last else { return text.isEmpty ? [] : nil }
        let padding = last != pad ? 0 : text[text.count - 2] != pad ? 1 : 2
        let whole = text.count / groupCharacters - (padding > 0 ? 1 : 0)
        var isValid = true
        let bytes = [UInt8](unsafeUninitializedCapacity: decodedCount(ofText: text.count)) { output, count in
            isValid = values.withUnsafeBufferPointer { decode(text, groups: whole, $0, into: output) }
            count = whole * groupBytes
            guard isValid, padding > 0 else { return }
            guard let end = end(of: text[(whole * groupCharacters)...].dropLast(padding)) else {
                isValid = false
                return
            }
            for byte in end {
                output[count] = byte
                count += 1
            }
        }
        return isValid ? bytes : nil
    }

    /// Decodes so many whole groups; false when a character is none of the alphabet.
    private static func decode(
        _ text: UnsafeBufferPointer<UInt8>, groups: Int, _ values: UnsafeBufferPointer<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        // Whether any value was `none` is looked at once, at the end.
        var seen: UInt8 = 0
        var (read, written) = (0, 0)
        while read < groups &* groupCharacters {
            let (a, b) = (values[Int(text[read])], values[Int(text[read &+ 1])])
            let (c, d) = (values[Int(text[read &+ 2])], values[Int(text[read &+ 3])])
            seen |= a | b | c | d
            output[written] = a &<< 2 | b &>> 4
            output[written &+ 1] = b &<< 4 | c &>> 2
            output[written &+ 2] = c &<< 6 | d
            read &+= groupCharacters
            written &+= groupBytes
        }
        return seen & 0x80 == 0
    }

    /// The one or two bytes that the two or three characters before the padding stand for; nil when they are none.
    private static func end(of characters: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8]? {
        let found = characters.map { values[Int($0)] }
        guard !found.contains(none) else { return nil }
        let bits = found.reduce(UInt32(0)) { $0 << 6 | UInt32($1) }
        // What is left over was put there by the padding.
        let left = UInt32(found.count * 6 % 8)
        guard bits & (1 << left - 1) == 0 else { return nil }
        let bytes = bits >> left
        return found.count == 2
            ? [UInt8(truncatingIfNeeded: bytes)]
            : [UInt8(truncatingIfNeeded: bytes >> 8), UInt8(truncatingIfNeeded: bytes)]
    }
}
