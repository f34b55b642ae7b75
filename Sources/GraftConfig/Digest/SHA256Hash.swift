// SHA256Hash: SHA-256 as the words of a hash.
//
// Owns FIPS 180-4's SHA-256 of bytes that are all there, and nothing more: no streaming, no keys. It is written here so
// that a program which is preloaded into every host links no library for it. Owns the cutting into blocks and the end's
// padding. Neighbours: SHA256Blocks works blocks into the hash; GraftRemoteConfig's SHA256 makes a digest of the words, a
// StreamCacheFile a line of text.

/// SHA-256 of bytes in memory.
package enum SHA256Hash {
    /// Bytes of one block.
    static let blockBytes = 64
    /// Bytes at the end of the last block that hold the length in bits.
    private static let lengthBytes = 8

    /// The eight words of the hash of `bytes`, the first one first. Takes time in proportion to their number (some 3 ns for
    /// each) and a fixed amount of memory.
    package static func words(of bytes: UnsafeRawBufferPointer) -> SIMD8<UInt32> {
        SHA256Blocks.withBlocks { blocks in
            let whole = bytes.count / blockBytes * blockBytes
            blocks.take(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
            tail(of: bytes[whole...], total: bytes.count).withUnsafeBytes { blocks.take($0) }
            return blocks.hash
        }
    }

    /// What is left after the whole blocks, padded to one block or two.
    private static func tail(of rest: Slice<UnsafeRawBufferPointer>, total: Int) -> [UInt8] {
        var tail = Array(rest)
        tail.append(0x80)
        let used = (tail.count + lengthBytes) % blockBytes
        tail.append(contentsOf: repeatElement(0, count: used == 0 ? 0 : blockBytes - used))
        withUnsafeBytes(of: (UInt64(total) &* 8).bigEndian) { tail.append(contentsOf: $0) }
        return tail
    }
}
