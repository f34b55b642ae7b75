// RemoteConfigLogLine: something worth a line in a log, as a value.
//
// Owns level and text. Nothing of this module writes a log: whoever drives it does.

/// A line for the log.
public struct RemoteConfigLogLine: Sendable, Hashable {
    /// How much it matters.
    public enum Level: String, Sendable, Hashable {
        /// For those who look for something.
        case debug
        /// Something is not as it was meant; the program is well.
        case warning
        /// A part of this program does not do what it should.
        case error
    }

    /// How much it matters.
    public var level: Level
    /// One line, bounded, without a final full stop.
    public var text: String

    /// A line.
    public init(_ level: Level, _ text: String) {
        self.level = level
        self.text = BoundedText.line(text)
    }
}
