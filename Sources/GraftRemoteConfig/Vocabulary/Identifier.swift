// Identifier: identifiers of this run, as the Datadog agent knows them.
//
// Owns their form and where the randomness comes from. Neighbours: whoever makes a RemoteConfigState needs two of them.

/// Identifiers.
package enum Identifier {
    /// A random UUID (RFC 9562, version 4), in lower case: 36 characters.
    package static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = (generator.next() & ~0xF000) | 0x4000
        let low = (generator.next() & (.max >> 2)) | 0x8000_0000_0000_0000
        let digits = hexadecimal(high) + hexadecimal(low)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    /// Sixteen digits.
    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
