// JSONText: from the bytes of a checked string or number to its value.
//
// Owns decoding of escapes and numbers. Everything here is given text that JSONScanner has accepted; what the scanner
// would refuse is no error here, only an unspecified (never unsafe) value. Neighbours: JSONNode, JSONParser.

/// The values of checked strings and numbers.
enum JSONText {
    /// The value of a hexadecimal digit.
    static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// The number that checked number text stands for; infinite when it is too large.
    static func double(_ text: some Collection<UInt8>) -> Double {
        // The standard library's conversion is exact and does not look at the locale.
        Double(String(decoding: text, as: UTF8.self)) ?? .infinity
    }

    /// The integer that checked text of a fitting integer stands for.
    static func integer(_ text: some Collection<UInt8>) -> Int64 {
        let isNegative = text.first == UInt8(ascii: "-")
        let negated = text.dropFirst(isNegative ? 1 : 0).reduce(Int64(0)) { value, byte in
            value &* 10 &- Int64(byte &- UInt8(ascii: "0"))
        }
        return isNegative ? negated : 0 &- negated
    }

    /// The UTF-8 of a string with escapes, given what stands between its quotes.
    static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var rest = text
        while let backslash = rest.firstIndex(of: UInt8(ascii: "\\")) {
            result += rest[..<backslash]
            rest = rest[backslash...].dropFirst()
            guard let letter = rest.popFirst() else { return result }
            if letter == UInt8(ascii: "u") {
                result += UTF8.encode(scalar(&rest)) ?? UTF8.encodedReplacementCharacter
            } else {
                result.append(control(letter))
            }
        }
        return result + rest
    }

    /// The byte that a one-letter escape stands for.
    private static func control(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    /// Takes the digits after `\u`, and the second escape of a surrogate pair.
    private static func scalar(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar {
        let unit = fourDigits(&rest)
        guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
        rest = rest.dropFirst(2)
        let low = fourDigits(&rest)
        return Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)) ?? "\u{FFFD}"
    }

    /// Takes four hexadecimal digits.
    private static func fourDigits(_ rest: inout ArraySlice<UInt8>) -> UInt32 {
        (0..<4).reduce(UInt32(0)) { unit, _ in unit << 4 | (rest.popFirst().flatMap(hexDigit) ?? 0) }
    }
}
