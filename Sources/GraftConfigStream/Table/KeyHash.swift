// KeyHash: the hash of a key's bytes, eight at a time.
//
// Owns a hash that is quick for names of twenty to sixty bytes. The sender is the core agent, which may set what it likes:
// the hash need not withstand one who looks for collisions. Neighbours: StreamKey folds names first, Shard.

/// Hashing of keys.
enum KeyHash {
    /// A multiplier with its bits well mixed (2^64 divided by the golden ratio, odd).
    private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The word of up to eight bytes that begins at `offset`; what is missing is zero.
    @inline(__always)
    private static func word(_ bytes: UnsafeRawPointer, _ offset: Int, _ count: Int) -> UInt64 {
        let left = count - offset
        if left >= 8 { return bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        if count >= 8 {
            // The last eight bytes, shifted: reads nothing outside the key.
            return bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self) >> UInt64(8 * (8 - left))
        }
        var word: UInt64 = 0
        for index in 0..<left {
            word |= UInt64(bytes.load(fromByteOffset: offset + index, as: UInt8.self)) << UInt64(8 * index)
        }
        return word
    }

    /// Whether a key has a byte that is not ASCII, or an ASCII capital: it must be folded before it is hashed.
    @inline(__always)
    static func wantsFolding(_ bytes: UnsafeRawPointer, _ count: Int) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var found: UInt64 = 0
        var offset = 0
        while offset < count {
            let word = word(bytes, offset, count)
            let low = word & (ones &* 0x7F)
            // The top bit of a byte: not ASCII; at least "A", and not past "Z".
            found |= word | (low &+ ones &* (0x80 - 0x41)) & ~(low &+ ones &* (0x80 - 0x5B))
            offset += 8
        }
        return found & (ones &* 0x80) != 0
    }

    /// The two halves of a product, mixed.
    @inline(__always)
    private static func mix(_ word: UInt64) -> UInt64 {
        let product = word.multipliedFullWidth(by: multiplier)
        return product.high ^ product.low
    }

    /// The hash of a key.
    @inline(__always)
    static func hash(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: count) &* multiplier
        var offset = 0
        while offset < count {
            hash = mix(hash ^ word(bytes, offset, count))
            offset += 8
        }
        return mix(hash ^ multiplier)
    }
}
