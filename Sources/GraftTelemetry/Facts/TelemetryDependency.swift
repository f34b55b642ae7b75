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
    /// The value that an event carries.
    var json: JSONValue {
        var members = [
            JSONMember(key: "name", value: .string(name)), JSONMember(key: "version", value: .string(version)),
            JSONMember(key: "hash", value: .null),
        ]
        if let advisories {
            members.append(JSONMember(key: "metadata", value: .array(advisories.map(\.json))))
        }
        return .object(JSONObject(members))
    }
}

extension TelemetryDependency.Advisory {
    /// The value that an event carries: JSON in a string.
    fileprivate var json: JSONValue {
        let places = reached.map { place -> JSONValue in
            ["path": .string(place.path), "symbol": .string(place.symbol), "line": JSONValue(place.line)]
        }
        let value: JSONValue = ["id": .string(id), "reached": .array(places.map { [$0] } ?? [])]
        return ["type": "reachability", "value": .string(JSONWriter.text(value))]
    }
}
