// Capabilities: what a client says that it can do.
//
// Owns the set of bits and its form on the wire: big-endian, as few bytes as hold it. The names are in CapabilityNames.

/// What a client can do: one bit for each capability.
public struct Capabilities: OptionSet, Sendable, Hashable {
    /// The bits; bit 0 is the lowest.
    public var rawValue: UInt64

    /// These bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The capability with this number, from 0 to 63.
    public init(bit: Int) {
        precondition((0..<UInt64.bitWidth).contains(bit), "capabilities fit 64 bits")
        rawValue = 1 << UInt64(bit)
    }

    /// The highest byte first, without leading zeros; none for no capability.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: rawValue.bigEndian) { Array($0.drop { $0 == 0 }) }
    }

    /// The bytes in base64, as a request carries them.
    public var base64: String { Base64.text(of: bytes) }
}
