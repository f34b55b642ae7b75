// TelemetryLog: a message of the library's own log that the back end should see.

internal import GraftConfig

/// A message. Equal ones are sent once, with their number.
public struct TelemetryLog: Sendable, Hashable {
    /// How much it matters.
    public enum Level: String, Sendable, Hashable {
        /// For those who look for something.
        case debug = "DEBUG"
        /// Something is not as it was meant.
        case warning = "WARN"
        /// A part of the library does not do what it should.
        case error = "ERROR"
    }

    /// How much it matters.
    public var level: Level
    /// What happened. Nothing of the host's data may be in it.
    public var message: String
    /// What it is about, as `key:value`.
    public var tags: [String]
    /// Where it happened; nil when that is not known.
    public var stack: String?

    /// A message.
    public init(_ level: Level, _ message: String, tags: [String] = [], stack: String? = nil) {
        self.level = level
        self.message = WireText.bounded(message)
        self.tags = tags.map { WireText.bounded($0) }
        self.stack = stack.map { WireText.bounded($0, bytes: TelemetryLimits.maximumValueBytes) }
    }

    /// The value that an event carries, for so many of them.
    func json(count: UInt64) -> JSONValue {
        [
            "message": .string(message), "level": .string(level.rawValue), "count": JSONValue(count),
            "stack_trace": JSONValue(stack), "tags": .string(WireText.bounded(tags.joined(separator: ","))),
            "is_sensitive": false, "is_crash": false,
        ]
    }
}
