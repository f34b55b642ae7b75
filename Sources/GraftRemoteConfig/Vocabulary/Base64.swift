// Base64: bytes as text, as the agent writes them.
//
// Owns RFC 4648's standard alphabet, strictly: padding is required, nothing is skipped, and the bits that padding leaves
// over are zero. So each text stands for one run of bytes and each run of bytes has one text.

/// Base64 with the standard alphabet and padding.
public enum Base64 {
    /// What marks the end of a text whose bytes are no multiple of three.
    private static let pad = UInt8(ascii: "=")
    /// In the table of values: no character of the alphabet.
    private static let none: UInt8 = 0xFF
    /// The alphabet.
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// For each byte its value, or `none`.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: none, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// The text of `bytes`.
    public static func text(of bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count) & 0x3F)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count) & 0x3F)]) }
        while text.count % 4 != 0 { text.append(pad) }
        return String(decoding: text, as: UTF8.self)
    }

    /// How many bytes a text of `count` characters stands for at most.
    public static func decodedCount(ofText count: Int) -> Int { count / 4 * 3 }

    /// The bytes that `text` stands for; nil unless it is exactly what `text(of:)` would write.
    public static func bytes(of text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { bytes(of: $0) }
    }

    /// The bytes that the characters stand for; nil as above.
    static func bytes(of text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).reversed().prefix { $0 == pad }.count
        let characters = text.count - padding
        let count = decodedCount(ofText: text.count) - padding
        return values.withUnsafeBufferPointer { values in
            var isValid = true
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, written in
                var (bits, have) = (UInt32(0), UInt32(0))
                for index in 0..<characters {
                    let value = values[Int(text[index])]
                    guard value != none else {
                        isValid = false
                        return
                    }
                    bits = bits << 6 | UInt32(value)
                    have += 6
                    guard have >= 8 else { continue }
                    have -= 8
                    output.initializeElement(at: written, to: UInt8(truncatingIfNeeded: bits >> have))
                    written += 1
                }
                // What is left over was put there by the padding.
                isValid = bits & (1 << have - 1) == 0
            }
            return isValid ? bytes : nil
        }
    }
}
