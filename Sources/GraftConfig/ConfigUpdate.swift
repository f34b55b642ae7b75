// ConfigUpdate: one change of configuration, as every source states it.
//
// Owns the vocabulary between sources and products. It carries bytes, not meaning: what a payload says is the product's
// business. Order within a source is the source's; nothing after it compares versions. Neighbours: ConfigSource hands
// updates out as ConfigEvent.

/// One change of one payload.
///
/// ```swift
/// for case .update(let update) in source.poll() {
///     switch update.content {
///     case .payload(let bytes): try apply(JSONDocument.parse(bytes), from: update.path)
///     case .removed: withdraw(update.path)
///     }
/// }
/// ```
public struct ConfigUpdate: Sendable, Hashable {
    /// What the payload at the path is now.
    public enum Content: Sendable, Hashable {
        /// These bytes. A source that knows the format has checked it: those of `FileConfigSource` are JSON.
        case payload([UInt8])
        /// Nothing any more.
        case removed
    }

    /// What the payload is known by within its source: an absolute file path, or a Remote Configuration path.
    public var path: String
    /// Grows with each change of the path, removal included, as long as the source lives.
    public var version: UInt64
    /// The source's own count of updates: 1, 2, 3, … without gaps as the source hands them out.
    public var sequence: UInt64
    /// Whether this update alone states the source's whole configuration: all that earlier or missing updates said
    /// is void, under every path.
    public var isSnapshot: Bool
    /// What the payload at the path is now.
    public var content: Content

    /// A change of one payload.
    public init(path: String, version: UInt64, sequence: UInt64, isSnapshot: Bool = false, content: Content) {
        self.path = path
        self.version = version
        self.sequence = sequence
        self.isSnapshot = isSnapshot
        self.content = content
    }

    /// The payload's bytes; nil for a removal.
    public var bytes: [UInt8]? { if case .payload(let bytes) = content { bytes } else { nil } }

    /// Whether the payload is gone.
    public var isRemoval: Bool { content == .removed }
}
