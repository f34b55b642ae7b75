// StreamCacheFormat: a configuration as the bytes of a file, and back.
//
// Owns the format and nothing of files. It is JSON, line by line, so that a person can read it, a reader needs no more memory
// than a line's, and an error has a place:
//
//   {"format":"graft-stream-cache","version":1,"origin":"datadog.yaml","sequence":7,"saved_ns":…,"settings":2,"withheld":1}
//   ["log_level","file","info"]               key, source, value
//   ["apm_config.enabled","default",true]
//   {"sha256":"…"}                            the digest of all bytes before this line, 64 hexadecimal digits
//
// A file that was cut, or of which one bit has changed, is none. Neighbours: StreamCacheParser reads, StreamCacheFile has the
// file, StreamSecrets has withheld what is not to be written.

internal import GraftConfig

/// The bytes of a cache.
struct StreamCacheFormat {
    /// What the first line says that the file is.
    static let name = "graft-stream-cache"
    /// The version that is written, and the only one that is read.
    static let version: Int64 = 1
    /// What the last line begins and ends with.
    static let digestBeginning = Array(#"{"sha256":""#.utf8)
    static let digestEnd = Array("\"}\n".utf8)
    /// Digits of a digest.
    static let digestDigits = 64
    /// Bytes of the last line.
    static let digestLineBytes = digestBeginning.count + digestDigits + digestEnd.count
    /// The most lists and maps inside each other in a value: the line itself is one more.
    static let depth = JSONLimits.maximumDepth - 1
    /// The values of a line that are not of its setting's value: the line itself, the key and the source.
    static let lineValues = 3

    /// The most bytes of a file.
    let bytesMax: Int
    /// The most settings in it.
    let settingsMax: Int
    /// The most values in one setting, names counted.
    var valuesMax = JSONLimits.maximumValues - lineValues

    /// The bytes that hold a configuration.
    ///
    /// - Throws: `limit`, and `payload` for a value that JSON cannot hold.
    func bytes(of configuration: CachedConfiguration) throws(ConfigError) -> [UInt8] {
        let settings = configuration.settings
        guard settings.count <= settingsMax else { throw tooMany }
        var bytes = Array(header(of: configuration).utf8)
        for setting in settings {
            let value = setting.value ?? .null
            var left = valuesMax
            guard Self.fits(value, depth: Self.depth, values: &left) else {
                let limits = "at most \(Self.depth) lists and maps inside each other, and \(valuesMax) values"
                throw ConfigError(.limit, "the value of \"\(setting.key)\" cannot be written: it may have \(limits)")
            }
            for part in ["[", StreamValue.quoted(setting.key), ",", StreamValue.quoted(setting.source), ","] {
                bytes += part.utf8
            }
            bytes += value.json.utf8
            bytes += "]\n".utf8
            guard bytes.count + Self.digestLineBytes <= bytesMax else { throw tooLong }
        }
        guard bytes.count + Self.digestLineBytes <= bytesMax else { throw tooLong }
        return bytes + Self.digestLine(of: bytes[...])
    }

    /// What a file past its limit is refused with.
    var tooLong: ConfigError { CacheFile.tooLong(bytesMax) }

    /// What too many settings are refused with.
    var tooMany: ConfigError { ConfigError(.limit, "a cache has at most \(settingsMax) settings") }

    /// The first line.
    private func header(of configuration: CachedConfiguration) -> String {
        let parts = [
            #""format":"\#(Self.name)""#, #""version":\#(Self.version)"#,
            #""origin":\#(StreamValue.quoted(configuration.origin))"#, #""sequence":\#(configuration.sequence)"#,
            #""saved_ns":\#(configuration.savedAt.nanoseconds)"#, #""settings":\#(configuration.settings.count)"#,
            #""withheld":\#(configuration.withheld)"#,
        ]
        return "{\(parts.joined(separator: ","))}\n"
    }

    /// The last line, for what stands before it.
    static func digestLine(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        let words = bytes.withUnsafeBytes { SHA256Hash.words(of: $0) }
        var line = digestBeginning
        for index in 0..<8 {
            for shift in stride(from: UInt32(28), through: 0, by: -4) {
                line.append(contentsOf: String(words[index] >> shift & 0xF, radix: 16).utf8)
            }
        }
        return line + digestEnd
    }

    /// Whether a value keeps to the limits of what is read. `values` is what is left of them.
    private static func fits(_ value: StreamValue, depth: Int, values: inout Int) -> Bool {
        values -= 1
        guard values >= 0 else { return false }
        switch value {
        case .null, .bool, .number, .string:
            return true
        case .list(let list):
            return depth > 0 && list.allSatisfy { fits($0, depth: depth - 1, values: &values) }
        case .map(let map):
            values -= map.count
            return depth > 0 && map.values.allSatisfy { fits($0, depth: depth - 1, values: &values) }
        }
    }
}
