// ConfigError: what is wrong with a configuration, and where.
//
// Owns the one error type of this module. It never carries out anything and is never fatal: a source reports it as an
// event and goes on. Neighbours: JSONPlace (the place inside a payload), ConfigEvent (how a source hands it over).

/// What is wrong with a configuration, and where.
///
/// ```swift
/// do {
///     let document = try JSONDocument.parse(bytes)
/// } catch {
///     print(error)  // "3:14: at $.targets[1]: a comma or ']' is expected"
/// }
/// ```
public struct ConfigError: Error, Sendable, Hashable {
    /// The kind of error; open, so that a new kind breaks no `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// A short name that is stable across releases, for reports.
        public let slug: String

        /// A code of the caller's own.
        public init(_ slug: String) { self.slug = slug }

        /// The slug.
        public var description: String { slug }

        /// The text is not JSON.
        public static let syntax = Code("json-syntax")
        /// An object has the same key twice.
        public static let duplicateKey = Code("json-duplicate-key")
        /// A named limit was passed: bytes, depth, values, files, length of a path.
        public static let limit = Code("limit")
        /// The JSON is well formed, but it is not what its reader expects.
        public static let payload = Code("payload")
        /// Nothing is there.
        public static let missing = Code("missing")
        /// The file or a directory on the way to it may be changed by others, or belongs to somebody else.
        public static let untrusted = Code("untrusted")
        /// A directory entry is neither a regular file nor a directory.
        public static let notAFile = Code("not-a-file")
        /// The path itself cannot be used.
        public static let badPath = Code("bad-path")
        /// Changes cannot be watched for; the source looks by itself at intervals.
        public static let watchUnavailable = Code("watch-unavailable")
        /// A system call failed.
        public static let system = Code("system")
    }

    /// The kind of error.
    public var code: Code
    /// One sentence, without a final full stop.
    public var message: String
    /// The payload's path, as in `ConfigUpdate.path`; nil for bytes that have none.
    public var path: String?
    /// The place inside the payload; nil when the payload as a whole is meant.
    public var place: JSONPlace?

    /// An error with its place, as far as it is known.
    public init(_ code: Code, _ message: String, path: String? = nil, place: JSONPlace? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.place = place
    }

    /// The same error, said of the payload at `path`.
    public func at(path: String) -> ConfigError {
        ConfigError(code, message, path: path, place: place)
    }
}

extension ConfigError: CustomStringConvertible {
    /// `path:line:column: at $.json.path: message`, without the parts that are not known.
    public var description: String {
        let position = [path, place.map { "\($0.line):\($0.column)" }].compactMap { $0 }.joined(separator: ":")
        let inside = place.map { "at \($0.path)" }
        return [position.isEmpty ? nil : position, inside, message].compactMap { $0 }.joined(separator: ": ")
    }
}
