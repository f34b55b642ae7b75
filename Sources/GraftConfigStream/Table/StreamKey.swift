// StreamKey: a setting's name, ready to be looked up.
//
// Owns the folding of names: without regard to case, and otherwise opaque: dots are characters like others, since names
// contain them (`additional_endpoints.https://…`). Neighbours: KeyHash, StreamReader.

/// A setting's name, folded and hashed. A literal is one; a key that is kept saves the hashing.
///
/// ```swift
/// static let port: StreamKey = "my_agent.port"
/// let value = reader.getInt(Self.port) + reader.getInt("my_agent.offset") + reader.getInt(StreamKey(name))
/// ```
public struct StreamKey: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name in lower case.
    public let name: String
    /// The hash of the name, as KeyHash makes it.
    let hash: UInt64

    /// The key of this name, in whatever case.
    public init(_ name: String) {
        self.name = Self.fold(name)
        hash = Self.withBytes(of: self.name) { KeyHash.hash($0, $1) }
    }

    /// The key of this name, in whatever case.
    public init(stringLiteral value: String) { self.init(value) }

    /// The name.
    public var description: String { name }

    /// Whether two keys are the same.
    public static func == (left: StreamKey, right: StreamKey) -> Bool {
        left.hash == right.hash && left.name == right.name
    }

    /// Feeds the hash that is there already.
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    /// A name in lower case.
    static func fold(_ name: String) -> String {
        withBytes(of: name) { KeyHash.wantsFolding($0, $1) } ? name.lowercased() : name
    }

    /// The bytes of a text, without a copy: a Swift string on Linux is UTF-8 in one piece.
    @inline(__always)
    static func withBytes<Result>(of text: String, _ body: (UnsafeRawPointer, Int) -> Result) -> Result {
        let result = text.utf8.withContiguousStorageIfAvailable { bytes in
            // An empty text has no address; any will do for no bytes.
            body(bytes.baseAddress.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(bitPattern: 8)!, bytes.count)
        }
        if let result { return result }
        var copy = text
        return copy.withUTF8 { body(UnsafeRawPointer($0.baseAddress!), $0.count) }
    }
}
