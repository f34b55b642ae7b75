// TelemetryDependency: a package that is in use, and what is known of its advisories.
//
// Owns the values and their form on the wire. What became of an advisory goes as JSON inside a string: that is how the
// back end takes it. Neighbours: DependencyBook keeps them.

internal import GraftConfig

/// A package that the program uses.
public struct TelemetryDependency: Sendable, Hashable {
    /// A place that reached what an advisory is about.
    public struct Reached: Sendable, Hashable {
        /// The source file, or where none is known the image.
        public var path: String
        /// The function.
        public var symbol: String
        /// The line; 0 when it is not known.
        public var line: Int

        /// A place.
        public init(path: String, symbol: String, line: Int = 0) {
            self.path = WireText.bounded(path)
            self.symbol = WireText.bounded(symbol)
            self.line = max(line, 0)
        }
    }

    /// An advisory about the package.
    public struct Advisory: Sendable, Hashable {
        /// Its identifier: `GHSA-652x-xj99-gmcc`.
        public var id: String
        /// Who reached it first; nil while nobody has.
        public var reached: Reached?

        /// An advisory.
        public init(id: String, reached: Reached? = nil) {
            self.id = WireText.bounded(id)
            self.reached = reached
        }
    }

    /// What a package is known by.
    struct Key: Hashable, Sendable {
        /// Its name.
        var name: String
        /// Its version.
        var version: String
    }

    /// Its name.
    public var name: String
    /// Its version.
    public var version: String
    /// What is known of its advisories; nil where nobody looks for any, which is not the same as none.
    public var advisories: [Advisory]?

    /// A package.
    public init(name: String, version: String, advisories: [Advisory]? = []) {
        self.name = WireText.bounded(name)
        self.version = WireText.bounded(version)
        self.advisories = advisories
    }

    /// What it is known by.
    var key: Key { Key(name: name, version: version) }
}

extension TelemetryDependency {
    /// Writes the value that an event carries. By hand: there may be many thousands.
    func append(to bytes: inout [UInt8]) {
        bytes += "{\"name\":".utf8
        JSONWriter.append(name, to: &bytes)
        bytes += ",\"version\":".utf8
        JSONWriter.append(version, to: &bytes)
        bytes += ",\"hash\":null".utf8
        if let advisories {
            bytes += ",\"metadata\":[".utf8
            var isFirst = true
            for advisory in advisories {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                advisory.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        }
        bytes.append(UInt8(ascii: "}"))
    }
}

extension TelemetryDependency.Advisory {
    /// Writes the value that an event carries: JSON in a string.
    fileprivate func append(to bytes: inout [UInt8]) {
        var value: [UInt8] = []
        value.reserveCapacity(256)
        value += "{\"id\":".utf8
        JSONWriter.append(id, to: &value)
        value += ",\"reached\":[".utf8
        if let reached {
            value += "{\"path\":".utf8
            JSONWriter.append(reached.path, to: &value)
            value += ",\"symbol\":".utf8
            JSONWriter.append(reached.symbol, to: &value)
            value += ",\"line\":\(reached.line)}".utf8
        }
        value += "]}".utf8
        bytes += "{\"type\":\"reachability\",\"value\":".utf8
        value.withUnsafeBufferPointer { JSONWriter.append(utf8: $0, to: &bytes) }
        bytes.append(UInt8(ascii: "}"))
    }
}
