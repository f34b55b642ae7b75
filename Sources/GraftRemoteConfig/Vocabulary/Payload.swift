// Payload: a configuration as a callback is given it.
//
// Owns values only. `RemoteConfigState` makes them from verified files; a callback reads them. Neighbours: ConfigPath.

public import GraftConfig

/// What is known about a configuration besides its content.
public struct ConfigMetadata: Sendable, Hashable {
    /// The configuration's identifier.
    public var id: String
    /// The product that it is for.
    public var productName: String
    /// The hash of its bytes.
    public var sha256: SHA256Digest
    /// The number of its bytes.
    public var length: Int
    /// Its version, as the agent counts.
    public var version: UInt64

    /// What is known about the configuration at `path`.
    public init(path: ConfigPath, sha256: SHA256Digest, length: Int, version: UInt64) {
        self.id = path.id
        self.productName = path.product
        self.sha256 = sha256
        self.length = length
        self.version = version
    }
}

/// One configuration that is new, has changed or is gone.
///
/// ```swift
/// for payload in payloads {
///     guard let content = payload.content else { withdraw(payload.path); continue }
///     try apply(content.root, from: payload.path)
/// }
/// ```
public struct Payload: Sendable {
    /// What is known about it; for a removal, about what was there before.
    public var metadata: ConfigMetadata
    /// What it is known by.
    public var path: ConfigPath
    /// What it says, read; nil for a removal.
    public var content: JSONDocument?
    /// What it says, byte by byte, as the agent sent it; nil for a removal.
    public var bytes: [UInt8]?

    /// A configuration with this content.
    public init(metadata: ConfigMetadata, path: ConfigPath, content: JSONDocument, bytes: [UInt8]) {
        self.metadata = metadata
        self.path = path
        self.content = content
        self.bytes = bytes
    }

    /// The removal of what is known by `path`.
    public init(removed path: ConfigPath, metadata: ConfigMetadata) {
        self.metadata = metadata
        self.path = path
    }

    /// Whether the configuration is gone.
    public var isRemoval: Bool { content == nil }
}

extension Payload: Equatable {
    /// Whether path, metadata and bytes are equal.
    public static func == (left: Self, right: Self) -> Bool {
        left.path == right.path && left.metadata == right.metadata && left.bytes == right.bytes
    }
}
