// StreamCacheParser: reads the bytes of a cache.
//
// Owns the checks, in this order: it is such a file, of this version; it is whole; each line is what it must be. Each refusal
// says the line and the column. It never gives a part of a configuration. Neighbour: StreamCacheFormat has the format.

internal import GraftConfig

/// Reads the bytes of a cache.
struct StreamCacheParser {
    /// What may be in it.
    let format: StreamCacheFormat
    /// The file.
    private let bytes: [UInt8]
    /// The number of the line that is read, from 1, and where the next one begins.
    private var line = 0
    private var next = 0

    /// What bytes hold.
    ///
    /// - Throws: `syntax` or `payload` for what is no cache of this version, or a damaged one; `limit`.
    static func configuration(
        in bytes: [UInt8], _ format: StreamCacheFormat
    ) throws(ConfigError) -> CachedConfiguration {
        guard bytes.count <= format.bytesMax else { throw format.tooLong }
        var parser = StreamCacheParser(format: format, bytes: bytes)
        return try parser.configuration()
    }

    /// A parser at the beginning.
    private init(format: StreamCacheFormat, bytes: [UInt8]) {
        self.format = format
        self.bytes = bytes
    }

    /// All of it.
    private mutating func configuration() throws(ConfigError) -> CachedConfiguration {
        let header = try nextLine(until: bytes.count, values: JSONLimits.maximumValues)
        var configuration = try self.configuration(header)
        let count = try number(header, "settings", Int.self)
        guard count <= format.settingsMax else { throw format.tooMany }
        let end = try checkDigest()
        // Memory is asked for as it is needed: a file's own word for how much that is proves nothing.
        while next < end {
            let node = try nextLine(until: end, values: format.valuesMax + StreamCacheFormat.lineValues)
            guard configuration.settings.count < count else {
                throw at(node, "more settings than the \(count) that the first line says")
            }
            configuration.settings.append(try setting(node))
        }
        guard configuration.settings.count == count else {
            line = 1
            throw at(header, "\(configuration.settings.count) settings, where the first line says \(count)")
        }
        return configuration
    }

    /// Checks that nothing has changed since it was written; where the last line begins.
    private func checkDigest() throws(ConfigError) -> Int {
        let end = bytes.count - StreamCacheFormat.digestLineBytes
        let place = JSONPlace(offset: max(end, 0), in: bytes, path: JSONPath([]))
        guard end >= next, bytes[end...].starts(with: StreamCacheFormat.digestBeginning),
            bytes.suffix(StreamCacheFormat.digestEnd.count).elementsEqual(StreamCacheFormat.digestEnd)
        else { throw ConfigError(.payload, "the file was cut: its end is not a digest", place: place) }
        guard bytes[end...].elementsEqual(StreamCacheFormat.digestLine(of: bytes[..<end])) else {
            throw ConfigError(.payload, "the file is damaged: its digest is another", place: place)
        }
        return end
    }
}

// MARK: Lines

extension StreamCacheParser {
    /// The value that the next line is, of so many values at most.
    private mutating func nextLine(until end: Int, values: Int) throws(ConfigError) -> JSONNode {
        line += 1
        let text = bytes[next..<end].prefix { $0 != UInt8(ascii: "\n") }
        next = min(text.endIndex + 1, end)
        var limits = JSONLimits()
        limits.bytes = format.bytesMax
        limits.values = values
        do throws(ConfigError) {
            return try JSONDocument.parse(Array(text), limits: limits).root
        } catch {
            throw placed(error)
        }
    }

    /// What the first line says, without settings yet.
    private func configuration(_ header: JSONNode) throws(ConfigError) -> CachedConfiguration {
        guard header["format"]?.string == StreamCacheFormat.name else {
            throw at(
                header, "this is no file of the last configuration: its format is not \"\(StreamCacheFormat.name)\"")
        }
        let version = try number(header, "version", Int64.self)
        guard version == StreamCacheFormat.version else {
            throw at(
                header["version"] ?? header,
                "the file has version \(version), and this release reads version \(StreamCacheFormat.version)")
        }
        guard let origin = header["origin"]?.string else { throw at(header, "\"origin\" is missing, or no text") }
        return CachedConfiguration(
            settings: [], origin: origin, sequence: try number(header, "sequence", Int32.self),
            savedAt: WallTime(nanoseconds: try number(header, "saved_ns", Int64.self)),
            withheld: try number(header, "withheld", Int.self))
    }

    /// One setting.
    private func setting(_ node: JSONNode) throws(ConfigError) -> StreamSetting {
        let parts = node.elements.map { Array($0) } ?? []
        guard parts.count == 3, let key = parts[0].string, let source = parts[1].string else {
            throw at(node, "a line is [key, source, value]")
        }
        return StreamSetting(key: key, source: source, value: StreamValue(parts[2]))
    }

    /// A whole number of the first line.
    private func number<Number: FixedWidthInteger>(
        _ header: JSONNode, _ name: String, _ type: Number.Type
    ) throws(ConfigError) -> Number {
        guard let node = header[name] else { throw at(header, "\"\(name)\" is missing") }
        guard let value = node.integer.flatMap({ Number(exactly: $0) }) else {
            throw at(node, "\"\(name)\" is not a whole number of \(Number.bitWidth) bits")
        }
        return value
    }

    /// An error about a value of the present line.
    private func at(_ node: JSONNode, _ message: String) -> ConfigError { placed(node.error(message)) }

    /// An error of a line, said of the file.
    private func placed(_ error: ConfigError) -> ConfigError {
        guard let place = error.place else { return error }
        return ConfigError(error.code, error.message, place: place.onLine(line))
    }
}

extension StreamValue {
    /// The value that JSON stands for. No deeper than what is read allows.
    fileprivate init(_ node: JSONNode) {
        if let bool = node.bool {
            self = .bool(bool)
        } else if let number = node.number {
            self = .number(number)
        } else if let text = node.string {
            self = .string(text)
        } else if let elements = node.elements {
            self = .list(elements.map { StreamValue($0) })
        } else if let members = node.members {
            self = .map(Dictionary(members.map { ($0.key, StreamValue($0.value)) }) { _, later in later })
        } else {
            self = .null
        }
    }
}
