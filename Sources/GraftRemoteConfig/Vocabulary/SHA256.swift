// SHA256: the hash by which the agent and a client agree on a file.
//
// Owns the way from bytes to a digest. Neighbours: GraftConfig's SHA256Hash does the work, SHA256Digest is the result.

internal import GraftConfig

/// SHA-256 of bytes in memory.
public enum SHA256 {
    /// The digest of `bytes`. Takes time in proportion to their number (some 3 ns for each) and a fixed amount of memory.
    public static func digest(of bytes: [UInt8]) -> SHA256Digest {
        bytes.withUnsafeBytes { digest(of: $0) }
    }

    /// The digest of `bytes`.
    static func digest(of bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        SHA256Digest(words: SHA256Hash.words(of: bytes))
    }
}
