// StreamEvent: what a core agent says on its configuration stream.
//
// Owns the messages of datadog.model.v1 as values, apart from how they travel. A transport makes them, StreamOrder
// decides which of them count. Neighbours: StreamTransport, StreamOrder.

/// One setting, as one source has set it.
public struct StreamSetting: Sendable, Hashable {
    /// The setting's name: opaque, dots and all, in whatever case the sender wrote it.
    public var key: String
    /// Who set it: `file`, `environment-variable`, …; StreamSource orders the names.
    public var source: String
    /// What it is worth; nil when the message has no value at all.
    public var value: StreamValue?
    /// The source that no longer sets it, in an update that removes; empty in all others.
    public var unsetSource: String

    /// A setting with these parts.
    public init(key: String, source: String, value: StreamValue?, unsetSource: String = "") {
        self.key = key
        self.source = source
        self.value = value
        self.unsetSource = unsetSource
    }
}

/// All settings at once.
public struct StreamSnapshot: Sendable, Hashable {
    /// The base name of the core agent's configuration file; the same as long as the core agent's process lives.
    public var origin: String
    /// The change that the snapshot is up to date with. The sender's counter has 64 bits and is cut to 32.
    public var sequence: Int32
    /// The settings; a key may stand here several times, under several sources.
    public var settings: [StreamSetting]

    /// A snapshot with these parts.
    public init(origin: String, sequence: Int32, settings: [StreamSetting]) {
        self.origin = origin
        self.sequence = sequence
        self.settings = settings
    }
}

/// A change of one setting.
public struct StreamUpdate: Sendable, Hashable {
    /// As in `StreamSnapshot.origin`.
    public var origin: String
    /// The change's number: one more than that of the change before.
    public var sequence: Int32
    /// What changes; nil when the message says nothing.
    public var setting: StreamSetting?

    /// An update with these parts.
    public init(origin: String, sequence: Int32, setting: StreamSetting?) {
        self.origin = origin
        self.sequence = sequence
        self.setting = setting
    }
}

/// What one message of the stream says.
public enum StreamEvent: Sendable, Hashable {
    /// All settings at once; the first message of a stream.
    case snapshot(StreamSnapshot)
    /// One setting changes.
    case update(StreamUpdate)
    /// A message that says none of these: a newer sender's, or a broken one's.
    case empty
}

/// One message of the stream, with what was seen of it on the way.
public struct StreamMessage: Sendable, Hashable {
    /// What it says.
    public var event: StreamEvent
    /// Its size on the wire, in bytes, without gRPC's own prefix.
    public var size: Int
    /// How many fields it has, at any depth, that this release does not know.
    public var unknownFields: Int

    /// A message with these parts.
    public init(_ event: StreamEvent, size: Int = 0, unknownFields: Int = 0) {
        self.event = event
        self.size = size
        self.unknownFields = unknownFields
    }
}
