// ContentDigest: whether two contents are the same, without keeping them.
//
// Owns the comparison of payloads over time. Two hashes of 64 bits, seeded by the process and so not foreseeable, and
// the length: contents that differ are told apart except with a chance of about 2^-128. Not for storing or sending.

/// A short stand-in for bytes, to be compared with others of the same process.
struct ContentDigest: Equatable {
    /// Bytes.
    let count: Int
    private let first: Int
    private let second: Int

    /// The digest of `bytes`.
    init(_ bytes: [UInt8]) {
        count = bytes.count
        (first, second) = bytes.withUnsafeBytes { (Self.hash($0, seed: 1), Self.hash($0, seed: 2)) }
    }

    /// One of the two hashes.
    private static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt8) -> Int {
        var hasher = Hasher()
        hasher.combine(seed)
        hasher.combine(bytes: bytes)
        return hasher.finalize()
    }
}
