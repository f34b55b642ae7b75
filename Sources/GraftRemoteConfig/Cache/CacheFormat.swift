// CacheFormat: the bytes of a cache.
//
// Owns the format and nothing of files. Numbers are big-endian; the digest at the end is that of all before it, so a file
// that was cut, or of which one bit has changed, is none:
//
//   "graft-rc" 00 01      the name, and the version of the format
//   text, text            service and environment; a text is its length in four bytes, and its UTF-8
//   count                 four bytes
//   count times           path (text), version (eight bytes), sha256 (32 bytes), content (its length in four bytes, bytes)
//   sha256                32 bytes
//
// Neighbours: RemoteConfigCache reads and writes the file.

internal import GraftConfig

/// The bytes of a cache.
struct CacheFormat {
    /// What a file begins with: the name, and the version of the format.
    private static let beginning = Array("graft-rc".utf8) + [0, 1]
    /// Bytes of a digest.
    private static let digestBytes = 32

    /// Whose configurations they are.
    let identity: CacheIdentity
    /// How much there may be.
    let limits: RemoteConfigLimits

    /// The bytes that hold `payloads`; those of removals are left out.
    func bytes(of payloads: [Payload]) -> [UInt8] {
        var bytes = Self.beginning
        Self.put(Array(identity.service.utf8), into: &bytes)
        Self.put(Array(identity.environment.utf8), into: &bytes)
        let present = payloads.filter { !$0.isRemoval }
        Self.put(UInt32(present.count), into: &bytes)
        for payload in present {
            Self.put(Array(payload.path.text.utf8), into: &bytes)
            Self.put(payload.metadata.version, into: &bytes)
            bytes += payload.metadata.sha256.bytes
            Self.put(payload.bytes ?? [], into: &bytes)
        }
        return bytes + SHA256.digest(of: bytes).bytes
    }

    /// What bytes hold.
    ///
    /// - Throws: `payload` when they are not a cache of this identity, whole; `limit` when there is too much in them.
    func payloads(in bytes: [UInt8]) throws(ConfigError) -> [Payload] {
        let end = bytes.count - Self.digestBytes
        guard end >= Self.beginning.count, bytes.starts(with: Self.beginning.dropLast(2)) else {
            throw ConfigError(.payload, "the file is not a cache of configurations")
        }
        guard bytes.starts(with: Self.beginning) else {
            throw ConfigError(.payload, "the cache has another version than this library writes")
        }
        let digest = bytes.withUnsafeBytes { SHA256.digest(of: UnsafeRawBufferPointer(rebasing: $0[..<end])) }
        guard bytes[end...].elementsEqual(digest.bytes) else {
            throw ConfigError(.payload, "the cache is damaged: its digest is another")
        }
        var reader = Reader(rest: bytes[Self.beginning.count..<end])
        let found = CacheIdentity(service: try reader.text(), environment: try reader.text())
        guard found == identity else {
            throw ConfigError(.payload, "the cache is that of \(found), and this is \(identity)")
        }
        let count = Int(try reader.number(of: UInt32.self))
        guard count <= limits.configurations else {
            throw ConfigError(.limit, "a cache has at most \(limits.configurations) configurations")
        }
        var payloads: [Payload] = []
        for _ in 0..<count { payloads.append(try payload(&reader)) }
        guard reader.rest.isEmpty else { throw Reader.malformed }
        return payloads
    }

    /// One configuration.
    private func payload(_ reader: inout Reader) throws(ConfigError) -> Payload {
        let path = try ConfigPath(try reader.text())
        let version = try reader.number(of: UInt64.self)
        let sha256 = try reader.take(Self.digestBytes)
        let bytes = Array(try reader.take(Int(try reader.number(of: UInt32.self))))
        let digest = SHA256.digest(of: bytes)
        guard sha256.elementsEqual(digest.bytes), bytes.count <= limits.fileBytes else { throw Reader.malformed }
        let content = try JSONDocument.parse(bytes, limits: limits.file)
        let metadata = ConfigMetadata(path: path, sha256: digest, length: bytes.count, version: version)
        return Payload(metadata: metadata, path: path, content: content, bytes: bytes)
    }

    /// Adds a number.
    private static func put(_ number: some FixedWidthInteger, into bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }

    /// Adds bytes with their number before them.
    private static func put(_ part: [UInt8], into bytes: inout [UInt8]) {
        put(UInt32(part.count), into: &bytes)
        bytes += part
    }
}

/// What is left to be read.
private struct Reader {
    /// It.
    var rest: ArraySlice<UInt8>

    /// The digest is right and the rest is not: whoever wrote it did not write this format.
    static let malformed = ConfigError(.payload, "the cache does not hold what it says")

    /// Takes so many bytes.
    mutating func take(_ count: Int) throws(ConfigError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw Self.malformed }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// Takes a number.
    mutating func number<Number: FixedWidthInteger>(of type: Number.Type) throws(ConfigError) -> Number {
        try take(MemoryLayout<Number>.size).reduce(0) { $0 << 8 | Number($1) }
    }

    /// Takes a text.
    mutating func text() throws(ConfigError) -> String {
        let bytes = try take(Int(try number(of: UInt32.self)))
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Self.malformed }
        return text
    }
}
