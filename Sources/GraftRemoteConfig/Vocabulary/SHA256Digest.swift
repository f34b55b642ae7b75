// SHA256Digest: thirty-two bytes that stand for a content.
//
// Owns the value and its spelling in hexadecimal. SHA256 computes it; targets name it; requests repeat it.

/// A SHA-256 digest.
public struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    /// The eight words of the hash, the first one first.
    let words: SIMD8<UInt32>

    /// A digest of these words.
    init(words: SIMD8<UInt32>) { self.words = words }

    /// Reads 64 hexadecimal digits, of either case; nil for anything else.
    public init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var words = SIMD8<UInt32>()
        for (index, digit) in digits.enumerated() {
            guard let value = Self.value(of: digit) else { return nil }
            words[index / 8] = words[index / 8] << 4 | value
        }
        self.words = words
    }

    /// The value of a hexadecimal digit.
    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(digit - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(digit - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// The 32 bytes.
    var bytes: [UInt8] { (0..<8).flatMap { index in withUnsafeBytes(of: words[index].bigEndian) { Array($0) } } }

    /// The 64 hexadecimal digits, in lower case.
    public var hex: String {
        var digits: [UInt8] = []
        digits.reserveCapacity(64)
        appendHex(to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }

    /// Appends the 64 hexadecimal digits, in lower case.
    func appendHex(to digits: inout [UInt8]) {
        for index in 0..<8 {
            for shift in stride(from: UInt32(28), through: 0, by: -4) {
                let value = UInt8(truncatingIfNeeded: words[index] >> shift & 0xF)
                digits.append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
            }
        }
    }

    /// The hexadecimal digits.
    public var description: String { hex }
}
