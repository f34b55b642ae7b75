// TargetMetadata: what the targets say about one file.
//
// Owns the reading of one entry. What is wrong with it is wrong with this file alone. Neighbours: SignedTargets finds the
// entry, FileJudge compares the file with it.

internal import GraftConfig

/// What a file must be.
struct TargetMetadata: Sendable, Hashable {
    /// Its version.
    var version: UInt64
    /// Its hash.
    var sha256: SHA256Digest
    /// The number of its bytes.
    var length: Int

    /// The version of an entry, as far as it can be read: it is reported even when the rest cannot be used. 0 when it
    /// is absent.
    static func version(_ entry: JSONNode) -> UInt64? {
        guard let node = entry["custom"]?["v"], !node.isNull else { return 0 }
        return node.integer.flatMap(UInt64.init(exactly:))
    }

    /// Reads an entry.
    static func read(_ entry: JSONNode) throws(ConfigError) -> TargetMetadata {
        guard entry.kind == .object else { throw ConfigError(.payload, "the target is \(entry.kind.noun)") }
        guard let version = version(entry) else {
            throw ConfigError(.payload, "the version is not a whole number from 0")
        }
        guard let hash = entry["hashes"]?["sha256"]?.string else {
            throw ConfigError(.payload, "there is no sha256 hash to verify the file by")
        }
        guard let sha256 = SHA256Digest(hex: hash) else {
            throw ConfigError(.payload, "the sha256 hash is not 64 hexadecimal digits")
        }
        guard let length = entry["length"]?.integer.flatMap(Int.init(exactly:)), length >= 0 else {
            throw ConfigError(.payload, "there is no length to verify the file by")
        }
        return TargetMetadata(version: version, sha256: sha256, length: length)
    }
}
