// SHA256: the hash by which the agent and a client agree on a file.
//
// Owns FIPS 180-4's SHA-256 of bytes that are all there, and nothing more: no streaming, no keys. It is written here so
// that a program which is preloaded into every host links no library for it. Owns the cutting into blocks and the end's
// padding. Neighbours: SHA256Blocks works blocks into the hash, SHA256Digest is the result.

/// SHA-256 of bytes in memory.
public enum SHA256 {
    /// Bytes of one block.
    static let blockBytes = 64
    /// Bytes at the end of the last block that hold the length in bits.
    private static let lengthBytes = 8

    /// The digest of `bytes`. Takes time in proportion to their number (some 3 ns for each) and a fixed amount of memory.
    public static func digest(of bytes: [UInt8]) -> SHA256Digest {
        bytes.withUnsafeBytes { digest(of: $0) }
    }

    /// The digest of `bytes`.
    static func digest(of bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        SHA256Blocks.withBlocks { blocks in
            let whole = bytes.count / blockBytes * blockBytes
            blocks.take(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
            tail(of: bytes[whole...], total: bytes.count).withUnsafeBytes { blocks.take($0) }
            return SHA256Digest(words: blocks.hash)
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
